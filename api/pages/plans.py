"""The list of plans, with their states, headline money, gaps and lineage."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import ServiceDep, may_read
from api.pages.shell import page
from api.routes.parameters import SLUG
from api.store.contract import State

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)

PAGE = 60


@router.get("/")
async def home() -> Response:
    """Send to the list of plans."""
    return Response(status_code=307, headers={"Location": "/plans"})


@router.get("/plans")
async def plans(
    request: Request,
    service: ServiceDep,
    state: Annotated[State | None, Query()] = None,
    city: Annotated[str | None, Query(pattern=SLUG)] = None,
    after: Annotated[str | None, Query(pattern=SLUG)] = None,
) -> Response:
    """Return the list of plans."""
    rows = await run_in_threadpool(
        lambda: service.store.page(limit=PAGE + 1, after=after, state=state, city=city, parent=None)
    )
    return page(request, "plans.html.j2", title="Plans", here="plans", rows=rows[:PAGE], more=len(rows) > PAGE)
