"""What the service keeps, and how routes and jobs reach it.

Plans and requests are immutable once written; what moves is a plan's state, its events and its answer, each written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from fleetplan.options import PlanOptions

State = Literal["queued", "running", "succeeded", "infeasible", "cancelled", "failed"]
FINAL: frozenset[str] = frozenset({"succeeded", "infeasible", "cancelled", "failed"})
MENDING = "mending"
"""The phase of a plan that ended when it was posted, while what would give it one is still looked for."""


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan to be made durable before the answer goes out.

    ``problem`` says why the request has no plan, where that was seen at once: then it is stored as infeasible.
    """

    request: Mapping[str, Any]
    options: PlanOptions
    parent: str | None = None
    patch: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    body_sha256: str = ""
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as the store knows it. Times are UTC. ``answer_sha256`` names the stored plan.json, once there is one.

    What stands behind ``problem`` is the card, which people change; ``revision`` counts its changes.
    """

    id: str
    state: State
    name: str
    request: Mapping[str, Any]
    options: PlanOptions
    parent: str | None
    origin: str
    patch: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    first_plan_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    worker: str | None
    phase: str
    objective: float | None
    bound: float | None
    gap: float | None
    kpis: Mapping[str, Any] | None
    answer_sha256: str | None
    problem: Mapping[str, Any] | None
    tags: tuple[str, ...] = ()
    revision: int = 1
    archived_at: datetime | None = None
    chosen_at: datetime | None = None
    deleted_at: datetime | None = None


SimulationState = Literal["queued", "running", "succeeded", "failed"]


@dataclass(frozen=True, slots=True)
class SimulationRow:
    """A month of a plan that is replayed: what was asked, how far it is, whether the plan stands, or why it could not be.

    Attributes
    ----------
    asked
        :class:`fleetplan.replays.types.ReplayAsked` as plain data.
    background
        Whether nobody asked for it.
    standing
        :class:`fleetplan.replays.types.MonthStanding` as plain data, once it is known.
    """

    id: str
    plan: str
    asked: Mapping[str, Any]
    background: bool
    state: SimulationState
    progress: float
    standing: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """A plan made elsewhere that is put to the test: what was sent, how far it is, or why it could not be.

    ``name`` is the file's, ``sha256`` and ``bytes`` are its content's; ``plan`` is the best plan of the same request.
    """

    id: str
    plan: str
    name: str
    sha256: str
    bytes: int
    state: SimulationState
    problem: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One progress event; ``seq`` grows by one within a plan."""

    plan: str
    seq: int
    at: datetime
    kind: Literal["state", "phase", "incumbent", "bound", "log", "verdict"]
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """Something found out of a plan and kept with it: what was asked, and hash and size of the answer."""

    id: str
    plan: str
    asked: Mapping[str, Any]
    sha256: str
    bytes: int
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Which plans are meant, by their cards; None for any. ``deleted`` chooses those in the bin."""

    tag: str | None = None
    archived: bool | None = None
    chosen: bool | None = None
    deleted: bool = False


EVERY_CARD = CardFilter()


@dataclass(frozen=True, slots=True)
class Titled:
    """What a plan is called, and what was noted with its request."""

    id: str
    name: str
    note: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """How far a plan is: the number of its last event, and whether it is final."""

    last_seq: int
    final: bool


class Store(Protocol):
    """Everything durable. Safe to call from many processes; every write is one transaction."""

    def create(self, new: NewPlan) -> tuple[PlanRow, bool]:
        """Store a plan as queued, or as infeasible; return it and whether it is the replay of an earlier call with the same key.

        Raises :class:`api.store.errors.KeyReused` when the key was used with another body and
        :class:`api.store.errors.TooManyWait` when too many plans wait.
        """

    def get(self, plan: str) -> PlanRow | None:
        """Return a plan, or None; one in the bin is not there."""

    def page(
        self,
        *,
        limit: int,
        after: str | None,
        state: str | None = None,
        city: str | None = None,
        parent: str | None = None,
        card: CardFilter = EVERY_CARD,
    ) -> Sequence[PlanRow]:
        """Return plans, newest first, from just after the plan with id ``after``; those in the bin only where asked for."""

    def heads(self, plans: Sequence[str]) -> Mapping[str, Head]:
        """Return how far plans are; those that are gone are left out."""

    def request_cancel(self, plan: str) -> PlanRow:
        """Ask a plan to stop; a queued one is cancelled at once."""

    def delete(self, plan: str) -> None:
        """Remove a final plan with its events and files that nothing else names."""

    def events(self, plan: str, *, after: int = 0, limit: int = 500) -> Sequence[EventRow]:
        """Return events with ``seq > after``, oldest first."""

    def add_event(self, plan: str, kind: str, data: Mapping[str, Any]) -> int:
        """Append an event and return its ``seq``."""

    def start(self, plan: str, worker: str) -> bool:
        """Mark a plan running under a worker; False if it is final already."""

    def beat(self, worker: str, plans: Sequence[str]) -> Sequence[str]:
        """Record that a worker lives; return those of its plans that were asked to stop."""

    def finish(
        self,
        plan: str,
        state: State,
        *,
        answer: bytes | None = None,
        problem: Mapping[str, Any] | None = None,
        replay: Sequence[Mapping[str, Any]] = (),
    ) -> bool:
        """Record the outcome once, with the terminal event and months to replay; False when it had been recorded before."""

    def ask_simulation(self, plan: str, asked: Mapping[str, Any]) -> tuple[SimulationRow, bool]:
        """Have a month of a plan replayed; return it and whether that was asked for before."""

    def simulation(self, plan: str, simulation: str) -> SimulationRow | None:
        """Return a replay of a plan, or None."""

    def simulations(self, plans: Sequence[str]) -> Sequence[SimulationRow]:
        """Return the replays of some plans, oldest first, without their answers."""

    def simulation_answer(self, simulation: str) -> bytes | None:
        """Return what came of a replay, once it is known."""

    def ask_evaluation(self, plan: str, name: str, content: bytes) -> tuple[EvaluationRow, bool]:
        """Have a plan made elsewhere scored against a plan's request; return it and whether that was asked for before."""

    def evaluation(self, plan: str, evaluation: str) -> EvaluationRow | None:
        """Return an evaluation that is kept with a plan, or None."""

    def evaluations(self, plan: str) -> Sequence[EvaluationRow]:
        """Return a plan's evaluations, oldest first."""

    def evaluation_answer(self, evaluation: str) -> bytes | None:
        """Return what came of an evaluation, once it is known."""

    def evaluation_file(self, evaluation: str) -> bytes | None:
        """Return the file as it was sent."""

    def keep_finding(self, plan: str, asked: Mapping[str, Any], content: bytes) -> FindingRow | None:
        """Keep with a plan what was found out of it; what was asked before stays. None where the plan is gone."""

    def finding(self, plan: str, asked: Mapping[str, Any]) -> bytes | None:
        """Return what was found out of a plan, if that was asked before."""

    def findings(self, plan: str) -> Sequence[FindingRow]:
        """Return what is kept with a plan, oldest first, without the answers."""

    def answer(self, plan: str) -> bytes | None:
        """Return the stored plan.json."""

    def check_file(self) -> None:
        """Raise :class:`api.store.errors.StoreUnusable` when the database was deleted or replaced meanwhile."""

    def card(self, plan: str) -> PlanRow | None:
        """Return a plan, be it in the bin or not."""

    def discard(self, plan: str) -> PlanRow:
        """Put a final plan into the bin."""

    def restore(self, plan: str) -> PlanRow:
        """Bring a plan back out of the bin."""

    def empty_bin(self, days: float) -> int:
        """Remove plans for good that have been in the bin for so many days; return how many."""

    def change_card(self, plan: str, changes: Mapping[str, Any], *, revision: int | None = None) -> PlanRow:
        """Change what people say about a plan; see :mod:`api.store.cards`."""

    def titles(self, *, after: str | None, limit: int) -> Sequence[Titled]:
        """Return what plans are called, the newest first, from just after the plan with id ``after``."""

    def tags(self) -> Mapping[str, int]:
        """Return every tag in use with the number of plans that have it."""

    def stored_bytes(self) -> int:
        """Return how much is stored."""

    def put(self, content: bytes) -> str:
        """Store bytes under their SHA-256, by a temporary name and a rename; return the hash."""

    def read(self, sha256: str) -> bytes | None:
        """Return stored bytes."""
