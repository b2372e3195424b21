"""What the partner of a deployment earns and pays, read from the partners' ledger."""

from __future__ import annotations

from fleetplan.economics.partner import RECEIVED
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.ledger import running
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.partners import after_usd_month, least_margin, must_earn
from fleetplan.plans.accounts import present_worth
from fleetplan.plans.figures import told_lines
from fleetplan.plans.types import PartnerAccount


def partner_account(f: Formulation, x: Array, key: str) -> PartnerAccount:
    """Return the account of the partner of a deployment (``stack@city``) at a solution, to the cent."""
    i = f.instance
    q = next(k for k, d in enumerate(i.deployments) if d.key == key)
    data = i.deployments[q]
    place = Place("deployment", city=data.city, stack=data.stack)
    lines, ends = f.partners.lines(x).get(place, {}), f.partners.endings(x)
    last = sum(float(usd @ i.grid.run_rate) for usd in running(lines))
    after = last * after_usd_month(i) + ends.get(("renewal", place), 0.0)
    residual = ends.get(("residual", place), 0.0)
    received = {line: usd for line, usd in lines.items() if line in RECEIVED}
    going_on = sum(float(usd @ i.grid.run_rate) for usd in received.values()) * after_usd_month(i)
    return PartnerAccount(
        lines_usd=told_lines(lines),
        residual_usd=round(residual, 2),
        after_usd=round(after, 2),
        worth_usd=round(present_worth(i, lines) + residual + after, 2),
        owns_vehicles=not i.stacks[data.stack].owned,
        must_earn=must_earn(i, q),
        asked_usd=round(least_margin(i) * (present_worth(i, received) + going_on), 2),
    )
