"""Vehicles wear out by age or by kilometres, whichever is sooner.

worn[q,t] >= km[q,t] * days / life_km - (1 + spares) * V[q,t] * months / life_months

in lives of a vehicle used up beyond those that age uses up.
"""

from __future__ import annotations

from fleetplan.optimize.instance import Instance
from fleetplan.optimize.rules.base import Problem, Rule, Term


class VehicleWearRule(Rule):
    """What is driven beyond a vehicle's share of its years uses it up sooner."""

    key = "vehicle_wear"
    title = "Kilometres that wear vehicles out before their years are over are set aside for renewing them"
    source = "assumptions.toml: fleet.life_km, fleet.life_years"
    kind = "money"
    unchecked = "it defines what is worn beyond age; the line wear is checked on it"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with both lives."""
        world = instance.world
        return f"{self.title}: they last {world.life_months} months or {world.life_km:,.0f} km"

    def write(self, p: Problem) -> None:
        """Bound the lives used up from below and book what renewing them costs."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own = p.columns.deployments[q]
            if own.worn is None:
                continue
            p.at_least(self, p.place(q), p.every, [(own.worn, 1.0), *_driven(p, q)])
            renewing = i.stacks[data.stack].wear_usd
            p.ledger.book("wear", p.place(q), p.every, own.worn, -renewing)


def _driven(p: Problem, q: int) -> list[Term]:
    """Return the lives that trips and vehicles of a deployment use up, less those that age uses up anyway; negative."""
    i, own = p.instance, p.columns.deployments[q]
    lives = i.world.days / i.world.life_km
    aged = (1.0 + i.world.spare_share) * i.world.months / i.world.life_months
    terms: list[Term] = []
    for g, level in enumerate(i.levels_of(q)):
        terms += [(own.trips[g], -lives * level.surface.km_per_trip)]
        terms += [(own.fleet[g], aged - lives * level.surface.km_per_vehicle_day)]
    return terms


WEAR_RULES: tuple[Rule, ...] = (VehicleWearRule(),)
