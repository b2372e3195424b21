"""Two plans side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.causes import CauseSearch
from api.deps import Answered, AnsweredDep, Service, ServiceDep, answer_of, may_read
from api.documents import Document, json_document
from api.missing import not_there
from api.openapi import of_an_answered_plan
from api.routes.parameters import SLUG
from api.schemas import ComparedPlans
from fleetplan.compare import compare_plans
from fleetplan.words.names import Names

router = APIRouter(prefix="/v1/plans", tags=["results"], dependencies=[may_read], default_response_class=Response)


@router.get(
    "/{plan}/comparison",  # noqa: FAST003  answered() takes it
    operation_id="compare_plans",
    summary="What differs from this plan to another, and which change of the inputs caused it",
    responses=of_an_answered_plan("What differs.", ComparedPlans, example="comparison"),
)
async def comparison(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    other: Annotated[str, Query(alias="with", pattern=SLUG, description="id of the other plan")],
) -> Response:
    """Compare a plan with another: ``a`` is this one, ``b`` the other. From stored plans, nothing is solved.

    ``causes`` grows while plans with one change alone become known: post the reruns that it names, and ask again.
    """
    row = await run_in_threadpool(service.store.get, other)
    if row is None:
        raise await run_in_threadpool(_gone, service, other)
    second = await run_in_threadpool(answer_of, service, row)
    causes = await run_in_threadpool(CauseSearch, service, found, second)
    key = f"{causes.mark}/comparison"  # everything that the answer depends on: what becomes known is another key
    if (kept := service.rendered.get(key)) is None:
        kept = service.rendered.put(key, await run_in_threadpool(_compared, service, found, second, causes))
    return kept.respond(request)


def _gone(service: Service, other: str) -> Exception:
    return not_there(service.store, service.settings.undo_days, other, parameter="with")


def _compared(service: Service, a: Answered, b: Answered, causes: CauseSearch) -> Document:
    plain = compare_plans(a.plan, b.plan, Names(service.known.catalogue, (a.plan, b.plan)))
    return json_document(ComparedPlans(**dict(plain), causes=causes.answer()))
