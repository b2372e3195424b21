"""Cash, capital and present value: ``capital``, ``cash_floor`` and the headline money of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

from fleetplan.plan.check.case import Case
from fleetplan.plan.check.money import (
    CAPITAL_LINES,
    loan_months,
    monthly_annuity,
    vehicle_usd,
)
from fleetplan.plan.check.operation import owned
from fleetplan.plan.check.report import MONEY_SHARE, MONEY_USD, RATIO, Violation, money_apart
from fleetplan.plan.types import CityRollout

STALL_LIFE_MONTHS = 120
CAPITAL_CHARGED = (*CAPITAL_LINES, "loan")


def discount(case: Case, months: float) -> float:
    """Return the present worth of 1 USD so many months after the start."""
    return float((1 + case.request.discount_rate) ** (-months / 12))


def present_value(case: Case, lines: Mapping[str, list[float]]) -> float:
    """Return lines discounted: one-off lines from the start of their period, running ones from its middle."""
    total = 0.0
    for line, amounts in lines.items():
        for t, amount in enumerate(amounts):
            wait = 0.0 if line in CAPITAL_LINES else case.lengths[t] / 2
            total += amount * discount(case, case.starts[t] - case.start + wait)
    return total


def summed(case: Case, lines: Mapping[str, list[float]], *, only: tuple[str, ...] | None = None) -> list[float]:
    """Return the sum of lines (or of those named) by period."""
    chosen = [amounts for line, amounts in lines.items() if only is None or line in only]
    return [sum(amounts[t] for amounts in chosen) for t in case.periods]


def cash(case: Case) -> list[float]:
    """Return the sum of all lines by period."""
    rows = [summed(case, lines) for _, lines in case.line_holders()]
    return [sum(row[t] for row in rows) for t in case.periods]


def capital(case: Case) -> list[float]:
    """Return capital spent by period, positive."""
    rows = [summed(case, lines, only=CAPITAL_LINES) for _, lines in case.line_holders()]
    return [-sum(row[t] for row in rows) for t in case.periods]


def cumulated_budget(case: Case) -> list[float]:
    """Return the budgets of all quarters begun by the start of each period, cumulated."""
    given = case.request.capital.per_quarter_usd
    amounts = given if isinstance(given, list) else [given]
    total = []
    for start in case.starts:
        begun = (start - case.start) // 3 + 1
        total.append(sum(amounts[min(quarter, len(amounts) - 1)] for quarter in range(begun)))
    return total


def residual(case: Case) -> float:
    """Return the discounted worth of vehicles and stalls at the horizon's end, less loans outstanding."""
    worth = 0.0
    life = 12 * case.own("fleet.life_years")
    rest = case.own("fleet.residual_share")
    term, rate = loan_months(case), case.own("finance.interest")
    for fleet in case.plan.stacks:
        stack = case.catalogue.stacks[fleet.stack]
        if "capital" not in stack.platform_pays:
            continue
        for start, count in zip(case.starts, fleet.bought, strict=True):
            age = case.end - start
            share = rest + (1 - rest) * (1 - age / life) if age < life else 0.0
            left = max(0, term - age)
            owed = monthly_annuity(rate, term) / monthly_annuity(rate, left) if left else 0.0
            worth += count * vehicle_usd(case, fleet.stack) * (share - stack.value("contract.financed_share") * owed)
    return (worth + sum(_stalls_left(case, rollout) for rollout in case.plan.cities)) * discount(
        case, case.end - case.start
    )


def _stalls_left(case: Case, rollout: CityRollout) -> float:
    price = case.catalogue.cities[rollout.city].value("cost.charger_stall_usd")
    left = 0.0
    for depot in rollout.depots:
        for t in case.periods:
            placed = depot.stalls[t] - (depot.stalls[t - 1] if t else 0)
            left += placed * price * max(0.0, 1 - (case.end - case.starts[t]) / STALL_LIFE_MONTHS)
    return left


def terminal(case: Case) -> float:
    """Return the discounted worth of going on: last running lines by month less a capital charge, for some years."""
    last = len(case.lengths) - 1
    running = sum(
        amounts[last]
        for _, lines in case.line_holders()
        for line, amounts in lines.items()
        if line not in CAPITAL_CHARGED
    )
    yearly = running / case.lengths[last] * 12
    life = round(12 * case.own("fleet.life_years"))
    for fleet in case.plan.stacks:
        if "capital" in case.catalogue.stacks[fleet.stack].platform_pays:
            charge = 12 * monthly_annuity(case.own("finance.interest"), life) * vehicle_usd(case, fleet.stack)
            yearly -= charge * owned(case, fleet.bought, last)
    months = round(12 * case.own("terminal.years"))
    horizon = case.end - case.start
    return yearly / 12 * sum(discount(case, horizon + month + 0.5) for month in range(months))


