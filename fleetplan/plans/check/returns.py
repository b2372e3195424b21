"""Rate of return, break-even fare, cost of a trip and tax, worked out anew from lines and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fleetplan.plans.check.case import Case
from fleetplan.plans.check.keeping import Followed, after_months, discount, stalls_held, vehicles_held
from fleetplan.plans.check.money import CAPITAL_LINES
from fleetplan.plans.check.report import Usd, Violation, money_apart, say
from fleetplan.plans.check.value import CAPITAL_CHARGED, a_month, pool_shares, present_value, running_on
from fleetplan.plans.types import CityRollout, Returns

FOLLOW_FARES = ("net_fares", "partner_share", "payment")
NOT_PROFIT = ("vehicles", "stalls", "loan", "resale")
NEAR = 1e-4
Flow = tuple[float, float]


@dataclass
class _City:
    """A city's lines with its shares of pools, what it holds, its trips by period, and the rate of its tax."""

    lines: list[Mapping[str, list[float]]]
    tax: float
    trips: list[float]
    held: list[tuple[float, Followed]] = field(default_factory=list)


def _city(case: Case, rollout: CityRollout) -> _City:
    rows = case.of_city(rollout.city)
    trips = [sum(d.row.trips_per_day[t] for d in rows) * case.days(t) for t in case.periods]
    rate = case.catalogue.cities[rollout.city].value("cost.profit_tax")
    city = _City([rollout.city_lines_usd, *(d.row.lines_usd for d in rows)], rate, trips)
    for deployed in rows:
        shares = pool_shares(case, deployed)
        for fleet in case.plan.stacks:
            if fleet.stack == deployed.row.stack:
                city.lines.append(
                    {k: [usd * s for usd, s in zip(v, shares, strict=True)] for k, v in fleet.lines_usd.items()}
                )
        city.held += [
            (n * shares[-1], thing) for n, thing in vehicles_held(case, deployed.row.stack, after_months(case))
        ]
    city.held += stalls_held(case, rollout.city, after_months(case))
    return city


def _flows(case: Case, cities: list[_City]) -> list[Flow]:
    """Return all that goes in and out: (months after the start, USD)."""
    end, months, growth = case.end - case.start, after_months(case), 1 + case.own("terminal.growth")
    found: list[Flow] = []
    for city in cities:
        for lines in city.lines:
            for line, amounts in lines.items():
                for t, usd in enumerate(amounts):
                    late = 0.0 if line in CAPITAL_LINES else case.lengths[t] / 2
                    found.append((case.starts[t] - case.start + late, usd))
                if line not in CAPITAL_CHARGED:
                    each = a_month(case, amounts)
                    found += [(end + m + 0.5, each * growth ** ((m + 0.5) / 12)) for m in range(months)]
        for number, thing in city.held:
            found += [(at, number * usd) for at, usd in thing.flows]
            found.append((end + months, number * thing.left))
    return found


def _profit(case: Case, city: _City) -> list[float]:
    """Return a city's profit by month: lines, less what is held written off evenly over its life."""
    end, months, growth = case.end - case.start, after_months(case), 1 + case.own("terminal.growth")
    profit = [0.0] * (end + months)
    spread = [(month - case.start, t) for t in case.periods for month in case.months(t)]
    for line, amounts in (item for lines in city.lines for item in lines.items()):
        if line not in NOT_PROFIT:
            for month, t in spread:
                profit[month] += amounts[t] / case.lengths[t]
        each = 0.0 if line in CAPITAL_CHARGED else a_month(case, amounts)
        for m in range(months):
            profit[end + m] += each * growth ** ((m + 0.5) / 12)
    for number, thing in city.held:
        since = thing.bought - case.start
        for month in range(since, end + months):
            if month < since + thing.life or since + thing.life > end:
                profit[month] -= number * thing.paid * (1 - thing.rest) / thing.life
    return profit


