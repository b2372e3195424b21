"""Launch, supply and service: what runs where, with which vehicles, for how many riders."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from fleetplan.catalogue.aliases import resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check.case import OPERATOR_MODES, Case, Deployed
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import Violation, trips_over
from fleetplan.request import SupplyChange


def check_launch_order(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield openings without a permitted mode or a programme, and areas that shrink."""
    for deployed in case.deployed:
        for t in case.periods:
            level = deployed.row.level[t]
            where = case.where(deployed.name, t)
            if level and not calendar.permitted(deployed, t):
                yield Violation("launch_order", where, f"level {level} is open while no mode is permitted", 1.0)
            if level and deployed.start > case.starts[t]:
                yield Violation("launch_order", where, "service is open before the programme starts", 1.0)
            if t and level < deployed.row.level[t - 1]:
                text = f"the area falls from level {deployed.row.level[t - 1]} to {level}"
                yield Violation("launch_order", where, text, deployed.row.level[t - 1] - level)


def check_programme_opens(case: Case) -> Iterator[Violation]:
    """Yield deployments whose programme begins and that open nothing within the horizon."""
    for deployed in case.deployed:
        if not any(deployed.row.level):
            text = (
                f"the programme begins in {deployed.row.programme_start}, and nothing opens by the end of the horizon"
            )
            yield Violation("programme_opens", deployed.name, text, 1.0)


def check_operator_pilot(case: Case) -> Iterator[Violation]:
    """Yield deployments with more vehicles under operators than a pilot has."""
    most = case.own("fleet.operator_pilot_cap")
    for deployed in case.deployed:
        for t in case.periods:
            count = deployed.in_modes(OPERATOR_MODES, t)
            if count > most:
                text = f"{count} vehicles run with operators; a pilot has at most {most:.0f}"
                yield Violation("operator_pilot", case.where(deployed.name, t), text, count - most)


def _mode_cap(case: Case, calendar: Calendar, deployed: Deployed, mode: str, t: int) -> float:
    pilot = case.own("fleet.operator_pilot_cap") if mode in OPERATOR_MODES else math.inf
    return min(pilot, calendar.concurrent_cap(deployed, mode, t))


