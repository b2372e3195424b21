"""The constraints of a request beside its plan: what each asks, what the plan does about it, and whether it is at its limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import RequestError
from fleetplan.months import month_number
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.request import AnyConstraint
from fleetplan.scope import resolve_scope
from fleetplan.words.constraints import constraint_words
from fleetplan.words.names import Names
from fleetplan.words.values import count, decimal, listed, month_name, percent, several, usd

Tightness = Literal["binds", "limit", "room", "given"]
TIGHTNESS_NAMES: dict[Tightness, str] = {
    "binds": "holds the plan back",
    "limit": "at its limit",
    "room": "kept, with room",
    "given": "taken as given",
}


@dataclass(frozen=True, slots=True)
class ConstraintOutcome:
    """A constraint: its words, what the plan does about it, how tight it is, and its local worth where the plan knows one."""

    id: str
    asks: str
    told: str
    tightness: Tightness
    worth: str

    @property
    def tightness_name(self) -> str:
        """How tight it is, in words."""
        return TIGHTNESS_NAMES[self.tightness]


def constraint_outcomes(plan: Plan, catalogue: Catalogue) -> list[ConstraintOutcome]:
    """Return every constraint of a plan's request with what becomes of it."""
    names = Names(catalogue, [plan])
    return [_outcome(plan, c, names) for c in _resolved(plan, catalogue)]


def summed(found: Iterable[ConstraintOutcome]) -> str:
    """Return in a sentence how many constraints leave room."""
    every = list(found)
    tight = sum(s.tightness in {"binds", "limit"} for s in every)
    if not every:
        return "The request carries no constraint of its own; law, supply and money alone shape the plan."
    if not tight:
        return "None of them is at its limit."
    return f"{tight} of {len(every)} {'is' if tight == 1 else 'are'} at the limit."


def _resolved(plan: Plan, catalogue: Catalogue) -> Sequence[AnyConstraint]:
    """Return a request's constraints with slugs in place of names, as far as today's catalogue knows them."""
    try:
        return resolve_scope(plan.request, catalogue).constraints
    except RequestError:  # the catalogue has changed since
        return plan.request.constraints


def _outcome(plan: Plan, c: AnyConstraint, names: Names) -> ConstraintOutcome:
    words = constraint_words(c.model_dump(mode="json"), names)
    bind = next((b for b in plan.binds if b.kind == "target" and b.constraint == c.id), None)
    told, at_limit = _TOLD[c.type](plan, c) if _window(plan, c) else _OUTSIDE
    tightness: Tightness = "binds" if bind else "given" if at_limit is None else "limit" if at_limit else "room"
    worth = f"One more {bind.unit} is worth about {usd(bind.price_usd)} of NPV." if bind and bind.price_usd else ""
    return ConstraintOutcome(c.id, f"{words[:1].upper()}{words[1:]}.", told, tightness, worth)


# --- what a plan does about a constraint, and whether it stands at its limit (None: it is no limit) ------------------------

Told = tuple[str, bool | None]
_OUTSIDE: Told = ("The horizon holds no month of its window.", None)


def _chosen(plan: Plan, c: Any) -> list[DeploymentPlan]:
    city, stack = getattr(c, "city", None), getattr(c, "stack", None)
    found = [d for part in plan.cities for d in part.deployments]
    return [d for d in found if city in {None, d.city} and stack in {None, d.stack}]


def _window(plan: Plan, c: Any) -> range:
    return plan.request.grid.window(getattr(c, "start", None), getattr(c, "end", None))


def _total(plan: Plan, c: Any, values: str) -> list[tuple[float, int]]:
    return [(sum(getattr(d, values)[t] for d in _chosen(plan, c)), t) for t in _window(plan, c)]


def _markets(plan: Plan, c: Any) -> Told:
    live = {d.city for d in _chosen(plan, c) if _since(plan, d, paid=c.counts == "paid") <= c.by}
    there = plan.kpis.markets_live_with_existing - plan.kpis.cities_live if c.include_existing else 0
    more = f" and {there} live elsewhere today" if there else ""
    return f"{several(len(live), 'city', 'cities')} live by {month_name(c.by)}{more}.", len(live) + there <= c.count


def _since(plan: Plan, d: DeploymentPlan, *, paid: bool) -> str:
    modes = zip(plan.periods, d.mode, strict=True)
    return next((p for p, mode in modes if mode.startswith("paid" if paid else ("paid", "unpaid"))), "9999-12")


