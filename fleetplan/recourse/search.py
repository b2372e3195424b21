"""The way through a scenario set: which plans are made one after another, whoever makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.options import PlanOptions
from fleetplan.permits.caps import vehicles_in_tests
from fleetplan.plans.types import Plan
from fleetplan.recourse.cuts import better_prices
from fleetplan.recourse.idle import IdleCosts
from fleetplan.recourse.measure import weights_of
from fleetplan.recourse.patches import Task, perfect_tasks, policy_tasks, price_tasks, proven_by
from fleetplan.recourse.price import Prices
from fleetplan.recourse.settled import settled_pairs
from fleetplan.recourse.types import Recourse, Scenario
from fleetplan.recourse.weigh import Followed, Work
from fleetplan.request import ScenarioSet
from fleetplan.scope import resolve_scope

GAP, ENOUGH = 0.005, 0.01
"""How closely each scenario is planned, and the gap of the best policy at which nothing else is tried."""

MOST_STEPS, LEAST_GAIN = 4, 1e-4
"""So often are prices made, at most; and what others must promise, as a share of the bound."""


class Making(Protocol):
    """Makes plans, or looks them up."""

    def make(self, step: str, tasks: Sequence[Task], parents: Mapping[str, Plan]) -> list[Plan | None]:
        """Return the plan of every task in their order; None where no plan keeps every rule."""

    def costs(self, until: str) -> IdleCosts:
        """Return what one of each slot costs that is left undone before a month."""


@dataclass(eq=False)
class Search:
    """Plans every scenario by itself, follows policies and makes prices until the best policy is near enough to the bound.

    Attributes
    ----------
    plan
        The request's own.
    enough
        Gap of the best policy at which nothing else is tried.
    found
        The policies that every scenario can follow, with their plans.
    prices, priced
        Those that bound most closely so far, and the plans at them; ``at_prices``: those at any.
    """

    one: ScenarioSet
    scenarios: Sequence[Scenario]
    plan: Plan
    catalogue: Catalogue
    maker: Making
    options: PlanOptions
    enough: float
    perfect: dict[str, Plan] = field(default_factory=dict)
    tried: list[Followed] = field(default_factory=list)
    found: list[Followed] = field(default_factory=list)
    prices: Sequence[Prices] = field(default_factory=list)
    priced: list[Plan] = field(default_factory=list)
    at_prices: list[list[Plan]] = field(default_factory=list)
    weights: NDArray[np.float64] | None = None
    bound_usd: float = np.inf

    @cached_property
    def work(self) -> Work:
        """The set with the best plan of every scenario."""
        scopes = [resolve_scope(self.perfect[s.id].request, self.catalogue) for s in self.scenarios]
        tests = {
            pair: min(vehicles_in_tests(s.catalogue, *pair) for s in scopes if pair in s.deployments)
            for pair in scopes[0].deployments
        }
        settled = settled_pairs(scopes, self.one.known_from)
        return Work(self.one, self.scenarios, self.plan, self.perfect, settled, tests)

    @cached_property
    def costs(self) -> IdleCosts:
        """What one of each slot costs that is left undone before the month: the same at any prices."""
        return self.maker.costs(self.one.known_from)

    def recourse(self) -> Recourse:
        """Return what is found.

        Raises
        ------
        InfeasibleError
            If no policy leaves every scenario a plan.
        """
        if not self.found:
            msg = "nothing that could be decided for all leaves every scenario a plan"
            raise InfeasibleError(msg)
        return self.work.weighed(self.found, self.bound_usd)

    @property
    def _enough(self) -> bool:
        return bool(self.found) and self.recourse().gap <= self.enough

    def run(self) -> None:
        """Follow the request's own decisions and those that seem worth most, make prices, follow others, make better prices.

        Raises
        ------
        InfeasibleError
            If a scenario has no plan.
        """
        self._begin()
        for _ in range(2):
            self._follow()
        self._price()
        while not self._enough and self._follow():
            pass
        for _ in range(MOST_STEPS - 1):
            if not self._price():
                break

    def _begin(self) -> None:
        made = self.maker.make("scenarios", perfect_tasks(self.scenarios, self.options), {})
        lacking = [s.id for s, found in zip(self.scenarios, made, strict=True) if found is None]
        if lacking:
            msg = f"no plan keeps every rule of the request in scenario {', '.join(lacking)}"
            raise InfeasibleError(msg)
        self.perfect = {s.id: found for s, found in zip(self.scenarios, made, strict=True) if found is not None}

    def _follow(self) -> bool:
        """Follow another policy; return False where none is left."""
        if self.tried and self._enough:
            return False
        agreed = [] if self.weights is None else list(zip(self.weights.tolist(), self.priced, strict=False))
        if (policy := self.work.next_policy(self.tried, agreed)) is None:
            return False
        self.tried.append(policy)
        tasks = policy_tasks(self.work, policy, self.options)
        made = self.maker.make(policy.name, tasks, self.work.perfect)
        policy.plans.update({t.scenario.id: plan for t, plan in zip(tasks, made, strict=True) if plan is not None})
        if len(policy.plans) == len(self.work.scenarios):
            self.found.append(policy)
        return True

    def _price(self) -> bool:
        """Lower the bound by prices, the best by all plans that are known; return whether others may lower it further."""
        if self._enough or not self.found or len(self.work.scenarios) == 1:
            return False
        one, recourse = self.work.one, self.recourse()
        values = [outcome.value_usd for outcome in recourse.chosen.outcomes]
        weights = weights_of(one, self.work.probabilities, values) if self.weights is None else self.weights
        self.weights = weights  # prices cancel out at these alone
        begin = self.prices or [{} for _ in self.work.scenarios]
        prices, least_usd = better_prices(begin, self._known(), weights, self.costs, one.known_from)
        if recourse.bound_usd - least_usd <= LEAST_GAIN * abs(recourse.bound_usd):
            return False
        made = self.maker.make("prices", price_tasks(self.work, prices, self.options), self.work.perfect)
        plans = [plan for plan in made if plan is not None]
        if len(plans) < len(made):
            return False
        self.at_prices.append(plans)
        bound_usd = proven_by(plans, weights.tolist())
        if not self.prices or bound_usd < self.bound_usd:
            self.prices, self.priced = prices, plans
        self.bound_usd = min(self.bound_usd, bound_usd)
        return True

    def _known(self) -> list[list[Plan]]:
        """Return all plans that are known of every scenario."""
        by_policy = [[policy.plans[s.id] for policy in self.found] for s in self.work.scenarios]
        at_prices = [[plans[k] for plans in self.at_prices] for k in range(len(self.work.scenarios))]
        own = [self.work.perfect[s.id] for s in self.work.scenarios]
        return [[one, *more, *others] for one, more, others in zip(own, by_policy, at_prices, strict=True)]
