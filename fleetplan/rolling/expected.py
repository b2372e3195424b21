"""What a plan expects to stand at a month: the starting state of the plan that goes on from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from fleetplan.errors import Fault, InputError
from fleetplan.months import month_text
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.request.started import StartingState

Entry = dict[str, Any]


def state_at(plan: Plan, month: str) -> StartingState:
    """Return what a plan has done before a month, as its starting state tells it.

    Everything decided in the periods that begin before the month, what the plan itself started from included. Permits are those
    on the way of what runs that are in hand before the month.

    Raises
    ------
    InputError
        If the month leaves nothing of the horizon before it or after it, or a service has ended by then.
    """
    grid = plan.request.grid
    first = month_text(max(grid.start + 1, grid.today))
    if not first <= month <= month_text(grid.end - 1):
        what = "the plan has done nothing before it, or has nothing left from it on"
        allowed = f"{first} to {month_text(grid.end - 1)}"
        raise InputError([Fault("--at", f"is {month}: {what}", allowed, "give one of these months")])
    done = [t for t, label in enumerate(plan.periods) if label < month]
    rows = [(c, d) for c in plan.cities for d in c.deployments if d.programme_start < month]
    ended = [f"{d.partner} in {c.name}" for c, d in rows if d.ended is not None and d.ended < month]
    if ended:
        what = f"{', '.join(ended)} has ended by {month}, and a service that has ended is no state to go on from"
        raise InputError(
            [Fault("--at", what, "a month before the end", "take what has ended out of the request instead")]
        )
    found: dict[str, list[Entry]] = {
        "programmes": [{**_place(d), "month": d.programme_start} for _, d in rows],
        "areas": [area for c, d in rows for area in _areas(plan, c, d, done)],
        "fleets": [fleet for _, d in rows for fleet in _fleets(plan, d, done)],
        "bought": [
            {"stack": s.stack, "month": plan.periods[t], "vehicles": s.bought[t]}
            for s in plan.stacks
            for t in done
            if s.bought[t]
        ],
        "permits": list(_permits([d for _, d in rows], month)),
        "depots": [
            {"city": c.city, "site": d.site, "month": d.ordered}
            for c in plan.cities
            for d in c.depots
            if d.ordered < month
        ],
        "stalls": [stall for c in plan.cities for stall in _stalls(plan, c, done)],
    }
    before = plan.request.starting_state
    return StartingState.model_validate(
        {
            "month": month,
            "capital_spent_usd": round(_spent_before(plan) + sum(plan.capital_usd[t] for t in done), 2),
            "cash_usd": round((before.cash_usd if before else 0.0) + sum(plan.cash_usd[t] for t in done), 2),
            **found,
        }
    )


def _spent_before(plan: Plan) -> float:
    """Return the capital spent before the plan itself began, USD."""
    state, grid = plan.request.starting_state, plan.request.grid
    if state is None:
        return 0.0
    if state.capital_spent_usd is not None:
        return state.capital_spent_usd
    given = plan.request.capital.per_quarter_usd
    amounts = given if isinstance(given, list) else [given]
    begun = (grid.today - 1 - grid.start) // 3 + 1
    return sum(amounts[min(quarter, len(amounts) - 1)] for quarter in range(begun))


def _place(d: DeploymentPlan) -> Entry:
    return {"city": d.city, "stack": d.stack}


def _changes(values: Sequence[int], done: Sequence[int]) -> list[int]:
    """Return the periods done in which a number is another than before; what begins with nothing does so unsaid."""
    known = [0, *(values[t] for t in done)]
    return [t for t, (old, new) in zip(done, pairwise(known), strict=True) if old != new]


def _areas(plan: Plan, city: CityRollout, d: DeploymentPlan, done: Sequence[int]) -> Iterator[Entry]:
    for t in _changes(d.level, done):
        yield {**_place(d), "month": plan.periods[t], "km2": city.levels[d.level[t] - 1].area_km2}


def _fleets(plan: Plan, d: DeploymentPlan, done: Sequence[int]) -> Iterator[Entry]:
    """Yield fleets where they change, and in the last period done: how long a fleet has stood says how much it may grow."""
    for mode, counts in d.vehicles_by_mode.items():
        last = [done[-1]] if counts[done[-1]] else []
        for t in sorted({*_changes(counts, done), *last}):
            yield {**_place(d), "month": plan.periods[t], "mode": mode, "vehicles": counts[t]}


def _permits(rows: Sequence[DeploymentPlan], month: str) -> Iterator[Entry]:
    told = set[tuple[str, str, str]]()
    for d in rows:
        for step in d.permits:
            if step.held or not step.finish or step.finish >= month:
                continue
            city = d.city if step.scope == "city" else ""
            if (step.permit, d.stack, city) not in told:
                told.add((step.permit, d.stack, city))
                place = {"stack": d.stack, "city": city} if city else {"stack": d.stack}
                yield {"permit": step.permit, "month": step.finish, **place}


def _stalls(plan: Plan, city: CityRollout, done: Sequence[int]) -> Iterator[Entry]:
    for depot in city.depots:
        for payer, counts in (("platform", depot.stalls), ("partner", depot.stalls_partner)):
            for t in _changes(counts, done):
                place = {"city": city.city, "site": depot.site, "month": plan.periods[t]}
                yield {**place, "stalls": counts[t], "payer": payer}


def rolled(request: Any, state: StartingState) -> dict[str, Any]:
    """Return a request, as plain data, that goes on from a state.

    >>> rolled({"name": "x"}, StartingState(month="2027-04"))["starting_state"]["month"]
    '2027-04'
    """
    plain = dict(request) if isinstance(request, dict) else {}
    return {**plain, "starting_state": state.model_dump(mode="json", exclude_none=True)}
