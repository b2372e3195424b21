"""The whole way from a request to a checked plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan import __version__
from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.optimize.conflicts import explain_infeasible
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.nearby import improve
from fleetplan.optimize.search import search
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions, parse_options
from fleetplan.plans.assemble import Proof, assemble
from fleetplan.plans.check import require_valid
from fleetplan.plans.types import Plan
from fleetplan.request import PlanRequest
from fleetplan.reruns.inherit import inherited_bound
from fleetplan.reruns.keeping import Keeping
from fleetplan.reruns.start import start_from
from fleetplan.run import QUIET, Listener, Progress, Run
from fleetplan.scope import Scope, resolve_scope
from fleetplan.service import city_service
from fleetplan.service.types import CityService
from fleetplan.words.plan import in_words


@dataclass(frozen=True, eq=False)
class PlanningResult:
    """A checked plan with the catalogue (as loaded) and the response surfaces it was made from."""

    plan: Plan
    catalogue: Catalogue
    services: Mapping[str, CityService]


def package_version() -> str:
    """Return the version of this code."""
    return __version__


class _Clock:
    """Sends progress with the time since planning began."""

    def __init__(self, listener: Listener | None) -> None:
        self.began = time.monotonic()
        self.listener = listener

    def send(self, phase: str, best: float | None = None, bound: float | None = None, message: str = "") -> None:
        if self.listener is None:
            return
        gap = (bound - best) / max(abs(best), 1.0) if best is not None and bound is not None else None
        self.listener(Progress(phase, time.monotonic() - self.began, best, bound, gap, message))


def services_for(scope: Scope, run: Run = QUIET) -> dict[str, CityService]:
    """Return the response surfaces of every city of a scope, from the cache where possible."""
    clock = _Clock(run.progress)
    found = {}
    for city in scope.cities:
        clock.send("cities", message=city)
        found[city] = city_service(scope.catalogue, city, cache_dir=run.cache_dir)
    return found


def _borrowed(inherited: float, bound: float) -> str:
    """Return what the certificate says of a bound taken over from the parent plan."""
    return (
        "; bound proven for the parent plan, whose request allows every plan of this one" if bound >= inherited else ""
    )


def _first_solution(
    formulation: Formulation, parent: Plan, seed: int, clock: _Clock, stop: threading.Event | None
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
    request: PlanRequest, options: PlanOptions = DEFAULT_OPTIONS, run: Run = QUIET, *, parent: Plan | None = None
) -> PlanningResult:
    """Plan a request and check the plan.

    Parameters
    ----------
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
    clock = _Clock(run.progress)
    clock.send("catalogue")
    known = run.catalogue if run.catalogue is not None else load_catalogue()
    scope = resolve_scope(request, known)
    services = services_for(scope, run)
    clock.send("formulating")
    free = formulate(gather(scope, services))
    keeping = Keeping(parent, options)
    formulation = keeping.onto(free)
    start, inherited = None, float("inf")
    if parent is not None:
        start = _first_solution(formulation, parent, options.seed, clock, run.stop)
        inherited = inherited_bound(parent, request, known.digest, package_version())
    result = search(
        formulation,
        time_limit_s=options.time_limit_s,
        gap=options.gap,
        seed=options.seed,
        report=clock.send,
        stop=run.stop,
        start=start,
        known_bound=inherited,
    )
    if result is None:
        clock.send("conflicts")
        msg = "no plan keeps every rule of this request"
        raise InfeasibleError(msg, keeping.clashes(formulation) or explain_infeasible(free))
    clock.send("checking", result.value, result.bound)
    cost = keeping.cost(free, formulation, result.x)
    bound = min(result.bound + cost, inherited)
    proof = Proof(bound, result.ending, options.gap, options.seed, package_version(), "HiGHS")
    draft = assemble(formulation, result, proof)
    report = require_valid(draft, known, services)
    seal = {
        "checker": "passed",
        "rules_checked": list(report.rules_checked),
        "method": draft.certificate.method + keeping.method(cost) + _borrowed(inherited, bound),
    }
    checked = in_words(draft.model_copy(update={"certificate": draft.certificate.model_copy(update=seal)}), scope)
    clock.send("done", checked.objective, checked.bound)
    return PlanningResult(checked, known, services)


def plan(request: PlanRequest, run: Run = QUIET, **options: Any) -> Plan:
    """Plan a request and return the checked plan; see :func:`plan_with_context`.

    Parameters
    ----------
    options
        Fields of :class:`~fleetplan.options.PlanOptions`: ``time_limit_s``, ``gap``, ``seed``.
    """
    return plan_with_context(request, parse_options(options), run).plan
