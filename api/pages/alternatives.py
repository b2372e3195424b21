"""The options that a plan leaves: plans nearly as good, the core they share, what less capital or more markets are worth."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.alternatives import alternatives_told, asked_in, frontier_told
from api.deps import Answered, AnsweredDep, Service, ServiceDep, may_read
from api.option_schemas import AlternativesTold, FrontierTold
from api.pages.shell import page
from api.security import Scope
from fleetplan.alternatives.answer import COUNT, MOST
from fleetplan.alternatives.types import Differ
from fleetplan.frontier.points import POINTS
from fleetplan.frontier.types import Axis
from fleetplan.report.frontier import NARROW, drawn, keys, rows
from fleetplan.words.names import Names

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)
AXES: tuple[Axis, ...] = ("capital", "markets")


@router.get("/plans/{plan}/alternatives")  # noqa: FAST003  answered() takes the plan
async def alternatives_page(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    count: Annotated[int, Query(ge=1, le=MOST)] = COUNT,
    within: Annotated[str, Query(max_length=40)] = "",
    differ: Differ = "launches",
    city: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Return the page of a plan's alternatives and frontiers, as far as their plans are stored."""
    shown = await run_in_threadpool(_view, service, found, count, within, differ, city)
    may_change = any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes)
    title = f"Alternatives to {found.row.name}"
    return page(request, "alternatives.html.j2", title=title, here="plans", may_change=may_change, **shown)


def _view(service: Service, found: Answered, count: int, within: str, differ: Differ, city: str) -> dict[str, Any]:
    told = alternatives_told(service, found, asked_in(service, found, count, within, differ, city))
    names = Names(service.known.catalogue, (found.plan,))
    return {
        "row": found.row,
        "plan": found.plan,
        "told": told,
        "paired": paired(told),
        "asked": {"count": count, "within": within, "differ": differ, "city": told.alternatives.city},
        "cities": sorted((c.name, c.city) for c in found.plan.cities),
        "frontiers": [frontier_view(frontier_told(service, found, axis, POINTS), names) for axis in AXES],
    }


def paired(told: AlternativesTold) -> list[dict[str, Any]]:
    """Return the alternatives with their stored plans, those near enough first."""
    found = told.alternatives
    every = [*found.others, *([found.nearest] if found.nearest else [])]
    return [{"one": one, "plan": plan} for one, plan in zip(every, told.plans, strict=True)]


def frontier_view(told: FrontierTold, names: Names) -> dict[str, Any]:
    """Return a frontier as its page shows it: the drawing, a row for each point with its plan, and what is to be made."""
    calls = [p.rerun.model_dump(mode="json") for p in told.points if p.rerun]
    return {
        "axis": told.frontier.axis,
        "begun": len(calls) < sum(not p.own for p in told.frontier.points) or not told.frontier.points,
        "sentences": told.frontier.sentences,
        "first": 2 if told.frontier.axis == "markets" else 1,  # what is to be read before the drawing
        "drawing": drawn(told.frontier),
        "narrow": drawn(told.frontier, NARROW),
        "keys": keys(told.frontier),
        "rows": list(zip(rows(told.frontier, names), told.points, strict=True)),
        "to_make": {
            "calls": calls,
            "running": any(p.state in {"queued", "running"} for p in told.points),
            "seconds": max((call["body"]["options"]["time_limit_s"] for call in calls), default=0),
            "count": len(told.points),
        },
    }
