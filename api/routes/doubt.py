"""How sure a plan is and of what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import AnsweredDep, ServiceDep, StoredDep, may_plan, may_read
from api.documents import Document, json_document
from api.doubts import doubt_told, found_doubt, kept_doubts, live_bytes
from api.grids import AskedGrid, asked_for, grid_csv, grid_told
from api.media import CSV, JSON, XLSX, choose
from api.openapi import ETAGGED, RETRY, answer, of_an_answered_plan, refusals, unchanged
from api.routes.parameters import Accept
from api.schemas import DoubtTold, GridTold
from api.schemas_again import KeptDoubts
from api.security import Caller
from api.submission import check_space
from fleetplan.doubt.spread import DRAWS, MOST_DRAWS
from fleetplan.report.doubt_tables import spread_frame, tornado_frame
from fleetplan.report.tables import csv_text

router = APIRouter(
    prefix="/v1/plans/{plan}", tags=["results"], dependencies=[may_read], default_response_class=Response
)
Draws = Annotated[int, Query(ge=2, le=MOST_DRAWS, description="joint draws of all figures")]
First = Annotated[str, Query(max_length=200, description="key of a figure with a range")]
Second = Annotated[str, Query(max_length=200, description="key of another")]
Third = Annotated[
    str, Query(max_length=200, description="key of a third: such a grid at its low, its likely value and its high")
]
Seed = Annotated[int, Query(ge=0, le=2**31 - 1, description="seed of the draws")]


@router.get(
    "/doubt",
    operation_id="doubt_plan",
    summary="How sure the plan is and of what: each figure at its low and high, and thousands of joint draws",
    responses=of_an_answered_plan("The doubt; as CSV the bars.", DoubtTold, media=(JSON, CSV), also=(p.NotAcceptable,)),
)
async def doubt(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    draws: Draws = DRAWS,
    seed: Seed = 0,
    accept: Accept = None,
) -> Response:
    """Revalue the plan at fixed decisions. Nothing is solved: of the ten figures that matter most the reruns to post are told."""
    media = choose(accept, (JSON, CSV))
    if media == CSV:
        known = await service.costly.run(request, found_doubt, service, found, draws, seed)
        return Document(csv_text(tornado_frame(known.tornado)).encode(), CSV).respond(request)
    told = await service.costly.run(request, doubt_told, service, found, draws, seed)
    return json_document(told).respond(request)


@router.get(
    "/doubt/spread",
    operation_id="doubt_spread",
    summary="How the plan's money spreads over joint draws of all figures, as CSV",
    responses=of_an_answered_plan("The spread, a row for each amount.", media=(CSV,)),
)
async def spread(
    request: Request, service: ServiceDep, found: AnsweredDep, draws: Draws = DRAWS, seed: Seed = 0
) -> Response:
    """Return value by plan and city, and the funding needed, over all draws."""
    known = await service.costly.run(request, found_doubt, service, found, draws, seed)
    return Document(csv_text(spread_frame(known)).encode(), CSV).respond(request)


@router.get(
    "/doubt/kept",
    operation_id="list_doubts",
    summary="The answers on how sure the plan is that are stored with it, with their hashes",
    responses={
        200: answer("What is stored.", KeptDoubts, headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.BadRequest),
    },
)
def kept(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Return what was asked of the plan's doubt before: each answer is stored once, survives a restart and goes with the plan."""
    return json_document(kept_doubts(service, row.id)).respond(request)


@router.get(
    "/doubt/grid",
    operation_id="doubt_grid",
    summary="The plan over a grid of two figures, five by five, each from its low over its likely value to its high",
    responses=of_an_answered_plan("The grid.", GridTold),
)
async def grid(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    first: First,
    second: Second,
    third: Third = "",
) -> Response:
    """Return the plan's value in every cell at its launches as they are, and what is known of the best plan there.

    Cells that were not planned anew yet tell the rerun to post; a POST here asks for all of them at once.
    """
    told = await service.costly.run(request, grid_told, service, found, AskedGrid(first, second, third))
    return json_document(told).respond(request)


@router.get(
    "/doubt/cells",
    operation_id="doubt_cells",
    summary="A grid of figures as CSV, a row for each cell with the plan behind it",
    responses=of_an_answered_plan("The cells.", media=(CSV,)),
)
async def cells(
    request: Request, service: ServiceDep, found: AnsweredDep, first: First, second: Second, third: Third = ""
) -> Response:
    """Return what the grid holds: both values, who enters, what is left out, gap and plan of each cell that was planned anew."""
    told = await service.costly.run(request, grid_told, service, found, AskedGrid(first, second, third))
    return Document(grid_csv(told).encode(), CSV).respond(request)


@router.post(
    "/doubt/grid",
    operation_id="plan_doubt_grid",
    summary="Plan anew in every cell of a grid: who enters there; every cell is a plan of its own",
    status_code=202,
    dependencies=[may_plan],
    responses={
        202: answer("All that were missing are stored and will be made.", GridTold, headers=RETRY),
        **refusals(*p.UNANSWERED, p.QueueFull, p.DiskFull, p.StoreLimit, p.CrossOrigin, p.BodyTooLarge),
    },
)
async def plan_grid(
    request: Request, service: ServiceDep, found: AnsweredDep, first: First, second: Second, third: Third = ""
) -> Response:
    """Ask for the plan of every cell that is missing; safe to repeat. Nothing is lost by whoever dies, the plans stay."""
    await run_in_threadpool(check_space, service)
    caller: Caller = request.scope["caller"]
    asked = AskedGrid(first, second, third)
    told = await service.costly.run(request, asked_for, service, found, asked, caller.key)
    return json_document(told, headers={"Retry-After": "2"}).respond(request, 202)


@router.get(
    "/doubt/workbook",
    operation_id="doubt_workbook",
    summary="The plan as a workbook that recalculates: figures with a switch, fleets and money by city as formulas",
    responses=of_an_answered_plan("The workbook.", media=(XLSX,)),
)
async def workbook(request: Request, service: ServiceDep, found: AnsweredDep) -> Response:
    """Return the plan with live formulas; decisions stand in it as numbers, text of the request never in a formula."""
    made = await service.costly.run(request, live_bytes, service, found)
    headers = {"Content-Disposition": f'attachment; filename="{found.row.id}.live.xlsx"'}
    return Document(made, XLSX, headers).respond(request)
