"""Two plans side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import AnsweredDep, ServiceDep, answer_of, may_read
from api.documents import json_document
from api.openapi import ETAGGED, answer, refusals, unchanged
from api.routes.parameters import SLUG
from fleetplan.compare import Comparison, compare_plans

router = APIRouter(prefix="/v1/plans", tags=["results"], dependencies=[may_read], default_response_class=Response)


@router.get(
    "/{plan}/comparison",  # noqa: FAST003  answered() takes it
    operation_id="compare_plans",
    summary="What differs from this plan to another: inputs, decisions, money, map",
    responses={
        200: answer("What differs.", Comparison, example="comparison", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.NotReady, p.NoAnswer, p.BadRequest),
    },
)
async def comparison(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    other: Annotated[str, Query(alias="with", pattern=SLUG, description="id of the other plan")],
) -> Response:
    """Compare a plan with another: ``a`` is this one, ``b`` the other. From stored plans, nothing is solved."""
    row = await run_in_threadpool(service.store.get, other)
    if row is None:
        flaw = p.Flaw("is no plan", parameter="with", value=other)
        raise p.PlanNotFound(flaws=[flaw])
    second = await run_in_threadpool(answer_of, service, row)
    key = f"{found.sha256}/{second.sha256}/comparison"
    if (kept := service.rendered.get(key)) is None:
        made = await run_in_threadpool(compare_plans, found.plan, second.plan)
        kept = service.rendered.put(key, json_document(made))
    return kept.respond(request)
