"""Launch and operation: what runs where, with how many vehicles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from fleetplan.catalogue.types import Permit
from fleetplan.plans.check.case import OPERATOR_MODES, Case, Deployed
from fleetplan.plans.check.growth import YEAR, driver_out_since
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import Named, Violation, say, trips_over
from fleetplan.plans.check.suspended import end_of, in_pause


def check_launch_order(case: Case) -> Iterator[Violation]:
    """Yield areas that shrink."""
    for deployed in case.deployed:
        for t in case.periods:
            level = deployed.row.level[t]
            if t and level < deployed.row.level[t - 1] and end_of(case, deployed) != t:
                text = say("the area falls from level {} to {}", deployed.row.level[t - 1], level)
                yield Violation("launch_order", case.where(deployed.name, t), text, deployed.row.level[t - 1] - level)


def check_programme_opens(case: Case) -> Iterator[Violation]:
    """Yield deployments whose programme begins and that open nothing within the horizon."""
    for deployed in case.deployed:
        if not any(deployed.row.level):
            text = say(
                "the programme begins in {}, and nothing opens by the end of the horizon",
                Named("month", deployed.row.programme_start),
            )
            yield Violation("programme_opens", deployed.name, text, 1.0)


def check_operator_pilot(case: Case) -> Iterator[Violation]:
    """Yield deployments with more vehicles under operators than a pilot has."""
    most = case.own("fleet.operator_pilot_cap")
    for deployed in case.deployed:
        for t in case.periods:
            count = deployed.in_modes(OPERATOR_MODES, t)
            if count > most:
                text = say("{} vehicles run with operators; a pilot has at most {:.0f}", count, most)
                yield Violation("operator_pilot", case.where(deployed.name, t), text, count - most)


def _mode_cap(case: Case, calendar: Calendar, deployed: Deployed, mode: str, t: int) -> float:
    pilot = case.own("fleet.operator_pilot_cap") if mode in OPERATOR_MODES else math.inf
    return min(pilot, calendar.concurrent_cap(deployed, mode, t))


def check_min_fleet(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield open services with fewer vehicles than a service needs."""
    for deployed in case.deployed:
        free = in_pause(case, deployed)
        for t in case.periods:
            modes = calendar.permitted(deployed, t)
            if not deployed.row.level[t] or not modes or free.get(t):
                continue
            least = min(test_fleet(case, deployed), max(_mode_cap(case, calendar, deployed, m, t) for m in modes))
            if "paid_driver_out" in modes:
                cap = calendar.concurrent_cap(deployed, "paid_driver_out", t)
                least = max(least, min(case.whole("fleet.min_launch_fleet"), cap))
            if deployed.row.vehicles[t] < least:
                text = say("{} vehicles serve; an open service needs {:.0f}", deployed.row.vehicles[t], least)
                yield Violation("min_fleet", case.where(deployed.name, t), text, least - deployed.row.vehicles[t])


def check_pilots_end(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield vehicles with an operator on board where riders may be carried without one."""
    for deployed in case.deployed:
        for t in case.periods:
            count = deployed.in_modes(OPERATOR_MODES, t)
            if count and "paid_driver_out" in calendar.permitted(deployed, t):
                text = say("{} vehicles run with an operator on board; driver-out is permitted", count)
                yield Violation("pilots_end", case.where(deployed.name, t), text, count)


def check_area_density(case: Case) -> Iterator[Violation]:
    """Yield areas beyond the first that are too large for their fleet."""
    for deployed in case.deployed:
        free = in_pause(case, deployed)
        for t in case.periods:
            level = deployed.level(t)
            if level is None or deployed.row.level[t] == 1 or free.get(t, 0) >= deployed.row.level[t]:
                continue
            least = level.area_km2 / case.own("fleet.km2_per_vehicle_most")
            if deployed.row.vehicles[t] < least - 1e-6:
                text = say(
                    "{} vehicles serve {:.0f} km2, which needs {:.0f}", deployed.row.vehicles[t], level.area_km2, least
                )
                yield Violation("area_density", case.where(deployed.name, t), text, least - deployed.row.vehicles[t])


def check_partner_use(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield driver-out fleets of partners paid by the trip that have too few trips once their service is a year old."""
    least = case.own("fleet.partner_least_trips")
    for deployed in case.deployed:
        if deployed.stack.contract_type != "revenue_share":
            continue
        since = driver_out_since(case, calendar, deployed)
        for t in (t for t in case.periods if case.starts[t] >= since + YEAR):
            cars, trips = deployed.in_modes(("paid_driver_out",), t), deployed.row.trips_per_day[t]
            if trips_over(least * cars, trips):
                text = say(
                    "{} driver-out vehicles serve {:.1f} trips a day; the partner needs {:.1f}",
                    cars,
                    trips,
                    least * cars,
                )
                yield Violation("partner_use", case.where(deployed.name, t), text, least * cars - trips)


def check_no_service_before_open(case: Case) -> Iterator[Violation]:
    """Yield vehicles, riders and trips where no area is open."""
    for deployed in case.deployed:
        for t in case.periods:
            if deployed.row.level[t]:
                continue
            vehicles, trips = (
                deployed.row.vehicles[t],
                max(deployed.row.trips_per_day[t], deployed.row.demand_per_day[t]),
            )
            if vehicles or trips_over(trips, 0.0):
                text = say("{} vehicles serve {:.1f} riders a day before the area opens", vehicles, trips)
                yield Violation("no_service_before_open", case.where(deployed.name, t), text, max(vehicles, trips))


def in_tests(case: Case, deployed: Deployed, t: int) -> int:
    """Return the vehicles in tests: the test fleet from programme start to opening."""
    testing = deployed.start <= case.starts[t] and not any(deployed.row.level[: t + 1])
    return test_fleet(case, deployed) if testing else 0


def test_fleet(case: Case, deployed: Deployed) -> int:
    """Return the size of a test fleet: the figure, or what the narrowest permit for tests allows that its way needs."""
    return min([case.whole("fleet.test_fleet"), *(p.fleet_cap for p in narrow_tests(deployed.met))])


def narrow_tests(permits: Iterable[Permit]) -> list[Permit]:
    """Return the permits for tests that are needed and allow only so many vehicles at a time."""
    tests = (p for p in permits if p.opens in {"test_operator", "test_driver_out"} and not p.optional)
    return [p for p in tests if p.fleet_cap and p.fleet_cap_kind == "concurrent"]
