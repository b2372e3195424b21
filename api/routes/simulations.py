"""Replay months of a plan request by request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import AnsweredDep, ServiceDep, StoredDep, may_plan, may_read
from api.documents import json_document
from api.openapi import ETAGGED, RETRY, WITH_BODY, answer, body_example, refusals, unchanged
from api.routes.parameters import SLUG
from api.routes.plans import LOCATED
from api.simulations import SimulationBody, SimulationList, SimulationTold, ask, asked_of, listed, row_of, told
from api.strict_json import StrictRoute
from api.submission import check_room

router = APIRouter(
    prefix="/v1/plans/{plan}/simulations", tags=["results"], default_response_class=Response, route_class=StrictRoute
)
SimulationId = Annotated[str, Path(pattern=SLUG, description="id of a replay")]


@router.post(
    "",
    operation_id="simulate_plan",
    summary="Have a city's month of the plan replayed request by request",
    status_code=202,
    dependencies=[may_plan],
    responses={
        200: answer("It was replayed before.", SimulationTold, headers=LOCATED),
        202: answer("It will be replayed.", SimulationTold, example="simulation", headers={**LOCATED, **RETRY}),
        **refusals(*WITH_BODY, *p.UNANSWERED, p.QueueFull, p.DiskFull),
    },
    openapi_extra=body_example("simulation_asked"),
)
async def simulate(request: Request, service: ServiceDep, found: AnsweredDep, body: SimulationBody) -> Response:
    """Store what is asked durably and answer 202; the same month, days and seeds are one replay, asked twice or by two."""
    await run_in_threadpool(check_room, service)
    asked = asked_of(found, body)
    row, _ = await run_in_threadpool(ask, service, found, asked)
    made = await run_in_threadpool(told, service, row)
    headers = {"Location": made.href}
    if row.state == "succeeded":
        return json_document(made, headers=headers).respond(request)
    return json_document(made, headers={**headers, "Retry-After": "2"}).respond(request, 202)


@router.get(
    "",
    operation_id="list_simulations",
    summary="The plan's replays, and how the plan stands by them",
    dependencies=[may_read],
    responses={
        200: answer("The replays.", SimulationList, example="simulations", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.BadRequest),
    },
)
def simulations(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Return every replay of the plan, asked for or made in the background, oldest first."""
    return json_document(listed(service, row.id)).respond(request)


@router.get(
    "/{simulation}",
    operation_id="get_simulation",
    summary="A replay: state, progress, promised against replayed by hour, waits by zone, load of the depots",
    dependencies=[may_read],
    responses={
        200: answer("The replay.", SimulationTold, headers={**ETAGGED, **RETRY}),
        304: unchanged(),
        **refusals(p.PlanNotFound, p.SimulationNotFound, p.BadRequest),
    },
)
def simulation(request: Request, service: ServiceDep, row: StoredDep, simulation: SimulationId) -> Response:
    """Return one replay; ask again after Retry-After while it is waiting or being made."""
    found = row_of(service, row.id, simulation)
    headers = {"Retry-After": "2"} if found.state in {"queued", "running"} else {}
    return json_document(told(service, found), headers=headers).respond(request)
