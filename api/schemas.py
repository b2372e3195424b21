"""The shapes of answers and bodies that the library does not have; requests and plans are the library's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.links import Links, links_of
from api.store.contract import PlanRow, State
from fleetplan.compare import Causes, Comparison
from fleetplan.doubt.types import CellAgain, Doubt, Grid, Resolved
from fleetplan.facts import Binding, CityOutcome, Conflict
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions, SearchOptions
from fleetplan.plans.types import CityRollout, Kpis, Status
from fleetplan.remedies import Repair
from fleetplan.replays.types import ReplayCounts
from fleetplan.request import PlanRequest


class Body(BaseModel):
    """Base of bodies: unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """Base of answers; clients ignore fields they do not know."""

    model_config = ConfigDict(frozen=True)


class Submission(Body):
    """A request with how to solve it."""

    request: PlanRequest
    options: SearchOptions = SearchOptions()


class Rerun(Body):
    """A merge patch on the request of an earlier plan; lists are addressed by key, null removes."""

    patch: dict[str, Any] = {}
    options: PlanOptions = DEFAULT_OPTIONS


class Money(Answer):
    """An amount of money; ``amount`` is a decimal number as text."""

    amount: str
    currency: str = "USD"

    @classmethod
    def of(cls, value: float | None) -> Money | None:
        """Return an amount in USD with cents."""
        return None if value is None else cls(amount=f"{value:.2f}")


class PlanSummary(Answer):
    """A plan in a list. ``gap`` is relative to the objective; times are UTC."""

    id: str
    state: State
    phase: str
    name: str
    created_at: datetime
    started_at: datetime | None
    first_plan_at: datetime | None
    finished_at: datetime | None
    objective: Money | None
    bound: Money | None
    gap: float | None
    parent: str | None
    origin: str
    replays: ReplayCounts | None = Field(description="months replayed request by request; `fallen` do not stand")
    tags: list[str]
    archived: bool
    chosen: bool
    deleted_at: datetime | None
    links: Links


class PlanStatus(PlanSummary):
    """A plan: its state, figures and lineage, and what was asked."""

    cancel_requested: bool
    has_answer: bool
    kpis: Kpis | None
    options: PlanOptions
    problem: dict[str, Any] | None = Field(description="why a plan failed, or what makes its request infeasible")
    patch: dict[str, Any] | None
    request: dict[str, Any]


class PlanPage(Answer):
    """Plans, newest first; ``next`` is the address of the following page."""

    plans: list[PlanSummary]
    next: str | None


class Size(Answer):
    """How large a request is."""

    cities: int
    stacks: int
    deployments: int
    periods: int
    constraints: int


class Feasibility(Answer):
    """What the dates of permits alone say: ``infeasible`` is certain, ``unknown`` leaves it to the solver."""

    verdict: Literal["infeasible", "unknown"]
    findings: list[Conflict]


class Validation(Answer):
    """A valid request: its size and what can be told about it at once."""

    valid: Literal[True] = True
    size: Size
    feasibility: Feasibility


class Rollout(Answer):
    """One city's part of a plan, with the periods that its lists run over."""

    plan: str
    periods: list[str]
    period_months: list[int]
    rollout: CityRollout


class TableColumn(Answer):
    """A declared column."""

    name: str
    dtype: str
    unit: str
    meaning: str


class TableAnswer(Answer):
    """A table of a plan."""

    plan: str
    table: str
    columns: list[TableColumn]
    rows: list[dict[str, Any]]


class CityReason(Answer):
    """Why a city is in the plan as it is, and what holds it back."""

    city: str
    launch: str | None
    outcome: CityOutcome
    binds: list[Binding]


class Explanation(Answer):
    """What a plan knows about itself; for an infeasible request what clashes, and what would make a plan possible."""

    plan: str
    state: State
    status: Status | None = Field(default=None, description="how good the plan is proven to be; null without a plan")
    verdict: str
    binds: list[Binding]
    cities: list[CityReason]
    clashes: list[Conflict]
    repairs: list[Repair] = Field(
        default=[],
        description="requests near an infeasible one that have a plan, those that give up least first; `patch` goes into a rerun",
    )
    unfinished: list[str] = Field(default=[], description="what of these was not settled in the time given")
    mending: bool = Field(
        default=False, description="whether repairs are being looked for: ask again in a second or two"
    )


class Cities(Answer):
    """The cities of the catalogue."""

    cities: list[dict[str, Any]]


class Partners(Answer):
    """The stacks of the catalogue."""

    partners: list[dict[str, Any]]


class Health(Answer):
    """Whether the service lives, or is ready."""

    status: Literal["ok"] = "ok"
    version: str


class GeoJson(Answer):
    """A GeoJSON FeatureCollection, lon-lat."""

    model_config = ConfigDict(extra="allow")

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


ChangeState = Literal["known", "queued", "running", "failed", "cancelled", "missing"]
CausesState = Literal["complete", "running", "partial", "none", "too_many"]


class RerunCall(Answer):
    """A call that is ready to be made: POST ``body`` to ``href`` under ``idempotency_key``."""

    href: str
    body: Rerun
    idempotency_key: str = Field(description="send it as Idempotency-Key, so that asking twice at once is one plan")


