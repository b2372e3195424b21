"""What a trip in a city earns and costs, by year and by period, and from when it pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetplan.optimize.ledger import NOT_RUNNING
from fleetplan.plans import finance
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.currency import amount
from fleetplan.words.values import DASH, listed, month_name

DAYS_A_MONTH = 365.25 / 12
REVENUE = "net_fares"
CENT = 0.01


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A line of the account of one trip: USD a trip by year, None in years without trips."""

    name: str
    values: list[float | None]
    strong: bool = False

    @property
    def texts(self) -> list[str]:
        """The values to the cent; a dash for none and for nothing."""
        return [DASH if v is None or abs(v) < CENT / 2 else price(v) for v in self.values]


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """The account of one trip by year, what it says, and by period what it earns and costs to run; ``pays``: from when."""

    years: list[int]
    trips: list[float]
    rows: list[UnitRow]
    sentences: list[str]
    earned: list[float | None]
    running: list[float | None]
    pays: str | None


def money_by_year(plan: Plan, city: CityRollout) -> list[tuple[str, list[float], float]]:
    """Return a city's money by group and year, with its share of the vehicles of its stacks."""
    return finance.groups_by_year(plan, lines_of(plan, city))


def lines_of(plan: Plan, city: CityRollout) -> list[finance.Lines]:
    """Return every money line that a city's figures are made of."""
    return [*finance.city_lines(city), *finance.pool_lines(plan, city)]


def unit_costs(plan: Plan, city: CityRollout) -> UnitCosts | None:
    """Return the account of one trip; None for a city that serves none."""
    trips = _trips(plan, city)
    if not any(trips):
        return None
    years = finance.years(plan)
    yearly = list(finance.by_year(plan, trips).values())
    rows = _rows(money_by_year(plan, city), yearly)
    earned, running = _by_period(plan, city)
    pays = pays_from(plan, earned, running)
    return UnitCosts(years, yearly, rows, _sentences(plan, rows, pays), _per(earned, trips), _per(running, trips), pays)


def price(value: float) -> str:
    """Return an amount of USD to the cent.

    >>> price(-1.5)
    '−$1.50'
    """
    return amount(value, lambda v, sign: f"{'−' if v < 0 else ''}{sign}{abs(v):,.2f}")


def pays_from(plan: Plan, earned: Sequence[float], running: Sequence[float]) -> str | None:
    """Return the first period from which fares cover running costs to the end of the horizon."""
    short = [t for t, (e, r) in enumerate(zip(earned, running, strict=True)) if e < r or not e]
    first = short[-1] + 1 if short else 0
    return plan.periods[first] if first < len(plan.periods) else None


def _trips(plan: Plan, city: CityRollout) -> list[float]:
    days = [months * DAYS_A_MONTH for months in plan.period_months]
    return [sum(d.trips_per_day[t] for d in city.deployments) * days[t] for t in range(len(days))]


def _by_period(plan: Plan, city: CityRollout) -> tuple[list[float], list[float]]:
    """Return fares earned and running costs (positive) by period."""
    earned, running = [0.0] * len(plan.periods), [0.0] * len(plan.periods)
    for lines in lines_of(plan, city):
        for name, values in lines.items():
            for t, value in enumerate(values):
                if name == REVENUE:
                    earned[t] += value
                elif name not in NOT_RUNNING:
                    running[t] -= value
    return earned, running


def _rows(groups: Sequence[tuple[str, list[float], float]], trips: Sequence[float]) -> list[UnitRow]:
    by_name = {name: values for name, values, _ in groups[:-1]}
    fares = by_name.pop("Net fares", [0.0] * len(trips))
    running = {name: values for name, values in by_name.items() if name not in finance.INVESTED}
    invested = {name: values for name, values in by_name.items() if name in finance.INVESTED}
    margin = _sum([fares, *running.values()], len(trips))
    after = _sum([margin, *invested.values()], len(trips))
    return [
        UnitRow("Fares net of tax", _per(fares, trips)),
        *(UnitRow(name, _per(values, trips)) for name, values in running.items()),
        UnitRow("Left after running costs", _per(margin, trips), strong=True),
        *(UnitRow(name, _per(values, trips)) for name, values in invested.items()),
        UnitRow("Left after investment", _per(after, trips), strong=True),
    ]


def _sum(sets: Sequence[Sequence[float]], length: int) -> list[float]:
    return [sum(values[i] for values in sets) for i in range(length)]


def _per(values: Sequence[float], trips: Sequence[float]) -> list[float | None]:
    return [v / n if n else None for v, n in zip(values, trips, strict=True)]


def _sentences(plan: Plan, rows: Sequence[UnitRow], pays: str | None) -> list[str]:
    fare, left, after = rows[0].values[-1], *(r.values[-1] for r in rows if r.strong)
    if fare is None or left is None or after is None:
        return ["No trip is served in the last year of the horizon."]
    last = finance.years(plan)[-1]
    dearest = sorted((r for r in rows[1:] if not r.strong and (r.values[-1] or 0) < 0), key=lambda r: r.values[-1] or 0)
    names = listed([f"{r.name[0].lower()}{r.name[1:]} ({price(-(r.values[-1] or 0))})" for r in dearest[:3]])
    account = (
        f"In {last} a trip brings {price(fare)} of fares net of tax; {price(left)} of it is left after running costs and "
        f"{price(after)} after vehicles, depots and launch."
    )
    found = [account]
    if names:
        found.append(f"What it pays for most: {names}.")
    found.append(
        f"Fares cover running costs from {month_name(pays)} on."
        if pays
        else "Fares do not cover running costs within the horizon."
    )
    return found
