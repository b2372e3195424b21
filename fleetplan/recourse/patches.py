"""Which plans a scenario set needs, each as a rerun: the patch and the options that make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fleetplan.options import PlanOptions
from fleetplan.recourse.commitments import written
from fleetplan.recourse.types import PolicyName, Scenario
from fleetplan.recourse.weigh import Followed, Work


@dataclass(frozen=True, eq=False)
class Task:
    """A plan to make: of a scenario as though it were known from the start (no policy), or of one within what a policy decides.

    ``patch`` is one of the request's own plan; the plan within a policy starts from the scenario's own best.
    """

    scenario: Scenario
    policy: PolicyName | None
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
