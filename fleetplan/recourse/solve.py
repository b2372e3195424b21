"""Work a scenario set out: plan every scenario by itself, then within what may be decided for all; side by side on both cores.

Every plan is a rerun that counts nodes and not seconds: the same request gives the same answer on any machine. Each is kept as it
comes, where a folder is given: what was made before an end is not made again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InfeasibleError, InputError
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.files import plan_from, plan_sha256, plan_text
from fleetplan.plans.types import Plan
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.patches import Task, perfect_tasks, policy_tasks
from fleetplan.recourse.settled import settled_pairs
from fleetplan.recourse.types import PolicyName, Recourse
from fleetplan.recourse.weigh import Followed, Work
from fleetplan.request import PlanRequest
from fleetplan.reruns.rerun import rerun
from fleetplan.run import Run
from fleetplan.scope import judge_request, resolve_scope

GAP, NODES, SECONDS, ENOUGH = 0.005, 1000, 120.0, 0.01
OPTIONS = PlanOptions(gap=GAP, node_limit=NODES, time_limit_s=SECONDS)
WORKERS = 2
Told = Callable[[str, int, int], None]
"""Hears how many plans of a step are made, and how many there are."""


@dataclass(frozen=True, eq=False)
class Solved:
    """A scenario set worked out, with every plan behind it: by scenario, and by policy and scenario."""

    recourse: Recourse
    plan: Plan
    perfect: Mapping[str, Plan]
    followed: Mapping[PolicyName, Mapping[str, Plan]]


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
        Folder in which every plan is kept as it comes; None: nowhere.
    """

    options: PlanOptions = OPTIONS
    workers: int = WORKERS
    enough: float = ENOUGH
    keep: Path | None = None
    told: Told | None = None
    run: Run | None = None


def solve(
    request: PlanRequest | Mapping[str, Any],
    name: str | None = None,
    effort: Effort | None = None,
    *,
    plan: Plan | None = None,
) -> Solved:
    """Work out a scenario set of a request.

    Parameters
    ----------
    name
        The set's id; the first where none is given.
    plan
        The request's own plan, where it was made before.

    Raises
    ------
    RequestError
        With every fault of the request; where it has no such set, or puts markets first.
    InfeasibleError
        If the request, or a scenario of it, has no plan.
    """
    effort = effort or Effort()
    catalogue = effort.run.catalogue if effort.run and effort.run.catalogue else load_catalogue()
    scope = judge_request(request, catalogue)
    one = set_of(scope.request, name)
    scenarios = scenarios_of(scope, one, catalogue)
    if plan is None:
        plan = plan_with_context(scope.request, effort.options, effort.run or Run(catalogue=catalogue)).plan
    maker = _Maker(plan, effort, catalogue.digest)
    with maker.open():
        made = maker.make("scenarios", perfect_tasks(scenarios, effort.options), {})
        _all_there(scenarios, made)
        perfect = {s.id: found for s, found in zip(scenarios, made, strict=True) if found is not None}
        scopes = [resolve_scope(perfect[s.id].request, catalogue) for s in scenarios]
        work = Work(one, scenarios, plan, perfect, settled_pairs(scopes, one.known_from))
        followed = list(_followed(work, maker, effort))
    if not followed:
        msg = "nothing that could be decided for all leaves every scenario a plan"
        raise InfeasibleError(msg)
    found = {one.name: dict(one.plans) for one in followed}
    return Solved(work.weighed(followed), plan, perfect, found)


def _all_there(scenarios: Sequence[Any], made: Sequence[Plan | None]) -> None:
    lacking = [s.id for s, found in zip(scenarios, made, strict=True) if found is None]
    if lacking:
        msg = f"no plan keeps every rule of the request in scenario {', '.join(lacking)}"
        raise InfeasibleError(msg)


