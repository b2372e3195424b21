"""Change a plan and plan again: levers on what the plan rests on, the changes in words before they are sent.

Other pages link here with what is to be changed, any of these any number of times:

    slip=london:6                      permits that open a city come so many months later
    supply=lucid-nuro-gravity:0.5      times the supply of a stack
    force=madrid:weride-gxr            a stack must open in a city
    forbid=munich:momenta              a stack must not open in a city
    figure=KEY                         another value for a figure; KEY:0.8 multiplies it
    capital=0.8                        times the capital a quarter
    durations=max                      permits take min, promised, median, careful or max
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.bodies import RerunBody, SentRerun
from api.bodies import rerun as sent_rerun
from api.deps import Service, ServiceDep, StoredDep, answer_of, may_read
from api.documents import json_document
from api.pages.shell import page
from api.rerun import changed_request
from api.store.contract import FINAL, PlanRow
from api.strict_json import StrictRoute
from fleetplan.errors import RequestError
from fleetplan.explain.dates import impossible
from fleetplan.facts import conflicts_from
from fleetplan.months import month_text
from fleetplan.plans.decided import decided_before
from fleetplan.plans.types import MarketsProof, Plan
from fleetplan.request import PlanRequest, parse_request
from fleetplan.request.constraints import MarketsLive
from fleetplan.reruns.inherit import only_tightens
from fleetplan.reruns.lever_fields import KINDS, choices
from fleetplan.reruns.levers import Levers, levers, presets
from fleetplan.reruns.patch import input_changes
from fleetplan.reruns.prefill import Given, prefill
from fleetplan.scope import Scope, resolve_scope
from fleetplan.words.changes import DURATION_NAMES, changed_name, told
from fleetplan.words.conflict import briefly, said
from fleetplan.words.context import context_of
from fleetplan.words.keeping import kept_words
from fleetplan.words.names import Names
from fleetplan.words.values import several, usd_fine

router = APIRouter(
    include_in_schema=False, dependencies=[may_read], default_response_class=Response, route_class=StrictRoute
)

YEARS_AROUND = 2
INDEXED = re.compile(r"^/request/(constraints|overrides)/(\d+)(?=/|$)")


@router.get("/plans/{plan}/rerun")  # noqa: FAST003  stored() takes it
async def form(request: Request, service: ServiceDep, row: StoredDep, given: Annotated[Given, Query()]) -> Response:
    """Return what can be changed of a plan."""
    if row.state not in FINAL:
        return page(request, "rerun_waiting.html.j2", title=f"Change {row.name}", here="plans", row=row)
    context = await run_in_threadpool(_context, service, row, given)
    return page(request, "rerun.html.j2", title=f"Change {row.name}", here="plans", row=row, **context)


def _context(service: Service, row: PlanRow, given: Given) -> dict[str, Any]:
    made = answer_of(service, row).plan if row.answer_sha256 else None
    catalogue = service.known.catalogue
    try:
        asked = parse_request(dict(row.request))
        scope = resolve_scope(asked, catalogue)
    except RequestError as error:  # stored under another catalogue or version
        msg = "the catalogue of today no longer takes this plan's request: start a new plan from it"
        raise p.BadRequest(msg, flaws=p.flaws_of_faults(error.faults, None, under=["request"])) from error
    clashes = conflicts_from((row.problem or {}).get("clashes", ()))
    found = levers(scope, made, clashes, [text.rpartition(":")[0] or text for text in given.figure] + given.figure)
    prefilled = prefill(given, found)
    return {
        "plan": made,
        "asked": asked,
        "levers": found,
        "presets": presets(found, asked),
        "kinds": KINDS,
        "durations": DURATION_NAMES,
        "clash": briefly(clashes),
        "months": _months(asked, 0),
        "event_months": _months(asked, YEARS_AROUND),
        "names": choices(scope.cities, {s for s, _ in scope.deployments}, catalogue),
        "most_s": service.settings.max_time_limit_s,
        "unknown": prefilled.unknown,
        "data": {**_data(row, made, asked, found), "given": asdict(prefilled)},
    }


def _months(asked: PlanRequest, years: int) -> list[tuple[str, list[str]]]:
    """Return the months of the horizon, and so many years around it, by year."""
    first, last = asked.grid.start - 12 * years, asked.grid.end - 1 + 12 * years
    months = [month_text(m) for m in range(first, last + 1)]
    return [(year, [m for m in months if m.startswith(year)]) for year in dict.fromkeys(m[:4] for m in months)]


def _data(row: PlanRow, made: Plan | None, asked: PlanRequest, found: Levers) -> dict[str, Any]:
    """Return what the page's script reads."""
    quarters = -(-asked.horizon.months // 3)
    return {
        "plan": row.id,
        "name": row.name,
        "levers": found.specs(),
        "capital": {"given": asked.capital.per_quarter_usd, "quarters": quarters},
        "spent": made.kpis.capital_usd if made else None,
        "periods": made.periods if made else [],
        "ids": [c.id for c in asked.constraints],
        "kinds": [asdict(kind) for kind in KINDS],
        "pairs": [asdict(pair) for pair in found.pairs],
        "added": [f"{pair.stack}@{pair.city}" for pair in asked.deployments.add],
    }


@router.post("/pages/plans/{plan}/patch")  # noqa: FAST003  stored() takes it
async def words(request: Request, service: ServiceDep, parent: StoredDep, body: RerunBody) -> Response:
    """Return in words what a patch would change, without storing anything; every fault at once where it does not fit."""
    return json_document(await run_in_threadpool(_told, service, parent, sent_rerun(body))).respond(request)


def _told(service: Service, parent: PlanRow, body: SentRerun) -> dict[str, Any]:
    try:
        asked = changed_request(service, parent, body)
    except p.BadRequest as error:
        return {"problems": [_by_key(flaw, parent, body) for flaw in error.flaws]}
    before = parse_request(dict(parent.request))
    catalogue = service.known.catalogue
    names = Names(catalogue)
    changes = [told(change, names) for change in input_changes(before, asked) if change.matters]
    made = answer_of(service, parent).plan if parent.answer_sha256 else None
    return {
        "problems": [],
        "changes": [asdict(change) for change in changes],
        "name": changed_name(parent.name, changes),
        "outlook": _outlook(before, asked, made) if changes and made else "",
        "impossible": _impossible(resolve_scope(asked, catalogue)),
        "kept": kept_words(decided_before(made, until)) if made and (until := body.options.freeze_until) else [],
    }


def _impossible(scope: Scope) -> list[str]:
    return [found.sentence for found in said(impossible(scope), context_of(scope))]


def _outlook(before: PlanRequest, asked: PlanRequest, made: Plan) -> str:
    """Return what can be told of the outcome before anything is solved."""
    if not only_tightens(before, asked) or not made.certificate.method.bounds_every_plan:
        return ""
    if made.markets is not None:
        return _outlook_for_markets(before, asked, made.markets)
    return (
        f"These changes only take choices away: the new plan cannot be worth more than {usd_fine(made.bound)}, "
        f"the most that was proven possible so far. This plan is worth {usd_fine(made.objective)}."
    )


def _outlook_for_markets(before: PlanRequest, asked: PlanRequest, proof: MarketsProof) -> str:
    """Return how many markets the new plan can have, where the same dates count; with fewer of them it may be worth more."""
    dates = [
        {(c.counts, c.by) for c in request.constraints if isinstance(c, MarketsLive)} for request in (before, asked)
    ]
    if dates[0] != dates[1]:
        return ""
    return (
        f"These changes only take choices away: the new plan cannot have more than {several(proof.most, 'market')}, the most "
        f"that was proven possible so far. This plan has {proof.found}."
    )


def _by_key(flaw: p.Flaw, parent: PlanRow, body: SentRerun) -> dict[str, str]:
    """Return a fault under the address that the patch gives its entry: lists of requests go by number, of patches by key."""
    pointer = flaw.pointer or ""
    found = INDEXED.match(pointer)
    if found:
        name, number = found[1], int(found[2])
        keys = _keys(name, parent, body)
        key = keys[number].replace("~", "~0").replace("/", "~1") if number < len(keys) else found[2]
        pointer = f"/patch/{name}/{key}{pointer[found.end() :]}"
    elif pointer.startswith("/request"):
        pointer = f"/patch{pointer.removeprefix('/request')}"
    return {"pointer": pointer, "message": flaw.message, "allowed": flaw.allowed, "remedy": flaw.remedy}


def _keys(name: str, parent: PlanRow, body: SentRerun) -> list[str]:
    """Return the keys of a list in the order of the request that comes out."""
    member = "id" if name == "constraints" else "figure"
    old = [str(entry.get(member)) for entry in parent.request.get(name) or []]
    patch = body.patch.get(name)
    patch = patch if isinstance(patch, dict) else {}
    gone = {key for key, value in patch.items() if value is None}
    return [key for key in [*old, *(k for k in patch if k not in old)] if key not in gone]
