"""What the review of a plan shows, as plain values for its template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.alternatives import alternatives_told, asked_in, frontier_told
from api.deps import Answered, Service, answer_of
from api.doubts import kept_sentences
from api.links import TABLE_NAMES
from api.pages.alternatives import AXES, frontier_view, paired
from api.pages.lineage import changes
from api.pages.replay_view import plan_standing
from api.pages.shell import seconds_of
from api.pages.solving_view import gap_words
from api.problems import BadRequest
from api.store.contract import PlanRow
from fleetplan.alternatives.answer import COUNT
from fleetplan.catalogue.types import Catalogue
from fleetplan.explain import binding, doubts
from fleetplan.explain.answers import answers, first_steps
from fleetplan.explain.commitments import commitments
from fleetplan.explain.constraints import constraint_outcomes, summed
from fleetplan.explain.verdict import verdict
from fleetplan.frontier.points import POINTS
from fleetplan.plans import finance
from fleetplan.plans.bars import bars
from fleetplan.plans.reading import city_order, end_month
from fleetplan.plans.types import Plan
from fleetplan.report import charts, context, gantt
from fleetplan.report.exports import EXPORTS
from fleetplan.report.html import attributions
from fleetplan.report.launches import launches, where
from fleetplan.report.page_chart import page_chart
from fleetplan.words import values as words
from fleetplan.words.bars import bar_words
from fleetplan.words.catalogue import pieces
from fleetplan.words.keeping import keeps
from fleetplan.words.names import Names
from fleetplan.words.proof import certificate_words
from fleetplan.words.request import asked_apart
from fleetplan.words.trips import demand_sentence

MOST_RERUNS = 12


@dataclass(frozen=True, slots=True)
class Related:
    """A plan made from this one, or this one from it."""

    row: PlanRow
    changes: list[str]


def review(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that the review of a plan with an answer shows."""
    answered, catalogue = answer_of(service, row), service.known.catalogue
    plan = answered.plan
    found = constraint_outcomes(plan, catalogue)
    return {
        "row": row,
        "plan": plan,
        "verdict": verdict(plan),
        "sure": kept_sentences(service, answered),
        **plan_standing(service, row.id),
        **options_known(service, answered),
        "status": words.STATUS_NAMES[plan.status],
        "end_month": end_month(plan),
        "gap_asked": gap_words(row),
        "took_s": seconds_of(row),
        "answers": answers(plan),
        "first_steps": first_steps(plan),
        "asked": asked_apart(plan.request, catalogue),
        "kept": keeps(row.options),
        "constraints": found,
        "constraints_said": summed(found),
        "binds": binding.kinds(plan),
        "pieces": pieces,
        "certificate": certificate_words(plan),
        "table_names": TABLE_NAMES,
        "exports": list(EXPORTS.values()),
        "attributions": attributions(catalogue, {c.city: c for c in plan.cities}),
        **where(plan, catalogue),
        **_when(plan),
        **_money(plan),
        "commitments": commitments(plan, catalogue),
        **_confidence(plan, catalogue),
        **lineage(service, row),
    }


def options_known(service: Service, found: Answered) -> dict[str, Any]:
    """Return the alternatives and frontiers of a plan as far as their plans are stored; nothing where nobody asked for them."""
    none: dict[str, Any] = {"options": [], "options_said": [], "frontiers": []}
    if not service.store.page(limit=1, after=None, parent=found.row.id):
        return none
    try:
        told = alternatives_told(service, found, asked_in(service, found, COUNT, None, "launches", ""))
    except BadRequest:  # the catalogue does not hold any more what the plan speaks of
        return none
    asked = bool(told.plans) or told.state == "known"
    names = Names(service.known.catalogue, (found.plan,))
    lines = (frontier_told(service, found, axis, POINTS) for axis in AXES)
    known = [one for one in lines if any(p.plan not in {None, found.row.id} for p in one.points)]
    return {
        "options": paired(told) if asked else [],
        "options_said": told.alternatives.sentences if asked else [],
        "frontiers": [frontier_view(one, names) for one in known],
    }


def _when(plan: Plan) -> dict[str, Any]:
    rows = context.timeline_rows(plan)
    for row in rows:
        row["permits"] = context.deployment_context(plan, row["city"], row["d"])["permits"] if row["d"] else []
    live = [{"c": c, "by_year": context.service_by_year(plan, c)} for c in city_order(plan) if c.deployments]
    return {"years": gantt.Scale.of(plan).years(), "rows": rows, "launches": launches(plan), "live": live}


def _in_service(plan: Plan) -> bool:
    return any(any(stack.in_service) for stack in plan.stacks)


def _money(plan: Plan) -> dict[str, Any]:
    palette = charts.palette(plan)
    return {
        "fleet_charts": [
            page_chart(c) for c in (charts.fleets(plan, palette), charts.trips(plan)) if _in_service(plan)
        ],
        "money_charts": [page_chart(c) for c in (charts.results(plan), charts.cash(plan), charts.capital(plan))],
        "quarters": finance.quarters(plan),
        "year_numbers": finance.years(plan),
        "money": finance.groups_by_year(plan, finance.all_lines(plan)),
    }


def _confidence(plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    partners = {slug: stack.partner for slug, stack in catalogue.stacks.items()}
    found = doubts.evidence(plan, partners | {s.stack: s.partner for s in plan.stacks})
    return {
        "evidence": found,
        "evidence_kinds": doubts.used_kinds(found),
        "own_figures": doubts.own_figures(plan),
        "demands": [
            (c.name, demand_sentence(catalogue.cities[c.city]))
            for c in city_order(plan)
            if c.deployments and c.city in catalogue.cities
        ],
        "bars": [bar_words(bar) for city in plan.cities for bar in bars(plan, city, catalogue)],
    }


def lineage(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return what a plan was made from, and what was made from it."""
    catalogue = service.known.catalogue
    parent = service.store.get(row.parent) if row.parent else None
    reruns = service.store.page(limit=MOST_RERUNS + 1, after=None, parent=row.id)
    return {
        "parent": parent,
        "changed": changes(row, parent, catalogue) if row.parent else [],
        "reruns": [Related(r, changes(r, row, catalogue)) for r in reruns[:MOST_RERUNS]],
        "more_reruns": len(reruns) > MOST_RERUNS,
    }
