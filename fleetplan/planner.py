"""The whole way from a request to a checked plan."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import CheckFailed, InfeasibleError
from fleetplan.facts import Exactness, Inheritance, Method
from fleetplan.optimize.conflicts import explain_infeasible
from fleetplan.optimize.ending import Ending
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.nodes import NODES_PER_S, NodeClock
from fleetplan.optimize.pair.crew import Crew
from fleetplan.optimize.prices import RowPrices, local_prices
from fleetplan.optimize.search import SearchResult, is_small, search
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions, parse_options
from fleetplan.plans.assemble import Proof, assemble
from fleetplan.plans.check import require_valid
from fleetplan.plans.files import plan_sha256
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare
from fleetplan.request import PlanRequest
from fleetplan.reruns.inherit import NOTHING_INHERITED, Inherited, inherited_bound
from fleetplan.reruns.keeping import Keeping
from fleetplan.reruns.start import start_from
from fleetplan.run import QUIET, Clock, Run
from fleetplan.service.types import CityService
from fleetplan.words.conflict import said
from fleetplan.words.context import context_of
from fleetplan.words.plan import in_words

SEARCH_STAGES = frozenset(
    {"provisional", "counting markets", "searching", "settling depots", "improving", "proving", "whole vehicles"}
)
"""Phases of progress that the certificate names."""

LIFTED_USD = 0.05
CENT_SHARE = 0.01  # added before cents are rounded up, so that no double near a whole cent falls below what is proven

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PlanningResult:
    """A checked plan with what it was made from."""

    plan: Plan
    prepared: Prepared

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue as loaded."""
        return self.prepared.catalogue

    @property
    def services(self) -> Mapping[str, CityService]:
        """The response surfaces by city."""
        return self.prepared.services


def package_version() -> str:
    """Return the version of this code."""
    return __version__


def _first_plan(formulation: Formulation, parent: Plan, clock: Clock, nodes: NodeClock | None) -> Array | None:
    """Return the parent's plan, or its launches with fleets anew, under the new request; told as ``provisional``."""
    first = start_from(formulation, parent, nodes)
    if first is None:
        clock.send("provisional", message="the parent's launches break a rule of this request")
        return None
    clock.send("provisional", formulation.model.value(first), message="the parent's launches, fleets anew")
    return first


def plan_with_context(
    request: PlanRequest | Mapping[str, Any],
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    *,
    parent: Plan | None = None,
) -> PlanningResult:
    """Plan a request and check the plan.

    Parameters
    ----------
    request
        Parsed, or as plain data; then faults of fields, names and months are reported together.
    parent
        An earlier plan to start from; its launches under the new request are reported as phase ``provisional``. What the
        options keep is kept of this plan (:func:`fleetplan.reruns.keep.freeze`, :func:`fleetplan.reruns.keep.price_changes`).

    Raises
    ------
    RequestError
        With every fault of the request.
    InfeasibleError
        If no plan keeps every rule; the message names the rules and the kept decisions that clash.
    CheckFailed
        If the plan breaks a rule: a bug.
    """
    return plan_prepared(prepare(request, run), options, run, parent=parent)


def plan_prepared(
    prepared: Prepared, options: PlanOptions = DEFAULT_OPTIONS, run: Run = QUIET, *, parent: Plan | None = None
) -> PlanningResult:
    """Plan a request that is ready to be planned; see :func:`plan_with_context`."""
    clock = Clock(run.progress)
    clock.send("formulating")
    keeping = Keeping(parent, options)
    nodes = None if options.node_limit is None else NodeClock()
    alone = options.node_limit is not None or is_small(prepared.instance)
    with ExitStack() as stack:  # the solver processes are gone before anything else is made of what they found
        crew = None if alone else stack.enter_context(Crew())
        formulation = keeping.onto(prepared.formulation)
        inherited = NOTHING_INHERITED if parent is None else inherited_bound(parent, prepared)
        result = search(
            formulation,
            time_limit_s=options.time_limit_s if options.node_limit is None else options.node_limit / NODES_PER_S,
            gap=options.gap,
            seed=options.seed,
            report=clock.send,
            stop=run.stop,
            start=None if parent is None else partial(_first_plan, formulation, parent, clock, nodes),
            known_bound=inherited.bound_usd,
            crew=crew,
            coarse=prepared.coarse if crew is not None and parent is None else None,
            nodes=nodes,
        )
    if result is None:
        clock.send("conflicts")
        msg = "no plan keeps every rule of this request"
        loose = formulate(prepared.instance, loose=True)
        clashes = keeping.clashes(keeping.onto(loose)) or explain_infeasible(loose)
        raise InfeasibleError(msg, said(clashes, context_of(prepared.scope)))
    clock.send("prices", result.value, result.bound)
    prices = local_prices(keeping.onto(formulate(prepared.instance, loose=True)), result.x, nodes)
    clock.send("checking", result.value, result.bound)
    checked = _first_valid(prepared, formulation, result, prices, keeping, inherited, options, clock)
    clock.send("done", checked.objective, checked.bound)
    return PlanningResult(checked, prepared)


