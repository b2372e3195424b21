"""Plans: post, list, read, cancel, delete."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.bodies import SubmissionBody, submission
from api.checks import judge
from api.deps import PlanId, Service, ServiceDep, StoredDep, may_delete, may_plan, may_read, stored
from api.documents import json_document
from api.openapi import ETAGGED, RETRY, WITH_BODY, answer, body_example, refusals, unchanged
from api.routes.parameters import SLUG, IdempotencyKey, Prefer
from api.schemas import PlanPage, PlanStatus, plan_summary
from api.security import Scope
from api.simulations import counts_of, standings
from api.store.contract import FINAL, NewPlan, PlanRow, State
from api.strict_json import StrictRoute
from api.submission import status_document, submission_key, submit
from fleetplan.options import PlanOptions
from fleetplan.replays.types import ReplayCounts

router = APIRouter(prefix="/v1/plans", tags=["plans"], default_response_class=Response, route_class=StrictRoute)
LOCATED = {"Location": {"description": "address of the plan", "schema": {"type": "string"}}}


@router.post(
    "",
    operation_id="create_plan",
    summary="Ask for a plan",
    status_code=202,
    dependencies=[may_plan],
    responses={
        200: answer("It ended within the time that Prefer allows.", PlanStatus, example="plan", headers=LOCATED),
        202: answer("It is stored and will be made.", PlanStatus, example="plan_queued", headers={**LOCATED, **RETRY}),
        **refusals(*WITH_BODY, p.IdempotencyClash, p.QueueFull, p.DiskFull),
    },
    openapi_extra=body_example("submission"),
)
async def create(
    request: Request,
    service: ServiceDep,
    body: SubmissionBody,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Store a request durably, answer 202 with its address, and make the plan."""
    sent = submission(body)
    scope = await service.costly.run(
        request, judge, sent.request, sent.options, service.known, service.settings, sent.flaws
    )
    key, digest = await submission_key(request, idempotency_key)
    new = NewPlan(
        request=scope.request.model_dump(mode="json"),
        options=PlanOptions(**sent.options.model_dump()),
        idempotency_key=key,
        body_sha256=digest,
    )
    return await submit(request, service, new, prefer)


@router.get(
    "",
    operation_id="list_plans",
    summary="List plans, newest first",
    dependencies=[may_read],
    responses={
        200: answer(
            "A page of plans.",
            PlanPage,
            example="plans",
            headers={**ETAGGED, "Link": {"description": "the next page", "schema": {"type": "string"}}},
        ),
        304: unchanged(),
        **refusals(p.BadRequest),
    },
)
async def list_plans(
    request: Request,
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=SLUG, description="id of the last plan of the page before")] = None,
    state: Annotated[State | None, Query()] = None,
    city: Annotated[str | None, Query(pattern=SLUG, description="plans whose request holds this city")] = None,
    parent: Annotated[str | None, Query(pattern=SLUG, description="reruns of this plan")] = None,
) -> Response:
    """Return a page of plans; follow ``next`` for older ones."""

    def read() -> PlanPage:
        rows = service.store.page(limit=limit + 1, after=after, state=state, city=city, parent=parent)
        filters = {
            "limit": limit,
            "state": state,
            "city": city,
            "parent": parent,
            "after": rows[limit - 1].id if rows[limit:] else None,
        }
        more = urlencode({name: value for name, value in filters.items() if value is not None})
        following = f"/v1/plans?{more}" if rows[limit:] else None
        known = standings(service.store, [row.id for row in rows[:limit]])
        return PlanPage(plans=[plan_summary(row, counts_of(known, row.id)) for row in rows[:limit]], next=following)

    page = await run_in_threadpool(read)
    headers = {"Link": f'<{page.next}>; rel="next"'} if page.next else {}
    return json_document(page, headers=headers).respond(request)


@router.get(
    "/{plan}",
    operation_id="get_plan",
    summary="A plan: state, times, bound, gap, figures, lineage, links",
    responses={
        200: answer("The plan.", PlanStatus, example="plan", headers={**ETAGGED, **RETRY}),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.BadRequest),
    },
)
async def get_plan(request: Request, plan: PlanId) -> Response:
    """Return a plan's status. Of a final one nothing but its replays changes: for a second it is sent from memory."""
    # The hot path: what other routes ask for as dependencies costs more than all the rest here.
    service: Service = request.app.state.service
    request.scope["caller"].require(Scope.read)
    document = service.statuses.get(plan)
    if document is None:
        row, replays = await run_in_threadpool(_status, service, plan)
        if row.state in FINAL:
            document = service.statuses.put(plan, status_document(row, replays=replays))
        else:
            document = status_document(row, {"Retry-After": "1"})
    return document.respond(request)


@router.post(
    "/{plan}/cancel",
    operation_id="cancel_plan",
    summary="Stop a plan and keep the best found so far",
    status_code=202,
    dependencies=[may_plan],
    responses={
        202: answer("It will stop, or has.", PlanStatus, headers=RETRY),
        **refusals(p.PlanNotFound, p.AlreadyFinal, p.CrossOrigin, p.BadRequest, p.BodyTooLarge),
    },
)
async def cancel(request: Request, service: ServiceDep, plan: PlanId) -> Response:
    """Ask a plan to stop; safe to repeat. A plan found by then is checked and kept."""
    row = await run_in_threadpool(_cancelled, service, plan)
    return status_document(row, {"Retry-After": "1"}).respond(request, 202)


@router.delete(
    "/{plan}",  # noqa: FAST003  stored() takes it
    operation_id="delete_plan",
    summary="Delete a final plan with its events and files",
    status_code=204,
    dependencies=[may_delete],
    responses={
        204: {"description": "It is gone."},
        **refusals(p.PlanNotFound, p.NotFinal, p.CrossOrigin, p.BadRequest, p.BodyTooLarge),
    },
)
def delete(service: ServiceDep, row: StoredDep) -> Response:
    """Delete a plan."""
    if row.state not in FINAL:
        msg = f"plan {row.id} is {row.state}"
        raise p.NotFinal(msg)
    service.store.delete(row.id)
    service.statuses.drop(row.id)
    return Response(status_code=204)


def _status(service: Service, plan: str) -> tuple[PlanRow, ReplayCounts | None]:
    return stored(service, plan), counts_of(standings(service.store, [plan]), plan)


def _cancelled(service: Service, plan: str) -> PlanRow:
    before = stored(service, plan)
    if before.state in FINAL and not before.cancel_requested:
        msg = f"plan {plan} is {before.state}"
        raise p.AlreadyFinal(msg)
    return service.store.request_cancel(plan)
