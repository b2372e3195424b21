"""Cash, capital and present value: ``capital``, ``cash_floor`` and the headline money of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from fleetplan.months import month_text
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.keeping import After, after_months, discount, stalls_after, vehicles_after
from fleetplan.plans.check.money import CAPITAL_LINES, ONCE_LINES
from fleetplan.plans.check.report import (
    MONEY_SHARE,
    MONEY_USD,
    RATIO,
    Named,
    Usd,
    Violation,
    money_apart,
    say,
    share_text,
)
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan

CLOSED_SHARE = 1e-9  # of a plan's worth: what may be open where nothing better is said to exist
CENT_USD = 0.01
SOLVERS_ZERO = 1e-6
"""What solvers take for zero wherever a plan is made: no setting of a request changes it."""

LAST_MONTHS = 3
CLOSED_USD = 0.5
CAPITAL_CHARGED = (*CAPITAL_LINES, "loan", "resale", *ONCE_LINES)


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
    """Return the budgets of all quarters begun by the start of each period, cumulated, less what was spent of them before.

    In periods done there is nothing to spend; where the request does not say what was spent, all of it was.
    """
    given = case.request.capital.per_quarter_usd
    amounts = given if isinstance(given, list) else [given]
    total = []
    for start in case.starts:
        begun = (start - case.start) // 3 + 1
        total.append(sum(amounts[min(quarter, len(amounts) - 1)] for quarter in range(begun)))
    state, done = case.request.starting_state, case.request.grid.done
    if state is None or not done:
        return total
    quarters_done = (case.today - 1 - case.start) // 3 + 1
    released = sum(amounts[min(quarter, len(amounts) - 1)] for quarter in range(quarters_done))
    spent = released if state.capital_spent_usd is None else state.capital_spent_usd
    return [max(0.0, usd - spent) if t >= done else 0.0 for t, usd in enumerate(total)]


def going_on(case: Case, months: int) -> float:
    """Return the present worth of 1 USD a month after the horizon, growing, for so many months."""
    growth: float = 1 + case.own("terminal.growth")
    middles = [month + 0.5 for month in range(months)]
    return float(sum(discount(case, case.end - case.start + m) * growth ** (m / 12) for m in middles))


def running_on(case: Case, lines: Mapping[str, list[float]], months: int) -> float:
    """Return the discounted worth of going on after the horizon with the running lines of its last three months."""
    running = sum(a_month(case, amounts) for line, amounts in lines.items() if line not in CAPITAL_CHARGED)
    return running * going_on(case, months)


def a_month(case: Case, amounts: list[float]) -> float:
    """Return what an amount by period comes to a month in the last three months of the horizon, or in all if it has fewer."""
    last = [t for t in case.periods for _ in case.months(t)][-LAST_MONTHS:]
    return sum(amounts[t] / case.lengths[t] for t in last) / len(last)


@dataclass(frozen=True)
class Parts:
    """Cash within the horizon, what is left in the end, the years after the horizon, and drivers' trips lost."""

    cash: float
    residual: float
    terminal: float
    displaced: float

    @property
    def npv(self) -> float:
        """What counts, together."""
        return self.cash + self.residual + self.terminal


def parts_of(
    case: Case, holders: list[Mapping[str, list[float]]], kept: After, displaced: list[list[float]], months: int
) -> Parts:
    """Return what money lines and things kept are worth with so many months counted after the horizon."""
    cash = sum(present_value(case, held) for held in holders)
    on = sum(running_on(case, held, months) for held in holders)
    lost = [{"displaced": amounts} for amounts in displaced]
    beside = sum(present_value(case, held) + running_on(case, held, months) for held in lost)
    return Parts(cash, kept.left, on + kept.running, beside)


def whole_plan(case: Case, months: int) -> Parts:
    """Return what the plan is worth with so many months counted after the horizon."""
    kept = sum((stalls_after(case, rollout.city, months) for rollout in case.plan.cities), After())
    kept = sum((vehicles_after(case, fleet.stack, months) for fleet in case.plan.stacks), kept)
    holders = [held for _, held in case.line_holders()]
    return parts_of(case, holders, kept, [d.row.displaced_usd for d in case.deployed], months)


