"""The whole way from a request to a checked plan."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import CheckFailed, InfeasibleError, SolverError
from fleetplan.facts import Inheritance, Method, Reuse
from fleetplan.no_plan import NONE_HERE, ruled_out, without_plan
from fleetplan.optimize.boxes import Known as KnownBoxes
from fleetplan.optimize.boxes import by_boxes
from fleetplan.optimize.ending import Ending
from fleetplan.optimize.first import surely_none
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.nodes import NODES_PER_S, NodeClock
from fleetplan.optimize.nothing import worth_of_nothing
from fleetplan.optimize.pair.crew import Crew
from fleetplan.optimize.prices import RowPrices, local_prices, unpriced
from fleetplan.optimize.search import SearchResult, is_small, search
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions, parse_options
from fleetplan.plans.assemble import assemble
from fleetplan.plans.check import require_valid
from fleetplan.plans.files import plan_sha256, sealed
from fleetplan.plans.outcomes import with_causes
from fleetplan.plans.status import Proof
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare
from fleetplan.proven import Exactness, Weighing
from fleetplan.request import PlanRequest
from fleetplan.reruns.inherit import Heir, Inherited
from fleetplan.reruns.keeping import Keeping
from fleetplan.reruns.start import Start, start_from
from fleetplan.reruns.weighed import weighed_as_asked
from fleetplan.run import QUIET, Clock, Run
from fleetplan.service.types import CityService
from fleetplan.words.method import PROVISIONAL
from fleetplan.words.plan import in_words

SEARCH_STAGES = frozenset(
    {"provisional", "counting markets", "searching", "settling depots", "improving", "proving", "whole vehicles"}
)
"""Phases of progress that the certificate names."""

WARM_S = 2.0
"""For reading cities that were read before; what it takes longer is no part of a time limit: each city is read anew but once."""

SURELY_S = 2.0
"""For the proof that vehicles can not be whole, however long the search for a plan took."""

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


@dataclass(eq=False)
class _Begun:
    """Makes the plan that a search begins with, told as ``provisional``, and knows afterwards what it holds of what was before.

    That is the plan that an interrupted search of the same request had found, where there is one, else the parent's.
    """

    formulation: Formulation
    parent: Plan | None
    so_far: Plan | None
    clock: Clock
    nodes: NodeClock | None
    reuse: Reuse = "not_tried"

    def __call__(self) -> Array | None:
        start = self._begun()
        self.reuse = start.reuse
        model = self.formulation.model
        value = -math.inf if start.plan is None else model.value(start.plan)
        told = value if value > worth_of_nothing(model) else None  # one that is worth no more is no plan to speak of
        if start.reuse != "no_parent":
            self.clock.send("provisional", told, message=PROVISIONAL[start.reuse])
        return start.plan

    def _begun(self) -> Start:
        if self.so_far is not None:
            start = start_from(self.formulation, self.so_far, self.nodes)
            if start.plan is not None or self.parent is None:
                return Start(start.plan, "so_far" if start.plan is not None else "no_parent")
        assert self.parent is not None  # noqa: S101  # one of the two is there
        return start_from(self.formulation, self.parent, self.nodes)


def plan_with_context(
    request: PlanRequest | Mapping[str, Any],
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    *,
    parent: Plan | None = None,
    so_far: Plan | None = None,
    mend: bool = True,
) -> PlanningResult:
    """Plan a request and check the plan.

    Parameters
    ----------
    request
        Parsed, or as plain data; then faults of fields, names and months are reported together.
    parent
        An earlier plan to start from; its launches under the new request are reported as phase ``provisional``. What the
        options keep is kept of this plan (:func:`fleetplan.reruns.keep.freeze`, :func:`fleetplan.reruns.keep.price_changes`).
    so_far
        A plan that an interrupted search of this very request had found: this one begins with it.
    mend
        Whether repairs are looked for where no plan keeps every rule, and what binds a plan and keeps cities out of it is told;
        without, the answer is all that counts. Conflicts are told all the same.

    Raises
    ------
    RequestError
        With every fault of the request.
    InfeasibleError
        If no plan keeps every rule; the message names the rules and the kept decisions that clash.
    CheckFailed
        If the plan breaks a rule: a bug.
    """
    began = time.monotonic()
    prepared = prepare(request, run).cut(None if parent is None else parent.request)
    if (whole := run.whole) is not None:
        cold_s = max(0.0, time.monotonic() - began - WARM_S)
        run = replace(run, whole=replace(whole, began=whole.began + cold_s))
    return plan_prepared(prepared, options, run, parent=parent, so_far=so_far, mend=mend)


def plan_prepared(  # noqa: PLR0913  # each is a knob of its own, all by keyword
    prepared: Prepared,
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    *,
    parent: Plan | None = None,
    so_far: Plan | None = None,
    bare: bool = False,
    mend: bool = True,
    boxes: KnownBoxes | None = None,
    found: SearchResult | None = None,
) -> PlanningResult:
    """Plan a request that is ready to be planned; see :func:`plan_with_context`.

    ``bare``: without what is only told of a plan (what binds it, what keeps cities out), and of no plan (why there is none).
    ``boxes``: what is known from requests that differ only in ``other_launches``; what is found out is added to it. ``found``:
    what a search of its own found of this very problem; nothing is searched then.
    """
    clock, keeping = Clock(run.progress), Keeping(parent, options)
    clock.send("formulating")
    repairs = mend and options.weigh is None  # whoever weighs plans asks what they are worth alone
    if not bare and ruled_out(prepared, keeping, run, mend=repairs):
        clock.send("conflicts")
        refused = without_plan(prepared, keeping, _why_s(options, clock, run), run, mend=repairs)
        if refused.clashes:
            raise refused
    found, weighing = (found, None) if found else weighed_as_asked(prepared, parent, options, run.stop)
    nodes = None if options.node_limit is None else NodeClock()
    alone = found is not None or options.node_limit is not None or _alone(prepared)
    with ExitStack() as stack:  # the solver processes are gone before anything else is made of what they found
        crew = None if alone else stack.enter_context(Crew(run.recruit))
        formulation = keeping.onto(prepared.formulation)
        heir = Heir(parent, prepared, options)
        begin = None if parent is None and so_far is None else _Begun(formulation, parent, so_far, clock, nodes)
        result = found or _searched(
            formulation,
            time_limit_s=_left_s(options, clock, run),
            gap=options.gap,
            seed=options.seed,
            report=clock.send,
            stop=run.stop,
            start=begin,
            known_bound=heir.ending,
            crew=crew,
            coarse=prepared.coarse if crew is not None and begin is None and not options.tilted else None,
            nodes=nodes,
            boxes=boxes,
            firm=run.whole is not None and run.whole.firm,
            keeps=options.keeps,
        )
    if result is None:
        if bare:
            raise InfeasibleError(NONE_HERE)
        clock.send("conflicts")
        raise without_plan(prepared, keeping, _why_s(options, clock, run), run, mend=repairs)
    worth = result.value if result.found else None
    clock.send("prices", worth, result.bound)
    loose = None if bare or not mend or options.tilted else keeping.onto(formulate(prepared.instance, loose=True))
    prices = unpriced(formulation) if loose is None else local_prices(loose, result.x, nodes)
    clock.send("checking", worth, result.bound)
    reuse: Reuse = "no_parent" if begin is None else begin.reuse
    cost = keeping.cost(prepared.formulation, formulation, result.x)
    inherited = heir.inherited(result.bound + cost)
    seal = _Seal(prepared, formulation, loose, prices, keeping, inherited, reuse, options, clock, weighing)
    checked = seal.first_valid(result)
    clock.send("done", checked.objective if result.found else None, checked.bound)
    return PlanningResult(checked, prepared)


def _alone(prepared: Prepared) -> bool:
    """Return whether a problem is searched in this process."""
    return is_small(prepared.instance) or by_boxes(prepared.formulation)


def _left_s(options: PlanOptions, clock: Clock, run: Run) -> float:
    """Return what a search may take: what writing the problem down has left of the time limit, or nodes as seconds."""
    if options.node_limit is not None:
        return options.node_limit / NODES_PER_S
    left_s = options.time_limit_s - clock.elapsed_s
    return left_s if run.whole is None else min(left_s, run.whole.search_s)


def _why_s(options: PlanOptions, clock: Clock, run: Run) -> float:
    """Return what may go to why there is no plan: all that is left, since nothing has to be finished after it."""
    return options.time_limit_s - clock.elapsed_s if run.whole is None else run.whole.left_s


def _searched(f: Formulation, *, keeps: bool, **how: Any) -> SearchResult | None:
    """Search, and where no plan was found though launches could be whole, see whether vehicles can be.

    The search has vehicles continuous until it makes a plan of what it found; that none can be made proves nothing by itself.

    Raises
    ------
    SolverError
        If no plan was found, and that there is none was not proven.
    """
    began = time.monotonic()
    try:
        return search(f, **how)
    except SolverError:
        left_s = how["time_limit_s"] - (time.monotonic() - began)
        if keeps or not surely_none(f, max(SURELY_S, left_s), how["stop"]):
            raise
        return None


@dataclass(frozen=True, eq=False)
class _Seal:
    """What a plan is sealed with."""

    prepared: Prepared
    formulation: Formulation
    loose: Formulation | None
    prices: RowPrices
    keeping: Keeping
    inherited: Inherited
    reuse: Reuse
    options: PlanOptions
    clock: Clock
    weighing: Weighing | None = None

    def first_valid(self, result: SearchResult) -> Plan:
        """Return the best plan of a search that the independent checker passes.

        The best one always should. If it does not, that is a bug: it is logged with every violation, and the best plan before
        it that passes is delivered.

        Raises
        ------
        CheckFailed
            If no plan of the search passes.
        """
        failed: CheckFailed | None = None
        for x in (result.x, *result.others):
            value = self.formulation.model.value(x)
            tried = result if failed is None else replace(result, x=x, value=value, ending=Ending.exhausted)
            try:
                return self.checked(tried)
            except CheckFailed as error:
                LOG.error("a plan worth %.0f USD breaks its rules: %s", value, "; ".join(error.violations))  # noqa: TRY400  # what broke is the message
                failed = failed or error
        assert failed is not None  # noqa: S101  # a search without a plan has no result
        raise failed

    def checked(self, result: SearchResult) -> Plan:
        """Return the plan that a search found, once the independent checker has passed it."""
        keeping, prepared = self.keeping, self.prepared
        cost = keeping.cost(prepared.formulation, self.formulation, result.x)
        bound, exactness = _proven(min(result.bound + cost, self.inherited.bound_usd), result, cost)
        if keeping.parent is not None and bound == self.inherited.bound_usd:
            exactness = keeping.parent.certificate.exactness
        proof = Proof(bound, result.ending, self.options.gap, self.options.seed, package_version(), "HiGHS")
        draft = assemble(self.formulation, result, self.prices, proof)
        if self.loose is not None and self.options.causes:
            draft = with_causes(draft, self.loose, result.x)
        method = self._method(result, cost, bound)
        draft = draft.model_copy(update={"certificate": draft.certificate.model_copy(update={"method": method})})
        report = require_valid(draft, prepared.catalogue, prepared.services)
        seal = {
            "checker": "passed",
            "rules_checked": list(report.rules_checked),
            "formulation_sha256": prepared.formulation_sha256,
            "exactness": exactness,
        }
        passed = draft.model_copy(update={"certificate": draft.certificate.model_copy(update=seal)})
        return sealed(in_words(passed, prepared.scope))

    def _method(self, result: SearchResult, cost: float, bound: float) -> Method:
        """Return how a plan was found and where its bound is from."""
        parent, inherited = self.keeping.parent, self.inherited
        lower = inherited.why == "inherited" and bound < inherited.bound_usd
        why: Inheritance = "own_is_lower" if lower else inherited.why
        known = {
            "stages": [phase for phase in self.clock.phases if phase in SEARCH_STAGES],
            "inheritance": why,
            "began_with": self.reuse,
            "bound_of": plan_sha256(parent) if why == "inherited" and parent else "",
            "node_limit": self.options.node_limit,
            "nodes": result.nodes,
            "weighing": self.weighing,
            "weighed_bound_usd": round(result.bound, 2) if self.options.tilted else None,
        }
        return self.keeping.method(cost).model_copy(update=known)


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


def plan(request: PlanRequest | Mapping[str, Any], run: Run = QUIET, **options: Any) -> Plan:
    """Plan a request and return the checked plan; see :func:`plan_with_context`.

    Parameters
    ----------
    options
        Fields of :class:`~fleetplan.options.PlanOptions`: ``time_limit_s``, ``gap``, ``seed``, ``node_limit``.
    """
    return plan_with_context(request, parse_options(options), run).plan
