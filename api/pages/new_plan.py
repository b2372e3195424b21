"""A new plan: a form and an editor over the request, both views of the same thing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import Service, ServiceDep, may_plan, may_read
from api.documents import json_document
from api.missing import PlanDeleted, not_there
from api.pages.drafts import Draft, answer
from api.pages.estimates import LOOKED_AT
from api.pages.shell import page
from api.routes.parameters import SLUG
from api.security import Scope
from api.store.contract import PlanRow
from api.strict_json import StrictRoute
from fleetplan.drafts.form import pair_rows, stack_rows, usual_values
from fleetplan.drafts.starts import BLANK, copy_name, examples, tidy
from fleetplan.drafts.writing import write_text
from fleetplan.options import SearchOptions
from fleetplan.request import parse_request
from fleetplan.reruns.lever_fields import KINDS, choices
from fleetplan.words.fields import field_groups
from fleetplan.words.request import DEAL_NAMES

router = APIRouter(
    include_in_schema=False, dependencies=[may_read], default_response_class=Response, route_class=StrictRoute
)


@dataclass(frozen=True, slots=True)
class Start:
    """What the page starts with: a text, how to solve, and the plan or example that they are from."""

    text: str
    options: dict[str, Any]
    plan: PlanRow | None = None
    example: str = ""


@router.get("/plans/new")
async def new_plan(
    request: Request, service: ServiceDep, origin: Annotated[str | None, Query(alias="from", pattern=SLUG)] = None
) -> Response:
    """Return the form, filled from an example or an earlier plan where one is named."""
    return await run_in_threadpool(_form, request, service, origin)


@router.get("/plans/new/fields")
async def fields(request: Request) -> Response:
    """Return every member that the text of a request may have, in words."""
    return page(request, "new_plan_fields.html.j2", title="All fields of a request", here="new", groups=field_groups())


@router.post("/pages/drafts", dependencies=[may_plan])
async def draft(request: Request, service: ServiceDep, body: Draft) -> Response:
    """Judge a draft; nothing is stored."""
    return json_document(await run_in_threadpool(_answer, service, body)).respond(request)


def _form(request: Request, service: Service, origin: str | None) -> Response:
    start = start_from(service, origin)
    catalogue = service.known.catalogue
    pairs = pair_rows(catalogue)
    first = _answer(service, Draft(text=start.text, options=start.options))
    return page(
        request,
        "new_plan.html.j2",
        title="New plan",
        here="new",
        start=start,
        examples=examples(),
        cities=list(catalogue.cities.values()),
        stacks=stack_rows(catalogue),
        deals=DEAL_NAMES,
        kinds=KINDS,
        names=choices(catalogue.cities, (s.slug for s in catalogue.stacks.values() if not s.rival), catalogue),
        pairs=pairs,
        barred=0,
        live_elsewhere=sum(market.counts for market in catalogue.live_markets),
        may_ask=any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes),
        most_s=service.settings.max_time_limit_s,
        data={
            "from": origin or "",
            "options": start.options,
            "answer": first,
            "usual": usual_values(),
            "cities": list(catalogue.cities),
            "stacks": [row["slug"] for row in stack_rows(catalogue)],
            "kinds": [asdict(kind) for kind in KINDS if kind.offered],
            "pairs": pairs,
        },
    )


def _answer(service: Service, body: Draft) -> dict[str, Any]:
    def past() -> list[PlanRow]:
        return list(service.store.page(limit=LOOKED_AT, after=None, state="succeeded"))

    return answer(body, service.known, service.settings, past)


def start_from(service: Service, origin: str | None) -> Start:
    """Return what to start with.

    Raises
    ------
    ExampleNotFound
        When neither an example nor a plan goes by that name.
    """
    usual = SearchOptions().model_dump(mode="json")
    if origin is None:
        return Start(BLANK, usual)
    if (found := next((e for e in examples() if e.key == origin), None)) is not None:
        return Start(found.text, usual, example=found.key)
    row = service.store.get(origin)
    if row is None and isinstance(gone := not_there(service.store, service.settings.undo_days, origin), PlanDeleted):
        raise gone
    if row is None:
        msg = f"no example and no plan is called {origin!r}"
        flaw = p.Flaw("is neither", parameter="from", value=origin, allowed=", ".join(e.key for e in examples()))
        raise p.ExampleNotFound(msg, flaws=[flaw])
    again = tidy(parse_request({**row.request, "name": copy_name(row.name)}))
    return Start(write_text(again, "yaml"), row.options.search.model_dump(mode="json"), plan=row)
