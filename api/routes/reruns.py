"""Make a plan from another by changing its request."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.checks import judge
from api.deps import Service, ServiceDep, StoredDep, answer_of, may_plan
from api.openapi import RETRY, WITH_BODY, answer, body_example, refusals
from api.routes.parameters import IdempotencyKey, Prefer
from api.routes.plans import LOCATED
from api.schemas import PlanStatus, Rerun
from api.store.contract import FINAL, NewPlan, PlanRow
from api.strict_json import StrictRoute
from api.submission import submission_key, submit
from fleetplan.errors import RequestError
from fleetplan.months import month_number, month_text
from fleetplan.patch import apply_patch
from fleetplan.request import PlanRequest, parse_request

router = APIRouter(prefix="/v1/plans", tags=["plans"], default_response_class=Response, route_class=StrictRoute)


@router.post(
    "/{plan}/reruns",  # noqa: FAST003  stored() takes it
    operation_id="rerun_plan",
    summary="Ask for the plan again with changes; lists are addressed by key",
    status_code=202,
    dependencies=[may_plan],
    responses={
        200: answer("It ended within the time that Prefer allows.", PlanStatus, headers=LOCATED),
        202: answer("It is stored and will be made.", PlanStatus, example="plan_queued", headers={**LOCATED, **RETRY}),
        **refusals(*WITH_BODY, p.PlanNotFound, p.NotReady, p.NoAnswer, p.IdempotencyClash, p.QueueFull),
    },
    openapi_extra=body_example("rerun"),
)
async def rerun(
    request: Request,
    service: ServiceDep,
    parent: StoredDep,
    body: Rerun,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Merge a patch into a plan's request and solve that, starting from the plan; the lineage is kept."""
    asked = await run_in_threadpool(_changed, service, parent, body)
    key, digest = await submission_key(request, idempotency_key)
    new = NewPlan(
        request=asked.model_dump(mode="json"),
        options=body.options.solve_options(),
        parent=parent.id,
        patch=body.patch,
        idempotency_key=key,
        body_sha256=digest,
    )
    return await submit(request, service, new, prefer)


def _changed(service: Service, parent: PlanRow, body: Rerun) -> PlanRequest:
    """Return the changed request, or raise :class:`BadRequest`; pointers below /request go into what comes out."""
    if parent.state not in FINAL or body.options.freeze_until or body.options.change_price_usd is not None:
        answer_of(service, parent)  # what is to be kept must be there
    try:
        merged = apply_patch(dict(parent.request), body.patch)
        asked = parse_request(merged)
        judge(asked, body.options, {"request": merged}, service.known, service.settings)
    except RequestError as error:
        flaws = p.flaws_of_faults(error.faults, None, under=["request"])
        msg = "the request that comes out holds faults; pointers below /request go into it"
        raise p.BadRequest(msg, flaws=flaws) from error
    freeze = body.options.freeze_until
    first, last = month_text(asked.grid.start), month_text(asked.grid.end)
    if freeze is not None and not asked.grid.start <= month_number(freeze) <= asked.grid.end:
        flaw = p.Flaw(
            "is not in the horizon", pointer="/options/freeze_until", value=freeze, allowed=f"{first} to {last}"
        )
        raise p.BadRequest(flaws=[flaw])
    return asked
