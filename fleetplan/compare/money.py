"""The money of two plans side by side: by city, by stack, by line, and the headline figures."""

from __future__ import annotations

from collections.abc import Mapping

from fleetplan.compare.types import CityMoney, KpiPair, LineMoney, ReturnsPair, StackMoney
from fleetplan.economics import discount
from fleetplan.optimize.ledger import CAPITAL_LINES
from fleetplan.plans.types import CityRollout, Plan, Returns

Lines = Mapping[str, list[float]]
BY_YEAR = "vehicles_by_year"


def _cents(usd: float) -> float:
    return round(usd, 2) + 0.0


def _total(lines: Lines) -> float:
    return sum(sum(values) for values in lines.values())


def _city_cash(city: CityRollout | None) -> float:
    if city is None:
        return 0.0
    return _total(city.city_lines_usd) + sum(_total(d.lines_usd) for d in city.deployments)


def money_by_city(a: Plan, b: Plan) -> list[CityMoney]:
    """Return every city of either plan; one that a plan does not have counts as nothing there."""
    one, two = {c.city: c for c in a.cities}, {c.city: c for c in b.cities}
    rows = []
    for slug in sorted(set(one) | set(two)):
        x, y = one.get(slug), two.get(slug)
        cash = _city_cash(x), _city_cash(y)
        npv = x.npv_usd if x else 0.0, y.npv_usd if y else 0.0
        rows.append(
            CityMoney(
                city=slug,
                name=(y or x).name,  # type: ignore[union-attr]  # one of them is there
                cash_a_usd=_cents(cash[0]),
                cash_b_usd=_cents(cash[1]),
                cash_difference_usd=_cents(cash[1] - cash[0]),
                capital_a_usd=x.capital_usd if x else 0.0,
                capital_b_usd=y.capital_usd if y else 0.0,
                npv_a_usd=npv[0],
                npv_b_usd=npv[1],
                npv_difference_usd=_cents(npv[1] - npv[0]),
            )
        )
    return rows


def money_by_stack(a: Plan, b: Plan) -> list[StackMoney]:
    """Return the pool of every stack that has money lines of its own in either plan."""
    one, two = {s.stack: _total(s.lines_usd) for s in a.stacks}, {s.stack: _total(s.lines_usd) for s in b.stacks}
    return [
        StackMoney(
            stack=slug,
            cash_a_usd=_cents(one.get(slug, 0.0)),
            cash_b_usd=_cents(two.get(slug, 0.0)),
            cash_difference_usd=_cents(two.get(slug, 0.0) - one.get(slug, 0.0)),
        )
        for slug in sorted(set(one) | set(two))
        if one.get(slug) or two.get(slug)
    ]


def lines_of(plan: Plan) -> dict[str, tuple[float, float]]:
    """Return undiscounted total and present worth by money line; ``residual`` and ``terminal`` as worth only.

    Capital lines are discounted from the start of their period, others from its middle: ``(1 + r) ** (-months / 12)``, months
    counted from the first one planned.
    """
    rate, begun = plan.request.discount_rate, -float(plan.request.grid.today - plan.request.grid.start)
    starts, middles = [], []
    for months in plan.period_months:
        starts.append(discount(rate, begun))
        middles.append(discount(rate, begun + months / 2.0))
        begun += months
    out: dict[str, tuple[float, float]] = {}
    everything = [x for c in plan.cities for x in (c.city_lines_usd, *(d.lines_usd for d in c.deployments))]
    for lines in [*everything, *(s.lines_usd for s in plan.stacks)]:
        for line, values in lines.items():
            factors = starts if line in CAPITAL_LINES else middles
            total, worth = out.get(line, (0.0, 0.0))
            out[line] = total + sum(values), worth + sum(v * f for v, f in zip(values, factors, strict=True))
    return out | {"residual": (0.0, plan.kpis.residual_usd), "terminal": (0.0, plan.kpis.terminal_usd)}


def money_by_line(a: Plan, b: Plan) -> list[LineMoney]:
    """Return every money line of either plan."""
    one, two, none = lines_of(a), lines_of(b), (0.0, 0.0)
    rows = []
    for line in sorted(set(one) | set(two)):
        x, y = one.get(line, none), two.get(line, none)
        rows.append(
            LineMoney(
                line=line,
                total_a_usd=_cents(x[0]),
                total_b_usd=_cents(y[0]),
                total_difference_usd=_cents(y[0] - x[0]),
                npv_a_usd=_cents(x[1]),
                npv_b_usd=_cents(y[1]),
                npv_difference_usd=_cents(y[1] - x[1]),
            )
        )
    return rows


def returns_pairs(a: Plan, b: Plan) -> list[ReturnsPair]:
    """Return what every city returns in which either plan does anything, and the plans as a whole last."""
    one, two = ({c.city: c for c in plan.cities if c.deployments} for plan in (a, b))
    rows = []
    for slug in sorted({*one, *two}):
        x, y = one.get(slug), two.get(slug)
        name = (y or x).name  # type: ignore[union-attr]  # one of them is there
        rows.append(_returns(slug, name, x.returns if x else None, y.returns if y else None))
    return [*rows, _returns("", "", a.returns, b.returns)]


def _returns(city: str, name: str, a: Returns | None, b: Returns | None) -> ReturnsPair:
    return ReturnsPair(
        city=city,
        name=name,
        irr_a=a.irr if a else None,
        irr_b=b.irr if b else None,
        break_even_fare_a=a.break_even_fare if a else None,
        break_even_fare_b=b.break_even_fare if b else None,
        after_tax_npv_a_usd=a.after_tax_npv_usd if a else 0.0,
        after_tax_npv_b_usd=b.after_tax_npv_usd if b else 0.0,
    )


def kpi_pairs(a: Plan, b: Plan) -> list[KpiPair]:
    """Return the headline figures of both plans, vehicles at year ends spelled out."""
    one, two = _flat(a), _flat(b)
    pairs = []
    for name in [*one, *(n for n in two if n not in one)]:
        x, y = one.get(name), two.get(name)
        difference = _cents(y - x) if isinstance(x, int | float) and isinstance(y, int | float) else None
        pairs.append(KpiPair(name=name, a=x, b=y, difference=difference))
    return pairs


def _flat(plan: Plan) -> dict[str, float | str | None]:
    plain = plan.kpis.model_dump()
    years = plain.pop(BY_YEAR)
    return {**plain, **{f"{BY_YEAR}.{year}": number for year, number in years.items()}}
