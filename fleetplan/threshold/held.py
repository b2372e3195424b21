"""What a plan opens of what is watched, as steps of the problem that another plan is made for."""

from __future__ import annotations

from collections.abc import Iterator

from fleetplan.months import month_number
from fleetplan.optimize.boxes import Box
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.rules.others import Step
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.threshold.shape import Watched, opened


def held_steps(instance: Instance, plan: Plan, watched: Watched) -> Box | None:
    """Return the steps of a problem that together are what a plan opens of what is watched; None where it has no such plan.

    A plan has them all exactly where :func:`~fleetplan.threshold.shape.changes` finds nothing that it does otherwise.
    """
    here = {(d.city, d.stack): q for q, d in enumerate(instance.deployments)}
    there = opened(plan, watched)
    if any(_beyond(instance, here.get(pair), d) for pair, d in there.items()):
        return None
    last = instance.periods - 1
    taken = [step for pair, d in there.items() for step in _held(instance, here[pair], d, watched)]
    absent = [Step(q, 0, last, taken=False) for pair, q in here.items() if pair not in there and watched.holds(pair)]
    return (*taken, *absent)


def _beyond(i: Instance, q: int | None, d: DeploymentPlan) -> bool:
    """Return whether a problem does not have what a plan opens: the deployment, its month, or its area."""
    inside = i.grid.start <= month_number(d.launch) < i.grid.end
    return q is None or not inside or max(d.level) > len(i.levels_of(q))


def _held(i: Instance, q: int, d: DeploymentPlan, watched: Watched) -> Iterator[Step]:
    last, widest = i.periods - 1, max(d.level)
    at = last if watched.what == "entry" else i.grid.period_of(month_number(d.launch))
    yield Step(q, 0, at, taken=True)
    if watched.what != "entry" and at:
        yield Step(q, 0, at - 1, taken=False)
    if watched.what == "areas":
        yield Step(q, widest - 1, last, taken=True)
        if widest < len(i.levels_of(q)):
            yield Step(q, widest, last, taken=False)