class WhyNotTold(Answer):
    """Why a plan does not do something: what forbids it, or what it costs, as far as a plan that does it is stored."""

    plan: str
    state: ChangeState = Field(
        description="known: the answer stands below; missing, failed, cancelled: post `rerun` and ask again; "
        "queued, running: `answered_by` is being made"
    )
    kind: Literal["open", "planned", "left_out", "impossible", "possible"] = Field(
        description="open: not known yet; planned: the plan does it; left_out: law or the request's lists keep it out; "
        "impossible: no plan of the request can; possible: some plan can, at a cost"
    )
    asked: dict[str, Any]
    patch: dict[str, Any] = Field(description="what makes a request of the question, as a rerun takes it")
    refusal: dict[str, str] | None = Field(description="why the request does not admit it by itself")
    conflicts: list[Conflict] = Field(description="what stands in the way, the first blocker first")
    npv_usd: float | None
    bound_usd: float | None
    cost_usd: float | None = Field(description="net present value given up, between the plans found")
    least_usd: float | None = Field(description="given up at least, proven")
    most_usd: float | None = Field(description="given up at most, proven")
    sentences: list[str]
    answered_by: str | None = Field(description="the plan that does it: made, in the making, or ended without one")
    rerun: RerunCall | None = Field(description="what to post to get it known; null when it is, or is being made")


class CauseChange(Answer):
    """One change of the inputs, and what is known of its effect alone."""

    pointer: str
    sentence: str
    state: ChangeState = Field(
        description="known: it counts in `known`; queued, running: `plan` is being made; "
        "failed, cancelled: `plan` ended without a finding; missing: nobody asked"
    )
    plan: str | None = Field(description="the plan with this change alone: made, in the making, or ended without one")
    rerun: RerunCall | None = Field(description="what to post to get it known; null when it is, or is being made")


class CausesAnswer(Answer):
    """Which change of the inputs moved what, as far as plans with one change alone are stored."""

    state: CausesState = Field(
        description="complete: every change is known; running: plans are being made, ask again; partial, none: post the "
        "reruns of `changes`; too_many: more than six inputs differ, compare by way of a plan in between"
    )
    changes: list[CauseChange] = Field(description="inputs that differ and can move a plan; empty when too many")
    known: Causes | None = Field(description="null while nothing is known")


class ComparedPlans(Comparison):
    """What differs from one plan to another, and which change of the inputs caused it."""

    causes: CausesAnswer


class EndTold(Answer):
    """Planning again with a figure at one end, as far as such a plan is stored."""

    key: str
    high: bool
    value: float
    state: ChangeState = Field(
        description="known: `resolved` says what changes; missing, failed, cancelled: post `rerun` and ask again; "
        "queued, running: `plan` is being made"
    )
    plan: str | None = Field(description="the plan made there: made, in the making, or ended without one")
    rerun: RerunCall | None = Field(description="what to post to get it known; null when it is, or is being made")
    resolved: Resolved | None
    sentence: str


class DoubtTold(Answer):
    """How sure a plan is and of what, at fixed decisions; and what planning again would change where it matters most."""

    plan: str
    doubt: Doubt
    sentences: list[str]
    ends: list[EndTold] = Field(description="the ends of the ten figures that matter most, the widest bar first")


class GridCellTold(Answer):
    """A cell of a grid, planned again, as far as such a plan is stored."""

    first: float
    second: float
    third: float | None = Field(description="null in a grid of two figures")
    state: ChangeState
    plan: str | None = Field(description="the plan behind the cell: made, in the making, or ended without one")
    rerun: RerunCall | None
    fault: str = Field(description="why no such plan can be asked for; empty otherwise")
    npv_usd: float | None
    cities: list[str]
    again: CellAgain | None = Field(description="what is best there: who enters, when, worth what, proven how well")


class GridTold(Answer):
    """A plan over a grid of two or three figures: at its launches as they are, and planned again in every cell."""

    plan: str
    grid: Grid
    sentences: list[str]
    cells: list[GridCellTold] = Field(description="in the order of the grid's own cells")


def _summary(row: PlanRow, replays: ReplayCounts | None) -> dict[str, Any]:
    plain = (
        "id",
        "state",
        "phase",
        "name",
        "created_at",
        "started_at",
        "first_plan_at",
        "finished_at",
        "gap",
        "deleted_at",
    )
    return {
        **{name: getattr(row, name) for name in plain},
        "objective": Money.of(row.objective),
        "bound": Money.of(row.bound),
        "parent": row.parent,
        "origin": row.origin,
        "replays": replays,
        "tags": list(row.tags),
        "archived": row.archived_at is not None,
        "chosen": row.chosen_at is not None,
        "links": links_of(row),
    }


def plan_summary(row: PlanRow, replays: ReplayCounts | None = None) -> PlanSummary:
    """Return a plan as it stands in a list."""
    return PlanSummary(**_summary(row, replays))


def plan_status(row: PlanRow, replays: ReplayCounts | None = None) -> PlanStatus:
    """Return everything that is told about a plan at once."""
    return PlanStatus(
        **_summary(row, replays),
        cancel_requested=row.cancel_requested,
        has_answer=row.answer_sha256 is not None,
        kpis=None if row.kpis is None else Kpis.model_validate(dict(row.kpis)),
        options=row.options,
        problem=None if row.problem is None else dict(row.problem),
        patch=None if row.patch is None else dict(row.patch),
        request=dict(row.request),
    )
