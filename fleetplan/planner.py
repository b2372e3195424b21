"""The whole way from a request to a checked plan."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.facts import Inheritance, Method
from fleetplan.optimize.conflicts import explain_infeasible
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.nearby import improve
from fleetplan.optimize.prices import RowPrices, local_prices
from fleetplan.optimize.search import SearchResult, search
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

SEARCH_STAGES = frozenset({"provisional", "searching", "settling depots", "improving", "proving", "whole vehicles"})
"""Phases of progress that the certificate names."""


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


def _first_solution(
    formulation: Formulation, parent: Plan, seed: int, clock: Clock, stop: threading.Event | None
) -> Array | None:
    """Return the parent's launches under the new request, then the best near them; each is told as ``provisional``."""
    first = start_from(formulation, parent)
    if first is None:
        clock.send("provisional", message="the parent's launches break a rule of this request")
        return None
    clock.send("provisional", formulation.model.value(first), message="the parent's launches, fleets anew")
    better = improve(formulation, first, seed=seed, stop=stop)
    clock.send("provisional", formulation.model.value(better), message="launches near the parent's")
    return better


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
    formulation = keeping.onto(prepared.formulation)
    start, inherited = None, NOTHING_INHERITED
    if parent is not None:
        start = _first_solution(formulation, parent, options.seed, clock, run.stop)
        inherited = inherited_bound(parent, prepared)
    result = search(
        formulation,
        time_limit_s=options.time_limit_s,
        gap=options.gap,
        seed=options.seed,
        report=clock.send,
        stop=run.stop,
        start=start,
        known_bound=inherited.bound_usd,
    )
    if result is None:
        clock.send("conflicts")
        msg = "no plan keeps every rule of this request"
        loose = formulate(prepared.instance, loose=True)
        clashes = keeping.clashes(keeping.onto(loose)) or explain_infeasible(loose)
        raise InfeasibleError(msg, said(clashes, context_of(prepared.scope)))
    clock.send("prices", result.value, result.bound)
    prices = local_prices(keeping.onto(formulate(prepared.instance, loose=True)), result.x)
    clock.send("checking", result.value, result.bound)
    checked = _checked(prepared, formulation, result, prices, keeping, inherited, options, clock)
    clock.send("done", checked.objective, checked.bound)
    return PlanningResult(checked, prepared)


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
    bound = min(result.bound + cost, inherited.bound_usd)
    proof = Proof(bound, result.ending, options.gap, options.seed, package_version(), "HiGHS")
    draft = assemble(formulation, result, prices, proof)
    report = require_valid(draft, prepared.catalogue, prepared.services)
    seal = {
        "checker": "passed",
        "rules_checked": list(report.rules_checked),
        "method": _method(keeping, cost, inherited, bound, clock),
        "formulation_sha256": prepared.formulation_sha256,
    }
    sealed = draft.model_copy(update={"certificate": draft.certificate.model_copy(update=seal)})
    return in_words(sealed, prepared.scope)


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
        Fields of :class:`~fleetplan.options.PlanOptions`: ``time_limit_s``, ``gap``, ``seed``.
    """
    return plan_with_context(request, parse_options(options), run).plan
