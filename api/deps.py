"""What routes ask for, as annotated types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Annotated, Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Path, Request

from api.documents import Kept
from api.known import Known
from api.metrics import Metrics
from api.problems import NoAnswer, NotReady, OtherVersion, PlanNotFound
from api.security import Guard, KeyBook, Scope
from api.settings import Settings
from api.store.contract import FINAL, PlanRow, Store
from fleetplan.plans import files
from fleetplan.plans.types import Plan

MOST_COSTLY, MOST_COSTLY_EACH = 4, 2
Made = TypeVar("Made")
Enqueue = Callable[[str], object]
"""Hands a stored plan to the workers; the same plan twice is one job."""


class ServiceStore(Store, KeyBook, Protocol):
    """The store with its keys and its counts."""

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


@dataclass(frozen=True, eq=False)
class Service:
    """Everything that one service holds."""

    settings: Settings
    store: ServiceStore
    enqueue: Enqueue
    known: Known
    guard: Guard
    metrics: Metrics = field(default_factory=Metrics)
    # Final plans never change, but may be deleted by another process: ask the store again after a second.
    statuses: Kept = field(default_factory=lambda: Kept(most_bytes=64_000_000, fresh_s=1.0))
    rendered: Kept = field(default_factory=lambda: Kept(most_bytes=128_000_000))
    streams: set[object] = field(default_factory=set)
    costly: Costly = field(default_factory=Costly)
    closing: Event = field(default_factory=Event)


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
    """Return a plan's row, or raise :class:`PlanNotFound`."""
    row = service.store.get(plan)
    if row is None:
        msg = f"no plan is called {plan!r}"
        raise PlanNotFound(msg)
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
        return Answered(row, row.answer_sha256, answer, service.known.plan(row.answer_sha256, answer))
    except files.OtherVersion as error:
        msg = f"plan {row.id} was written by another version of fleetplan, whose plans this one does not read"
        raise OtherVersion(msg) from error


AnsweredDep = Annotated[Answered, Depends(answered)]
