"""A plan's options: plans nearly as good, what less capital or more markets would be worth, several plans side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.alternatives import alternatives_told, asked_in, frontier_told
from api.deps import AnsweredDep, Service, ServiceDep, may_read
from api.documents import json_document
from api.openapi import of_an_answered_plan
from api.option_schemas import AlternativesTold, FrontierTold, SideBySideTold
from api.routes.parameters import SLUG
from api.several import table_of
from fleetplan.alternatives.answer import COUNT, MOST
from fleetplan.alternatives.types import Differ
from fleetplan.compare.several import MOST as MOST_PLANS
from fleetplan.frontier.points import FEWEST, POINTS
from fleetplan.frontier.points import MOST as MOST_POINTS
from fleetplan.frontier.types import Axis

router = APIRouter(prefix="/v1", tags=["results"], dependencies=[may_read], default_response_class=Response)
Count = Annotated[int, Query(ge=1, le=MOST, description="how many alternatives")]
Within = Annotated[
    str | None,
    Query(
        max_length=40,
        description="what one may give up: a share of the plan's worth (5%), an amount (2.5M) or any; left out: 5 %, and any "
        "amount where a city is named",
    ),
]
City = Annotated[
    str, Query(max_length=200, description="the best plans for this city alone: by partner, quarter and widest area")
]
Points = Annotated[int, Query(ge=FEWEST, le=MOST_POINTS, description="how many points")]
Plans = Annotated[
    list[Annotated[str, Query(pattern=SLUG)]],
    Query(min_length=2, max_length=MOST_PLANS, description="ids of two to twenty plans, each given as `plan`"),
]


@router.get(
    "/plans/{plan}/alternatives",  # noqa: FAST003  answered() takes it
    operation_id="plan_alternatives",
    summary="Plans nearly as good that differ in structure, in what each is stronger, and the core that all of them share",
    responses=of_an_answered_plan(
        "The alternatives known, or what to post to learn of the next one.", AlternativesTold, example="alternatives"
    ),
)
async def alternatives(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    count: Count = COUNT,
    within: Within = None,
    differ: Annotated[
        Differ, Query(description="launches: who opens where in which quarter; places: who opens where")
    ] = "launches",
    city: City = "",
) -> Response:
    """Tell the plans near to this one that differ from it and from one another. From stored plans, nothing is solved.

    Each is the best plan that differs from all before it. Post `rerun`, ask again when that has ended, until `state` is known.
    """
    told = await service.costly.run(request, _alternatives, service, found, count, within, differ, city)
    return json_document(told).respond(request)


def _alternatives(
    service: Service, found: AnsweredDep, count: int, within: str | None, differ: Differ, city: str
) -> AlternativesTold:
    return alternatives_told(service, found, asked_in(service, found, count, within, differ, city))


@router.get(
    "/plans/{plan}/frontier",  # noqa: FAST003  answered() takes it
    operation_id="plan_frontier",
    summary="What less capital, or more markets, would be worth: a plan for each point",
    responses=of_an_answered_plan(
        "The points, and what to post for those that are not known.", FrontierTold, example="frontier"
    ),
)
async def frontier(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    axis: Annotated[
        Axis, Query(description="capital: at most so much in all; markets: at least so many at the end")
    ] = "capital",
    points: Points = POINTS,
) -> Response:
    """Tell the best plan within each limit. From stored plans, nothing is solved: post the reruns told, and ask again."""
    told = await service.costly.run(request, frontier_told, service, found, axis, points)
    return json_document(told).respond(request)


@router.get(
    "/comparisons",
    operation_id="compare_several",
    summary="Two to twenty plans side by side: money, launches, areas, risks",
    responses=of_an_answered_plan("The table.", SideBySideTold, example="several"),
)
async def comparisons(request: Request, service: ServiceDep, plan: Plans) -> Response:
    """Lay stored plans side by side, in the order in which they are named."""
    told = await service.costly.run(request, table_of, service, plan)
    return json_document(told).respond(request)
