"""The measured process: prepares one request and plans it as users do, or solves its matrix in another way.

Started by ``optimizer.py``, one process a run, so that memory and processor seconds are those of this run alone. It reads what to
do as one JSON object on standard input and tells what happens as JSON lines on standard output; ``at`` is seconds since the
work began, with the prepared request in hand (catalogue and curves read: that is start-up, told apart).
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
STARTED = time.monotonic()

from fleetplan.catalogue import load_catalogue  # noqa: E402 - the path comes first
from fleetplan.errors import FleetplanError  # noqa: E402
from fleetplan.optimize.oracle import solve_with_ortools  # noqa: E402
from fleetplan.optimize.pair.nursery import fork_nursery  # noqa: E402
from fleetplan.optimize.pair.race import outline_of  # noqa: E402
from fleetplan.optimize.pair.wire import Task  # noqa: E402
from fleetplan.optimize.solve import Solution, solve  # noqa: E402
from fleetplan.optimize.strict import strict_model  # noqa: E402
from fleetplan.optimize.tidy import whole_columns  # noqa: E402
from fleetplan.options import PlanOptions  # noqa: E402
from fleetplan.planner import plan_prepared  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.prepare import Prepared, prepare  # noqa: E402
from fleetplan.reruns.keep import changes_between  # noqa: E402
from fleetplan.reruns.patch import apply_patch  # noqa: E402
from fleetplan.run import Progress, Run  # noqa: E402

Spec = Mapping[str, Any]


class Teller:
    """Tells what happens, one JSON object a line; what solvers print goes nowhere."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        self._lock = threading.Lock()
        self.began = time.monotonic()

    def __call__(self, what: str, **told: Any) -> None:
        """Tell one thing; ``at`` is added where it is not told."""
        line = json.dumps({"what": what, "at": time.monotonic() - self.began, **told})
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()


def prepared_for(spec: Spec, tell: Teller) -> tuple[Prepared, Plan | None]:
    """Return the request ready to be planned, and the parent plan if there is one; start-up is told."""
    imported = time.monotonic()
    catalogue = load_catalogue(Path(spec["catalogue"]) if spec.get("catalogue") else None)
    read = time.monotonic()
    parent = Plan.model_validate_json(Path(spec["parent"]).read_bytes()) if spec.get("parent") else None
    request = spec["request"] if parent is None else parent.request.model_dump(mode="json")
    cache_dir = Path(spec["cache"]) if spec.get("cache") else None
    asked = apply_patch(request, spec.get("patch") or {})
    whole = prepare(asked, Run(catalogue=catalogue, cache_dir=cache_dir))
    prepared = whole.cut(None if parent is None else parent.request)
    seconds = {"imports_s": imported - STARTED, "catalogue_s": read - imported, "prepare_s": time.monotonic() - read}
    tell.began = time.monotonic()
    tell("ready", **seconds)
    return prepared, parent


def plan(spec: Spec, tell: Teller) -> None:
    """Plan as users do; the answer is the checked plan."""
    prepared, parent = prepared_for(spec, tell)
    stop = threading.Event()
    timers: list[threading.Timer] = []

    def stop_now() -> None:
        tell("stopped", monotonic=time.monotonic())
        stop.set()

    def hear(p: Progress) -> None:
        tell("progress", at=p.elapsed_s, phase=p.phase, best=p.best_usd, bound=p.bound_usd, gap=p.gap)
        if spec.get("stop_after_s") and p.best_usd is not None and not timers:
            timers.append(threading.Timer(spec["stop_after_s"], stop_now))
            timers[0].start()

    options = PlanOptions(time_limit_s=spec["seconds"], gap=spec["gap"], seed=spec["seed"])
    start_from = parent if spec.get("warm") else None
    made = plan_prepared(prepared, options, Run(progress=hear, stop=stop), parent=start_from).plan
    tell("answer", **answer_of(made, parent), monotonic=time.monotonic(), **size_of(prepared))
    if spec.get("plan_file"):
        Path(spec["plan_file"]).write_text(made.model_dump_json(), encoding="utf-8")