def _first_valid(  # what a plan is sealed with
    prepared: Prepared,
    formulation: Formulation,
    result: SearchResult,
    prices: RowPrices,
    keeping: Keeping,
    inherited: Inherited,
    options: PlanOptions,
    clock: Clock,
) -> Plan:
    """Return the best plan of a search that the independent checker passes.

    The best one always should. If it does not, that is a bug: it is logged with every violation, and the best plan before it that
    passes is delivered.

    Raises
    ------
    CheckFailed
        If no plan of the search passes.
    """
    failed: CheckFailed | None = None
    for x in (result.x, *result.others):
        value = formulation.model.value(x)
        tried = result if failed is None else replace(result, x=x, value=value, ending=Ending.exhausted)
        try:
            return _checked(prepared, formulation, tried, prices, keeping, inherited, options, clock)
        except CheckFailed as error:
            LOG.error("a plan worth %.0f USD breaks its rules: %s", value, "; ".join(error.violations))  # noqa: TRY400  # what broke is the message
            failed = failed or error
    assert failed is not None  # noqa: S101  # a search without a plan has no result
    raise failed


def _checked(  # what a plan is sealed with
    prepared: Prepared,
    formulation: Formulation,
    result: SearchResult,
    prices: RowPrices,
    keeping: Keeping,
    inherited: Inherited,
    options: PlanOptions,
    clock: Clock,
) -> Plan:
    """Return the plan that a search found, once the independent checker has passed it."""
    cost = keeping.cost(prepared.formulation, formulation, result.x)
    bound, exactness = _proven(min(result.bound + cost, inherited.bound_usd), result, cost)
    if keeping.parent is not None and bound == inherited.bound_usd:
        exactness = keeping.parent.certificate.exactness
    proof = Proof(bound, result.ending, options.gap, options.seed, package_version(), "HiGHS")
    draft = assemble(formulation, result, prices, proof)
    report = require_valid(draft, prepared.catalogue, prepared.services)
    counted = {"node_limit": options.node_limit, "nodes": result.nodes}
    seal = {
        "checker": "passed",
        "rules_checked": list(report.rules_checked),
        "method": _method(keeping, cost, inherited, bound, clock).model_copy(update=counted),
        "formulation_sha256": prepared.formulation_sha256,
        "exactness": exactness,
    }
    sealed = draft.model_copy(update={"certificate": draft.certificate.model_copy(update=seal)})
    return in_words(sealed, prepared.scope)


def _proven(bound: float, result: SearchResult, cost: float) -> tuple[float, Exactness]:
    """Return the bound in USD and in which arithmetic it is proven.

    Where the bound is the linear relaxation's but for some cents, it is lifted to what is proven of that exactly.
    """
    if result.root is None:
        return bound, Exactness()
    root = math.ceil((result.root + cost) * 100.0 + CENT_SHARE) / 100.0
    if bound + LIFTED_USD < root:
        return bound, Exactness(root_usd=root)
    return max(bound, root), Exactness(arithmetic="directed_rounding", root_usd=root)


def _method(keeping: Keeping, cost: float, inherited: Inherited, bound: float, clock: Clock) -> Method:
    """Return how a plan was found and where its bound is from."""
    lower = inherited.why == "inherited" and bound < inherited.bound_usd
    why: Inheritance = "own_is_lower" if lower else inherited.why
    taken = plan_sha256(keeping.parent) if why == "inherited" and keeping.parent else ""
    stages = [phase for phase in clock.phases if phase in SEARCH_STAGES]
    return keeping.method(cost).model_copy(update={"stages": stages, "inheritance": why, "bound_of": taken})


def plan(request: PlanRequest | Mapping[str, Any], run: Run = QUIET, **options: Any) -> Plan:
    """Plan a request and return the checked plan; see :func:`plan_with_context`.

    Parameters
    ----------
    options
        Fields of :class:`~fleetplan.options.PlanOptions`: ``time_limit_s``, ``gap``, ``seed``, ``node_limit``.
    """
    return plan_with_context(request, parse_options(options), run).plan
