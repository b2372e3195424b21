"""Who solves which unit: processes of this machine's own, and helpers elsewhere where there are any.

A unit waits until a process here is free, or is offered to helpers while none is. A process that is free takes back what nobody
has begun, and at last does over what a helper holds for long: so nothing hangs if no helper comes, or one is lost. A unit that
fails is tried again here; if it fails once more, whoever asked hears why.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from fleetplan.helpers import Helpers, Recruit
from fleetplan.optimize.pair.unit_process import UnitProcess
from fleetplan.optimize.pair.units import LONG, URGENT, USUAL, Answer, answer_bytes, answer_from

LOG = logging.getLogger(__name__)
TRIES = 2  # by processes here, before a unit has failed
TICK_S = 0.05  # how often helpers are looked after
COUNT_EVERY_S = 2.0  # how often they are counted
AHEAD = 2  # units offered for each helper that is free, so that none has to wait
LATE_S = 5.0  # a unit that a helper holds longer is done over here, where a process has nothing else to do

PLANS_FIRST, BOUNDS_FIRST = (URGENT, USUAL, LONG), (URGENT, LONG, USUAL)

Where = Literal["waiting", "offered", "here"]


@dataclass(eq=False)
class Job:
    """A unit on its way, and who wants to hear of its answer."""

    number: int
    urgency: int
    unit: bytes
    hear: Callable[[bytes], None]
    where: Where = "waiting"
    offered_at: float = 0.0
    tries: int = 0


@dataclass(slots=True)
class Tally:
    """How many units were solved by whom."""

    here: int = 0
    elsewhere: int = 0


@dataclass(eq=False)
class Dispatcher:
    """Has units solved; used as a context: on leaving it its processes are gone and nothing is offered any more."""

    processes: int
    recruit: Recruit | None = None
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._over = False
        self._helpers: Helpers | None = None
        self._asking = threading.Lock()  # helpers are called by one thread at a time
        self._threads: list[threading.Thread] = []
        self._done_here: list[int] = []  # of those that were offered
        self._children: set[UnitProcess] = set()

    # --- the caller's side ---

    def start(self) -> None:
        """Start its processes, and look for helpers."""
        work: list[Callable[[], None]] = [partial(self._work, place) for place in range(self.processes)]
        work += [self._look_after] if self.recruit is not None else []
        self._threads = [threading.Thread(target=target, daemon=True) for target in work]
        for thread in self._threads:
            thread.start()

    def put(self, urgency: int, unit: bytes, hear: Callable[[bytes], None]) -> None:
        """Have a unit solved; ``hear`` hears of its answer, in another thread."""
        with self._changed:
            number = next(self._numbers)
            self._jobs[number] = Job(number, urgency, unit, hear)
            self._changed.notify_all()

    def close(self) -> None:
        """End everything within a moment."""
        with self._changed:
            self._over = True
            children = list(self._children)
            self._changed.notify_all()
        for child in children:
            child.kill()
        for thread in self._threads:
            thread.join()

    # --- jobs ---

    def _in_order(self, where: Where, order: tuple[int, ...] = PLANS_FIRST) -> list[Job]:
        wanted = [job for job in self._jobs.values() if job.where == where]
        return sorted(wanted, key=lambda job: (order.index(job.urgency), job.number))

    def _finish(self, job: Job, answer: bytes) -> bool:
        """Pass an answer on, the first of a unit; return whether it was."""
        with self._changed:
            first = self._jobs.pop(job.number, None) is not None and not self._over
            if first and job.where == "here" and job.offered_at:
                self._done_here.append(job.number)
        if first:
            job.hear(answer)
        return first

    # --- processes here ---

    def _work(self, place: int) -> None:
        """Solve units in a process of this thread's own until the end; a process that dies is replaced.

        Every other process does bounds before better plans, and where there is one it does so every other time: else eight long
        ones would keep the short ones waiting.
        """
        child: UnitProcess | None = None
        try:
            for turn in itertools.count():
                if child is None:
                    child = self._new_child()
                bounds_first = (place if self.processes > 1 else turn) % 2
                job = self._next(BOUNDS_FIRST if bounds_first else PLANS_FIRST) if child is not None else None
                if child is None or job is None:
                    return
                child = self._solved(child, job)
        finally:
            if child is not None:
                self._dismiss(child)

    def _new_child(self) -> UnitProcess | None:
        with self._changed:
            if self._over:
                return None
            child = UnitProcess()
            self._children.add(child)
            return child

    def _dismiss(self, child: UnitProcess) -> None:
        with self._changed:
            self._children.discard(child)
        child.close()

    def _solved(self, child: UnitProcess, job: Job) -> UnitProcess | None:
        """Have a unit solved by a process; return the process, None when it has died over it."""
        job.tries += 1
        child.ask(job.unit)
        try:
            answer = child.answer()
        except EOFError:
            self._dismiss(child)
            self._failed(job, "the process that solved it died")
            return None
        assert answer is not None  # noqa: S101  # it was waited for
        why = answer_from(answer).failed
        if why:
            self._failed(job, why)
        elif self._finish(job, answer):
            self.tally.here += 1
        return child

    def _failed(self, job: Job, why: str) -> None:
        if self._over:
            return
        LOG.warning("a unit failed, try %d: %s", job.tries, why)
        if job.tries >= TRIES:
            self._finish(job, answer_bytes(Answer(failed=why)))
            return
        with self._changed:
            job.where = "waiting"
            self._changed.notify_all()

    def _next(self, order: tuple[int, ...]) -> Job | None:
        """Wait for a unit to solve here, the first in an order of urgencies; None at the end."""
        while True:
            with self._changed:
                while not self._over and not self._jobs:
                    self._changed.wait()
                if self._over:
                    return None
                if waiting := self._in_order("waiting", order):
                    waiting[0].where = "here"
                    return waiting[0]
                offered = self._in_order("offered")
            if (job := self._back(offered)) is not None:
                return job
            self._idle()

    def _idle(self) -> None:
        """Wait a moment, or until something has changed."""
        with self._changed:
            if not self._over and not self._in_order("waiting"):
                self._changed.wait(TICK_S)

    def _back(self, offered: list[Job]) -> Job | None:
        """Take a unit back that nobody has begun, or that somebody has held for long."""
        for job in offered:
            late = time.monotonic() - job.offered_at > LATE_S
            with self._asking:
                free = self._helpers is not None and self._helpers.claim(job.number)
            with self._changed:
                if (free or late) and job.number in self._jobs and job.where == "offered":
                    job.where = "here"
                    return job
        return None

    # --- helpers elsewhere ---

    def _look_after(self) -> None:
        """Offer units while no process here is free, and take answers."""
        assert self.recruit is not None  # noqa: S101  # else nobody looks after helpers
        try:
            helpers = self.recruit()
        except Exception:  # help that does not come is no fault of the search
            LOG.exception("no helpers")
            return
        with self._asking:
            self._helpers = helpers
        counted_at, free = 0.0, 0
        while not self._over:
            try:
                if time.monotonic() >= counted_at + COUNT_EVERY_S:
                    counted_at, free = time.monotonic(), self._counted(helpers)
                self._take(helpers)
                self._offer(helpers, AHEAD * free)
            except Exception:  # whatever their database says, the search goes on alone
                LOG.exception("helpers are out of reach")
                time.sleep(COUNT_EVERY_S)
            with self._changed:
                self._changed.wait(TICK_S)
        with self._asking, contextlib.suppress(Exception):
            helpers.close()

    def _counted(self, helpers: Helpers) -> int:
        with self._asking:
            return helpers.ready()

    def _offer(self, helpers: Helpers, most: int) -> None:
        with self._changed:
            room = most - len(self._in_order("offered"))
            chosen = self._in_order("waiting")[: max(0, room)]
            for job in chosen:
                job.where, job.offered_at = "offered", time.monotonic()
        for job in chosen:
            with self._asking:
                helpers.offer(job.number, job.urgency, job.unit)

    def _take(self, helpers: Helpers) -> None:
        with self._changed:
            done, self._done_here = self._done_here, []
            out = bool(done) or any(job.offered_at for job in self._jobs.values())
        if not out:
            return
        with self._asking:
            for number in done:
                helpers.withdraw(number)
            answers = helpers.answers()
        for number, answer in answers:
            job = self._jobs.get(number)
            if job is None:
                continue
            if answer_from(answer).failed:
                with self._changed:
                    job.where = "waiting"
                    self._changed.notify_all()
            elif self._finish(job, answer):
                self.tally.elsewhere += 1