def monthly(case: Case, holders: Iterable[Mapping[str, list[float]]]) -> list[float]:
    """Return cumulated cash at the end of each month: capital goes out in its period's first, all else evenly."""
    flows = [0.0] * sum(case.lengths)
    for held in holders:
        for line, amounts in held.items():
            for t, amount in enumerate(amounts):
                first, length = case.starts[t] - case.start, 1 if line in CAPITAL_LINES else case.lengths[t]
                for month in range(first, first + length):
                    flows[month] += amount / length
    return list(accumulate(flows))


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
    spent, after = capital(case), after_months(case)
    whole = whole_plan(case, after)
    counts = case.request.value == "incremental"
    offsets = [start - case.start for start in case.starts]
    total = monthly(case, (held for _, held in case.line_holders()))
    return {
        "npv_usd": whole.npv,
        "cash_usd": whole.cash,
        "residual_usd": whole.residual,
        "terminal_usd": whole.terminal,
        "incremental_npv_usd": whole.npv + (0.0 if counts else whole.displaced),
        "gross_npv_usd": whole.npv - (whole.displaced if counts else 0.0),
        "years_after": after / 12,
        "npv_by_horizon_usd": whole_plan(case, 0).npv,
        "npv_twice_after_usd": whole_plan(case, 2 * after).npv,
        "capital_usd": sum(spent),
        "discounted_capital_usd": sum(c * discount(case, m) for c, m in zip(spent, offsets, strict=True)),
        "peak_funding_usd": max(0.0, -min(total)),
    }


def check_capital(case: Case) -> Iterator[Violation]:
    """Yield periods in which more capital is spent than the quarters so far allow."""
    spent = list(accumulate(capital(case)))
    for t, budget in enumerate(cumulated_budget(case)):
        if spent[t] > budget + MONEY_USD + MONEY_SHARE * budget:
            text = say("{} of capital is spent so far; the budget is {}", Usd(spent[t], 0), Usd(budget, 0))
            yield Violation("capital", case.labels[t], text, spent[t] - budget)


def check_cash_floor(case: Case) -> Iterator[Violation]:
    """Yield periods that end below the cash floor."""
    floor = case.request.capital.cash_floor_usd
    if floor is None:
        return
    for t, earned in enumerate(accumulate(cash(case))):
        total = earned + case.cash_before
        if total < -floor - MONEY_USD - MONEY_SHARE * floor:
            text = say("cumulated cash is {}; it may not fall below {}", Usd(total, 0), Usd(-floor, 0))
            yield Violation("cash_floor", case.labels[t], text, -floor - total)


def check_npv(case: Case) -> Iterator[Violation]:
    """Yield headline amounts that do not follow from the lines."""
    kpis = case.plan.kpis
    for name, want in recomputed(case).items():
        have = float(getattr(kpis, name))
        if money_apart(have, want):
            yield Violation("npv", f"kpis.{name}", say("is {}; it comes to {}", Usd(have), Usd(want)), abs(have - want))
    for rollout in case.plan.cities:
        yield from _city_value(case, rollout)


