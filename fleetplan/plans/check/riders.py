"""Riders: how many may be offered to a service by its age and area, alone and beside others in its city."""

from __future__ import annotations

from collections.abc import Iterator

from fleetplan.catalogue.aliases import resolve_city
from fleetplan.catalogue.types import City, Stack
from fleetplan.months import month_number
from fleetplan.plans.check import lines
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.growth import driver_out_since
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.report import Violation, say, trips_over
from fleetplan.plans.check.suspended import stood_still
from fleetplan.request.imposed import RivalLaunch


def adoption(case: Case, opened: int, t: int, deployed: Deployed | None = None) -> float:
    """Return the mean over a period's months of the adoption curve at the age of what opened in month ``opened``.

    The age of a ``deployed`` service stands still, and runs back, while it is suspended with no vehicle left.
    """
    figure = case.catalogue.assumptions["adoption.curve_monthly"]
    table = figure.values
    lost = [stood_still(case, deployed, opened, month) if deployed else 0 for month in case.months(t)]
    ages = [max(0, month - opened - back) for month, back in zip(case.months(t), lost, strict=True)]
    return sum(table[min(age, len(table) - 1)] for age in ages) / len(ages)


def rivals_leave(case: Case, city: City, t: int) -> float:
    """Return the share of riders that rivals leave who launch in a city by the request, the mean over a period's months."""
    left = 1.0
    for c in case.request.constraints:
        if isinstance(c, RivalLaunch) and resolve_city(case.raw, c.city) == city.slug:
            ages = [month - month_number(c.start) + 1 for month in case.months(t)]
            left *= 1 - c.share * sum(min(1.0, max(0, age) / max(1, c.months)) for age in ages) / len(ages)
    return left


def scale(case: Case, stack: Stack, city: City, t: int, *, asked: bool = True) -> float:
    """Return season, rivals and price as one factor on demand; ``asked``: with rivals whose launch the request asks for."""
    factors = city.series("season.month_factors")
    season = sum(factors[month % 12] for month in case.months(t)) / case.lengths[t]
    rivals = lines.rivals_take(case, city.slug, t, asked=asked)
    price = stack.value("contract.fare_multiplier") ** case.own("price.elasticity")
    return float(season * (1 - rivals) * price * (rivals_leave(case, city, t) if asked else 1.0))


def won(case: Case, since: int, t: int, deployed: Deployed | None = None) -> float:
    """Return the share of riders won in a period: by adoption since the month of driver-out, by a pilot before it."""
    return adoption(case, since, t, deployed) if since <= case.starts[t] else case.own("adoption.operator_share")


def check_demand(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield demand above what the opened rings have won over since they are served driver-out."""
    for deployed in case.deployed:
        since = driver_out_since(case, calendar, deployed)
        for t in case.periods:
            most = 0.0
            inner = 0.0
            for ring, level in enumerate(deployed.levels[: deployed.row.level[t]], start=1):
                opened = deployed.ring_opened(ring)
                reach = level.surface.demand_trips_per_day
                most += (reach - inner) * won(case, max(since, case.starts[opened or 0]), t, deployed)
                inner = reach
            most *= scale(case, deployed.stack, deployed.city, t)
            given = deployed.row.demand_per_day[t]
            if trips_over(given, most):
                text = say("{:.1f} trips a day are offered; {:.1f} are addressable by now", given, most)
                yield Violation("demand", case.where(deployed.name, t), text, given - most)


def check_city_demand(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield cities whose stacks together claim more trips than the area holds."""
    for city in sorted({d.row.city for d in case.deployed}):
        rows = case.of_city(city)
        launches = [d.launch_period for d in rows if d.launch_period is not None]
        if not launches:
            continue
        since = min(driver_out_since(case, calendar, d) for d in rows)
        for t in range(min(launches), len(case.periods)):
            for ring, level in enumerate(rows[0].levels, start=1):
                inside = [d for d in rows if 0 < d.row.level[t] <= ring]
                claimed = sum(d.row.demand_per_day[t] / scale(case, d.stack, d.city, t) for d in inside)
                most = level.surface.demand_trips_per_day * won(case, since, t)
                if trips_over(claimed, most):
                    text = say(
                        "stacks in level {} claim {:.1f} trips a day at full scale; it holds {:.1f}",
                        ring,
                        claimed,
                        most,
                    )
                    yield Violation("city_demand", case.where(city, t), text, claimed - most)
