"""One search over plans, cities, partners and figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import problems as p
from api.deps import ServiceDep, may_read
from api.documents import json_document
from api.openapi import ETAGGED, answer, refusals, unchanged
from api.search import LONGEST, MOST_WORDS, Found, search

router = APIRouter(prefix="/v1/search", tags=["plans"], dependencies=[may_read], default_response_class=Response)


@router.get(
    "",
    operation_id="search",
    summary="Search plans, cities, partners and figures at once",
    responses={
        200: answer("What was found.", Found, example="found", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.BadRequest),
    },
)
async def find(
    request: Request,
    service: ServiceDep,
    q: Annotated[str, Query(max_length=LONGEST, description=f"words, {MOST_WORDS} at most; each has to be found")],
    limit: Annotated[int, Query(ge=1, le=50, description="so many of each kind at most")] = 10,
) -> Response:
    """Return what fits every word: plans by name, note, tag or id, the newest first; of the catalogue by name and place."""
    return json_document(await service.costly.run(request, search, service, q, limit)).respond(request)
