"""What a plan has decided before a month: what a rerun keeps that keeps those decisions."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.plans.reading import ordered_deployments
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided in the periods that begin before ``month``: none of these, and nothing is decided.

    ``open`` holds the deployments open by then in their order, ``vehicles`` those in service in the last of the periods.
    """

    month: str
    periods: int
    open: list[tuple[CityRollout, DeploymentPlan]]
    programmes: int
    vehicles: int
    bought: int
    depots: int


def decided_before(plan: Plan, month: str) -> Decided:
    """Return what a plan has decided in the periods that begin before a month."""
    before = [t for t, period in enumerate(plan.periods) if period < month]
    pairs = ordered_deployments(plan)
    return Decided(
        month=month,
        periods=len(before),
        open=[(c, d) for c, d in pairs if d.launch and d.launch < month],
        programmes=sum(d.programme_start < month for _, d in pairs),
        vehicles=sum(d.vehicles[before[-1]] for _, d in pairs) if before else 0,
        bought=sum(s.bought[t] for s in plan.stacks for t in before),
        depots=sum(depot.ordered < month for city in plan.cities for depot in city.depots),
    )