def recomputed(case: Case) -> dict[str, float]:
    """Return the headline money of the plan as the checker finds it."""
    flows, spent = cash(case), capital(case)
    lines = sum(present_value(case, held) for _, held in case.line_holders())
    rest, going_on = residual(case), terminal(case)
    offsets = [start - case.start for start in case.starts]
    return {
        "npv_usd": lines + rest + going_on,
        "npv_by_horizon_usd": lines + rest,
        "terminal_usd": going_on,
        "residual_usd": rest,
        "capital_usd": sum(spent),
        "discounted_capital_usd": sum(c * discount(case, m) for c, m in zip(spent, offsets, strict=True)),
        "peak_funding_usd": max(0.0, -min(accumulate(flows))),
    }


def check_capital(case: Case) -> Iterator[Violation]:
    """Yield periods in which more capital is spent than the quarters so far allow."""
    spent = list(accumulate(capital(case)))
    for t, budget in enumerate(cumulated_budget(case)):
        if spent[t] > budget + MONEY_USD + MONEY_SHARE * budget:
            text = f"{spent[t]:,.0f} USD of capital is spent so far; the budget is {budget:,.0f} USD"
            yield Violation("capital", case.labels[t], text, spent[t] - budget)


def check_cash_floor(case: Case) -> Iterator[Violation]:
    """Yield periods that end below the cash floor."""
    floor = case.request.capital.cash_floor_usd
    if floor is None:
        return
    for t, total in enumerate(accumulate(cash(case))):
        if total < -floor - MONEY_USD - MONEY_SHARE * floor:
            text = f"cumulated cash is {total:,.0f} USD; it may not fall below {-floor:,.0f} USD"
            yield Violation("cash_floor", case.labels[t], text, -floor - total)


def check_npv(case: Case) -> Iterator[Violation]:
    """Yield headline amounts that do not follow from the lines."""
    kpis = case.plan.kpis
    for name, want in recomputed(case).items():
        have = float(getattr(kpis, name))
        if money_apart(have, want):
            yield Violation("npv", f"kpis.{name}", f"is {have:,.2f} USD; it comes to {want:,.2f} USD", abs(have - want))
    for rollout in case.plan.cities:
        yield from _city_value(case, rollout)


def _city_value(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    total = present_value(case, rollout.city_lines_usd)
    holders = [rollout.city_lines_usd, *(row.lines_usd for row in rollout.deployments)]
    for row in rollout.deployments:
        want = present_value(case, row.lines_usd)
        total += want
        if money_apart(row.npv_usd, want):
            text = f"the deployment's value is {row.npv_usd:,.2f} USD; its lines come to {want:,.2f} USD"
            yield Violation("npv", f"{row.city}/{row.stack}", text, abs(row.npv_usd - want))
    flows = [sum(parts) for parts in zip(*(summed(case, held) for held in holders), strict=True)]
    spent = -sum(sum(summed(case, held, only=CAPITAL_LINES)) for held in holders)
    peak = max(0.0, -min(accumulate(flows)))
    for name, want in (("npv_usd", total), ("capital_usd", spent), ("peak_funding_usd", peak)):
        have = float(getattr(rollout, name))
        if money_apart(have, want):
            text = f"the city's {name} is {have:,.2f}; its lines come to {want:,.2f}"
            yield Violation("npv", rollout.city, text, abs(have - want))


def check_objective(case: Case) -> Iterator[Violation]:
    """Yield an objective, bound or gap that do not belong together."""
    plan, proof = case.plan, case.plan.certificate
    pairs = (
        ("objective and net present value", plan.objective, plan.kpis.npv_usd),
        ("objective and the certificate's", plan.objective, proof.objective_usd),
        ("bound and the certificate's", plan.bound, proof.bound_usd),
    )
    for what, have, want in pairs:
        if money_apart(have, want):
            yield Violation("objective", what, f"{have:,.2f} stands against {want:,.2f}", abs(have - want))
    gap = (plan.bound - plan.objective) / max(abs(plan.objective), 1.0)
    for what, have in (("gap", plan.gap), ("certificate.gap", proof.gap)):
        if not abs(have - gap) <= RATIO * max(1.0, abs(gap)):
            yield Violation("objective", what, f"is {have:.6f}; bound and objective make it {gap:.6f}", abs(have - gap))
        if min(have, gap) < -RATIO:
            yield Violation("objective", what, f"the bound lies below the objective, gap {gap:.6f}", -min(have, gap))
