"""Thresholds found by planning again, from the plan in question: what each dial asks for next, shared out over processes."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Event as SharedEvent
from typing import Any

from fleetplan.catalogue import load_catalogue
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.again import OPTIONS, Again
from fleetplan.run import QUIET, Run
from fleetplan.service.types import CityService
from fleetplan.side_by_side import Piece, SideBySide
from fleetplan.threshold.answer import Made, Search, tie_usd, worth_along
from fleetplan.threshold.held import held_steps
from fleetplan.threshold.shape import Watched
from fleetplan.threshold.types import Dial, Threshold

WORKERS = 2
EVERYTHING = Watched()
HEARD_S = 0.2


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to make at a step of a dial.

    ``enough_usd``: what plans with the launches in question are worth at most is asked for, which is settled where it is less.
    None: the best plan.
    """

    search: int
    step: int
    patch: Mapping[str, Any]
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
    asking = _Asking(found, run)
    here = Run(catalogue=catalogue, cache_dir=run.cache_dir)
    again = Again(plan, catalogue, services, options, here)
    for task, made in _made(again, watched, asking, WORKERS if workers is None else workers, run.stop):
        asking.hear(task, made)
    return [search.threshold() for search in found]


@dataclass(eq=False)
class _Asking:
    """What is to be planned next of all searches; nothing more once somebody stops."""

    searches: Sequence[Search]
    run: Run

    def __post_init__(self) -> None:
        self._asked: set[tuple[int, int, bool]] = set()
        self._heard: set[tuple[int, int, bool]] = set()

    def first(self) -> list[Task]:
        """Return what every search asks for first."""
        return [task for k in range(len(self.searches)) for task in self.next(k)]

    def hear(self, task: Task, made: Made) -> None:
        """Note a plan that was made; once."""
        held = task.enough_usd is not None
        key = (task.search, task.step, held)
        if key not in self._heard:
            self._heard.add(key)
            search = self.searches[task.search]
            (search.held if held else search.found)[task.step] = made

    def next(self, number: int) -> list[Task]:
        """Return what a search asks for that is not being planned already."""
        if self.run.stop is not None and self.run.stop.is_set():
            return []
        search = self.searches[number]
        tasks = [Task(number, step, search.patch(step)) for step in search.todo()]
        if not tasks:
            for step in search.held_todo():
                tasks.append(Task(number, step, search.holding_patch(step), search.worth_usd(step)))  # noqa: PERF401  # two sides at most
        fresh = [task for task in tasks if (number, task.step, task.enough_usd is not None) not in self._asked]
        self._asked |= {(number, task.step, task.enough_usd is not None) for task in fresh}
        return fresh


def _made(
    again: Again, watched: Watched, asking: _Asking, workers: int, stop: threading.Event | None
) -> Iterator[tuple[Task, Made]]:
    """Yield what is made of everything that is asked for, as it comes."""
    tasks = asking.first()
    if not tasks:
        return
    if workers <= 1:
        here = _Maker(Again(again.plan, again.catalogue, again.services, again.options, _run(again, stop)), watched)
        left = deque(tasks)
        while left:
            task = left.popleft()
            made = here.made(task)
            yield task, made
            left += asking.next(task.search)
        return
    every = list(tasks)

    def following(number: int, made: Made) -> list[Piece]:
        asking.hear(every[number], made)
        fresh = asking.next(every[number].search)
        every.extend(fresh)
        return [_piece(task) for task in fresh]

    shared = get_context("spawn").Event()
    with relayed(stop, shared), SideBySide(workers, _begin, again, watched, shared) as processes:
        for number, made in processes.done(_task, [_piece(task) for task in tasks], following):
            yield every[number], made


def _piece(task: Task) -> Piece:
    return (task.search, task.step, task.enough_usd is not None), task


def _run(again: Again, stop: Any) -> Run:
    return Run(stop=stop, catalogue=again.catalogue, cache_dir=again.run.cache_dir)


@contextmanager
def relayed(stop: threading.Event | None, shared: SharedEvent) -> Iterator[None]:
    """Set an event that other processes hear once one is set that only this process does."""
    over = threading.Event()

    def watch() -> None:
        while stop is not None and not over.wait(HEARD_S):
            if stop.is_set():
                shared.set()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True, eq=False)
class _Maker:
    """Makes what is asked for."""

    again: Again
    watched: Watched

    def made(self, task: Task) -> Made:
        """Return the best plan; or what plans with the launches in question are worth, a bound where that is too little."""
        again = self.again
        if task.enough_usd is None:
            held = partial(held_steps, plan=again.plan, watched=self.watched)
            plan, proofs = again.weighed(task.patch, held, tie_usd)
            return Made(plan, proofs=proofs)
        plan, bound_usd = again.most(task.patch, task.enough_usd)
        return Made(plan, bound_usd=bound_usd)


_HERE: dict[str, _Maker] = {}


def _begin(again: Again, watched: Watched, stop: SharedEvent) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks hears it, and sets the event
    here = Again(again.plan, again.catalogue, again.services, again.options, _run(again, stop))
    _HERE["maker"] = _Maker(here, watched)


def _task(task: Task) -> Made:
    return _HERE["maker"].made(task)