def _city_value(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    rows, after = case.of_city(rollout.city), after_months(case)
    shares = {d.row.stack: pool_shares(case, d) for d in rows}
    holders: list[Mapping[str, list[float]]] = [rollout.city_lines_usd]
    kept = stalls_after(case, rollout.city, after)
    for deployed in rows:
        row = deployed.row
        pool = {
            line: [usd * share for usd, share in zip(amounts, shares[row.stack], strict=True)]
            for fleet in case.plan.stacks
            if fleet.stack == row.stack
            for line, amounts in fleet.lines_usd.items()
        }
        holders += [row.lines_usd, pool]
        own = vehicles_after(case, row.stack, after) * shares[row.stack][-1]
        kept += own
        worth = parts_of(case, [row.lines_usd, pool], own, [row.displaced_usd], after)
        yield from _stated(deployed.name, "deployment", row, worth)
    yield from _stated(
        rollout.city, "city", rollout, parts_of(case, holders, kept, [d.row.displaced_usd for d in rows], after)
    )
    spent = -sum(sum(summed(case, held, only=CAPITAL_LINES)) for held in holders)
    peak = max(0.0, -min(monthly(case, holders)))
    for name, want in (("capital_usd", spent), ("peak_funding_usd", peak)):
        have = float(getattr(rollout, name))
        if money_apart(have, want):
            text = say("the city's {} is {}; its lines come to {}", name, Usd(have), Usd(want))
            yield Violation("npv", rollout.city, text, abs(have - want))
    back = paid_back(case, monthly(case, holders))
    if rollout.payback != back:
        yield Violation(
            "npv",
            rollout.city,
            say("the city's payback is {}; its lines say {}", Named("month", rollout.payback), Named("month", back)),
            1.0,
        )


def paid_back(case: Case, cumulated: list[float]) -> str | None:
    """Return the month at whose end cumulated cash is at zero or above for good, after it has been below; None for none."""
    below = [month for month, usd in enumerate(cumulated) if usd < -CENT_USD]
    return month_text(case.start + below[-1] + 1) if below and below[-1] + 1 < len(cumulated) else None


def _stated(where: str, what: str, row: CityRollout | DeploymentPlan, worth: Parts) -> Iterator[Violation]:
    """Yield what is said of a part's value and does not follow from its lines."""
    told = row.worth
    pairs = (
        ("value", row.npv_usd, worth.npv),
        ("cash within the horizon", told.cash_usd, worth.cash),
        ("residual", told.residual_usd, worth.residual),
        ("terminal value", told.terminal_usd, worth.terminal),
        ("loss on drivers' trips", told.displaced_usd, worth.displaced),
    )
    for name, have, want in pairs:
        if money_apart(have, want):
            text = say("the {}'s {} is {}; its lines come to {}", what, name, Usd(have), Usd(want))
            yield Violation("npv", where, text, abs(have - want))


def _exactness(case: Case) -> Iterator[Violation]:
    """Yield a bound that is called exact and is lower than what is proven exactly, or such a proof below the plan's worth."""
    plan, exactness = case.plan, case.plan.certificate.exactness
    root, where = exactness.root_usd, "certificate.exactness"
    if exactness.tolerance != SOLVERS_ZERO:
        text = say("the solvers' tolerance is {:g}; they were told {:g}", exactness.tolerance, SOLVERS_ZERO)
        yield Violation("objective", where, text, abs(exactness.tolerance - SOLVERS_ZERO))
    if root is None:
        if exactness.arithmetic != "floating_point":
            yield Violation("objective", where, say("the bound is called exact, and nothing was proven exactly"), 1.0)
        return
    if not root >= plan.objective - CENT_USD:
        text = say("{} is proven exactly; the plan is worth {}", Usd(root), Usd(plan.objective))
        yield Violation("objective", where, text, plan.objective - root)
    if exactness.arithmetic == "directed_rounding" and not plan.bound >= root:
        text = say("the bound of {} is called exact; {} is proven", Usd(plan.bound), Usd(root))
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
            yield Violation("objective", what, say("{} stands against {}", Usd(have), Usd(want)), abs(have - want))
    gap = (plan.bound - plan.objective) / max(abs(plan.objective), 1.0)
    of_capital = (plan.bound - plan.objective) / max(plan.kpis.discounted_capital_usd, 1.0)
    if not abs(proof.gap_of_capital - of_capital) <= RATIO * max(1.0, abs(of_capital)):
        text = say("is {}; bound and objective make it {}", share_text(proof.gap_of_capital), share_text(of_capital))
        yield Violation("objective", "certificate.gap_of_capital", text, abs(proof.gap_of_capital - of_capital))
    for what, have in (("gap", plan.gap), ("certificate.gap", proof.gap)):
        if not abs(have - gap) <= RATIO * max(1.0, abs(gap)):
            yield Violation(
                "objective",
                what,
                say("is {}; bound and objective make it {}", share_text(have), share_text(gap)),
                abs(have - gap),
            )
        if min(have, gap) < -RATIO:
            yield Violation(
                "objective", what, say("the bound lies below the objective, gap {}", share_text(gap)), -min(have, gap)
            )
    yield from _status(plan)


def _status(plan: Plan) -> Iterator[Violation]:
    """Hold what a plan is called against what is open between it and the bound, and the gap that was asked for."""
    left, asked = plan.bound - plan.objective, plan.certificate.gap_asked
    closed = max(MONEY_USD, CLOSED_SHARE * abs(plan.objective)) + CENT_USD
    if plan.status == "optimal" and left > closed:
        text = say("the plan is called optimal, and {} are open between it and the bound", Usd(left))
        yield Violation("objective", "status", text, left)
    more_markets = plan.markets is not None and not plan.markets.closed
    method = plan.certificate.method
    if more_markets or asked is None or method.change_price_usd or method.committed_until or method.priced_until:
        return
    wanted = asked * max(abs(plan.objective), 1.0) + closed
    if plan.status == "within_gap" and left > wanted:
        text = say("the plan is called within the gap asked for, {}; {} are open", Usd(wanted), Usd(left))
        yield Violation("objective", "status", text, left - wanted)
    if plan.status != "optimal" and left < CLOSED_USD:
        text = say("the plan is called {}; nothing is open between it and the bound, so it is proven best", plan.status)
        yield Violation("objective", "status", text, CLOSED_USD - left)
    if plan.status not in {"optimal", "within_gap"} and left < wanted - 2 * closed:
        text = say("the plan is called {}; only {} are open, within the gap asked for", plan.status, Usd(left))
        yield Violation("objective", "status", text, wanted - left)
