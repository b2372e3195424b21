"""What routes ask for, as annotated types."""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Annotated, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Path, Request

from api.documents import Kept
from api.following import Following
from api.known import Known
from api.metrics import Metrics
from api.missing import not_there
from api.problems import NoAnswer, NotReady, OtherVersion
from api.security import Guard, KeyBook, Scope
from api.settings import Settings
from api.store.cards import CommentRow
from api.store.contract import FINAL, MENDING, NewPlan, PlanRow, Store
from fleetplan.plans import files
from fleetplan.plans.types import Plan

MOST_COSTLY, MOST_COSTLY_EACH = 4, 2
MEASURE_S = 5.0
Made = TypeVar("Made")
Enqueue = Callable[[str], object]
"""Hands a stored plan to the workers; the same plan twice is one job."""


class ServiceStore(Store, KeyBook, Protocol):
    """The store with its keys, its counts and what people say."""

    def comments(self, plan: str) -> Sequence[CommentRow]:
        """Return a plan's comments, the oldest first."""

    def add_comment(self, plan: str, text: str, *, author: str, key: str) -> CommentRow:
        """Store a comment and return it."""

    def remove_comment(self, plan: str, comment: str, *, key: str | None) -> bool:
        """Remove a comment; with a key named only one sent with it."""

    def counts(self) -> dict[str, int]:
        """Return how many plans there are in each state."""


class Costly:
    """Runs what takes processor time in threads: few at once in all, and of one client fewer, so that others get in."""

    def __init__(self) -> None:
        self._all = CapacityLimiter(MOST_COSTLY)
        self._by_client: WeakValueDictionary[str, CapacityLimiter] = WeakValueDictionary()

    async def run(self, request: Request, call: Callable[..., Made], *given: Any) -> Made:
        """Run a call for whoever asks, once it is their turn."""
        own = self._by_client.setdefault(_client(request), CapacityLimiter(MOST_COSTLY_EACH))
        async with own:
            return await to_thread.run_sync(partial(call, *given), limiter=self._all)


def _client(request: Request) -> str:
    """Return by what clients are told apart: their key, else their address."""
    caller = request.scope.get("caller")
    return getattr(caller, "key", "") or (request.client.host if request.client else "")


class Stored:
    """How much is stored, measured once in some seconds: files are counted one by one."""

    def __init__(self) -> None:
        self._bytes, self._at = 0, float("-inf")

    def bytes(self, measure: Callable[[], int]) -> int:
        """Return how much is stored."""
        if time.monotonic() - self._at >= MEASURE_S:
            self._bytes, self._at = measure(), time.monotonic()
        return self._bytes

    def forget(self) -> None:
        """Measure anew next time: something was removed."""
        self._at = float("-inf")


@dataclass(frozen=True, eq=False)
class Service:
    """Everything that one service holds."""

    settings: Settings
    store: ServiceStore
    enqueue: Enqueue
    known: Known
    guard: Guard
    metrics: Metrics = field(default_factory=Metrics)
    # Final plans never change, but may be deleted by another process: ask the store again after a second, and while it is
    # asked send what is at hand, so that nobody of hundreds who poll waits for it.
    statuses: Kept = field(default_factory=lambda: Kept(most_bytes=64_000_000, fresh_s=1.0, late_s=2.0))
    rendered: Kept = field(default_factory=lambda: Kept(most_bytes=128_000_000))
    pages: Kept = field(default_factory=lambda: Kept(most_bytes=48_000_000))
    stored: Stored = field(default_factory=Stored)
    streams: set[object] = field(default_factory=set)
    costly: Costly = field(default_factory=Costly)
    closing: Event = field(default_factory=Event)

    follows: WeakKeyDictionary[AbstractEventLoop, Following] = field(default_factory=WeakKeyDictionary)

    @property
    def following(self) -> Following:
        """Everybody who follows a plan in the loop that runs."""
        loop = get_running_loop()
        if (found := self.follows.get(loop)) is None:
            found = self.follows[loop] = Following(self.store, self.settings.poll_s, self._around)
        return found

    async def _around(self) -> object:
        """Return what those who follow a plan have to notice beside it: that the service ends, which keys are in force."""
        return self.closing.is_set() or await self.guard.in_force_now()

    def take_in(self, new: NewPlan) -> tuple[PlanRow, bool]:
        """Store a plan and hand it to the workers; return it and whether the same was asked for before.

        Raises
        ------
        TooManyWait
            If as many wait as may.
        """
        row, replayed = self.store.create(new)
        if not replayed:
            self.metrics.submitted.inc()
        if row.state == "queued" or row.phase == MENDING:
            self.enqueue(row.id)
        return row, replayed

    def forget_statuses(self) -> None:
        """Read statuses anew: a plan's card has changed, or it is in the bin; choosing one changes others' cards too."""
        self.statuses.clear()
        self.stored.forget()


@dataclass(frozen=True, eq=False)
class Answered:
    """A stored plan that has an answer."""

    row: PlanRow
    sha256: str
    answer: bytes
    plan: Plan


async def _service(request: Request) -> Service:  # async: no thread is needed
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]
PlanId = Annotated[
    str, Path(max_length=80, description="id of a plan", examples=["plan_0198c0de00007000800000000000cafe"])
]


async def _read(request: Request) -> None:
    request.scope["caller"].require(Scope.read)


async def _plan(request: Request) -> None:
    request.scope["caller"].require(Scope.plan)


async def _admin(request: Request) -> None:
    request.scope["caller"].require(Scope.admin)


may_read, may_plan, may_delete = Depends(_read), Depends(_plan), Depends(_admin)


def stored(service: ServiceDep, plan: PlanId) -> PlanRow:
    """Return a plan's row, or raise :class:`api.problems.PlanNotFound`."""
    row = service.store.get(plan)
    if row is None:
        raise not_there(service.store, service.settings.undo_days, plan)
    return row


StoredDep = Annotated[PlanRow, Depends(stored)]


def answered(service: ServiceDep, row: StoredDep) -> Answered:
    """Return a plan with its answer, or raise :class:`NotReady` or :class:`NoAnswer`."""
    return answer_of(service, row)


def answer_of(service: Service, row: PlanRow) -> Answered:
    """Return a plan's answer, or raise :class:`NotReady`, :class:`NoAnswer` or :class:`OtherVersion`."""
    if row.state not in FINAL:
        msg = f"plan {row.id} is {row.state}"
        raise NotReady(msg, retry_after_s=2)
    answer = service.store.answer(row.id) if row.answer_sha256 else None
    if answer is None or row.answer_sha256 is None:
        msg = f"plan {row.id} is {row.state} and holds no plan; see /v1/plans/{row.id}/explanation"
        raise NoAnswer(msg)
    try:
        plan = service.known.plan(row.answer_sha256, answer)
        # Its file stays as it was made; what is shown of a plan that was renamed bears the name that it has now.
        named = plan if row.name == row.request.get("name", "plan") else plan.model_copy(update={"name": row.name})
        return Answered(row, row.answer_sha256, answer, named)
    except files.OtherVersion as error:
        msg = f"plan {row.id} was written by another version of fleetplan, whose plans this one does not read"
        raise OtherVersion(msg) from error


AnsweredDep = Annotated[Answered, Depends(answered)]
