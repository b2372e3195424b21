"""A plan made elsewhere beside a plan: upload or paste it, see what it breaks, what it is worth, and the nearest plan."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import Service, ServiceDep, StoredDep, may_read
from api.evaluations import row_of, told
from api.pages.shell import page
from api.security import Scope
from api.store.contract import EvaluationRow, PlanRow
from fleetplan.evaluate.result import Evaluation
from fleetplan.words.evaluation import money_sentences, nearest_sentences, verdict_sentences
from fleetplan.words.names import Names

IN_USD = frozenset({"capital", "cash_floor", "partner_earns", "result_floor"})
"""Rules that are missed by an amount of USD."""

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}/own")  # noqa: FAST003  stored() takes the plan
async def own_page(
    request: Request, service: ServiceDep, row: StoredDep, of: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """Return the page with the form, what was put to the test before, and what was found of one of these (the last)."""
    shown = await run_in_threadpool(_view, service, row, of)
    scopes = request.scope["caller"].scopes
    return page(
        request,
        "evaluation.html.j2",
        title=f"Your own plan beside {row.name}",
        here="plans",
        may_change=any(scope.holds(Scope.plan) for scope in scopes),
        most_bytes=service.settings.max_upload_bytes,
        **shown,
    )


def _view(service: Service, row: PlanRow, of: str) -> dict[str, Any]:
    rows = list(service.store.evaluations(row.id))
    chosen = row_of(service, row.id, of) if of else (rows[-1] if rows else None)
    found = told(service, chosen).evaluation if chosen else None
    return {
        "row": row,
        "rows": list(reversed(rows)),
        "chosen": chosen,
        "waits_for_plan": row.finished_at is None,
        "found": None if found is None else found_view(service, found, row, chosen.name if chosen else ""),
        "outdated": bool(chosen and chosen.state == "succeeded" and found is None),
        "faults": _faults(chosen),
    }


def _faults(chosen: EvaluationRow | None) -> list[dict[str, Any]]:
    return list((chosen.problem or {}).get("faults", ())) if chosen else []


def found_view(service: Service, found: Evaluation, row: PlanRow, file: str) -> dict[str, Any]:
    """Return what was found as its page shows it."""
    names = Names(service.known.catalogue)
    distance = next(iter(nearest_sentences(found)), "")
    columns = [("Yours", found.money, ""), ("The best found", found.best, f"/plans/{row.id}")]
    if found.nearest is not None:
        columns.append(("The nearest", found.nearest.money, ""))
    return {
        "told": found,
        "verdict": [*verdict_sentences(found), *money_sentences(found, names)],
        "in_usd": IN_USD,
        "broken": [b for b in found.breaches if b.kind != "record"],
        "record": [b for b in found.breaches if b.kind == "record"],
        "columns": [(head, money, link) for head, money, link in columns if money is not None],
        "cities": {slug: names.city(slug) for _, money, _ in columns if money for slug in money.cities},
        "distance": distance.removesuffix(" What it changes:"),
        "rerun": {
            "href": f"/v1/plans/{row.id}/reruns",
            "body": {"patch": {**found.nearest.patch, "name": f"{row.name}: nearest to {file}"[:80]}},
        }
        if found.nearest is not None and row.answer_sha256
        else None,
    }
