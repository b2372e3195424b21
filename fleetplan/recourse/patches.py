"""Which plans a scenario set needs, each as a rerun: the patch and the options that make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.recourse.commitments import written
from fleetplan.recourse.price import Prices, written_prices
from fleetplan.recourse.types import PolicyName, Scenario
from fleetplan.recourse.weigh import Followed, Work

Step = PolicyName | Literal["prices"] | None
"""What a plan is made for: to follow a policy, to prove a bound by prices, or (None) to be the best of its scenario."""


@dataclass(frozen=True, eq=False)
class Task:
    """A plan to make: of a scenario as though it were known from the start, within what a policy decides, or at prices.

    ``patch`` is one of the request's own plan; all but the first kind may start from the scenario's own best.
    """

    scenario: Scenario
    step: Step
    patch: dict[str, Any]
    options: PlanOptions


def perfect_tasks(scenarios: Sequence[Scenario], options: PlanOptions) -> list[Task]:
    """Return the plans to make of every scenario by itself."""
    return [Task(scenario, None, scenario.patch, options) for scenario in scenarios]


def policy_tasks(work: Work, followed: Followed, options: PlanOptions) -> list[Task]:
    """Return the plans to make within a policy, of the scenarios whose plan is not known yet."""
    until = work.one.known_from
    commit = written(followed.counts, work.plan.periods, until)
    within = options.model_copy(update={"commit": commit})
    left = (scenario for scenario in work.scenarios if scenario.id not in followed.plans)
    return [Task(scenario, followed.name, scenario.patch, within) for scenario in left]


def price_tasks(work: Work, prices: Sequence[Prices], options: PlanOptions) -> list[Task]:
    """Return the plans to make at prices, one for each scenario: they prove a bound."""
    labels, until = work.plan.periods, work.one.known_from
    found = []
    for scenario, own in zip(work.scenarios, prices, strict=True):
        at_prices = options.model_copy(update={"prices": written_prices(own, labels, until, work.tests)})
        found.append(Task(scenario, "prices", scenario.patch, at_prices))
    return found


def proven_by(plans: Sequence[Plan], weights: Sequence[float]) -> float:
    """Return what plans at prices prove: their bounds, each by what its scenario counts, USD."""
    bounds = [plan.certificate.method.weighed_bound_usd for plan in plans]
    return sum(w * (np.inf if bound is None else bound) for w, bound in zip(weights, bounds, strict=True))