def answer_of(made: Plan, parent: Plan | None) -> dict[str, Any]:
    """Return what a plan says of itself, and how far it is from its parent."""
    told = {"status": made.status, "best": made.objective, "bound": made.bound, "gap": made.gap}
    told |= {"cities": made.kpis.cities_live, "vehicles": made.kpis.vehicles_end}
    if parent is not None:
        moved, shifted = changes_between(parent, made)
        told |= {"launches_moved": moved, "vehicles_shifted": shifted, "binds": made.bound < parent.objective}
    return told


def size_of(prepared: Prepared) -> dict[str, int]:
    """Return how large the matrix is."""
    model = prepared.formulation.model
    size = {"columns": model.columns, "rows": model.rows, "entries": int(model.matrix.nnz)}
    return {**size, "whole": int(model.whole.sum()), "deployments": len(prepared.scope.deployments)}


def oracle(spec: Spec, tell: Teller, way: Callable[[Prepared], Solution]) -> None:
    """Solve the matrix at once, steps and depot orders whole, vehicles continuous: what the bound is about."""
    prepared, _ = prepared_for(spec, tell)
    found = way(prepared)
    best, bound = found.value, found.bound
    gap = None if best is None else (bound - best) / max(abs(best), 1.0)
    tell("progress", phase="proving", best=best, bound=bound, gap=gap)
    tell("answer", status=found.status, best=best, bound=bound, gap=gap, **size_of(prepared))


def highs(spec: Spec, tell: Teller) -> None:
    """Solve the matrix with HiGHS, as many threads as it likes."""

    def watch(best: float | None, bound: float | None, _: float) -> None:
        gap = (bound - best) / max(abs(best), 1.0) if best is not None and bound is not None else None
        tell("progress", phase="proving", best=best, bound=bound, gap=gap)

    limits = {"time_limit_s": spec["seconds"], "gap": spec["gap"], "seed": spec["seed"]}
    oracle(spec, tell, lambda prepared: solve(prepared.formulation.model, watch=watch, **limits))


def scip(spec: Spec, tell: Teller) -> None:
    """Solve the matrix with SCIP through OR-Tools, which tells nothing before the end."""
    oracle(spec, tell, lambda prepared: solve_with_ortools(prepared.formulation.model, time_limit_s=spec["seconds"]))


def parts(spec: Spec, tell: Teller) -> None:
    """Measure the steps before and around a search one by one, without one."""
    prepared, _ = prepared_for(spec, tell)

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began, cpu = time.monotonic(), time.process_time()
        done = work()
        tell("part", name=name, seconds=time.monotonic() - began, cpu_s=time.process_time() - cpu)
        return done

    timed("gather", lambda: prepared.instance)
    f = timed("formulate", lambda: prepared.formulation)
    timed("hash", lambda: prepared.formulation_sha256)
    outline = timed("outline", lambda: outline_of(f, strict_model(f), whole_columns(f)))
    task = Task(outline, spec["seed"])
    sent = timed("pickle", lambda: pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL))
    timed("unpickle", lambda: pickle.loads(sent))  # noqa: S301 - our own bytes
    timed("SCIP model", lambda: _scip_model(task))
    found = timed("relaxation", lambda: solve(f.model, relax=True, time_limit_s=spec["seconds"]))
    bound = found.bound if found.status == "optimal" else None
    tell("answer", status=found.status, best=None, bound=bound, gap=None, message_bytes=len(sent), **size_of(prepared))


def _scip_model(task: Task) -> Any:
    """Return the bound process's model; SCIP is imported by those who measure it."""
    from fleetplan.optimize.pair.known import Known  # noqa: PLC0415 - as the docstring says
    from fleetplan.optimize.pair.prover import Prover  # noqa: PLC0415

    channel: Any = SimpleNamespace(task=task)
    return Prover(channel, Known(channel))


WAYS: dict[str, Callable[[Spec, Teller], None]] = {"plan": plan, "highs": highs, "scip": scip, "parts": parts}


def main() -> None:
    """Do what standard input asks for."""
    tell = Teller()
    fork_nursery()  # as the command does
    spec = json.load(sys.stdin)
    try:
        WAYS[spec["way"]](spec, tell)
    except FleetplanError as error:
        tell("failed", message=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
