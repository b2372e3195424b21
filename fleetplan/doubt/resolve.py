"""Plan again at both ends of the figures that matter most: which cities, partners and launches change.

Each plan starts from the one that is doubted. They are shared out over processes; in each the search counts nodes, not seconds,
so that the answer is the same on any machine.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from fleetplan.doubt.changes import patch_of, resolved
from fleetplan.doubt.ranges import Ranged
from fleetplan.doubt.types import Bar, Resolved
from fleetplan.errors import InfeasibleError
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.rerun import rerun
from fleetplan.run import Run

GAP, NODES, SECONDS = 0.02, 400, 60.0
OPTIONS = PlanOptions(gap=GAP, node_limit=NODES, time_limit_s=SECONDS)
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to make: a request's patch for one end of a bar."""

    bar: Bar
    at_high: bool
    patch: dict[str, Any]


def tasks(bars: Sequence[Bar], ranges: Sequence[Ranged]) -> list[Task]:
    """Return what to plan for some bars: both ends of each, where the end is not the likely value itself."""
    known = {one.key: one for one in ranges}
    found = []
    for bar in bars:
        one = known[bar.key]
        for at_high, end in ((False, one.low), (True, one.high)):
            if end != one.likely:
                patch = patch_of(bar, list(one.low), list(one.high), at_high=at_high)
                found.append(Task(bar, at_high, patch))
    return found


def resolve(
    plan: Plan, todo: Sequence[Task], options: PlanOptions = OPTIONS, workers: int = WORKERS, run: Run | None = None
) -> Iterator[Resolved]:
    """Yield what each end makes of the plan, in the order of the tasks.

    With one worker, or with a catalogue of the caller's own, the plans are made in this process.
    """
    if workers == 1 or run is not None:
        for task in todo:
            made = _made(plan, task.patch, options, run or Run())
            yield resolved(task.bar, plan, made, at_high=task.at_high)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(plan, options)) as pool:
        for task, made in zip(todo, pool.map(_task, [task.patch for task in todo]), strict=True):
            yield resolved(task.bar, plan, made, at_high=task.at_high)


def _made(plan: Plan, patch: dict[str, Any], options: PlanOptions, run: Run) -> Plan | None:
    try:
        return rerun(plan, patch, options, run).plan
    except InfeasibleError:
        return None


_HERE: dict[str, Any] = {}


def _begin(plan: Plan, options: PlanOptions) -> None:
    from fleetplan.catalogue import load_catalogue  # noqa: PLC0415  # in the worker alone

    _HERE.update(plan=plan, options=options, run=Run(catalogue=load_catalogue()))


def _task(patch: dict[str, Any]) -> Plan | None:
    return _made(_HERE["plan"], patch, _HERE["options"], _HERE["run"])
