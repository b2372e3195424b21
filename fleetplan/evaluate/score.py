"""A plan made elsewhere scored: judged by the independent checker, valued, held against the best and the nearest plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fleetplan import __version__
from fleetplan.alternatives.structure import pinned
from fleetplan.compare import compare_plans
from fleetplan.errors import InfeasibleError, SolverError
from fleetplan.evaluate.given import GivenPlan, read_given
from fleetplan.evaluate.hold import APART_USD, completed, nearest_model, within
from fleetplan.evaluate.result import Breach, BreachKind, Evaluation, Nearest, PlanMoney
from fleetplan.optimize.ending import Ending
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.instance import Array
from fleetplan.optimize.prices import unpriced
from fleetplan.optimize.rules import STANDING_RULES
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import is_plan
from fleetplan.optimize.tidy import tidied, whole_columns
from fleetplan.optimize.trials import Deadline
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.assemble import assemble
from fleetplan.plans.check import Violation, check_plan
from fleetplan.plans.status import Proof
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare
from fleetplan.request import PlanRequest
from fleetplan.request.constraints import CONSTRAINT_TYPES
from fleetplan.run import QUIET, Run
from fleetplan.words.checked import plainly
from fleetplan.words.evaluation import evaluation_sentences, opens_otherwise
from fleetplan.words.names import Names

NEAREST_GAP = 0.01
PART_S, COMPLETED_S = 20.0, 60.0
"""Seconds for completing a table, and for the nearest plan, at most.

The nearest plan takes no more than a third of the time. Completing comes before anything can be said, so it has its seconds
however short the search for the best plan is to be.
"""

ELSEWHERE = frozenset({"certificate", "objective", "plan_totals", "returns"})
"""Rules about what a plan.json says of itself; they are told apart from rules that a decision breaks."""


@dataclass(frozen=True, eq=False)
class KnownBest:
    """What is known of a request's best plan: the plan, that there is none, or neither."""

    plan: Plan | None
    infeasible: bool = False


@dataclass(frozen=True, eq=False)
class _Judged:
    """A plan and what the checker says of it."""

    plan: Plan
    violations: tuple[Violation, ...]


def evaluate(
    request: PlanRequest | Mapping[str, Any],
    data: bytes,
    where: str,
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
) -> Evaluation:
    """Score a plan made elsewhere.

    Parameters
    ----------
    request
        What was asked; rules and money are those of this request.
    data
        A plan.json, a CSV table or a workbook (:mod:`fleetplan.evaluate.given`).
    where
        What faults call it: the name of a file.

    Raises
    ------
    InputError
        With every fault of the request, or of the plan.
    """
    return evaluate_prepared(prepare(request, run).cut(), data, where, options, run)


def evaluate_prepared(
    prepared: Prepared,
    data: bytes,
    where: str,
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    known: KnownBest | None = None,
) -> Evaluation:
    """Score a plan made elsewhere against a request that is ready to be planned; see :func:`evaluate`.

    Parameters
    ----------
    known
        What is known of the best plan; None: it is searched for.
    """
    given = _given(prepared, data, where)
    own = _judged(prepared, given, Deadline.after(COMPLETED_S, run.stop))
    part = min(PART_S, options.time_limit_s / 3)
    nearest = None if not own.violations else _nearest(prepared, given, own.plan, Deadline.after(part, run.stop))
    found_best = known or _best(prepared, options, run)
    best, bound = found_best.plan, None if found_best.plan is None else found_best.plan.bound
    own_usd, names = own.plan.kpis.npv_usd, Names(prepared.catalogue, plans=(own.plan,))
    breaches = _breaches(own.violations, prepared, names)
    found = Evaluation(
        name=prepared.request.name,
        source="decisions" if given.whole is None else "plan",
        valid=not own.violations,
        breaches=_of_decisions(breaches) if given.whole is None else breaches,
        money=_money(own.plan),
        best=None if best is None else _money(best),
        best_bound_usd=bound,
        gap_usd=None if best is None else best.kpis.npv_usd - own_usd,
        gap_most_usd=None if bound is None else max(0.0, bound - own_usd),
        nearest=nearest,
        infeasible=found_best.infeasible,
    )
    return found.model_copy(update={"sentences": evaluation_sentences(found, names)})


def _given(prepared: Prepared, data: bytes, where: str) -> GivenPlan:
    areas = {city: [level.area_km2 for level in prepared.services[city].levels] for city in prepared.scope.cities}
    return read_given(data, where, prepared.scope, areas)


def _judged(prepared: Prepared, given: GivenPlan, deadline: Deadline) -> _Judged:
    if given.whole is not None:
        plan, extra = given.whole, list[Violation]()
    else:
        loose = formulate(prepared.instance, loose=True)
        may, extra = within(loose, given)
        x = completed(loose, may, deadline)
        if x is None:
            msg = (
                f"no depots, purchases and riders were found for these areas and fleets within {COMPLETED_S:.0f} seconds: "
                "name the level or area_km2 in every row, or leave other cities out of the request"
            )
            raise SolverError(msg)
        plan = _assembled(loose, prepared, x, np.inf)
    report = check_plan(plan, prepared.catalogue, prepared.services)
    return _Judged(plan, (*extra, *report.violations))


