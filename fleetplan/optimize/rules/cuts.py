"""Cuts: rows that follow from other rules for whole steps, and that fractions of steps would break.

They forbid no plan. They only bring the linear relaxation nearer to the plans, so that bounds are proven sooner; what each is
worth stands in docs/optimization.md.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Cut, Problem, Rule, Term
from fleetplan.optimize.rules.caps import least_while_open
from fleetplan.optimize.suspended import recovering

NEARLY = 1e-9  # a quotient of doubles so near below a whole number is taken for it


class LevelFleetRule(Cut):
    """The minimum fleet serves the level in force: a fraction of a level has that fraction of it."""

    key = "min_fleet_level"
    title = "Whichever area is in force, the minimum fleet serves in it"
    source = "implied by min_fleet and no_service_before_open"
    implied_by = ("min_fleet", "no_service_before_open")

    def write(self, p: Problem) -> None:
        """Add a floor on the vehicles of every level while it is in force."""
        for q, own in enumerate(p.columns.deployments):
            least = least_while_open(p.instance, q)
            for g, can in enumerate(p.reach.deployments[q].possible):
                t = p.every[can & ~recovering(p.instance, q)]
                terms = [(own.fleet[g, t], 1.0), *p.in_force(q, g, t, -least)]
                p.at_least(self, p.place(q), t, terms)


class ProgrammeRoomRule(Cut):
    """As many programmes run as there are test fleets to be had, in whole numbers."""

    key = "programme_room"
    title = "No more programmes of a stack run than its vehicles make whole test fleets"
    source = "implied by stack_supply, min_fleet and permit_path"
    scope = "stack"
    implied_by = ("stack_supply", "min_fleet", "permit_path")

    def write(self, p: Problem) -> None:
        """Divide the row of a stack's supply by its least test fleet and round down (Chvatal and Gomory)."""
        i = p.instance
        for stack, ceiling in i.ceilings.items():
            least = {q: least_while_open(i, q) for q in i.of_stack(stack)}
            least = {q: vehicles for q, vehicles in least.items() if vehicles > 0}
            if not least:
                continue
            unit = min(least.values())
            room = np.floor(ceiling / unit + NEARLY)
            weights = {q: float(np.floor(own / unit + NEARLY)) for q, own in least.items()}
            t = p.every[room < sum(weights.values())]
            terms: list[Term] = []
            for (
                q,
                weight,
            ) in weights.items():  # a service that pauses or recovers keeps no fleet, and one that ended none
                asked = weight * ~recovering(i, q)[t]
                terms += [(p.columns.deployments[q].begun[t], asked), *p.ended(q, t, -asked)]
            p.at_most(self, Place("stack", stack=stack), t, terms, room[t])


CUT_RULES: tuple[Rule, ...] = (LevelFleetRule(), ProgrammeRoomRule())
