"""A patch put to the test: the request that it makes is planned in whole vehicles, and the plan is checked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fleetplan import __version__
from fleetplan.errors import RequestError
from fleetplan.optimize.ending import Ending
from fleetplan.optimize.first import First, first_plan
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import world_of
from fleetplan.optimize.instance import Array, Instance, counted_modes
from fleetplan.optimize.markets import MarketsProven, market_columns, markets_at
from fleetplan.optimize.prices import unpriced
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.trials import Deadline, Verdict
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


def planned(
    prepared: Prepared,
    patch: Mapping[str, Any],
    deadline: Deadline,
    known: Array | None = None,
) -> Verified:
    """Return a plan of a request with a patch, passed by the independent checker.

    Parameters
    ----------
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
    f = formulate(_instance(prepared, Prepared(scope.request, prepared.catalogue, scope, services)))
    first = first_plan(f, deadline, known)
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