def _assembled(f: Formulation, prepared: Prepared, x: Array, bound: float) -> Plan:
    value = f.model.value(x)
    result = SearchResult(x, value, max(value, bound) if np.isfinite(bound) else value, Ending.exhausted, 0.0)
    plan = assemble(f, result, unpriced(f), Proof(result.bound, Ending.exhausted, 0.0, 0, __version__, "HiGHS"))
    sealed = plan.certificate.model_copy(update={"formulation_sha256": prepared.formulation_sha256})
    return plan.model_copy(update={"certificate": sealed})


def _nearest(prepared: Prepared, given: GivenPlan, own: Plan, deadline: Deadline) -> Nearest | None:
    """Return the plan nearest to a given one, with what it does otherwise; None where none was found in time."""
    f = prepared.formulation
    model = nearest_model(f, given)
    whole = np.concatenate([whole_columns(f), np.zeros(model.columns - f.model.columns, dtype=bool)])
    answer = solve(
        replace(model, whole=whole), time_limit_s=max(0.1, deadline.left_s), gap=NEAREST_GAP, stop=deadline.stop
    )
    if answer.x is None:
        return None
    x = tidied(f, answer.x[: f.model.columns], whole_columns(f))
    if not is_plan(f, x):
        return None
    plan = _assembled(f, prepared, x, np.inf)
    if not check_plan(plan, prepared.catalogue, prepared.services).valid:
        return None
    apart = (f.model.value(x) - model.value(answer.x)) / APART_USD
    names = Names(prepared.catalogue, plans=(own, plan))
    moves = [move.sentence for move in compare_plans(own, plan, names).decisions]
    changes = [*_openings(given, own, plan, names), *moves]
    return Nearest(
        money=_money(plan),
        vehicle_years=round(max(0.0, apart), 1),
        proven=answer.status == "optimal",
        changes=changes,
        patch=pinned(plan, plan, prepared.catalogue),
    )


def _openings(given: GivenPlan, own: Plan, near: Plan, names: Names) -> Iterator[str]:
    """Yield openings that lie elsewhere than somebody planned, where it is permits that already moved them."""
    was, now = ({(d.stack, d.city): d.launch for c in plan.cities for d in c.deployments} for plan in (own, near))
    for d in given.deployments:
        first = next((own.periods[t] for t, v in enumerate(d.vehicles) if v), "")
        key = (d.stack, d.city)
        if first and first != was.get(key, "") == now.get(key, ""):
            yield opens_otherwise(names.place(d.stack, d.city), first, now.get(key, ""))


def _best(prepared: Prepared, options: PlanOptions, run: Run) -> KnownBest:
    try:
        return KnownBest(plan_prepared(prepared, options, run).plan)
    except InfeasibleError:
        return KnownBest(None, infeasible=True)
    except SolverError:
        return KnownBest(None)


def _money(plan: Plan) -> PlanMoney:
    k = plan.kpis
    return PlanMoney(
        npv_usd=k.npv_usd,
        capital_usd=k.capital_usd,
        peak_funding_usd=k.peak_funding_usd,
        vehicles_end=k.vehicles_end,
        cities=[c.city for c in plan.cities if c.launch],
    )


def _breaches(violations: tuple[Violation, ...], prepared: Prepared, names: Names) -> list[Breach]:
    """Return violations by rule, what a decision breaks before what a file says of itself, the most places first."""
    by_rule: dict[str, list[Violation]] = {}
    for one in violations:
        by_rule.setdefault(one.rule, []).append(one)
    titles = {r.key: r.title for r in prepared.formulation.rules} if by_rule else {}
    found = []
    for rule, some in by_rule.items():
        worst = max(some, key=lambda v: abs(v.amount))
        found.append(
            Breach(
                rule=rule,
                title=titles.get(rule) or rule.replace("_", " ").capitalize(),
                kind=_kind(rule),
                places=len(some),
                where=some[0].where,
                amount=worst.amount,
                sentence=plainly(worst.says, names),
                place=names.where(worst.where),
            )
        )
    return sorted(found, key=lambda b: (b.kind == "record", -b.places, b.rule))


def _of_decisions(breaches: list[Breach]) -> list[Breach]:
    """Return what decisions break: a table keeps no books, so where it breaks rules, accounts that do not close are no news."""
    return [b for b in breaches if b.kind != "record"] or breaches


def _kind(rule: str) -> BreachKind:
    if rule in CONSTRAINT_TYPES:
        return "target"
    kinds = {r.key: r.kind for r in STANDING_RULES}
    kind = kinds.get(rule, "definition")
    return "record" if kind == "definition" or rule in ELSEWHERE else kind
