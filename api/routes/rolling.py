"""Rolling forward: what a plan expects to stand at a month as a table, and a request that goes on from a corrected one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api import problems as p
from api.asked_reruns import refused
from api.city_schemas import Upload
from api.deps import AnsweredDep, ServiceDep, may_plan, may_read
from api.documents import Document, json_document
from api.media import CSV, JSON, XLSX, choose
from api.openapi import WITH_BODY, answer, of_an_answered_plan, refusals
from api.routes.parameters import Accept
from api.schemas import Answer, Body
from api.strict_json import StrictRoute
from api.uploads import content_of
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InputError, RequestError
from fleetplan.request import Month
from fleetplan.request.started import StartingState
from fleetplan.rolling.expected import rolled, state_at
from fleetplan.rolling.table import as_csv, as_xlsx, read_state
from fleetplan.scope import judge_request

router = APIRouter(tags=["plans"], default_response_class=Response, route_class=StrictRoute)
EXAMPLE = {
    "table": {
        "name": "state.csv",
        "content": "d2hhdCxtb250aCxudW1iZXIKZmlyc3QgbW9udGggcGxhbm5lZCwyMDI4LTAxLApjYXBpdGFsIHNwZW50LCw1MDAwMDAwCg==",
    }
}


class StateAsked(Body):
    """A table of what stands, as `GET /v1/plans/{plan}/state` writes it and somebody corrected it."""

    table: Upload
    month: Month | None = Field(default=None, description="first month planned, in place of the one in the table")
    request: dict[str, Any] | None = Field(default=None, description="a request that is to go on from it")


class StateRead(Answer):
    """What a table says, and the request that goes on from it."""

    starting_state: StartingState
    request: dict[str, Any] | None = Field(
        description="the request with its starting state, to be posted; where one was given"
    )


@router.get(
    "/v1/plans/{plan}/state",  # noqa: FAST003  answered() takes the plan
    tags=["results"],
    dependencies=[may_read],
    operation_id="plan_state",
    summary="What the plan expects to stand at a month: services, vehicles, permits, depots, money, as a table to correct",
    responses=of_an_answered_plan("A row for each thing.", media=(CSV, XLSX), also=(p.NotAcceptable,)),
)
def state(
    request: Request,
    found: AnsweredDep,
    at: Annotated[Month, Query(description="first month to be planned anew")],
    accept: Accept = None,
) -> Response:
    """Return the state as CSV or XLSX; correct it to what does stand, then POST it to /v1/starting-states."""
    media = choose(accept, (CSV, XLSX))
    try:
        stands = state_at(found.plan, at)
    except InputError as error:
        raise refused(error) from error
    made = as_xlsx(stands) if media == XLSX else as_csv(stands).encode()
    name = f"{found.row.id}.{at}.{'xlsx' if media == XLSX else 'csv'}"
    return Document(made, media, {"Content-Disposition": f'attachment; filename="{name}"'}).respond(request)


@router.post(
    "/v1/starting-states",
    dependencies=[may_plan],
    operation_id="read_state",
    summary="Read a table of what stands, and give the request that goes on from it; stores nothing",
    responses={200: answer("What the table says.", StateRead), **refusals(*WITH_BODY, p.BadRequest)},
    openapi_extra={"requestBody": {"content": {JSON: {"example": EXAMPLE}}}},
)
async def read(request: Request, service: ServiceDep, body: StateAsked) -> Response:
    """Read a CSV or XLSX; every fault at once, each with its row. With a request, the request is judged with it too."""
    return json_document(await service.costly.run(request, _read, body, service.known.catalogue)).respond(request)


def _read(body: StateAsked, catalogue: Catalogue) -> StateRead:
    data = content_of(body.table, "/table")
    try:
        table = read_state(data, body.table.name, body.month)
    except InputError as error:
        raise _refused(error) from error
    if body.request is None:
        return StateRead(starting_state=table.state, request=None)
    asked = rolled(body.request, table.state)
    try:
        judge_request(asked, catalogue)
    except RequestError as error:
        raise _refused(table.in_rows(error)) from error
    return StateRead(starting_state=table.state, request=asked)


def _refused(error: InputError) -> p.BadRequest:
    """Return the faults of a table, each told with its row; those of the request itself at their place in it."""
    return p.refused(
        [
            p.Flaw(f.what, pointer=f"/request{f.where}", allowed=f.allowed, remedy=f.remedy)
            if f.where.startswith("/")
            else p.Flaw(f"{f.where}: {f.what}", pointer="/table/content", allowed=f.allowed, remedy=f.remedy)
            for f in error.faults
        ]
    )