def check_min_fleet(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield open services with fewer vehicles than a service needs."""
    for deployed in case.deployed:
        for t in case.periods:
            modes = calendar.permitted(deployed, t)
            if not deployed.row.level[t] or not modes:
                continue
            least = min(case.own("fleet.test_fleet"), max(_mode_cap(case, calendar, deployed, m, t) for m in modes))
            if "paid_driver_out" in modes:
                cap = calendar.concurrent_cap(deployed, "paid_driver_out", t)
                least = max(least, min(case.own("fleet.min_launch_fleet"), cap))
            if deployed.row.vehicles[t] < least:
                text = f"{deployed.row.vehicles[t]} vehicles serve; an open service needs {least:.0f}"
                yield Violation("min_fleet", case.where(deployed.name, t), text, least - deployed.row.vehicles[t])


def check_area_density(case: Case) -> Iterator[Violation]:
    """Yield areas beyond the first that are too large for their fleet."""
    for deployed in case.deployed:
        for t in case.periods:
            level = deployed.level(t)
            if level is None or deployed.row.level[t] == 1:
                continue
            least = level.area_km2 / case.own("fleet.km2_per_vehicle_most")
            if deployed.row.vehicles[t] < least - 1e-6:
                text = f"{deployed.row.vehicles[t]} vehicles serve {level.area_km2:.0f} km2, which needs {least:.0f}"
                yield Violation("area_density", case.where(deployed.name, t), text, least - deployed.row.vehicles[t])


def check_partner_use(case: Case) -> Iterator[Violation]:
    """Yield driver-out fleets of partners paid by the trip that have too few trips."""
    least = case.own("fleet.partner_least_trips")
    for deployed in case.deployed:
        if deployed.stack.contract_type != "revenue_share":
            continue
        for t in case.periods:
            cars, trips = deployed.in_modes(("paid_driver_out",), t), deployed.row.trips_per_day[t]
            if trips_over(least * cars, trips):
                text = f"{cars} driver-out vehicles serve {trips:.1f} trips a day; the partner needs {least * cars:.1f}"
                yield Violation("partner_use", case.where(deployed.name, t), text, least * cars - trips)


def check_ramp(case: Case) -> Iterator[Violation]:
    """Yield deployments that grow faster than vehicles can be commissioned."""
    for deployed in case.deployed:
        for t in case.periods:
            most = case.own("fleet.ramp_vehicles_per_month") * case.lengths[t]
            if deployed.added(t) > most:
                text = f"{deployed.added(t)} vehicles are added; {most:.0f} can be commissioned in the period"
                yield Violation("ramp", case.where(deployed.name, t), text, deployed.added(t) - most)


def check_no_service_before_open(case: Case) -> Iterator[Violation]:
    """Yield vehicles and trips where no area is open."""
    for deployed in case.deployed:
        for t in case.periods:
            vehicles, trips = deployed.row.vehicles[t], deployed.row.trips_per_day[t]
            if not deployed.row.level[t] and (vehicles or trips_over(trips, 0.0)):
                text = f"{vehicles} vehicles serve {trips:.1f} trips a day before the area opens"
                yield Violation("no_service_before_open", case.where(deployed.name, t), text, max(vehicles, trips))


def in_tests(case: Case, deployed: Deployed, t: int) -> int:
    """Return the vehicles in tests: the test fleet from programme start to opening."""
    testing = deployed.start <= case.starts[t] and deployed.row.level[t] == 0
    return round(case.own("fleet.test_fleet")) if testing else 0


def _supply_factor(case: Case, stack: str, month: int) -> float:
    """Return what the request's supply changes make of a stack's vehicles in one month."""
    factor = 1.0
    for change in case.request.constraints:
        if isinstance(change, SupplyChange) and resolve_stack(case.raw, change.stack) == stack:
            after = change.start is None or month_number(change.start) <= month
            before = change.end is None or month <= month_number(change.end)
            factor *= change.factor if after and before else 1.0
    return factor


def ceiling(case: Case, stack: str, t: int) -> int:
    """Return the vehicles that can be had of a stack in a period.

    Read at its start, linear between year ends, where the value of a year stands at its December; flat outside the table.
    The month of the period that has the least of it decides, since vehicles stand still within a period.
    """
    figure = case.catalogue.stacks[stack].figures["supply.placeable"]
    month = case.starts[t]
    points = [(12 * year + 11, value) for year, value in zip(figure.years, figure.values, strict=True)]
    amount = points[0][1] if month <= points[0][0] else points[-1][1]
    for (m0, v0), (m1, v1) in pairwise(points):
        if m0 <= month <= m1:
            amount = v0 + (v1 - v0) * (month - m0) / (m1 - m0)
    amount *= min(_supply_factor(case, stack, m) for m in case.months(t))
    return math.floor(amount + 1e-9)


def owned(case: Case, bought: list[int], t: int) -> int:
    """Return the vehicles bought so far that are still in life at the start of a period."""
    life = round(12 * case.own("fleet.life_years"))
    return sum(count for p, count in enumerate(bought[: t + 1]) if case.starts[t] - case.starts[p] < life)


def check_stack_supply(case: Case) -> Iterator[Violation]:
    """Yield vehicles beyond what the stack's plants deliver or the platform owns."""
    for fleet in case.plan.stacks:
        buys = "capital" in case.catalogue.stacks[fleet.stack].platform_pays
        for t in case.periods:
            rows = case.of_stack(fleet.stack)
            needed = sum(d.row.vehicles[t] + d.row.test_vehicles[t] for d in rows)
            where = case.where(fleet.stack, t)
            most = ceiling(case, fleet.stack, t)
            if needed > most:
                yield Violation("stack_supply", where, f"{needed} are placed; {most} can be had", needed - most)
            have = owned(case, fleet.bought, t)
            if buys and needed > have:
                yield Violation("stack_supply", where, f"{needed} are placed; {have} are owned", needed - have)
            if not buys and fleet.bought[t]:
                yield Violation("stack_supply", where, "vehicles are bought that the partner owns", fleet.bought[t])


def check_supply_yearly_cap(case: Case) -> Iterator[Violation]:
    """Yield calendar years with more vehicles bought, or placed by a partner who owns them, than the law allows."""
    added: dict[tuple[str, int], int] = defaultdict(int)
    for fleet in case.plan.stacks:
        buys = "capital" in case.catalogue.stacks[fleet.stack].platform_pays
        for t in case.periods:
            placed = sum(d.added(t) for d in case.of_stack(fleet.stack))
            added[fleet.stack, case.starts[t] // 12] += fleet.bought[t] if buys else placed
    for (stack, year), count in sorted(added.items()):
        cap = case.catalogue.stacks[stack].value("supply.yearly_cap")
        if cap > 0 and count > cap:
            text = f"{count} vehicles are added in {year}; the law allows {cap:.0f}"
            yield Violation("supply_yearly_cap", f"{stack}/{year}", text, count - cap)


def check_response_curve(case: Case) -> Iterator[Violation]:
    """Yield trips above what the fleet can serve in the level in force."""
    for deployed in case.deployed:
        for t in case.periods:
            level = deployed.level(t)
            if level is None:
                continue
            vehicles, trips = deployed.row.vehicles[t], deployed.row.trips_per_day[t]
            demand, where = deployed.row.demand_per_day[t], case.where(deployed.name, t)
            curve = min(float(a * vehicles + b * demand + c) for a, b, c in level.surface.planes)
            if trips_over(trips, curve):
                text = f"{vehicles} vehicles serve {trips:.1f} trips a day; the curve allows {curve:.1f}"
                yield Violation("response_curve", where, text, trips - curve)
            if trips_over(trips, demand):
                text = f"{trips:.1f} trips a day are served; {demand:.1f} are offered"
                yield Violation("response_curve", where, text, trips - demand)


def adoption(case: Case, opened: int, t: int) -> float:
    """Return the mean over a period's months of the adoption curve at the age of what opened in month ``opened``."""
    figure = case.catalogue.assumptions["adoption.curve_monthly"]
    table = figure.values
    ages = [max(0, month - opened) for month in case.months(t)]
    return sum(table[min(age, len(table) - 1)] for age in ages) / len(ages)


def scale(case: Case, deployed: Deployed, t: int) -> float:
    """Return season, rivals and price as one factor on demand."""
    factors = deployed.city.series("season.month_factors")
    season = sum(factors[month % 12] for month in case.months(t)) / case.lengths[t]
    middle = case.starts[t] - case.start + case.lengths[t] / 2
    rivals = deployed.city.value("market.rival_share") * middle / (case.end - case.start)
    price = deployed.stack.value("contract.fare_multiplier") ** case.own("price.elasticity")
    return float(season * (1 - rivals) * price)


def check_demand(case: Case) -> Iterator[Violation]:
    """Yield demand above what the opened rings have won over."""
    for deployed in case.deployed:
        for t in case.periods:
            most = 0.0
            inner = 0.0
            for ring, level in enumerate(deployed.levels[: deployed.row.level[t]], start=1):
                opened = deployed.ring_opened(ring)
                reach = level.surface.demand_trips_per_day
                most += (reach - inner) * adoption(case, case.starts[opened or 0], t)
                inner = reach
            most *= scale(case, deployed, t)
            given = deployed.row.demand_per_day[t]
            if trips_over(given, most):
                text = f"{given:.1f} trips a day are offered; {most:.1f} are addressable by now"
                yield Violation("demand", case.where(deployed.name, t), text, given - most)


def check_city_demand(case: Case) -> Iterator[Violation]:
    """Yield cities whose stacks together claim more trips than the area holds."""
    for city in sorted({d.row.city for d in case.deployed}):
        rows = case.of_city(city)
        launches = [d.launch_period for d in rows if d.launch_period is not None]
        if not launches:
            continue
        opened = case.starts[min(launches)]
        for t in range(min(launches), len(case.periods)):
            for ring, level in enumerate(rows[0].levels, start=1):
                inside = [d for d in rows if 0 < d.row.level[t] <= ring]
                claimed = sum(d.row.demand_per_day[t] / scale(case, d, t) for d in inside)
                most = level.surface.demand_trips_per_day * adoption(case, opened, t)
                if trips_over(claimed, most):
                    text = f"stacks in level {ring} claim {claimed:.1f} trips a day at full scale; it holds {most:.1f}"
                    yield Violation("city_demand", case.where(city, t), text, claimed - most)
