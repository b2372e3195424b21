"""Plans and bounds of a scenario set made side by side on both cores, each kept as it comes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from fleetplan.prepare import Prepared, prepare
from fleetplan.recourse.idle import IdleCosts
from fleetplan.recourse.patches import Task
from fleetplan.recourse.search import ENOUGH, GAP
from fleetplan.reruns.commit import costs_of
from fleetplan.reruns.patch import merge_patch
from fleetplan.run import Run
from fleetplan.scope import judge_request
from fleetplan.side_by_side import SideBySide
from fleetplan.slugs import slug

NODES, SECONDS = 1000, 120.0
OPTIONS = PlanOptions(gap=GAP, node_limit=NODES, time_limit_s=SECONDS)
WORKERS = 2
MOST_KNOWN = 40
"""So many problems does a process keep, of about 10 MB each for eight cities."""
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
        self._processes: SideBySide | None = None

    @cached_property
    def _here(self) -> Ready:
        return Ready(self._plan, self._effort.run or Run(catalogue=load_catalogue()))

    @contextmanager
    def open(self) -> Iterator[None]:
        """Start the processes, and end them."""
        if self._effort.workers == 1 or self._effort.run is not None:
            yield
            return
        with SideBySide(self._effort.workers, _begin, self._plan) as self._processes:
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

    def costs(self, until: str) -> IdleCosts:
        """Return what one of each slot costs that is left undone before a month."""
        if self._processes is None:
            return self._here.costs(until)
        ((_, found),) = self._processes.done(_costs, [("", until)])
        costs: IdleCosts = found
        return costs

    def _made(
        self, tasks: Sequence[Task], numbers: Sequence[int], parents: Mapping[str, Plan]
    ) -> Iterator[tuple[int, Plan | None]]:
        told = [(t.patch, t.options, parents.get(t.scenario.id) if t.step else None) for t in tasks]
        if self._processes is None:
            yield from ((k, made(self._here, *one)) for k, one in zip(numbers, told, strict=True))
        else:
            pieces = [(task.scenario.id, one) for task, one in zip(tasks, told, strict=True)]
            yield from ((numbers[at], found) for at, found in self._processes.done(_task, pieces))

    def _file(self, task: Task) -> Path | None:
        asked = [plan_sha256(self._plan), task.patch, task.options.model_dump(mode="json")]
        return self._named(f"{task.scenario.id}-{task.step or 'known'}", asked)

    def _named(self, name: str, asked: list[Any]) -> Path | None:
        if self._effort.keep is None:
            return None
        text = json.dumps([__version__, self._catalogue, *asked], sort_keys=True)
        return self._effort.keep / f"{slug(name)}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"


@dataclass(frozen=True, eq=False)
class Ready:
    """What a process makes plans of scenarios with.

    Attributes
    ----------
    plan
        The request's own.
    known
        By patch the scenario's problem, written down: the same whatever is decided for all, and at any prices.
    """

    plan: Plan
    run: Run
    known: dict[str, Prepared] = field(default_factory=dict)

    def of(self, patch: Mapping[str, Any]) -> Prepared:
        """Return a scenario's request ready to be planned.

        Raises
        ------
        RequestError
            With every fault of the patch and of the request that comes out.
        """
        text = json.dumps(patch, sort_keys=True)
        found = self.known.get(text)
        if found is None:
            merged, faults = merge_patch(self.plan.request.model_dump(mode="json"), patch)
            catalogue = self.run.catalogue if self.run.catalogue is not None else load_catalogue()
            scope = judge_request(merged, catalogue, faults)
            found = prepare(scope.request, replace(self.run, catalogue=catalogue))
            if len(self.known) < MOST_KNOWN:
                self.known[text] = found
        return found

    def costs(self, until: str) -> IdleCosts:
        """Return what one of each slot costs that is left undone before a month."""
        return costs_of(prepare(self.plan.request, self.run).formulation, until)


def made(ready: Ready, patch: Mapping[str, Any], options: PlanOptions, begin: Plan | None) -> Plan | None:
    """Return a scenario's plan; None where none keeps every rule.

    Parameters
    ----------
    begin
        A plan of the scenario to start from; None: the request's own.
    """
    parent = ready.plan if begin is None else begin
    try:
        return plan_prepared(ready.of(patch), options, ready.run, parent=parent, bare=True).plan
    except InfeasibleError:
        return None


_HERE: dict[str, Ready] = {}


def _begin(plan: Plan) -> None:
    _HERE["ready"] = Ready(plan, Run(catalogue=load_catalogue()))


def _task(told: tuple[Mapping[str, Any], PlanOptions, Plan | None]) -> Plan | None:
    return made(_HERE["ready"], *told)


def _costs(until: str) -> IdleCosts:
    return _HERE["ready"].costs(until)
