"""Money lines of a plan summed by calendar year and by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fleetplan.economics import LINES
from fleetplan.months import month_number
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan

Lines = Mapping[str, list[float]]

_IN_ORDER = dict.fromkeys(line.group for line in LINES.values())
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((group, tuple(name for name, line in LINES.items() if line.group == group)) for group in _IN_ORDER),
    ("Residual value", ("residual",)),
)
INVESTED = frozenset(line.group for line in LINES.values() if line.kind != "running")
"""Groups of lines that are spent once, not with each trip."""

LEAST_USD = 0.5
NOT_CASH = frozenset({"terminal"})


def years(plan: Plan) -> list[int]:
    """Return the calendar years that the horizon touches."""
    first = month_number(plan.periods[0])
    return list(range(first // 12, (first + sum(plan.period_months) - 1) // 12 + 1))


def by_year(plan: Plan, values: list[float]) -> dict[int, float]:
    """Spread totals by period over calendar years, by months where a period straddles a new year."""
    a_month = [value / months for value, months in zip(values, plan.period_months, strict=True)]
    return {
        year: sum(months * own for months, own in zip(months_in(plan, year), a_month, strict=True))
        for year in years(plan)
    }


def months_in(plan: Plan, year: int) -> list[int]:
    """Return how many months of every period lie in a calendar year."""
    begun = [month_number(label) for label in plan.periods]
    return [
        max(0, min(first + months, 12 * (year + 1)) - max(first, 12 * year))
        for first, months in zip(begun, plan.period_months, strict=True)
    ]


def all_lines(plan: Plan) -> list[Lines]:
    """Return every set of money lines in the plan: deployments, cities, stacks."""
    return [*(lines for city in plan.cities for lines in city_lines(city)), *(s.lines_usd for s in plan.stacks)]


def city_lines(city: CityRollout) -> list[Lines]:
    """Return the money lines of a city and its deployments."""
    return [city.city_lines_usd, *(d.lines_usd for d in city.deployments)]


def groups_by_year(plan: Plan, sets: Iterable[Lines]) -> list[tuple[str, list[float], float]]:
    """Return each group of lines that is not empty, by year, with its total; then the net of all."""
    totals: dict[str, list[float]] = {}
    for lines in sets:
        for key, values in lines.items():
            if key not in NOT_CASH and any(values):
                name = next((g for g, keys in GROUPS if key in keys), key.replace("_", " "))
                added = list(by_year(plan, values).values())
                totals[name] = [a + b for a, b in zip(totals.get(name, [0.0] * len(added)), added, strict=True)]
    order = [g for g, _ in GROUPS if g in totals] + sorted(set(totals) - {g for g, _ in GROUPS})
    rows = [(name, totals[name], sum(totals[name])) for name in order]
    net = [sum(row[1][i] for row in rows) for i in range(len(years(plan)))]
    return [*rows, ("Net cash", net, sum(net))]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the horizon: its first month, its months, what it earns and spends, undiscounted USD.

    ``result_usd`` sums the running lines; ``capital_usd`` is spent; ``loans_usd`` is the rest of cash (loans, vehicles sold, what
    an exit costs), negative where it goes out; ``cash_usd`` is net of everything.
    """

    first: str
    months: int
    result_usd: float
    capital_usd: float
    loans_usd: float
    cash_usd: float


def operating_result(plan: Plan) -> list[float]:
    """Return by period what runs earns and costs: every line but capital and loans, undiscounted USD."""
    return _summed(plan, "running")


def quarters(plan: Plan) -> list[Quarter]:
    """Return what the plan earns and spends by quarter of the horizon; a period belongs to the one in which it begins."""
    spans = plan.request.grid.quarters.tolist()
    result = operating_result(plan)
    loans = [cash - run + spent for cash, run, spent in zip(plan.cash_usd, result, plan.capital_usd, strict=True)]
    found = []
    for quarter in sorted(set(spans)):
        inside = [t for t, span in enumerate(spans) if span == quarter]
        sums = [sum(values[t] for t in inside) for values in (result, plan.capital_usd, loans, plan.cash_usd)]
        sums[2] = sums[2] if abs(sums[2]) >= LEAST_USD else 0.0  # cents left over by rounding are no loan
        found.append(Quarter(plan.periods[inside[0]], sum(plan.period_months[t] for t in inside), *sums))
    return found


def _summed(plan: Plan, kind: str) -> list[float]:
    """Return by period the sum of the lines of a kind; a line that is not declared runs."""
    totals = [0.0] * len(plan.periods)
    for lines in all_lines(plan):
        for name, values in lines.items():
            if (LINES[name].kind if name in LINES else "running") == kind:
                totals = [a + b for a, b in zip(totals, values, strict=True)]
    return totals


def pool_lines(plan: Plan, city: CityRollout) -> list[Lines]:
    """Return a city's share of the money lines of its stacks' pools, by vehicles placed there (in service and on test).

    While no vehicle of a stack is placed anywhere, the next period in which some are counts, after the last one that one.
    """
    found: list[Lines] = []
    for stack in plan.stacks:
        own = next((d for d in city.deployments if d.stack == stack.stack), None)
        if own is not None:
            shares = _shares(plan, own)
            found.append(
                {k: [v * s for v, s in zip(values, shares, strict=True)] for k, values in stack.lines_usd.items()}
            )
    return found


def _shares(plan: Plan, own: DeploymentPlan) -> list[float]:
    users = [d for c in plan.cities for d in c.deployments if d.stack == own.stack]
    total = [sum(d.vehicles[t] + d.test_vehicles[t] for d in users) for t in range(len(plan.periods))]
    known = [t for t, n in enumerate(total) if n]
    shares = []
    for t in range(len(total)):
        at = next((k for k in known if k >= t), known[-1] if known else None)
        shares.append(1 / len(users) if at is None else (own.vehicles[at] + own.test_vehicles[at]) / total[at])
    return shares
