"""The page of a search over plans, cities, partners and figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.deps import ServiceDep, may_read
from api.pages.shell import page
from api.search import LONGEST, search

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)
SHOWN = 20


@router.get("/search")
async def found(request: Request, service: ServiceDep, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
    """Return what a search found."""
    told = await service.costly.run(request, search, service, q, SHOWN)
    return page(request, "search.html.j2", title=f"Search: {q}" if q.strip() else "Search", asked=q.strip(), found=told)
