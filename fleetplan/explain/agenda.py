"""What has to be done in a city and when: permits, depots, vehicles, openings in the order of months."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number, month_text
from fleetplan.plans.reading import area_km2, opening_months_of
from fleetplan.plans.types import CityRollout, DeploymentPlan, PermitStep, Plan
from fleetplan.words.values import MODE_NAMES, count, listed, month_name

WINDOW = 12
KINDS = ("Start", "Order", "In hand", "Open")
HOLDERS = {"stack": "in the partner's name", "platform": "in the platform's name, for every partner"}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens in a month: one of :data:`KINDS`, what, and what to know of it.

    ``key`` tells it from every other step of its kind in the city, whenever it is due and however it is worded.
    """

    month: str
    kind: str
    text: str
    detail: str
    key: str


@dataclass(frozen=True, slots=True)
class Month:
    """The steps of one month."""

    month: str
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Agenda:
    """The months of the first year in which something happens, those after it, and the month after the first year."""

    soon: list[Month]
    later: list[Month]
    until: str


def agenda(plan: Plan, city: CityRollout) -> Agenda:
    """Return what a city's part of the plan asks for, month by month."""
    until = month_text(month_number(plan.periods[0]) + WINDOW)
    end = month_text(month_number(plan.periods[-1]) + plan.period_months[-1])
    steps = sorted(
        {s for s in _steps(plan, city, end) if plan.periods[0] <= s.month < end},
        key=lambda s: (s.month, KINDS.index(s.kind), s.text),
    )
    months = [Month(m, [s for s in steps if s.month == m]) for m in dict.fromkeys(s.month for s in steps)]
    return Agenda([m for m in months if m.month < until], [m for m in months if m.month >= until], until)


def event_words(event: str, catalogue: Catalogue) -> str:
    """Return which calendar event a permit waits for, with its months; empty for none."""
    if not event:
        return ""
    try:
        found = catalogue.event(event)
    except KeyError:
        return f"waits for {event}"
    months = f"likely {month_name(found.likely)}, between {month_name(found.earliest)} and {month_name(found.latest)}"
    return f"waits for {found.title} ({months})"


def _steps(plan: Plan, city: CityRollout, end: str) -> Iterator[Step]:
    for step, holders in _permits(city):
        who = listed([d.partner for d in holders])
        key = f"permit:{step.permit}:{min(d.stack for d in holders)}"
        if step.start:
            hand = f"in hand as planned {month_name(step.finish)}"
            if step.earliest != step.latest:
                hand = f"{hand}, between {month_name(step.earliest)} and {month_name(step.latest)}"
            yield Step(step.start, "Start", f"“{step.title}” for {who}", f"{_authority(step)}{hand}", key)
        if step.finish:
            latest = f"; at the latest {month_name(step.latest)}" if step.latest > step.finish else ""
            yield Step(
                step.finish,
                "In hand",
                f"“{step.title}” for {who}",
                f"{_authority(step)}as the plan takes it{latest}",
                key,
            )
    for depot in city.depots:
        stalls = max(a + b for a, b in zip(depot.stalls, depot.stalls_partner, strict=True))
        live = (
            f"live {month_name(depot.live)}, {count(stalls)} stalls at most"
            if depot.live < end
            else "live beyond the horizon"
        )
        yield Step(depot.ordered, "Order", f"depot {depot.site}", live, f"depot:{depot.site}")
    for d in city.deployments:
        yield from _orders(plan, d)
        yield from _openings(plan, city, d)


def _orders(plan: Plan, d: DeploymentPlan) -> Iterator[Step]:
    """Yield the orders of a deployment's vehicles, months before they come; one due before the plan stands in its first month."""
    pool = next((s for s in plan.stacks if s.stack == d.stack), None)
    if pool is None or pool.lead_months is None:
        return
    have = [serving + testing for serving, testing in zip(d.vehicles, d.test_vehicles, strict=True)]
    who = "the platform orders" if pool.platform_owned else "the partner orders"
    added = [now - before for before, now in zip([0, *have[:-1]], have, strict=True)]
    for number, t in enumerate((t for t, more in enumerate(added) if more > 0), start=1):
        due, come = month_text(month_number(plan.periods[t]) - pool.lead_months), month_name(plan.periods[t])
        detail = f"{who}; {pool.lead_months} months from order to vehicle, wanted in {come}"
        late = f"; was due in {month_name(due)}, unless an order stands already" if due < plan.periods[0] else ""
        text, key = f"{count(added[t])} vehicles of {d.partner}", f"vehicles:{d.stack}:{number}"
        yield Step(max(due, plan.periods[0]), "Order", text, f"{detail}{late}", key)


def _openings(plan: Plan, city: CityRollout, d: DeploymentPlan) -> Iterator[Step]:
    for level, month in opening_months_of(plan, d):
        t = plan.periods.index(month)
        size = f"{count(area_km2(city, level))} km²"
        if month == d.launch:
            mode = MODE_NAMES.get(d.mode[t], d.mode[t])
            yield Step(
                month,
                "Open",
                f"{d.partner} opens to riders",
                f"area {level}, {size}; {count(d.vehicles[t])} vehicles; {mode}",
                f"opens:{d.stack}",
            )
        else:
            yield Step(
                month,
                "Open",
                f"{d.partner} opens area {level}",
                f"{size}; {count(d.vehicles[t])} vehicles then",
                f"area:{d.stack}:{level}",
            )
    if d.driver_out and d.driver_out != d.launch:
        text, detail = f"{d.partner} drives without an operator on board", "paid, driver out"
        yield Step(d.driver_out, "Open", text, detail, f"driver-out:{d.stack}")


def _permits(city: CityRollout) -> list[tuple[PermitStep, list[DeploymentPlan]]]:
    """Return each permit with the deployments that share its months."""
    found: dict[tuple[str, str, str], tuple[PermitStep, list[DeploymentPlan]]] = {}
    for d in city.deployments:
        for step in d.permits:
            if not step.held:
                found.setdefault((step.permit, step.start, step.finish), (step, []))[1].append(d)
    return list(found.values())


def _authority(step: PermitStep) -> str:
    return f"{step.authority}; " if step.authority not in {"", "-"} else ""
