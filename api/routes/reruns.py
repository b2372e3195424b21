"""Make a plan from another by changing its request."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.bodies import RerunBody
from api.bodies import rerun as sent_rerun
from api.checks import seen_at_once
from api.deps import ServiceDep, StoredDep, may_plan
from api.openapi import RETRY, WITH_BODY, answer, body_example, refusals
from api.rerun import changed_scope
from api.routes.parameters import IdempotencyKey, Prefer
from api.routes.plans import ENDED, LOCATED
from api.schemas import PlanStatus
from api.store.contract import NewPlan
from api.strict_json import StrictRoute
from api.submission import submission_key, submit

router = APIRouter(prefix="/v1/plans", tags=["plans"], default_response_class=Response, route_class=StrictRoute)


@router.post(
    "/{plan}/reruns",  # noqa: FAST003  stored() takes it
    operation_id="rerun_plan",
    summary="Ask for the plan again with changes; lists are addressed by key",
    status_code=202,
    dependencies=[may_plan],
    responses={
        200: answer(
            ENDED,
            PlanStatus,
            headers=LOCATED,
        ),
        202: answer("It is stored and will be made.", PlanStatus, example="plan_queued", headers={**LOCATED, **RETRY}),
        **refusals(
            *WITH_BODY,
            p.PlanNotFound,
            p.NotReady,
            p.NoAnswer,
            p.DamagedAnswer,
            p.OtherVersion,
            p.IdempotencyClash,
            p.QueueFull,
            p.DiskFull,
            p.StoreLimit,
        ),
    },
    openapi_extra=body_example("rerun"),
)
async def rerun(
    request: Request,
    service: ServiceDep,
    parent: StoredDep,
    body: RerunBody,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Merge a patch into a plan's request and solve that, starting from the plan; the lineage is kept."""
    sent = sent_rerun(body)
    scope = await run_in_threadpool(changed_scope, service, parent, sent)
    key, digest = await submission_key(request, idempotency_key)
    new = NewPlan(
        request=scope.request.model_dump(mode="json"),
        options=sent.options,
        parent=parent.id,
        patch=sent.patch,
        idempotency_key=key,
        body_sha256=digest,
        problem=await service.costly.run(request, seen_at_once, scope, sent.options),
    )
    return await submit(request, service, new, prefer)
