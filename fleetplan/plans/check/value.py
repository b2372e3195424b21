"""Cash, capital and present value: ``capital``, ``cash_floor`` and the headline money of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.money import (
    CAPITAL_LINES,
    ONCE_LINES,
    loan_months,
    monthly_annuity,
    vehicle_usd,
)
from fleetplan.plans.check.report import MONEY_SHARE, MONEY_USD, RATIO, Violation, money_apart, share_text, usd_text
from fleetplan.plans.check.supply import owned
from fleetplan.plans.types import CityRollout, StackFleet

STALL_LIFE_MONTHS = 120
CLOSED_SHARE = 1e-9  # of a plan's worth: what may be open where nothing better is said to exist
CENT_USD = 0.01
CAPITAL_CHARGED = (*CAPITAL_LINES, "loan", *ONCE_LINES)


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


def _fleet(case: Case, stack: str) -> StackFleet | None:
    """Return a stack's pool if the platform owns it."""
    buys = "capital" in case.catalogue.stacks[stack].platform_pays
    return next((fleet for fleet in case.plan.stacks if buys and fleet.stack == stack), None)


def cars_left(case: Case, stack: str) -> float:
    """Return the discounted worth of a stack's vehicles at the horizon's end, less the loans outstanding."""
    fleet = _fleet(case, stack)
    if fleet is None:
        return 0.0
    life = round(12 * case.own("fleet.life_years"))
    rest = case.own("fleet.residual_share")
    term, rate = loan_months(case), case.own("finance.interest")
    financed = case.catalogue.stacks[stack].value("contract.financed_share")
    new, worth = vehicle_usd(case, stack, case.end), 0.0
    for start, count in zip(case.starts, fleet.bought, strict=True):
        age = case.end - start
        share = rest + (1 - rest) * (1 - age / life) if age < life else 0.0
        left = max(0, term - age)
        owed = monthly_annuity(rate, term) / monthly_annuity(rate, left) if left else 0.0
        paid = vehicle_usd(case, stack, start)
        worth += count * (min(paid, new) * share - paid * financed * owed)
    return worth * discount(case, case.end - case.start)


def residual(case: Case) -> float:
    """Return the discounted worth of vehicles and stalls at the horizon's end, less loans outstanding."""
    stalls = sum(_stalls_left(case, rollout) for rollout in case.plan.cities)
    cars = sum(cars_left(case, fleet.stack) for fleet in case.plan.stacks)
    return cars + stalls * discount(case, case.end - case.start)


def _stalls_left(case: Case, rollout: CityRollout) -> float:
    price = case.catalogue.cities[rollout.city].value("cost.charger_stall_usd")
    left = 0.0
    for depot in rollout.depots:
        for t in case.periods:
            placed = depot.stalls[t] - (depot.stalls[t - 1] if t else 0)
            left += placed * price * max(0.0, 1 - (case.end - case.starts[t]) / STALL_LIFE_MONTHS)
    return left


def going_on(case: Case) -> float:
    """Return the present worth of 1 USD a month after the horizon, for the years that count."""
    months = round(12 * case.own("terminal.years"))
    return sum(discount(case, case.end - case.start + month + 0.5) for month in range(months))


def running_on(case: Case, lines: Mapping[str, list[float]]) -> float:
    """Return the discounted worth of going on after the horizon with the running lines of the last period."""
    running = sum(amounts[-1] for line, amounts in lines.items() if line not in CAPITAL_CHARGED)
    return running / case.lengths[-1] * going_on(case)


def capital_charge(case: Case, stack: str) -> float:
    """Return the discounted cost of keeping a stack's vehicles after the horizon: the annuity of their price."""
    fleet = _fleet(case, stack)
    if fleet is None:
        return 0.0
    life = round(12 * case.own("fleet.life_years"))
    monthly = monthly_annuity(case.own("finance.interest"), life) * vehicle_usd(case, stack, case.end)
    return monthly * owned(case, fleet.bought, len(case.lengths) - 1) * going_on(case)


def terminal(case: Case) -> float:
    """Return the discounted worth of going on after the horizon, less a charge for the vehicles."""
    lines = sum(running_on(case, held) for _, held in case.line_holders())
    return lines - sum(capital_charge(case, fleet.stack) for fleet in case.plan.stacks)


def pool_shares(case: Case, deployed: Deployed) -> list[float]:
    """Return a deployment's share of its stack's pool by period: its vehicles, tests included, among the stack's.

    A period without any takes the next period with some, else the last one; equal shares if there never are any.
    """
    rows = case.of_stack(deployed.row.stack)
    placed = [deployed.row.vehicles[t] + deployed.row.test_vehicles[t] for t in case.periods]
    total = [sum(d.row.vehicles[t] + d.row.test_vehicles[t] for d in rows) for t in case.periods]
    known = [t for t in case.periods if total[t]]
    if not known:
        return [1 / len(rows)] * len(total)
    at = [min((k for k in known if k >= t), default=known[-1]) for t in case.periods]
    return [placed[k] / total[k] for k in at]


