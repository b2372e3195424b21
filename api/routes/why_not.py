"""Why a plan does not do something."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import problems as p
from api.deps import AnsweredDep, ServiceDep, may_read
from api.documents import json_document
from api.openapi import ETAGGED, answer, refusals, unchanged
from api.schemas import WhyNotTold
from api.why_not import why_not_told
from fleetplan.inquiry.question import WhyNot
from fleetplan.request import Month

router = APIRouter(
    prefix="/v1/plans/{plan}", tags=["results"], dependencies=[may_read], default_response_class=Response
)


@router.get(
    "/why-not",
    operation_id="why_not",
    summary="Why the plan does not open a city, with a stack, by a month, with so many vehicles, so large",
    responses={
        200: answer("The answer, or what to post to get it known.", WhyNotTold, example="why_not", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.NotReady, p.NoAnswer, p.OtherVersion, p.BadRequest),
    },
)
def why_not(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    city: Annotated[str, Query(max_length=200, description="slug or name of a city of the plan")],
    stack: Annotated[str | None, Query(max_length=200, description="slug of a stack, or its partner's name")] = None,
    by: Annotated[Month | None, Query(description="open to paying riders by this month")] = None,
    vehicles: Annotated[int | None, Query(ge=1, le=10_000_000, description="so many in service from then on")] = None,
    level: Annotated[
        int | None, Query(ge=1, le=100, description="an area of its ladder at least, from then on")
    ] = None,
) -> Response:
    """Say what forbids it, or what it costs and which launches move. From stored plans, nothing is solved.

    While no plan that does it is stored, ``rerun`` is what to post; ask again when that has ended.
    """
    return json_document(why_not_told(service, found, WhyNot(city, stack, by, vehicles, level))).respond(request)
