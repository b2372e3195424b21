"""Plans: post, list, read, cancel, delete."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.bodies import SubmissionBody, submission
from api.checks import judge, seen_at_once
from api.deps import PlanId, Service, ServiceDep, may_delete, may_plan, may_read, stored
from api.documents import Document, json_document
from api.missing import not_there
from api.openapi import ETAGGED, RETRY, WITH_BODY, answer, body_example, refusals, unchanged
from api.prefix import at
from api.routes.parameters import SLUG, IdempotencyKey, Prefer
from api.schemas import PlanPage, PlanStatus, plan_summary
from api.security import Scope
from api.simulations import counts_of, standings
from api.store.contract import FINAL, CardFilter, NewPlan, PlanRow, State
from api.strict_json import StrictRoute
from api.submission import status_document, submission_key, submit
from fleetplan.options import PlanOptions

router = APIRouter(prefix="/v1/plans", tags=["plans"], default_response_class=Response, route_class=StrictRoute)
TAG = r"^[^\x00-\x1f\x7f|,]+$"
ENDED = "It ended: within the time that Prefer allows, or at once where permits rule out what is asked."
LOCATED = {"Location": {"description": "address of the plan", "schema": {"type": "string"}}}


def _cards(
    tag: Annotated[str | None, Query(max_length=40, pattern=TAG, description="plans with this tag")] = None,
    archived: Annotated[
        bool | None, Query(description="only archived plans, or none of them; both when left out")
    ] = None,
    chosen: Annotated[bool | None, Query(description="only plans marked as chosen, or none of them")] = None,
    deleted: Annotated[bool, Query(description="plans in the bin, in place of all others")] = False,  # noqa: FBT002
) -> CardFilter:
    """Return which plans are meant, by their cards."""
    return CardFilter(tag=tag, archived=archived, chosen=chosen, deleted=deleted)


Cards = Annotated[CardFilter, Depends(_cards)]


@router.post(
    "",
    operation_id="create_plan",
    summary="Ask for a plan",
    status_code=202,
    dependencies=[may_plan],
    responses={
        200: answer(
            ENDED,
            PlanStatus,
            example="plan",
            headers=LOCATED,
        ),
        202: answer("It is stored and will be made.", PlanStatus, example="plan_queued", headers={**LOCATED, **RETRY}),
        **refusals(*WITH_BODY, p.IdempotencyClash, p.QueueFull, p.DiskFull, p.StoreLimit),
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
    options = PlanOptions(**sent.options.model_dump())
    new = NewPlan(
        request=scope.request.model_dump(mode="json"),
        options=options,
        idempotency_key=key,
        body_sha256=digest,
        problem=await service.costly.run(request, seen_at_once, scope, options),
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
    card: Cards,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=SLUG, description="id of the last plan of the page before")] = None,
    state: Annotated[State | None, Query()] = None,
    city: Annotated[str | None, Query(pattern=SLUG, description="plans whose request holds this city")] = None,
    parent: Annotated[str | None, Query(pattern=SLUG, description="reruns of this plan")] = None,
) -> Response:
    """Return a page of plans; follow ``next`` for older ones."""

    def read() -> PlanPage:
        rows = service.store.page(limit=limit + 1, after=after, state=state, city=city, parent=parent, card=card)
        filters = {
            "limit": limit,
            "state": state,
            "city": city,
            "parent": parent,
            "tag": card.tag,
            **{
                name: str(getattr(card, name)).lower()
                for name in ("archived", "chosen")
                if getattr(card, name) is not None
            },
            "deleted": "true" if card.deleted else None,
            "after": rows[limit - 1].id if rows[limit:] else None,
        }
        more = urlencode({name: value for name, value in filters.items() if value is not None})
        following = at(f"/v1/plans?{more}") if rows[limit:] else None
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
    document, make = service.statuses.get(plan), partial(_told, service, plan)
    if document is None and service.statuses.holds(plan):  # final when it was last read: many may ask for it at once
        document = await service.statuses.made(plan, make)
    elif document is None:
        document = await run_in_threadpool(make)
        if "Retry-After" not in document.headers:
            service.statuses.put(plan, document, make)
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
    "/{plan}",
    operation_id="delete_plan",
    summary="Delete a final plan; it can be brought back for some days",
    status_code=204,
    dependencies=[may_delete],
    responses={
        204: {"description": "It is in the bin, or gone."},
        **refusals(p.PlanNotFound, p.NotFinal, p.DiskFull, p.CrossOrigin, p.BadRequest, p.BodyTooLarge),
    },
)
def delete(
    service: ServiceDep,
    plan: PlanId,
    for_good: Annotated[bool, Query(description="at once and for good, with events, comments and files")] = False,  # noqa: FBT002
) -> Response:
    """Put a plan into the bin, out of which it can be restored for ``FLEETPLAN_UNDO_DAYS``; or remove it, even from there."""
    row = service.store.card(plan) if for_good else stored(service, plan)
    if row is None:
        raise not_there(service.store, service.settings.undo_days, plan)
    if row.state not in FINAL:
        msg = f"plan {row.id} is {row.state}"
        raise p.NotFinal(msg)
    if for_good or not service.settings.undo_days:
        service.store.delete(row.id)
    else:
        service.store.discard(row.id)
    service.forget_statuses()
    return Response(status_code=204)


def _told(service: Service, plan: str) -> Document:
    row, replays = stored(service, plan), counts_of(standings(service.store, [plan]), plan)
    return status_document(row, {} if row.state in FINAL else {"Retry-After": "1"}, replays=replays)


def _cancelled(service: Service, plan: str) -> PlanRow:
    before = stored(service, plan)
    if before.state in FINAL and not before.cancel_requested:
        msg = f"plan {plan} is {before.state}"
        raise p.AlreadyFinal(msg)
    return service.store.request_cancel(plan)