def recomputed(case: Case) -> dict[str, float]:
    """Return the headline money of the plan as the checker finds it."""
    flows, spent = cash(case), capital(case)
    lines = sum(present_value(case, held) for _, held in case.line_holders())
    rest, after = residual(case), terminal(case)
    offsets = [start - case.start for start in case.starts]
    return {
        "npv_usd": lines + rest + after,
        "npv_by_horizon_usd": lines + rest,
        "terminal_usd": after,
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
            text = f"{usd_text(spent[t], 0)} USD of capital is spent so far; the budget is {usd_text(budget, 0)} USD"
            yield Violation("capital", case.labels[t], text, spent[t] - budget)


def check_cash_floor(case: Case) -> Iterator[Violation]:
    """Yield periods that end below the cash floor."""
    floor = case.request.capital.cash_floor_usd
    if floor is None:
        return
    for t, total in enumerate(accumulate(cash(case))):
        if total < -floor - MONEY_USD - MONEY_SHARE * floor:
            text = f"cumulated cash is {usd_text(total, 0)} USD; it may not fall below {usd_text(-floor, 0)} USD"
            yield Violation("cash_floor", case.labels[t], text, -floor - total)


def check_npv(case: Case) -> Iterator[Violation]:
    """Yield headline amounts that do not follow from the lines."""
    kpis = case.plan.kpis
    for name, want in recomputed(case).items():
        have = float(getattr(kpis, name))
        if money_apart(have, want):
            yield Violation(
                "npv", f"kpis.{name}", f"is {usd_text(have)} USD; it comes to {usd_text(want)} USD", abs(have - want)
            )
    for rollout in case.plan.cities:
        yield from _city_value(case, rollout)


def _city_value(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    rows = case.of_city(rollout.city)
    shares = {d.row.stack: pool_shares(case, d) for d in rows}
    holders = [rollout.city_lines_usd]
    total = present_value(case, rollout.city_lines_usd) + running_on(case, rollout.city_lines_usd)
    total += _stalls_left(case, rollout) * discount(case, case.end - case.start)
    for deployed in rows:
        row = deployed.row
        pool = {
            line: [usd * share for usd, share in zip(amounts, shares[row.stack], strict=True)]
            for fleet in case.plan.stacks
            if fleet.stack == row.stack
            for line, amounts in fleet.lines_usd.items()
        }
        holders += [row.lines_usd, pool]
        ends = (cars_left(case, row.stack) - capital_charge(case, row.stack)) * shares[row.stack][-1]
        want = present_value(case, row.lines_usd) + running_on(case, row.lines_usd) + present_value(case, pool) + ends
        total += want
        if money_apart(row.npv_usd, want):
            text = f"the deployment's value is {usd_text(row.npv_usd)} USD; its lines come to {usd_text(want)} USD"
            yield Violation("npv", deployed.name, text, abs(row.npv_usd - want))
    flows = [sum(parts) for parts in zip(*(summed(case, held) for held in holders), strict=True)]
    spent = -sum(sum(summed(case, held, only=CAPITAL_LINES)) for held in holders)
    peak = max(0.0, -min(accumulate(flows)))
    for name, want in (("npv_usd", total), ("capital_usd", spent), ("peak_funding_usd", peak)):
        have = float(getattr(rollout, name))
        if money_apart(have, want):
            text = f"the city's {name} is {usd_text(have)}; its lines come to {usd_text(want)}"
            yield Violation("npv", rollout.city, text, abs(have - want))


def _exactness(case: Case) -> Iterator[Violation]:
    """Yield a bound that is called exact and is lower than what is proven exactly, or such a proof below the plan's worth."""
    plan, exactness = case.plan, case.plan.certificate.exactness
    root, where = exactness.root_usd, "certificate.exactness"
    if root is None:
        if exactness.arithmetic != "floating_point":
            yield Violation("objective", where, "the bound is called exact, and nothing was proven exactly", 1.0)
        return
    if not root >= plan.objective - CENT_USD:
        text = f"{usd_text(root)} is proven exactly; the plan is worth {usd_text(plan.objective)}"
        yield Violation("objective", where, text, plan.objective - root)
    if exactness.arithmetic == "directed_rounding" and not plan.bound >= root:
        text = f"the bound of {usd_text(plan.bound)} is called exact; {usd_text(root)} is proven"
        yield Violation("objective", where, text, root - plan.bound)


def check_objective(case: Case) -> Iterator[Violation]:
    """Yield an objective, bound or gap that do not belong together, and a plan called optimal that is not proven so."""
    yield from _exactness(case)
    plan, proof = case.plan, case.plan.certificate
    pairs = (
        ("objective and net present value", plan.objective, plan.kpis.npv_usd),
        ("objective and the certificate's", plan.objective, proof.objective_usd),
        ("bound and the certificate's", plan.bound, proof.bound_usd),
    )
    for what, have, want in pairs:
        if money_apart(have, want):
            yield Violation("objective", what, f"{usd_text(have)} stands against {usd_text(want)}", abs(have - want))
    gap = (plan.bound - plan.objective) / max(abs(plan.objective), 1.0)
    of_capital = (plan.bound - plan.objective) / max(plan.kpis.discounted_capital_usd, 1.0)
    if not abs(proof.gap_of_capital - of_capital) <= RATIO * max(1.0, abs(of_capital)):
        text = f"is {share_text(proof.gap_of_capital)}; bound and objective make it {share_text(of_capital)}"
        yield Violation("objective", "certificate.gap_of_capital", text, abs(proof.gap_of_capital - of_capital))
    for what, have in (("gap", plan.gap), ("certificate.gap", proof.gap)):
        if not abs(have - gap) <= RATIO * max(1.0, abs(gap)):
            yield Violation(
                "objective",
                what,
                f"is {share_text(have)}; bound and objective make it {share_text(gap)}",
                abs(have - gap),
            )
        if min(have, gap) < -RATIO:
            yield Violation(
                "objective", what, f"the bound lies below the objective, gap {share_text(gap)}", -min(have, gap)
            )
    left = plan.bound - plan.objective
    if plan.status == "optimal" and left > max(MONEY_USD, CLOSED_SHARE * abs(plan.objective)) + CENT_USD:
        text = f"the plan is called optimal, and {usd_text(left)} USD are open between it and the bound"
        yield Violation("objective", "status", text, left)
