"""Put a plan made elsewhere to the test."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.checks import judge
from api.deps import Service, ServiceDep, StoredDep, may_plan, may_read
from api.documents import json_document
from api.evaluations import (
    AskedBody,
    EvaluationList,
    EvaluationTold,
    SubmittedBody,
    ask,
    asked,
    best_of,
    check_own,
    listed,
    row_of,
    scope_of,
    submitted,
    told,
)
from api.media import JSON
from api.openapi import ETAGGED, RETRY, WITH_BODY, answer, refusals, unchanged
from api.routes.parameters import SLUG
from api.routes.plans import LOCATED
from api.store.contract import EvaluationRow
from api.strict_json import StrictRoute
from api.submission import check_space
from fleetplan.options import PlanOptions

router = APIRouter(tags=["results"], default_response_class=Response, route_class=StrictRoute)
EvaluationId = Annotated[str, Path(pattern=SLUG, description="id of an evaluation")]
OWN = {
    "name": "own.csv",
    "text": "city,stack,period,vehicles\nzurich,weride-gxr,2028-01,60\nzurich,weride-gxr,2029-01,120\n",
}
ASKED_FOR = {"request": {"name": "first", "capital": {"per_quarter_usd": 25e6}, "cities": ["zurich"]}, "own": OWN}
FULL = (p.QueueFull, p.DiskFull, p.StoreLimit)
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: answer("It was scored before.", EvaluationTold, headers=LOCATED),
    202: answer("It is kept and will be scored.", EvaluationTold, headers={**LOCATED, **RETRY}),
}


@router.post(
    "/v1/evaluations",
    operation_id="evaluate",
    summary="Put a plan made elsewhere to the test against a request: CSV, XLSX or plan.json",
    status_code=202,
    dependencies=[may_plan],
    responses={**ANSWERS, **refusals(*WITH_BODY, *FULL)},
    openapi_extra={"requestBody": {"content": {JSON: {"example": ASKED_FOR}}}},
)
async def evaluate(request: Request, service: ServiceDep, body: SubmittedBody) -> Response:
    """Have the request's best plan made, and the plan made elsewhere held against it. Every fault of both comes at once.

    The same request sent with another file is not planned again: within a day one caller's files are held against one plan.
    """
    sent, own = submitted(body)
    scope = await service.costly.run(
        request, judge, sent.request, sent.options, service.known, service.settings, sent.flaws
    )
    if own is not None:  # judge has refused what has none
        await service.costly.run(request, check_own, service, scope, own)
    await run_in_threadpool(check_space, service)
    options, caller = PlanOptions(**sent.options.model_dump()), request.scope["caller"].key
    new = best_of(scope.request.model_dump(mode="json"), options, caller)
    plan, _ = await run_in_threadpool(service.take_in, new)
    assert own is not None  # noqa: S101  # as above
    row = await run_in_threadpool(ask, service, plan.id, own)
    return await _answered(request, service, row)


@router.post(
    "/v1/plans/{plan}/evaluations",
    operation_id="evaluate_plan",
    summary="Put a plan made elsewhere to the test against a plan's request, and beside the plan",
    status_code=202,
    dependencies=[may_plan],
    responses={**ANSWERS, **refusals(*WITH_BODY, p.PlanNotFound, *FULL)},
    openapi_extra={"requestBody": {"content": {JSON: {"example": {"own": OWN}}}}},
)
async def evaluate_beside(request: Request, service: ServiceDep, plan: StoredDep, body: AskedBody) -> Response:
    """Keep the file durably and answer 202; it is scored when the plan has ended, also where the request has no plan."""
    own = asked(body)
    scope = await run_in_threadpool(scope_of, service, plan)
    await service.costly.run(request, check_own, service, scope, own)
    await run_in_threadpool(check_space, service)
    row = await run_in_threadpool(ask, service, plan.id, own)
    return await _answered(request, service, row)


@router.get(
    "/v1/plans/{plan}/evaluations",
    operation_id="list_evaluations",
    summary="What was put to the test against the plan's request",
    dependencies=[may_read],
    responses={
        200: answer("The evaluations.", EvaluationList, headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.BadRequest),
    },
)
def evaluations(request: Request, service: ServiceDep, plan: StoredDep) -> Response:
    """Return every evaluation that is kept with the plan, oldest first."""
    return json_document(listed(service, plan.id)).respond(request)


@router.get(
    "/v1/plans/{plan}/evaluations/{evaluation}",
    operation_id="get_evaluation",
    summary="An evaluation: violations by rule and amount, money, the gap to the best, the nearest plan",
    dependencies=[may_read],
    responses={
        200: answer("The evaluation.", EvaluationTold, headers={**ETAGGED, **RETRY}),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.EvaluationNotFound, p.BadRequest),
    },
)
def evaluation(request: Request, service: ServiceDep, plan: StoredDep, evaluation: EvaluationId) -> Response:
    """Return one evaluation; ask again after Retry-After while it waits or is being made."""
    row = row_of(service, plan.id, evaluation)
    headers = {"Retry-After": "2"} if row.state in {"queued", "running"} else {}
    return json_document(told(service, row), headers=headers).respond(request)


async def _answered(request: Request, service: Service, row: EvaluationRow) -> Response:
    made = await run_in_threadpool(told, service, row)
    headers = {"Location": made.href}
    if row.state == "succeeded":
        return json_document(made, headers=headers).respond(request)
    return json_document(made, headers={**headers, "Retry-After": "2"}).respond(request, 202)
