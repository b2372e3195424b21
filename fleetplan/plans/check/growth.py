"""Growth: how fast fleets and areas grow in a city and over all cities of a partner, counted in months between periods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.measure import NEVER
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import Violation, say

YEAR = 12
SLACK = 1e-6  # of a vehicle: what doubles make of a limit


def driver_out_since(case: Case, calendar: Calendar, deployed: Deployed) -> int:
    """Return the first month in which a service is open and paid driver-out is in hand; ``NEVER`` if none is."""
    served = (t for t in case.periods if deployed.row.level[t] and calendar.opening(deployed, "paid_driver_out", t))
    return next((case.starts[t] for t in served), NEVER)


def grown(case: Case, kind: str, vehicles: float, months: int, *, base: bool) -> float:
    """Return what vehicles may have grown to some months later; ``base``: a service that runs adds its own besides."""
    rate = 1 + case.own(f"{kind}_share_per_month")
    more = sum(rate**month for month in range(months)) * case.own(f"{kind}_vehicles_per_month")
    return vehicles * rate**months + (more if base else 0.0)


def brought(case: Case, calendar: Calendar, deployed: Deployed, t: int) -> int:
    """Return the vehicles that a launch may bring at once in a period: at the opening, and when driver-out begins."""
    opens = deployed.launch_period == t
    out = driver_out_since(case, calendar, deployed) == case.starts[t]
    return opens * case.whole("fleet.likely_launch_fleet") + out * case.whole("fleet.min_launch_fleet")


def _before(case: Case, rows: Iterable[Deployed], t: int) -> tuple[int, int]:
    """Return the vehicles of the period before and the months since its start."""
    return (sum(d.row.vehicles[t - 1] for d in rows), case.starts[t] - case.starts[t - 1]) if t else (0, 0)


def check_ramp(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield deployments that grow faster than in proportion to what runs."""
    for deployed in case.deployed:
        for t in case.periods:
            before, months = _before(case, [deployed], t)
            running = t > 0 and deployed.row.level[t - 1] > 0
            most = grown(case, "fleet.growth", before, months, base=running) + brought(case, calendar, deployed, t)
            have = deployed.row.vehicles[t]
            if have > most + SLACK:
                text = say("{} vehicles serve after {}; a fleet may have grown to {:.1f}", have, before, most)
                yield Violation("ramp", case.where(deployed.name, t), text, have - most)


def check_first_year_fleet(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield fleets too large for a service that has not been driver-out for a year, or has been for little more."""
    for deployed in case.deployed:
        since, done = driver_out_since(case, calendar, deployed), case.request.grid.done
        most = max([case.whole("fleet.first_year_fleet"), *deployed.row.vehicles[max(0, done - 1) : done]])
        for t in case.periods:
            have = deployed.row.vehicles[t]
            if case.starts[t] < since + YEAR and have > most:
                text = say("{} vehicles serve within a year of driver-out; {} are the most", have, most)
                yield Violation("first_year_fleet", case.where(deployed.name, t), text, have - most)
            later = case.starts[t] - since - YEAR + 1
            since_then = grown(case, "fleet.growth", most, later, base=True) if later > 0 else have
            if have > since_then + SLACK:
                text = say(
                    "{} vehicles serve; the {} of the first year may have grown to {:.1f}", have, most, since_then
                )
                yield Violation("first_year_fleet", case.where(deployed.name, t), text, have - since_then)


def check_partner_growth(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield partners whose fleets together grow faster than in proportion to what they run."""
    for partner in sorted({d.partner for d in case.deployed}):
        rows = [d for d in case.deployed if d.partner == partner]
        for t in case.periods:
            before, months = _before(case, rows, t)
            most = grown(case, "fleet.partner_growth", before, months, base=True)
            most += sum(brought(case, calendar, d, t) for d in rows)
            have = sum(d.row.vehicles[t] for d in rows)
            if have > most + SLACK:
                text = say(
                    "{} vehicles serve in all cities after {}; they may have grown to {:.1f}", have, before, most
                )
                yield Violation("partner_growth", case.where(partner, t), text, have - most)


def months_of_growth(case: Case, inner_km2: float, outer_km2: float) -> int:
    """Return the whole months that an area takes to grow to another, so many for each doubling."""
    return max(0, math.ceil(case.own("area.doubling_months") * math.log2(outer_km2 / inner_km2) - 1e-9))


def check_area_growth(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield areas that open before the service is driver-out, or sooner after the area within them than areas grow."""
    for deployed in case.deployed:
        since = driver_out_since(case, calendar, deployed)
        for index in range(2, max(deployed.row.level) + 1):
            opened, before = deployed.ring_opened(index), deployed.ring_opened(index - 1)
            assert opened is not None  # noqa: S101  # the level is reached
            assert before is not None  # noqa: S101  # the one within it too
            inner, outer = deployed.levels[index - 2], deployed.levels[index - 1]
            months = months_of_growth(case, inner.area_km2, outer.area_km2)
            grown_by = months + (since if index == 2 else case.starts[before])
            late = grown_by - case.starts[opened]
            if late > 0:
                since_what = "it is driver-out" if index == 2 else f"“{inner.name}”"
                after = f"{months} months after {since_what}"
                if grown_by >= NEVER:  # as late as the horizon ends, at least
                    late, after = case.request.grid.end - case.starts[opened], "and is never driver-out"
                text = say("the area “{}” opens before the service can have grown to it, {}", outer.name, after)
                yield Violation("area_growth", case.where(deployed.name, opened), text, late)
