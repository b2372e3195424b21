"""Minimum quantities: what a contract asks the platform to take, and what each vehicle short of it costs.

taken[s] <= sum over the partner's stacks and periods of buy,   taken[s] <= minimum due within the horizon

and the whole minimum is owed for, less what is taken of it.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.instance import Instance
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Problem, Rule, Term, listed
from fleetplan.optimize.rules.called import stack_name


class MinimumQuantityRule(Rule):
    """Whoever takes fewer vehicles than promised pays for those he leaves."""

    key = "minimum_quantity"
    title = "Vehicles short of a contract's minimum quantity cost what the contract says"
    source = (
        "partners/<stack>.toml: contract.minimum_quantity, contract.minimum_years, contract.shortfall_usd_per_vehicle"
    )
    kind = "money"
    scope = "joint"
    unchecked = "it defines what is taken; the line shortfall is checked on it"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the minimum of each stack whose shortfall has a price, as far as it is due in the horizon."""
        asked = [
            f"{d.minimum_due:,.0f} of {stack_name(instance, s)} at {d.shortfall_usd:,.0f} USD"
            for s, d in instance.stacks.items()
            if d.owes_for_short
        ]
        return self.title + listed(" (due within the horizon: ", asked, ")")

    def write(self, p: Problem) -> None:
        """Bound what is taken of a minimum, and book the rest at the end of the horizon."""
        last = p.every[-1:]
        for stack, (whole, taken) in p.columns.taken.items():
            data, place = p.instance.stacks[stack], Place("stack", stack=stack)
            theirs = [own for s, own in p.columns.bought.items() if p.instance.stacks[s].partner == data.partner]
            bought: Term = (np.concatenate(theirs)[None, :], -1.0)
            p.at_most(self, place, last, [(np.array([taken]), 1.0), bought])
            p.ledger.book("shortfall", place, last, np.array([whole]), -data.shortfall_usd * data.minimum_due)
            p.ledger.book("shortfall", place, last, np.array([taken]), data.shortfall_usd)


ORDER_RULES: tuple[Rule, ...] = (MinimumQuantityRule(),)
