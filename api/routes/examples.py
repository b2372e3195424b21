"""Ready bodies for POST /v1/plans."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter, Request, Response

from api import problems as p
from api.deps import may_read
from api.documents import Document, json_document
from api.openapi import ETAGGED, answer, refusals, unchanged
from api.routes.parameters import Slug
from api.schemas import Submission
from fleetplan.examples import example_files
from fleetplan.request import read_request

router = APIRouter(prefix="/v1/examples", tags=["catalogue"], dependencies=[may_read], default_response_class=Response)


@cache
def bodies() -> dict[str, Document]:
    """Return every example, ready to be posted back."""
    return {name: json_document(Submission(request=read_request(file))) for name, file in example_files().items()}


@router.get(
    "/{name}",
    operation_id="show_example",
    summary="A ready body for POST /v1/plans; `infeasible` is infeasible on purpose",
    responses={
        200: answer("The body.", Submission, example="submission", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.ExampleNotFound, p.BadRequest),
    },
)
async def example(request: Request, name: Slug) -> Response:
    """Return an example that can be posted straight back."""
    found = bodies().get(name)
    if found is None:
        flaw = p.Flaw("is no example", parameter="name", value=name, allowed=", ".join(bodies()))
        raise p.ExampleNotFound(flaws=[flaw])
    return found.respond(request)
