"""Plans and bounds of a scenario set made side by side on both cores, each kept as it comes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.files import plan_sha256
from fleetplan.plans.shelf import keep, kept
from fleetplan.plans.types import Plan
from fleetplan.prepare import prepare
from fleetplan.recourse.patches import Task
from fleetplan.recourse.price import Prices
from fleetplan.recourse.search import ENOUGH, GAP
from fleetplan.reruns.commit import costs_of
from fleetplan.reruns.patch import merge_patch
from fleetplan.run import Run
from fleetplan.scope import judge_request
from fleetplan.side_by_side import shared_out
from fleetplan.slugs import slug

NODES, SECONDS = 1000, 120.0
OPTIONS = PlanOptions(gap=GAP, node_limit=NODES, time_limit_s=SECONDS)
WORKERS = 2
Told = Callable[[str, int, int], None]
"""Hears how many answers of a step are made, and how many there are."""


@dataclass(frozen=True, eq=False)
class Effort:
    """How to work a set out.

    Attributes
    ----------
    workers
        Processes; with one, or with a catalogue of the caller's own, plans are made in this one.
    enough
        Gap of the best policy at which no other is tried.
    keep
        Folder in which every answer is kept as it comes; None: nowhere.
    """

    options: PlanOptions = OPTIONS
    workers: int = WORKERS
    enough: float = ENOUGH
    keep: Path | None = None
    told: Told | None = None
    run: Run | None = None


class Maker:
    """Makes plans, each kept as it comes."""

    def __init__(self, plan: Plan, effort: Effort, catalogue_sha256: str) -> None:
        self._plan, self._effort, self._catalogue = plan, effort, catalogue_sha256
        self._pool: ProcessPoolExecutor | None = None

    @cached_property
    def _run(self) -> Run:
        return self._effort.run or Run(catalogue=load_catalogue())

    @contextmanager
    def open(self) -> Iterator[None]:
        """Start the processes, and end them."""
        if self._effort.workers == 1 or self._effort.run is not None:
            yield
            return
        with shared_out(self._effort.workers, _begin, self._plan) as self._pool:
            yield

    def make(self, step: str, tasks: Sequence[Task], parents: Mapping[str, Plan]) -> list[Plan | None]:
        """Return the plan of every task in their order; None where no plan keeps every rule."""
        files = [self._file(task) for task in tasks]
        found = {k: one.plan for k, file in enumerate(files) if (one := kept(file)) is not None}
        left = [k for k in range(len(tasks)) if k not in found]
        for k, made in self._made([tasks[k] for k in left], left, parents):
            found[k] = made
            keep(made, files[k])
            if self._effort.told is not None:
                self._effort.told(step, len(found), len(tasks))
        return [found[k] for k in range(len(tasks))]

    def costs(self, until: str) -> Prices:
        """Return what one of each slot costs that is left undone before a month."""
        if self._pool is None:
            return _costs_of(self._plan, until, self._run)
        return self._pool.submit(_costs, until).result()

    def _made(
        self, tasks: Sequence[Task], numbers: Sequence[int], parents: Mapping[str, Plan]
    ) -> Iterator[tuple[int, Plan | None]]:
        told = [(t.patch, t.options, parents.get(t.scenario.id) if t.step else None) for t in tasks]
        if self._pool is None:
            yield from ((k, made(self._plan, *one, self._run)) for k, one in zip(numbers, told, strict=True))
        else:
            yield from zip(numbers, self._pool.map(_task, told), strict=True)

    def _file(self, task: Task) -> Path | None:
        asked = [plan_sha256(self._plan), task.patch, task.options.model_dump(mode="json")]
        return self._named(f"{task.scenario.id}-{task.step or 'known'}", asked)

    def _named(self, name: str, asked: list[Any]) -> Path | None:
        if self._effort.keep is None:
            return None
        text = json.dumps([__version__, self._catalogue, *asked], sort_keys=True)
        return self._effort.keep / f"{slug(name)}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"


def made(plan: Plan, patch: Mapping[str, Any], options: PlanOptions, begin: Plan | None, run: Run) -> Plan | None:
    """Return a scenario's plan; None where none keeps every rule.

    Parameters
    ----------
    begin
        A plan of the scenario to start from; None: the request's own.
    """
    parent, change = (plan, patch) if begin is None else (begin, {})
    merged, faults = merge_patch(parent.request.model_dump(mode="json"), change)
    known = run.catalogue if run.catalogue is not None else load_catalogue()
    prepared = prepare(judge_request(merged, known, faults).request, replace(run, catalogue=known))
    try:
        return plan_prepared(prepared, options, run, parent=parent, bare=True).plan
    except InfeasibleError:
        return None


_HERE: dict[str, Any] = {}


def _begin(plan: Plan) -> None:
    _HERE.update(plan=plan, run=Run(catalogue=load_catalogue()))


def _task(told: tuple[Mapping[str, Any], PlanOptions, Plan | None]) -> Plan | None:
    return made(_HERE["plan"], *told, _HERE["run"])


def _costs(until: str) -> Prices:
    return _costs_of(_HERE["plan"], until, _HERE["run"])


def _costs_of(plan: Plan, until: str, run: Run) -> Prices:
    return costs_of(prepare(plan.request, run).formulation, until)