def _tax(case: Case, city: _City) -> float:
    """Return the worth of a city's tax: profit year by year, losses carried forward."""
    profit, total, loss = _profit(case, city), 0.0, 0.0
    for begin in range(case.today - case.start, len(profit), 12):
        year = profit[begin : begin + 12]
        loss += sum(year)
        if loss > 0:
            total += city.tax * loss * discount(case, begin + len(year) / 2)
            loss = 0.0
    return total


def check_returns(case: Case) -> Iterator[Violation]:
    """Yield returns of the plan and of its cities that do not follow from their money."""
    cities = {rollout.city: _city(case, rollout) for rollout in case.plan.cities}
    yield from _returns(case, "plan", list(cities.values()), case.plan.returns, case.plan.kpis.npv_usd)
    for rollout in case.plan.cities:
        yield from _returns(case, rollout.city, [cities[rollout.city]], rollout.returns, rollout.npv_usd)


def _returns(case: Case, where: str, cities: list[_City], told: Returns, npv: float) -> Iterator[Violation]:
    tax = sum(_tax(case, city) for city in cities)
    for name, have, want in (("tax", told.tax_usd, -tax), ("value after tax", told.after_tax_npv_usd, npv - tax)):
        if money_apart(have, want):
            text = say("{} is {}; it comes to {}", name, Usd(have), Usd(want))
            yield Violation("returns", where, text, abs(have - want))
    yield from _rate(_flows(case, cities), where, told)
    names, wanted = ("break_even_fare", "fare_per_trip_usd", "cost_per_trip_usd"), _per_trip(case, cities, npv)
    for name, stated, due in zip(names, _told(told), wanted, strict=True):
        off = abs((stated or 0.0) - (due or 0.0))
        if (stated is None) != (due is None) or off > NEAR * max(1.0, abs(due or 0.0)):
            yield Violation("returns", where, say("{} is {}; it comes to {}", name, stated, due), off)


def _told(told: Returns) -> tuple[float | None, float | None, float | None]:
    return told.break_even_fare, told.fare_per_trip_usd, told.cost_per_trip_usd


def _per_trip(case: Case, cities: list[_City], npv: float) -> tuple[float | None, float | None, float | None]:
    """Return the fare factor at which nothing is left, and the worth of fares and of costs over that of trips."""
    months = after_months(case)

    def worth(lines: Mapping[str, list[float]]) -> float:
        return present_value(case, lines) + running_on(case, lines, months)

    def of(wanted: tuple[str, ...]) -> float:
        return sum(worth({k: v for k, v in lines.items() if k in wanted}) for city in cities for lines in city.lines)

    fares, net = of(FOLLOW_FARES), of(("net_fares",))
    trips = sum(worth({"trips": city.trips}) for city in cities)
    factor = 1 - npv / fares if fares > 1 else None
    return factor, net / trips if trips > 0 else None, (net - npv) / trips if trips > 0 else None


def _rate(flows: list[Flow], where: str, told: Returns) -> Iterator[Violation]:
    """Yield a rate at which flows are worth something, or none where money goes out first and one alone brings it to nothing.

    What a rate may leave is a share of the flows at that rate: far below zero a cent of the last years counts a million times.
    """

    def worth(rate: float) -> float:
        return float(sum(usd * (1 + rate) ** (-at / 12) for at, usd in flows))

    if told.irr is not None:
        off, size = worth(told.irr), sum(abs(usd) * (1 + told.irr) ** (-at / 12) for at, usd in flows)
        if abs(off) > NEAR * max(1.0, size):
            yield Violation("returns", where, say("at the rate of {:.4%} it is worth {}", told.irr, Usd(off)), abs(off))
        return
    begun = sorted((at, usd) for at, usd in flows if abs(usd) > 0.01)
    at_first = sum(usd for at, usd in begun if at == begun[0][0]) if begun else 0.0
    turns = worth(-0.9) * worth(10.0) < 0 and at_first < 0
    if turns and told.irr_why != "several":
        yield Violation("returns", where, say("there is a rate of return, and none is told ({})", told.irr_why), 1.0)
