"""One plan: while it is solved, when it has ended without a plan, and its review."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import ServiceDep, StoredDep, may_read
from api.documents import json_document
from api.pages.comments_view import said
from api.pages.ended_view import ended
from api.pages.review_view import review
from api.pages.shell import page
from api.pages.solving_view import Turn, solving, turn
from api.security import Scope
from api.store.contract import FINAL

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}")  # noqa: FAST003  stored() takes it
async def plan(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Return the page that fits the plan's state."""
    may_change = any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes)
    if row.state not in FINAL:
        template, view = "solving.html.j2", solving
    elif row.answer_sha256 is None:
        template, view = "ended.html.j2", ended
    else:
        template, view = "review.html.j2", review
    shown = await run_in_threadpool(view, service, row)
    if row.state in FINAL:
        shown |= await run_in_threadpool(said, service, row, request.scope["caller"])
    return page(request, template, title=row.name, here="plans", may_change=may_change, **shown)


@router.get("/pages/plans/{plan}/turn")  # noqa: FAST003  stored() takes it
async def waiting(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Return how many plans come before one that waits."""
    found: Turn = await run_in_threadpool(turn, service, row)
    return json_document(found).respond(request)
