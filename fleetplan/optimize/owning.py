"""What a vehicle costs that is bought in each period, what it fetches, and what keeping it after the horizon is worth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from fleetplan.economics import Life, Loan, kept, vehicle_life_months
from fleetplan.months import Grid
from fleetplan.optimize.holdings import Array, Keeping, StackTerms
from fleetplan.optimize.lines import bought_usd
from fleetplan.scope import Scope


def counted_years(scope: Scope) -> tuple[int, ...]:
    """Return the months after the horizon that plans are valued with: as many as asked for first, then none, then twice."""
    months = round(12 * scope.catalogue.assumptions["terminal.years"].value)
    return tuple(dict.fromkeys((months, 0, 2 * months)))


def keeping(scope: Scope, life: Life, grid: Grid) -> dict[int, Keeping]:
    """Return by months counted after the horizon what keeping one thing bought in each period is worth today."""
    found = {}
    for months in counted_years(scope):
        ends = [kept(life, int(m), grid.today, grid.end, months, scope.request.discount_rate) for m in grid.starts]
        found[months] = Keeping(np.array([e.running_usd for e in ends]), np.array([e.left_usd for e in ends]))
    return found


def vehicle_life(scope: Scope, slug: str) -> Life:
    """Return the life of a stack's vehicles, spares in the price."""
    stack, own = scope.catalogue.stacks[slug], scope.catalogue.assumptions
    spares, months = 1.0 + own["service.spare_share"].value, vehicle_life_months(own)
    term = min(months, round(own["finance.term_years"].value * 12))
    financed = min(stack.value("contract.financed_share"), own["finance.loan_to_value"].value)
    loan = Loan(financed, own["finance.interest"].value, term, own["finance.inflation"].value)
    keep = own["fleet.residual_share"].value

    @cache
    def price_usd(month: int) -> float:
        return spares * bought_usd(scope, slug, month)

    return Life(months, keep, price_usd, loan)


def stall_life(scope: Scope, slug: str) -> Life:
    """Return the life of a city's charger stalls: worth nothing in the end, and paid at once."""
    price = scope.catalogue.cities[slug].value("cost.charger_stall_usd")
    return Life(round(12 * scope.catalogue.assumptions["depot.stall_life_years"].value), 0.0, lambda _: price)


def stack_terms(scope: Scope, slug: str, grid: Grid) -> StackTerms:
    """Return a stack's contract and the cash flows of one vehicle bought in each period."""
    stack, life, own = scope.catalogue.stacks[slug], vehicle_life(scope, slug), scope.catalogue.assumptions
    price = np.array([life.price_usd(int(m)) for m in grid.starts])
    since = grid.starts[None, :] - grid.starts[:, None]
    alive = (since >= 0) & (since < life.months)
    last = alive[:, -1]
    ends = keeping(scope, life, grid)
    return StackTerms(
        stack=slug,
        partner=stack.partner,
        owned="capital" in stack.platform_pays,
        yearly_cap=stack.value("supply.yearly_cap"),
        minimum_due=stack.value("contract.minimum_quantity")
        * min(1.0, (grid.end - grid.start) / 12.0 / stack.value("contract.minimum_years")),
        shortfall_usd=stack.value("contract.shortfall_usd_per_vehicle"),
        life_months=life.months,
        price_usd=price,
        own_cash_usd=price * (1.0 - life.loan.share),
        loan_usd=-_loans(life, grid),
        resale_usd=_resale(life, grid, price),
        wear_usd=price / (1.0 + own["service.spare_share"].value) * (1.0 - life.keep),
        kept={m: Keeping(np.where(last, k.running_usd, 0.0), np.where(last, k.left_usd, 0.0)) for m, k in ends.items()},
        alive=alive,
    )


def _loans(life: Life, grid: Grid) -> Array:
    """Return loan payments of one vehicle by (period bought, period), positive."""
    out = np.zeros((len(grid), len(grid)))
    if not life.loan.share:
        return out
    for p, bought in enumerate(grid.starts):
        price = life.price_usd(int(bought))
        for t in range(p, len(grid)):
            out[p, t] = sum(life.loan.due(price, int(m - bought)) for m in grid.months_in(t))
    return out


def _resale(life: Life, grid: Grid, prices: Sequence[float] | Array) -> Array:
    """Return by (period bought, period) what a vehicle fetches in the first period after its life."""
    out = np.zeros((len(grid), len(grid)))
    for p, bought in enumerate(grid.starts):
        over = np.flatnonzero(grid.starts - bought >= life.months)
        if len(over):
            out[p, over[0]] = life.worth(float(prices[p]), life.months, int(grid.starts[over[0]]))
    return out
