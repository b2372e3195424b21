"""What a vehicle costs that is bought in each period, what is owed on it, and what it is worth at the horizon's end."""

from __future__ import annotations

import numpy as np

from fleetplan.economics import annuity, outstanding, vehicle_price_usd
from fleetplan.months import Grid
from fleetplan.optimize.instance import StackTerms
from fleetplan.scope import Scope


def stack_terms(scope: Scope, slug: str, grid: Grid) -> StackTerms:
    """Return a stack's contract and the cash flows of one vehicle bought in each period."""
    stack, own = scope.catalogue.stacks[slug], scope.catalogue.assumptions
    life = round(own["fleet.life_years"].value * 12)
    spares = 1.0 + own["service.spare_share"].value
    price = np.array([spares * vehicle_price_usd(own, stack, int(m)) for m in grid.starts])
    new = spares * vehicle_price_usd(own, stack, grid.end)
    financed = stack.value("contract.financed_share")
    rate, term = own["finance.interest"].value, round(own["finance.term_years"].value * 12)
    keep = own["fleet.residual_share"].value
    month = np.arange(grid.start, grid.end)
    age = month[None, :] - grid.starts[:, None]  # (period bought, month)
    paying = np.add.reduceat((age >= 0) & (age < term), grid.starts - grid.start, axis=1)
    older = grid.end - grid.starts
    worth = np.where(older < life, np.minimum(price, new) * (keep + (1.0 - keep) * (1.0 - older / life)), 0.0)
    owed = price * financed * np.array([outstanding(rate, term, int(a)) for a in older])
    since = grid.starts[None, :] - grid.starts[:, None]
    return StackTerms(
        stack=slug,
        partner=stack.partner,
        owned="capital" in stack.platform_pays,
        yearly_cap=stack.value("supply.yearly_cap"),
        life_months=life,
        price_usd=price,
        own_cash_usd=price * (1.0 - financed),
        loan_usd=-annuity(rate, term) * (price * financed)[:, None] * paying,
        residual_usd=worth - owed,
        alive=(since >= 0) & (since < life),
        capital_charge_usd=annuity(rate, life) * 12.0 * new,
    )