def _first_opening(plan: Plan, c: Any) -> str:
    return min((d.launch for d in _chosen(plan, c) if d.launch), default="")


def _opening(plan: Plan, c: Any) -> Told:
    launch = _first_opening(plan, c)
    if not launch:
        return "It does not open.", False
    grid = plan.request.grid
    opened = grid.period_of(month_number(launch))
    tight = {
        "launch_not_before": opened <= grid.first_period_from(month_number(c.month)),
        "launch_fixed": True,
        "launch_by": opened >= grid.last_begun_by(c.month),
    }
    return f"It opens in {month_name(launch)}.", tight[c.type]


def _pair(plan: Plan, c: Any) -> Told:
    launch = _first_opening(plan, c)
    return (f"It opens in {month_name(launch)}." if launch else "It does not open."), None


def _fleet(plan: Plan, c: Any) -> Told:
    cap = c.type == "fleet_cap"
    most, t = (max if cap else min)(_total(plan, c, "vehicles"))
    kind = "largest" if cap else "smallest"
    told = f"The {kind} fleet is {several(round(most), 'vehicle')}, in {month_name(plan.periods[t])}."
    return told, most >= c.vehicles if cap else most <= c.vehicles


def _share(plan: Plan, c: Any) -> Told:
    def share(t: int) -> float:
        every = sum(s.in_service[t] for s in plan.stacks)
        return sum(s.in_service[t] for s in plan.stacks if s.partner == c.partner) / every if every else 0.0

    most, t = max((share(t), t) for t in _window(plan, c))
    told = f"{c.partner} has at most {percent(most)} of all vehicles, in {month_name(plan.periods[t])}."
    return told, most >= c.max_share - 0.005


def _per_quarter(plan: Plan, c: Any) -> Told:
    first = month_number(plan.periods[0])
    by_quarter = Counter((month_number(d.launch) - first) // 3 for d in _chosen(plan, c) if d.launch)
    full = sorted(q for q, number in by_quarter.items() if number >= c.max)
    if not full:
        return f"No quarter has more than {several(max(by_quarter.values(), default=0), 'launch', 'launches')}.", False
    if len(full) > 3:
        return f"Reached in {len(full)} quarters.", True
    return f"Reached in the quarter from {listed([month_name(_month_at(plan, 3 * q)) for q in full])}.", True


def _month_at(plan: Plan, after: int) -> str:
    starts = [month_number(p) - month_number(plan.periods[0]) for p in plan.periods]
    return plan.periods[max(t for t, s in enumerate(starts) if s <= after)]


def _per_city(plan: Plan, c: Any) -> Told:
    parts = [p for p in plan.cities if c.city in {None, p.city}]
    full = [p.name for p in parts if len(p.deployments) >= c.max]
    return (f"Reached in {listed(full)}.", True) if full else ("No city has so many.", False)


def _wait(plan: Plan, c: Any) -> Told:
    waits = [(w, d.city, t) for d in _chosen(plan, c) for t, w in enumerate(d.wait_min) if w is not None]
    if not waits:
        return "No service is open.", False
    longest, city, t = max(waits)
    name = next(p.name for p in plan.cities if p.city == city)
    told = f"The longest mean wait is {decimal(longest)} min, in {name} in {month_name(plan.periods[t])}."
    return told, longest >= 0.99 * c.max_wait_min


def _trips(plan: Plan, c: Any) -> Told:
    least, t = min(_total(plan, c, "trips_per_day"))
    told = f"The fewest are {count(least)} trips a day, in {month_name(plan.periods[t])}."
    return told, least <= 1.01 * c.trips_per_day


def _given(_: Plan, __: Any) -> Told:
    return "The plan is made on this assumption.", None


_TOLD: dict[str, Callable[[Plan, Any], Told]] = {
    "markets_live": _markets,
    "launch_not_before": _opening,
    "launch_by": _opening,
    "launch_fixed": _opening,
    "force_deployment": _pair,
    "forbid_deployment": _pair,
    "fleet_cap": _fleet,
    "fleet_floor": _fleet,
    "partner_share": _share,
    "launches_per_quarter": _per_quarter,
    "stacks_per_city": _per_city,
    "permit_delay": _given,
    "event_date": _given,
    "supply_change": _given,
    "service_level": _wait,
    "minimum_trips": _trips,
}
