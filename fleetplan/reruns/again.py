"""A plan's request planned again with a patch, many times over, without what is only said of a plan: what binds, what clashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.solve import solve
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, services_for
from fleetplan.proven import Proofs
from fleetplan.reruns.patch import merge_patch
from fleetplan.reruns.weighed import Held, in_cents, weighed_apart
from fleetplan.run import Run
from fleetplan.scope import judge_request
from fleetplan.service.cache import USED_CITY_FIGURES, USED_ECONOMICS
from fleetplan.service.types import CityService

OPTIONS = PlanOptions(gap=0.005, node_limit=400, time_limit_s=60.0)
"""Nodes are counted, not seconds: the same question has the same answer on any machine."""


@dataclass(frozen=True, eq=False)
class Again:
    """Plans a plan's request with a patch, beginning with that plan.

    Attributes
    ----------
    services
        The response curves of the plan's cities, as of its request; made anew where a patch changes what they are made from.
    run
        Its catalogue is the one that the plan is made anew with.
    """

    plan: Plan
    catalogue: Catalogue
    services: Mapping[str, CityService]
    options: PlanOptions
    run: Run

    def made(self, patch: Mapping[str, Any]) -> Plan | None:
        """Return the checked plan of the patched request; None where no plan keeps every rule.

        Raises
        ------
        RequestError
            With every fault of the patch and of the request that comes out.
        """
        return self._planned(self._prepared(patch))

    def most(self, patch: Mapping[str, Any], enough_usd: float) -> tuple[Plan | None, float | None]:
        """Return the checked plan of the patched request and what no plan of it exceeds (USD); None and None where there is none.

        The plan is left out (None) where fractions of launches show already that none is worth ``enough_usd``.

        Raises
        ------
        RequestError
            With every fault of the patch and of the request that comes out.
        """
        prepared = self._prepared(patch)
        model = prepared.formulation.model
        relaxed = solve(model, relax=True, stop=self.run.stop)
        if relaxed.status == "infeasible":
            return None, None
        bound = inf if relaxed.row_duals is None else proven_bound(model, relaxed.row_duals)
        if bound < enough_usd:
            return None, in_cents(bound)
        plan = self._planned(prepared)
        return plan, None if plan is None else plan.bound

    def weighed(
        self, patch: Mapping[str, Any], held: Held, tie_usd: Callable[[float], float]
    ) -> tuple[Plan | None, Proofs | None]:
        """Return the checked plan of the patched request, and what is proven of plans with what is held and without it.

        None where there is no plan; and None where nothing is proven of the two apart, so that it has to be asked for
        (:func:`~fleetplan.reruns.weighed.weighed_apart`).

        Raises
        ------
        RequestError
            With every fault of the patch and of the request that comes out.
        """
        prepared = self._prepared(patch)
        found = weighed_apart(prepared, held, self.options, self.run.stop, tie_usd)
        return self._planned(prepared, found.result), found.proofs

    def _planned(self, prepared: Prepared, found: SearchResult | None = None) -> Plan | None:
        try:
            return plan_prepared(prepared, self.options, self.run, parent=self.plan, bare=True, found=found).plan
        except InfeasibleError:
            return None

    def _prepared(self, patch: Mapping[str, Any]) -> Prepared:
        merged, faults = merge_patch(self.plan.request.model_dump(mode="json"), patch)
        scope = judge_request(merged, self.catalogue, faults)
        same = not any(_in_curves(key) for key in patch.get("overrides", {}))
        services = self.services if same else services_for(scope, self.run)
        return Prepared(scope.request, self.catalogue, scope, {city: services[city] for city in scope.cities})


def _in_curves(key: str) -> bool:
    """Return whether a city's response curves are made from a figure."""
    return key.partition("#")[2].startswith((*USED_CITY_FIGURES, *USED_ECONOMICS, "service.", "wait."))
