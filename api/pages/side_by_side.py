"""Two to twenty plans side by side, and the choice of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import Service, ServiceDep, may_read
from api.pages.shell import may_delete, page
from api.routes.parameters import SLUG
from api.several import answered, left_out, table_of_answers
from fleetplan.compare.several import FEWEST, MOST
from fleetplan.words.side_by_side import rows

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)
OFFERED = 60
Plans = Annotated[list[Annotated[str, Query(pattern=SLUG)]] | None, Query(max_length=MOST)]


@router.get("/comparisons")
async def comparisons(request: Request, service: ServiceDep, plan: Plans = None) -> Response:
    """Return plans side by side; with fewer than two named, the plans to choose from."""
    chosen = list(dict.fromkeys(plan or []))
    shown = await run_in_threadpool(_view, service, chosen)
    may = {"may_restore": may_delete(request.scope)}
    return page(request, "side_by_side.html.j2", title="Plans side by side", here="plans", **shown, **may)


def _view(service: Service, chosen: list[str]) -> dict[str, Any]:
    newest = service.store.page(limit=OFFERED, after=None)
    offered = [row for row in newest if row.answer_sha256]
    context: dict[str, Any] = {"chosen": chosen, "offered": offered, "most": MOST, "table": None}
    found, refused = answered(service, chosen)
    missing = [left_out(service, plan, why) for plan, why in refused.items()]
    context["left_out"] = missing
    if len(found) < FEWEST:
        return context
    table = table_of_answers(found, missing)
    return {**context, "table": table, "rows": rows(table)}