def _followed(work: Work, maker: _Maker, effort: Effort) -> Iterator[Followed]:
    """Yield the policies that every scenario can follow, with the plan of each, until one is good enough."""
    tried: list[Followed] = []
    found: list[Followed] = []
    while (policy := work.next_policy(tried)) is not None:
        tried.append(policy)
        tasks = policy_tasks(work, policy, effort.options)
        made = maker.make(policy.name, tasks, work.perfect)
        policy.plans.update({t.scenario.id: found for t, found in zip(tasks, made, strict=True) if found is not None})
        if len(policy.plans) == len(work.scenarios):
            found.append(policy)
            yield policy
        if found and work.weighed(found).gap <= effort.enough:
            return


class _Maker:
    """Makes plans, each kept as it comes."""

    def __init__(self, plan: Plan, effort: Effort, catalogue_sha256: str) -> None:
        self._plan, self._effort, self._catalogue = plan, effort, catalogue_sha256
        self._pool: ProcessPoolExecutor | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Start the processes, and end them."""
        if self._effort.workers == 1 or self._effort.run is not None:
            yield
            return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            self._effort.workers, mp_context=context, initializer=_begin, initargs=(self._plan,)
        ) as self._pool:
            yield

    def make(self, step: str, tasks: Sequence[Task], parents: Mapping[str, Plan]) -> list[Plan | None]:
        """Return the plan of every task in their order; None where no plan keeps every rule."""
        files = [self._file(task) for task in tasks]
        found = {k: kept.plan for k, file in enumerate(files) if (kept := _kept(file)) is not None}
        left = [k for k in range(len(tasks)) if k not in found]
        for k, made in self._made([tasks[k] for k in left], left, parents):
            found[k] = made
            _keep(made, files[k])
            if self._effort.told is not None:
                self._effort.told(step, len(found), len(tasks))
        return [found[k] for k in range(len(tasks))]

    def _made(
        self, tasks: Sequence[Task], numbers: Sequence[int], parents: Mapping[str, Plan]
    ) -> Iterator[tuple[int, Plan | None]]:
        told = [(t.patch, t.options, parents.get(t.scenario.id) if t.policy else None) for t in tasks]
        if self._pool is None:
            run = self._effort.run or Run(catalogue=load_catalogue())
            yield from ((k, made(self._plan, *one, run)) for k, one in zip(numbers, told, strict=True))
        else:
            yield from zip(numbers, self._pool.map(_task, told), strict=True)

    def _file(self, task: Task) -> Path | None:
        if self._effort.keep is None:
            return None
        asked = [
            __version__,
            plan_sha256(self._plan),
            self._catalogue,
            task.patch,
            task.options.model_dump(mode="json"),
        ]
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:20]
        return self._effort.keep / f"{task.scenario.id}-{task.policy or 'known'}-{digest}.json"


def made(plan: Plan, patch: Mapping[str, Any], options: PlanOptions, begin: Plan | None, run: Run) -> Plan | None:
    """Return a scenario's plan; None where none keeps every rule.

    Parameters
    ----------
    begin
        A plan of the scenario to start from; None: the request's own.
    """
    try:
        return rerun(plan if begin is None else begin, patch if begin is None else {}, options, run).plan
    except InfeasibleError:
        return None


_HERE: dict[str, Any] = {}


def _begin(plan: Plan) -> None:
    _HERE.update(plan=plan, run=Run(catalogue=load_catalogue()))


def _task(told: tuple[Mapping[str, Any], PlanOptions, Plan | None]) -> Plan | None:
    return made(_HERE["plan"], *told, _HERE["run"])


NO_PLAN = "no plan keeps every rule\n"
"""Stands in the file of a plan that there is not."""


@dataclass(frozen=True, eq=False)
class _Kept:
    """What was made before: a plan, or that there is none."""

    plan: Plan | None


def _kept(file: Path | None) -> _Kept | None:
    if file is None or not file.is_file():
        return None
    try:
        text = file.read_text(encoding="utf-8")
        return _Kept(None if text == NO_PLAN else plan_from(json.loads(text), str(file)))
    except (ValueError, InputError):
        return None


def _keep(plan: Plan | None, file: Path | None) -> None:
    """Write a plan whole or not at all, or that there is none."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(NO_PLAN if plan is None else plan_text(plan))
    Path(temporary).replace(file)
