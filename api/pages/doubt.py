"""How sure a plan is and of what: the tornado, the spread, a grid of two figures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.deps import Answered, AnsweredDep, Service, ServiceDep, may_read
from api.doubts import doubt_told, grid_told
from api.pages.shell import page
from api.schemas import DoubtTold, GridTold
from api.security import Scope
from fleetplan.doubt.spread import DRAWS
from fleetplan.report.doubt import grid_cells, histogram, spread_rows, tornado_view
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
) -> Response:
    """Return the page of a plan's doubt; with two figures named, the grid of them on it."""
    shown = await service.costly.run(request, _view, service, found, first, second)
    may_change = any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes)
    title = f"How sure is {found.row.name}?"
    return page(request, "doubt.html.j2", title=title, here="plans", may_change=may_change, **shown)


def _view(service: Service, found: Answered, first: str, second: str) -> dict[str, Any]:
    told = doubt_told(service, found, DRAWS, 0)
    names = Names(service.known.catalogue, (found.plan,))
    tornado = told.doubt.tornado
    choice = [
        (bar.key, figure_name(bar.key, names)) for bar in tornado.bars if not bar.key.startswith("jurisdictions/")
    ]
    cells = grid_told(service, found, first, second) if first and second and first != second else None
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
        "first": first or (choice[0][0] if choice else ""),
        "second": second or (choice[1][0] if len(choice) > 1 else ""),
        "grid": _grid(cells, names) if cells else None,
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


def _grid(told: GridTold, names: Names) -> dict[str, Any]:
    grid = told.grid
    rows = grid_cells(grid, names)
    columns = len(grid.second_values)
    again = [told.cells[k : k + columns] for k in range(0, len(told.cells), columns)]
    return {
        "sentences": told.sentences,
        "first": figure_name(grid.first, names),
        "second": figure_name(grid.second, names),
        "units": (grid.first_unit, grid.second_unit),
        "columns": [short_number(value) for value in grid.second_values],
        "rows": [
            (short_number(value), list(zip(rows[k], again[k], strict=True)))
            for k, value in enumerate(grid.first_values)
        ],
        "city_names": {city: names.city(city) for cell in grid.cells for city in cell.city_npv_usd},
        "to_make": _to_make(told),
    }
