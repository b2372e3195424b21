"""A new plan: a form and an editor over the request, both views of the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import Service, ServiceDep, may_plan, may_read
from api.documents import json_document
from api.pages.drafts import Draft, answer, tidy
from api.pages.estimates import LOOKED_AT
from api.pages.request_text import write_text
from api.pages.shell import page
from api.routes.parameters import SLUG
from api.security import Scope
from api.store.contract import PlanRow
from api.strict_json import StrictRoute
from fleetplan.catalogue.types import Catalogue, Stack
from fleetplan.examples import example_files
from fleetplan.options import SearchOptions
from fleetplan.request import Capital, PlanRequest, parse_request, read_request
from fleetplan.words.request import DEAL_NAMES

router = APIRouter(
    include_in_schema=False, dependencies=[may_read], default_response_class=Response, route_class=StrictRoute
)

FIRST_EXAMPLES = ("uber-2027", "tight-budget", "ten-markets")
"""Examples in the order in which a newcomer learns most; others follow by name."""

CONTRACT_NAMES = {
    "own_and_license": "vehicles bought, driving system licensed",
    "fixed_fee": "fixed fee a vehicle",
    "revenue_share": "share of fares",
    "sale_license_share": "vehicles bought, licence and share of fares",
}
BLANK = """\
# A request. The form and this text are the same thing: what you change in one, the other shows.

name: New plan

capital:
  per_quarter_usd: 50_000_000   # USD; what a quarter leaves over may be spent later
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A request to start from."""

    key: str
    title: str
    note: str
    text: str


@dataclass(frozen=True, slots=True)
class Start:
    """What the page starts with: a text, how to solve, and the plan or example that they are from."""

    text: str
    options: dict[str, Any]
    plan: PlanRow | None = None
    example: str = ""


@cache
def examples() -> tuple[Example, ...]:
    """Return the examples, the most telling first."""
    found = []
    for name, file in example_files().items():
        request = read_request(file)
        found.append(Example(name, request.name, request.note.strip(), file.read_text(encoding="utf-8")))
    rank = {key: i for i, key in enumerate(FIRST_EXAMPLES)}
    return tuple(sorted(found, key=lambda e: (rank.get(e.key, len(rank)), e.key)))


@router.get("/plans/new")
async def new_plan(
    request: Request, service: ServiceDep, origin: Annotated[str | None, Query(alias="from", pattern=SLUG)] = None
) -> Response:
    """Return the form, filled from an example or an earlier plan where one is named."""
    return await run_in_threadpool(_form, request, service, origin)


@router.post("/pages/drafts", dependencies=[may_plan])
async def draft(request: Request, service: ServiceDep, body: Draft) -> Response:
    """Judge a draft; nothing is stored."""
    return json_document(await run_in_threadpool(_answer, service, body)).respond(request)


def _form(request: Request, service: Service, origin: str | None) -> Response:
    start = start_from(service, origin)
    catalogue = service.known.catalogue
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
    if row is None:
        msg = f"no example and no plan is called {origin!r}"
        flaw = p.Flaw("is neither", parameter="from", value=origin, allowed=", ".join(e.key for e in examples()))
        raise p.ExampleNotFound(msg, flaws=[flaw])
    options = {name: getattr(row.options, name) for name in usual}
    again = tidy(parse_request({**row.request, "name": copy_name(row.name)}))
    return Start(write_text(again, "yaml"), options, plan=row)


def copy_name(name: str) -> str:
    """Return the name of a copy, no longer than names may be.

    >>> copy_name("Uber 2027")
    'Uber 2027 (copy)'
    """
    return name if name.endswith("(copy)") else f"{name[:73]} (copy)"


def usual_values() -> dict[str, Any]:
    """Return by JSON pointer what counts where a request says nothing."""
    full = PlanRequest(capital=Capital(per_quarter_usd=0)).model_dump(mode="json")
    flat = {f"/{key}": value for key, value in full.items() if not isinstance(value, dict)}
    for key in ("horizon", "capital", "deployments"):
        flat |= {f"/{key}/{name}": value for name, value in full[key].items()}
    return flat


def stack_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the stacks that a request may place, those with deals first, each with its lawful cities."""
    rows = [_stack_row(catalogue, stack) for stack in catalogue.stacks.values() if not stack.rival]
    return sorted(
        rows, key=lambda row: (not any(d != "none" for _, _, d in row["cities"]), row["partner"], row["slug"])
    )


def _stack_row(catalogue: Catalogue, stack: Stack) -> dict[str, Any]:
    facts = [fact for (slug, _), fact in catalogue.deployments.items() if slug == stack.slug and fact.permitted != "no"]
    return {
        "slug": stack.slug,
        "partner": stack.partner,
        "platform": stack.platform,
        "contract": CONTRACT_NAMES[stack.contract_type],
        "cities": sorted((catalogue.cities[f.city].name, f.city, f.deal) for f in facts if f.deal != "rival"),
    }
