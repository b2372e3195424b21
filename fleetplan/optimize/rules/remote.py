"""Remote staff: a young service needs more agents for each vehicle than one that has run for years.

agents[q,t] >= (a(tau, t) - a(oldest, t)) * (V[q,t] - V_max * out[q,tau])

with a(tau, t) the agents a vehicle needs in t in a service that is driver-out only after tau, and V_max the fleet within reach.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.instance import Instance
from fleetplan.optimize.remote import younger
from fleetplan.optimize.rules.base import Problem, Rule, Term


class RemoteStaffRule(Rule):
    """The younger a service, the fewer vehicles its remote agents mind, and never more than the law lets them."""

    key = "remote_staff"
    title = "Vehicles of a young service need more remote agents than those of one that has run for years"
    source = "assumptions.toml: remote.vehicles_per_agent_by_half_year; permits: vehicles_per_remote_operator"
    kind = "money"
    unchecked = "it defines the agents of a young service; the line remote is checked on them"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with how many vehicles an agent minds at first, and in the end where no law says less."""
        by_age = np.maximum.accumulate(
            instance.scope.catalogue.assumptions["remote.vehicles_per_agent_by_half_year"].values
        )
        return f"{self.title}: {by_age[0]:g} an agent at first, {by_age[-1]:g} in the end, unless a law says fewer"

    def write(self, p: Problem) -> None:
        """Bound the further agents from below by every age that the service may not have reached."""
        for q, data in enumerate(p.instance.deployments):
            own, fleet = p.columns.deployments[q], p.reach.deployments[q].fleet
            steps = [step for t in p.every[fleet > 0.0].tolist() for step in younger(data, t)]
            if own.agents is None or not steps:
                continue
            t, since, more = (np.array(column) for column in zip(*steps, strict=True))
            needed: list[Term] = [(own.agents[t], 1.0), (own.vehicles[:, t].T, -more[:, None])]
            p.at_least(self, p.place(q), t, [*needed, (own.driver_out[since], more * fleet[t])])


REMOTE_RULES: tuple[Rule, ...] = (RemoteStaffRule(),)
