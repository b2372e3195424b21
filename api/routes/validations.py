"""Judge a request without storing it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import problems as p
from api.bodies import SubmissionBody, submission
from api.checks import judge, validation
from api.deps import ServiceDep, may_plan
from api.documents import json_document
from api.openapi import WITH_BODY, answer, body_example, refusals
from api.schemas import Validation
from api.strict_json import StrictRoute

router = APIRouter(
    prefix="/v1/validations",
    tags=["plans"],
    dependencies=[may_plan],
    default_response_class=Response,
    route_class=StrictRoute,
)


@router.post(
    "",
    operation_id="validate_request",
    summary="Judge a request: every fault at once, size, fast feasibility; stores nothing",
    responses={
        200: answer("The request is valid.", Validation, example="validation"),
        **refusals(*WITH_BODY, p.BadRequest),
    },
    openapi_extra=body_example("submission"),
)
async def validate(request: Request, service: ServiceDep, body: SubmissionBody) -> Response:
    """Answer as POST /v1/plans would, without making a plan."""
    sent = submission(body)
    scope = await service.costly.run(
        request, judge, sent.request, sent.options, service.known, service.settings, sent.flaws
    )
    return json_document(await service.costly.run(request, validation, scope)).respond(request)
