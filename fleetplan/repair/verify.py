"""A patch put to the test: the request that it makes is planned in whole vehicles, and the plan is checked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fleetplan import __version__
from fleetplan.errors import RequestError
from fleetplan.optimize.carried import cumulated_budget
from fleetplan.optimize.ending import Ending
from fleetplan.optimize.first import First, first_plan
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import world_of
from fleetplan.optimize.instance import Array, Instance, counted_modes
from fleetplan.optimize.markets import MarketsProven, market_columns, markets_at
from fleetplan.optimize.otherwise import asked_between
from fleetplan.optimize.prices import unpriced
from fleetplan.optimize.reach import reach_of
from fleetplan.optimize.rooted import Roots
from fleetplan.optimize.rules import rules_for
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.trials import Deadline, Trials, Verdict
from fleetplan.plans.assemble import assemble
from fleetplan.plans.check import check_plan
from fleetplan.plans.status import Proof
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.reruns.patch import merge_patch
from fleetplan.scope import judge_request

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Verified:
    """Whether a patched request has a plan, and a checked one where it has."""

    outcome: Verdict
    plan: Plan | None = None


@dataclass(frozen=True, eq=False)
class Near:
    """A request's problem *apart*, and solutions to begin from, for problems that differ in what is asked alone."""

    trials: Trials
    roots: Roots

    def formulated(self, before: Prepared, after: Prepared) -> Formulation | None:
        """Return the problem of a patched request; None where it has to be written down anew.

        Also where what is asked then bounds columns and switches: written anew it is tighter.
        """
        asked = asked_between(before.scope, after.scope)
        modes = [counted_modes(prepared.scope.constraints) for prepared in (before, after)]
        if asked is None or set(before.scope.deployments) != set(after.scope.deployments) or modes[0] != modes[1]:
            return None
        known, scope = self.trials.formulation.instance, after.scope
        world = replace(known.world, scope=scope, budget_usd=cumulated_budget(scope.request.grid, scope.request))
        instance = replace(known, world=world)
        if not reach_of(instance, rules_for(instance)).same(self.trials.formulation.reach):
            return None
        return self.trials.formulated(asked, instance)


def planned(
    prepared: Prepared,
    patch: Mapping[str, Any],
    deadline: Deadline,
    known: Array | None = None,
    near: Near | None = None,
) -> Verified:
    """Return a plan of a request with a patch, passed by the independent checker.

    Parameters
    ----------
    near
        The request's problem: where the patch changes no more than what is asked, it is not written down anew.
    known
        The columns of some plan of it; None where none is known.
    """
    merged, faults = merge_patch(prepared.request.model_dump(mode="json"), patch)
    try:
        scope = judge_request(merged, prepared.catalogue, faults)
    except RequestError:  # what is left contradicts itself, or speaks of what is not planned
        return Verified("none")
    if any(city not in prepared.services for city in scope.cities):
        return Verified("unknown")
    services = {city: prepared.services[city] for city in scope.cities}
    again = Prepared(scope.request, prepared.catalogue, scope, services)
    f, roots = None, None
    if near is not None:
        f = near.formulated(prepared, again)
        roots = None if f is None else near.roots
    f = f or formulate(_instance(prepared, again))
    first = first_plan(f, deadline, known, near=roots)
    if first.x is None:
        return Verified(first.outcome)
    plan = _assembled(f, first)
    report = check_plan(plan, prepared.catalogue, services)
    if not report.valid:
        LOG.error("a repair's plan breaks its rules: %s", "; ".join(map(str, report.violations)))
        return Verified("unknown")
    return Verified("plan", plan)


def _instance(before: Prepared, after: Prepared) -> Instance:
    """Return the problem of a patched request; permits are not dated anew where the patch leaves all that they depend on."""
    known, one, two = before.instance, before.scope, after.scope
    given = [[c for c in scope.constraints if c.given] for scope in (one, two)]
    same = given[0] == given[1] and counted_modes(one.constraints) == counted_modes(two.constraints)
    if not same or one.request.grid != two.request.grid or set(one.deployments) != set(two.deployments):
        return after.instance
    shared = {(d.stack, d.city): d.shared for d in known.deployments}
    return replace(known, world=world_of(two, after.services, shared))


def _assembled(f: Formulation, first: First) -> Plan:
    assert first.x is not None  # noqa: S101  # called with a plan
    markets = None
    if f.instance.scope.request.objective == "markets_then_npv":
        markets = MarketsProven(markets_at(f, first.x), len(market_columns(f)))
    result = SearchResult(first.x, first.value, first.bound, Ending.time, 0.0, markets=markets)
    return assemble(f, result, unpriced(f), Proof(first.bound, Ending.time, 0.0, 0, __version__, "HiGHS"))
