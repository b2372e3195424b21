"""Solve the reference request's matrix in several ways and print bound, value and seconds of each, from one run.

    python benchmarks/formulations.py [--seconds 60]

- staged       what the planner does: depot orders relaxed, a search near the plan found, then whole vehicles
- monolith     the same matrix given to HiGHS at once, depot orders whole
- whole        everything counted whole from the start
- untightened  fleets not bounded by what can be reached by a period (wide bounds instead)
- scip         the monolith through OR-Tools (MathOpt), SCIP
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from fleetplan.catalogue import load_catalogue
from fleetplan.errors import SolverError
from fleetplan.optimize import variables
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.instance import Array, DeploymentData, Instance
from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.rules import launch, service
from fleetplan.optimize.search import search
from fleetplan.optimize.solve import solve
from fleetplan.optimize.tidy import whole_columns
from fleetplan.prepare import services_for
from fleetplan.request import read_request
from fleetplan.scope import resolve_scope

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "uber-2027.yaml"
Answer = tuple[float | None, float]


def supply_only(instance: Instance, q: DeploymentData) -> Array:
    """Return the stack's supply as the only bound on a fleet."""
    return instance.stacks[q.stack].ceiling.astype(float)


def untightened(instance: Instance) -> Formulation:
    """Return the formulation with wide bounds."""
    with (
        mock.patch.object(variables, "reachable_fleet", supply_only),
        mock.patch.object(service, "reachable_fleet", supply_only),
        mock.patch.object(launch, "reachable_fleet", supply_only),
    ):
        return formulate(instance)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    scope = resolve_scope(read_request(EXAMPLE), load_catalogue())
    instance = gather(scope, services_for(scope))
    tight, wide = formulate(instance), untightened(instance)
    model = tight.model
    for name, f in (("tight", tight), ("untightened", wide)):
        relaxed = solve(f.model, relax=True)
        print(f"{name:12} linear bound {relaxed.bound / 1e6:10,.1f} M USD after {relaxed.seconds:6.1f} s", flush=True)

    def staged() -> Answer:
        found = search(tight, time_limit_s=seconds, gap=0.003, seed=0, report=lambda *_: None, stop=threading.Event())
        return (None, np.inf) if found is None else (found.value, found.bound)

    def highs(matrix: Callable[[], object]) -> Callable[[], Answer]:
        def run() -> Answer:
            answer = solve(matrix(), time_limit_s=seconds, gap=0.003)  # type: ignore[arg-type]
            return answer.value, answer.bound

        return run

    def scip() -> Answer:
        answer = solve_with_ortools(model, time_limit_s=seconds)
        return answer.value, answer.bound

    ways: dict[str, Callable[[], Answer]] = {
        "staged": staged,
        "monolith": highs(lambda: model),
        "whole": highs(lambda: replace(model, whole=whole_columns(tight))),
        "untightened": highs(lambda: wide.model),
        "scip": scip,
    }
    for name, way in ways.items():
        began = time.monotonic()
        try:
            value, bound = way()
        except SolverError as error:
            print(f"{name:12} nothing: {error}", flush=True)
            continue
        took = time.monotonic() - began
        shown = "     none" if value is None else f"{value / 1e6:9,.1f}"
        gap = np.inf if value is None or value <= 0 else bound / value - 1
        print(f"{name:12} value {shown}  bound {bound / 1e6:9,.1f} M USD  gap {gap:7.2%}  {took:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
