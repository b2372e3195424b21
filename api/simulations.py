"""Months of a plan that are replayed: what is asked, how far it is, what came of it, and how the plan stands by it.

Nothing is replayed here: workers do that, and what they find is stored beside the plan, whose own file is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body as FromBody
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from api import problems as p
from api.deps import Answered, Service, ServiceStore
from api.prefix import at
from api.schemas import Answer, Body
from api.store.contract import SimulationRow, SimulationState
from fleetplan.errors import InputError
from fleetplan.replays.months import check_asked
from fleetplan.replays.types import Days, MonthStanding, MonthTold, PlanStanding, ReplayAsked, ReplayCounts
from fleetplan.request import Month, faults_of
from fleetplan.request.values import Count
from fleetplan.words.replays import standing_sentences


class SimulationAsked(Body):
    """Which month of a plan is to be replayed: a run for each seed, over all days of the month or those of one kind."""

    city: str = Field(max_length=80, description="slug of a city of the plan")
    month: Month
    days: Days = "all"
    seeds: list[Count] = Field(default=[0], min_length=1, description="a run each")


class SimulationSummary(Answer):
    """A replay in a list. ``progress`` is the share that is done."""

    id: str
    plan: str
    state: SimulationState
    progress: float
    city: str
    month: str
    days: Days
    seeds: list[int]
    background: bool = Field(description="made because the plan was stored, not because somebody asked")
    standing: MonthStanding | None = Field(description="whether the plan stands, once it is known")
    problem: dict[str, Any] | None = Field(description="why it could not be replayed")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    href: str


class SimulationTold(SimulationSummary):
    """A replay with what came of it."""

    result: MonthTold | None = Field(description="promised against replayed, by hour, zone and depot; null until known")


class SimulationList(Answer):
    """A plan's replays and how the plan stands by them; `fleetplan simulate PLAN --all` gives the same."""

    plan: str
    standing: PlanStanding
    sentences: list[str]
    simulations: list[SimulationSummary]


def _as_it_is(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
    return value


# The document shows the model; what comes is whatever was sent, so that every fault comes at once.
SimulationBody = Annotated[SimulationAsked, WrapValidator(_as_it_is), FromBody()]


def asked_of(found: Answered, body: Any) -> ReplayAsked:
    """Return what is asked of a plan.

    Raises
    ------
    BadRequest
        With every fault.
    """
    try:
        sent = SimulationAsked.model_validate(body)
    except ValidationError as error:
        raise p.refused(p.flaws_of_faults(faults_of(SimulationAsked, error), body)) from error
    asked = ReplayAsked(city=sent.city, month=sent.month, days=sent.days, seeds=tuple(sent.seeds))
    try:
        check_asked(found.plan, asked)
    except InputError as error:
        raise p.refused(p.flaws_of_faults(error.faults, body)) from error
    return asked


def ask(service: Service, found: Answered, asked: ReplayAsked) -> tuple[SimulationRow, bool]:
    """Have a month replayed; return the replay and whether it had been asked for before."""
    row, known = service.store.ask_simulation(found.row.id, asked.model_dump(mode="json"))
    service.statuses.drop(found.row.id)
    return row, known


def row_of(service: Service, plan: str, simulation: str) -> SimulationRow:
    """Return a replay of a plan, or raise :class:`SimulationNotFound`."""
    row = service.store.simulation(plan, simulation)
    if row is None:
        msg = f"plan {plan} has no replay that is called {simulation!r}"
        raise p.SimulationNotFound(msg)
    return row


def told(service: Service, row: SimulationRow) -> SimulationTold:
    """Return a replay with what came of it, as far as it is known."""
    return SimulationTold(**_plain(row), result=result_of(service.store, row))


def listed(service: Service, plan: str) -> SimulationList:
    """Return all replays of a plan."""
    rows = service.store.simulations([plan])
    standing = standing_of(rows)
    summaries = [SimulationSummary(**_plain(row)) for row in rows]
    return SimulationList(plan=plan, standing=standing, sentences=standing_sentences(standing), simulations=summaries)


def result_of(store: ServiceStore, row: SimulationRow) -> MonthTold | None:
    """Return what came of a replay; None until it is known, and where an earlier version found something else."""
    answer = store.simulation_answer(row.id) if row.state == "succeeded" else None
    try:
        return None if answer is None else MonthTold.model_validate(json.loads(answer))
    except ValidationError:
        return None


def _plain(row: SimulationRow) -> dict[str, Any]:
    asked = ReplayAsked.model_validate(row.asked)
    return {
        **asked.model_dump(mode="json"),
        "id": row.id,
        "plan": row.plan,
        "state": row.state,
        "progress": round(row.progress, 3),
        "background": row.background,
        "standing": _standing(row),
        "problem": None if row.problem is None else dict(row.problem),
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "href": at(f"/v1/plans/{row.plan}/simulations/{row.id}"),
    }


def _standing(row: SimulationRow) -> MonthStanding | None:
    try:
        return None if row.standing is None else MonthStanding.model_validate(row.standing)
    except ValidationError:
        return None


def standings(store: ServiceStore, plans: Sequence[str]) -> Mapping[str, PlanStanding]:
    """Return how plans stand, those of which a month is or was to be replayed."""
    rows: dict[str, list[SimulationRow]] = {}
    for row in store.simulations(plans) if plans else ():
        rows.setdefault(row.plan, []).append(row)
    return {plan: standing_of(own) for plan, own in rows.items()}


def counts_of(known: Mapping[str, PlanStanding], plan: str) -> ReplayCounts | None:
    """Return how many months of a plan there are of each kind; None where none is to be replayed."""
    return known[plan].counts if plan in known and known[plan].planned else None


def standing_of(rows: Iterable[SimulationRow]) -> PlanStanding:
    """Return how a plan stands by its replays of whole months; of one month the replay with most runs counts."""
    best: dict[tuple[str, str], tuple[tuple[int, str], MonthStanding | None, bool]] = {}
    for row in rows:
        asked = ReplayAsked.model_validate(row.asked)
        if asked.days != "all":
            continue
        standing, key = _standing(row), (asked.city, asked.month)
        rank = (len(asked.seeds) if standing is not None else 0, row.id)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, standing, row.state == "failed")
    known = sorted((s for _, s, _ in best.values() if s is not None), key=lambda s: (s.month, s.city))
    return PlanStanding(planned=len(best), months=known, failed=sum(f for _, s, f in best.values() if s is None))
