"""One city's rollout: map by month, permits, fleets, money, what binds."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import Answered, AnsweredDep, Service, ServiceDep, may_read
from api.documents import Document
from api.pages.ground import ground
from api.pages.shell import page
from api.problems import NotFound
from api.routes.parameters import Slug
from api.routes.results import city_of
from fleetplan.catalogue.types import City
from fleetplan.plans.types import CityRollout
from fleetplan.report import context
from fleetplan.report.charts import palette as palette_of
from fleetplan.service.types import CityService

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}/cities/{city}/ground.json")  # noqa: FAST003  answered() takes the plan
async def ground_data(request: Request, service: ServiceDep, found: AnsweredDep, city: Slug) -> Response:
    """Return what the map of a city's rollout draws."""
    rollout = city_of(found, city)
    key = f"{found.sha256}/ground/{city}"
    if (kept := service.rendered.get(key)) is None:
        body = await run_in_threadpool(_ground_bytes, service, found, rollout)
        kept = service.rendered.put(key, Document(body))
    return kept.respond(request)


def _ground_bytes(service: Service, found: Answered, rollout: CityRollout) -> bytes:
    fact, streets = _fact_of(service, rollout), _streets_of(service, found, rollout)
    if fact is None or streets is None:
        msg = f"the catalogue no longer holds {rollout.name}, so that there is no map of it"
        raise NotFound(msg)
    told = ground(found.plan, rollout, fact, streets, service.known.catalogue)
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _fact_of(service: Service, rollout: CityRollout) -> City | None:
    return service.known.catalogue.cities.get(rollout.city)


def _streets_of(service: Service, found: Answered, rollout: CityRollout) -> CityService | None:
    """Return the zones and ladder of one city as the plan's request changes them."""
    return service.known.services(found.plan.model_copy(update={"cities": [rollout]})).get(rollout.city)


@router.get("/plans/{plan}/cities/{city}")  # noqa: FAST003  answered() takes the plan
async def city_page(request: Request, service: ServiceDep, found: AnsweredDep, city: Slug) -> Response:
    """Return the page of a city's rollout."""
    return await run_in_threadpool(_page, request, service, found, city_of(found, city))


def _page(request: Request, service: Service, found: Answered, rollout: CityRollout) -> Response:
    palette = palette_of(found.plan)
    streets = _streets_of(service, found, rollout)
    told = context.city_context(found.plan, rollout, streets, service.known.catalogue, palette)
    return page(
        request,
        "city.html.j2",
        title=rollout.name,
        here="plans",
        row=found.row,
        plan=found.plan,
        c=rollout,
        city=told,
        palette=palette,
    )
