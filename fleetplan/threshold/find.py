"""Thresholds found by planning again, from the plan in question: what each dial asks for next, shared out over processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fleetplan.catalogue import load_catalogue
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.again import OPTIONS, Again
from fleetplan.reruns.beside import made_beside
from fleetplan.run import QUIET, Run
from fleetplan.service.types import CityService
from fleetplan.threshold.answer import Made, Search, worth_along
from fleetplan.threshold.held import held_steps
from fleetplan.threshold.shape import Watched, tie_usd
from fleetplan.threshold.types import Dial, Threshold

EVERYTHING = Watched()


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to make at a step of a dial.

    ``enough_usd``: what plans with the launches in question are worth at most is asked for, which is settled where it is less.
    None: the best plan.
    """

    search: int
    step: int
    patch: Mapping[str, Any]
    watched: Watched
    enough_usd: float | None = None


def thresholds(
    plan: Plan,
    dials: Sequence[Dial],
    services: Mapping[str, CityService],
    watched: Watched = EVERYTHING,
    options: PlanOptions = OPTIONS,
    run: Run = QUIET,
    workers: int | None = None,
) -> list[Threshold]:
    """Return at which values of each dial another plan is best, in the order of the dials.

    Parameters
    ----------
    services
        The response curves of the plan's cities, as of its request.
    watched
        What counts as another plan.
    options
        How each value is planned; nodes counted, so that the same question has the same answer.
    workers
        Processes; with one, plans are made in this one. None: as many as there are mostly cores for.
    """
    catalogue = run.catalogue if run.catalogue is not None else load_catalogue()
    found = [Search(plan, catalogue, dial, watched, worth_along(dial, catalogue, services, plan)) for dial in dials]
    here = Run(stop=run.stop, catalogue=catalogue, cache_dir=run.cache_dir)
    asking, again = _Asking(found, watched, run), Again(plan, catalogue, services, options, here)
    for _ in made_beside(again, _made, asking.first(), asking.after, workers):
        pass
    return [search.threshold() for search in found]


@dataclass(eq=False)
class _Asking:
    """What is to be planned next of all searches; nothing more once somebody stops."""

    searches: Sequence[Search]
    watched: Watched
    run: Run
    _asked: set[tuple[int, int, bool]] = field(default_factory=set)

    def first(self) -> list[Task]:
        """Return what every search asks for first."""
        return [task for k in range(len(self.searches)) for task in self.next(k)]

    def after(self, task: Task, made: Made) -> list[Task]:
        """Note a plan that was made, and return what its search asks for next."""
        search = self.searches[task.search]
        (search.found if task.enough_usd is None else search.held)[task.step] = made
        return self.next(task.search)

    def next(self, number: int) -> list[Task]:
        """Return what a search asks for that is not being planned already."""
        if self.run.stop is not None and self.run.stop.is_set():
            return []
        search = self.searches[number]
        tasks = [Task(number, step, search.patch(step), self.watched) for step in search.todo()]
        if not tasks:
            tasks = [
                Task(number, step, search.holding_patch(step), self.watched, search.worth_usd(step))
                for step in search.held_todo()
            ]
        fresh = [task for task in tasks if (number, task.step, task.enough_usd is not None) not in self._asked]
        self._asked |= {(number, task.step, task.enough_usd is not None) for task in fresh}
        return fresh


def _made(again: Again, task: Task) -> Made:
    """Return the best plan; or what plans with the launches in question are worth, a bound where that is too little."""
    if task.enough_usd is None:
        held = partial(held_steps, plan=again.plan, watched=task.watched)
        plan, proofs = again.weighed(task.patch, held, tie_usd)
        return Made(plan, proofs=proofs)
    plan, bound_usd = again.most(task.patch, task.enough_usd)
    return Made(plan, bound_usd=bound_usd)
