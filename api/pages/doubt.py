"""How sure a plan is and of what: the tornado, the spread, a grid of two figures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.deps import Answered, AnsweredDep, Service, ServiceDep, may_read
from api.doubts import doubt_told
from api.grids import AskedGrid, grid_told
from api.pages.doubt_grid import grid_view
from api.pages.shell import page
from api.schemas import DoubtTold, GridTold
from api.security import Scope
from fleetplan.doubt.spread import DRAWS
from fleetplan.report.doubt import histogram, spread_rows, tornado_view
from fleetplan.words.doubt import WHY, broken_sentences, figure_name, short_number
from fleetplan.words.names import Names

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}/doubt")  # noqa: FAST003  answered() takes the plan
async def doubt_page(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    first: Annotated[str, Query(max_length=200)] = "",
    second: Annotated[str, Query(max_length=200)] = "",
    third: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Return the page of a plan's doubt; with two or three figures named, the grid of them on it."""
    shown = await service.costly.run(request, _view, service, found, AskedGrid(first, second, third))
    may_change = any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes)
    title = f"How sure is {found.row.name}?"
    return page(request, "doubt.html.j2", title=title, here="plans", may_change=may_change, **shown)


def _view(service: Service, found: Answered, asked: AskedGrid) -> dict[str, Any]:
    told = doubt_told(service, found, DRAWS, 0)
    names = Names(service.known.catalogue, (found.plan,))
    tornado = told.doubt.tornado
    choice = [(bar.key, figure_name(bar.key, names)) for bar in tornado.bars]
    cells = grid_told(service, found, asked) if asked.first and asked.second and _different(asked) else None
    return {
        "row": found.row,
        "plan": found.plan,
        "verdict": told.sentences,
        "tornado": tornado_view(tornado, names),
        "broken": broken_sentences(tornado, names),
        "stale": tornado.stale_usd,
        "spread": told.doubt.spread,
        "histogram": histogram(told.doubt.spread, tornado.npv_usd),
        "spread_rows": spread_rows(told.doubt, names),
        "drivers": [(figure_name(d.key, names), d) for d in told.doubt.spread.drivers],
        "together": [
            (c.what, c.correlation, [figure_name(key, names) for key in c.figures])
            for c in told.doubt.spread.correlated
        ],
        "unseen": _unseen(told, names),
        "unranged": len(tornado.unranged),
        "ends": [
            {
                "told": e,
                "name": figure_name(e.key, names),
                "what": f"{'high' if e.high else 'low'}, {short_number(e.value)}",
            }
            for e in told.ends
        ],
        "to_make": _to_make(told),
        "choice": choice,
        "first": asked.first or (choice[0][0] if choice else ""),
        "second": asked.second or (choice[1][0] if len(choice) > 1 else ""),
        "third": asked.third,
        "grid": grid_view(cells, names) if cells else None,
        "grid_making": _to_make(cells) if cells else None,
    }


def _unseen(told: DoubtTold, names: Names) -> list[tuple[str, list[str]]]:
    by_why: dict[str, list[str]] = {}
    for one in told.doubt.tornado.unseen:
        by_why.setdefault(one.why, []).append(figure_name(one.key, names))
    return [(WHY[why], sorted(figures)) for why, figures in sorted(by_why.items())]


def _to_make(told: DoubtTold | GridTold) -> dict[str, Any]:
    """Return what the page's script needs to have missing plans made, and to follow them."""
    entries = told.ends if isinstance(told, DoubtTold) else told.cells
    calls = [entry.rerun.model_dump(mode="json") for entry in entries if entry.rerun]
    running = any(entry.state in {"queued", "running"} for entry in entries)
    seconds = max((call["body"]["options"]["time_limit_s"] for call in calls), default=0)
    return {"calls": calls, "running": running, "seconds": seconds, "count": len(entries)}


def _different(asked: AskedGrid) -> bool:
    named = [key for key in (asked.first, asked.second, asked.third) if key]
    return len(set(named)) == len(named)
