"""Thresholds found by planning again, from the plan in question, two values side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from fleetplan.catalogue import load_catalogue
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.again import OPTIONS, Again
from fleetplan.run import QUIET, Run
from fleetplan.service.types import CityService
from fleetplan.threshold.answer import Made, Search, worth_along
from fleetplan.threshold.shape import Watched
from fleetplan.threshold.types import Dial, Threshold

TOGETHER = 2
Going = dict[Future[Made], tuple[Search, str, int]]
EVERYTHING = Watched()


def thresholds(
    plan: Plan,
    dials: Sequence[Dial],
    services: Mapping[str, CityService],
    watched: Watched = EVERYTHING,
    options: PlanOptions = OPTIONS,
    run: Run = QUIET,
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
    """
    catalogue = run.catalogue if run.catalogue is not None else load_catalogue()
    here = Run(stop=run.stop, catalogue=catalogue, cache_dir=run.cache_dir)
    found = [Search(plan, catalogue, dial, watched, worth_along(dial, catalogue, services, plan)) for dial in dials]
    again = Again(plan, catalogue, services, options, here)
    with ThreadPoolExecutor(max_workers=TOGETHER) as pool:
        going: Going = {}
        for search in found:
            _ask(pool, again, search, going)
        while going:
            done, _ = wait(going, return_when=FIRST_COMPLETED)
            for future in done:
                search, what, step = going.pop(future)
                getattr(search, what)[step] = future.result()
                if run.stop is None or not run.stop.is_set():
                    _ask(pool, again, search, going)
    return [search.threshold() for search in found]


def _ask(pool: ThreadPoolExecutor, again: Again, search: Search, going: Going) -> None:
    """Have planned what a search needs next and what is not being planned already."""
    waits = {(what, step) for other, what, step in going.values() if other is search}
    todo = search.todo()
    for step in todo:
        if ("found", step) not in waits:
            going[pool.submit(_found, again, search, step)] = (search, "found", step)
    if not todo and not waits:
        for step in search.held_todo():
            going[pool.submit(_held, again, search, step)] = (search, "held", step)


def _found(again: Again, search: Search, step: int) -> Made:
    return Made(again.made(search.patch(step)))


def _held(again: Again, search: Search, step: int) -> Made:
    """Return what plans with the launches in question are worth at a step: a bound where that is below what was found there."""
    plan, bound_usd = again.most(search.holding_patch(step), search.worth_usd(step))
    return Made(plan, bound_usd=bound_usd)
