"""The service: one app, put together from settings, a store and a queue."""

from __future__ import annotations

import errno
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from api import card_schemas, city_schemas, option_schemas, schemas, schemas_again
from api import evaluations as own_plans
from api import problems as p
from api import search as found
from api import simulations as replays
from api.deps import Enqueue, Service, ServiceStore
from api.known import Known
from api.logs import configure_logs
from api.middleware import Doorkeeper, Surround, problem_response
from api.openapi import document
from api.pages.routes import ROUTERS as PAGES
from api.pointers import pointer_of
from api.prefix import Prefix
from api.routes import (
    again,
    cards,
    cities,
    comparison,
    doubt,
    evaluations,
    events,
    examples,
    new_city,
    operations,
    options,
    partners,
    plans,
    reruns,
    results,
    rolling,
    search,
    simulations,
    validations,
    why_not,
)
from api.security import Guard
from api.settings import Settings
from api.short_way import ShortWay
from api.store.errors import StoreError
from fleetplan import __version__

ROUTERS = (
    plans.router,
    cards.router,
    search.router,
    reruns.router,
    events.router,
    results.router,
    comparison.router,
    why_not.router,
    doubt.router,
    again.router,
    simulations.router,
    options.router,
    evaluations.router,
    validations.router,
    rolling.router,
    cities.router,
    partners.router,
    examples.router,
    new_city.router,
    operations.router,
)
MODELS: tuple[type[BaseModel], ...] = (
    p.Problem,
    schemas.PlanStatus,
    schemas.PlanPage,
    card_schemas.Card,
    card_schemas.Comments,
    card_schemas.Tags,
    found.Found,
    schemas.Validation,
    rolling.StateRead,
    schemas.Rollout,
    schemas.TableAnswer,
    schemas.Explanation,
    schemas.ComparedPlans,
    schemas.WhyNotTold,
    schemas.DoubtTold,
    schemas.GridTold,
    schemas_again.ThresholdsTold,
    schemas_again.LimitsTold,
    schemas_again.KeptDoubts,
    schemas_again.RecourseTold,
    replays.SimulationTold,
    replays.SimulationList,
    own_plans.EvaluationTold,
    own_plans.EvaluationList,
    option_schemas.AlternativesTold,
    option_schemas.FrontierTold,
    option_schemas.SideBySideTold,
    schemas.GeoJson,
    schemas.Cities,
    schemas.Partners,
    city_schemas.BegunCity,
    schemas.Health,
)
TAGS = [
    {"name": "plans", "description": "Ask, follow, change, compare."},
    {"name": "results", "description": "What stands in a plan."},
    {"name": "catalogue", "description": "What is known before a request, with sources."},
    {"name": "operations", "description": "For those who run the service."},
]


def create_app(
    settings: Settings | None = None,
    store: ServiceStore | None = None,
    enqueue: Enqueue | None = None,
    *,
    known: Known | None = None,
) -> FastAPI:
    """Return the app.

    Parameters
    ----------
    store, enqueue
        Where plans are kept and who takes them up; by default those that the settings name.
    known
        The catalogue and the cities' services; read from disk by default.
    """
    settings = settings or Settings()
    configure_logs(settings.log_level)
    if store is None or enqueue is None:
        store, enqueue = _jobs(settings)
    service = Service(settings, store, enqueue, known or Known(), Guard(settings, store))
    app = FastAPI(
        title="fleetplan",
        version=__version__,
        summary="Plans where, with whom and when a robotaxi fleet grows; every plan carries a proven bound.",
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(service),
    )
    app.state.service = service
    for router in (*ROUTERS, *PAGES):
        app.include_router(router)
    app.add_exception_handler(p.ServiceError, _told)
    app.add_exception_handler(StoreError, _of_store)
    app.add_exception_handler(DBAPIError, _of_database)
    app.add_exception_handler(OSError, _of_disk)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Doorkeeper, service=service)
    app.add_middleware(Surround, service=service)
    app.add_middleware(ShortWay, service=service)
    if settings.root_path:
        app.add_middleware(Prefix, prefix=settings.root_path)
    app.openapi = _openapi(app)  # type: ignore[method-assign]  # FastAPI documents this way
    return app


def _jobs(settings: Settings) -> tuple[ServiceStore, Enqueue]:
    from api.jobs.queue import JobQueue, prepare  # noqa: PLC0415  an app with a store of its own needs no DBOS
    from api.store.sqlstore import SqlStore  # noqa: PLC0415  as above

    config = settings.job_config()
    store = SqlStore(settings.database, settings.data_dir, queue_limit=settings.max_queue)
    prepare(config, store)
    return store, JobQueue(config).enqueue


def _lifespan(service: Service) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.guard.refuse_open_bind()
        await run_in_threadpool(lambda: service.known.catalogue)
        yield

    return lifespan


def _openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app, MODELS, app.state.service.settings.root_path)
        return app.openapi_schema

    return made


async def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, p.ServiceError):
        raise error
    return problem_response(error, request.scope)


async def _of_store(request: Request, error: Exception) -> Response:
    """Tell what the store refuses."""
    if not isinstance(error, StoreError):
        raise error
    return problem_response(p.of_store(error), request.scope)


async def _of_database(request: Request, error: Exception) -> Response:
    """Tell that the database does not answer, or that there is no room."""
    logging.getLogger("fleetplan.http").error("the database does not answer", exc_info=error)
    return problem_response(p.NotAvailable("the database does not answer"), request.scope)


async def _of_disk(request: Request, error: Exception) -> Response:
    """Tell that there is no room; any other trouble with files is a fault of ours."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return problem_response(p.DiskFull("there is no room left in the data folder"), request.scope)
    raise error


async def _http(request: Request, error: Exception) -> Response:
    """Tell what Starlette and FastAPI raise on their own."""
    if not isinstance(error, HTTPException):
        raise error
    kinds: dict[int, type[p.ServiceError]] = {404: p.NotFound, 405: p.MethodNotAllowed, 400: p.MalformedJson}
    answer = problem_response(kinds.get(error.status_code, p.Internal)(str(error.detail)), request.scope)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """Return every method that an address takes, whichever route takes it."""
    found = {"HEAD"}
    for route in (route for router in (*ROUTERS, *PAGES) for route in router.routes):
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found if "GET" in found else found - {"HEAD"})


async def _invalid(request: Request, error: Exception) -> Response:
    """Tell every fault that FastAPI found in body, query and headers."""
    if not isinstance(error, RequestValidationError):
        raise error
    items = [item for item in error.errors() if not _other_branch(item)]
    return problem_response(p.refused([_flaw(item, error.body) for item in items]), request.scope)


def _other_branch(item: Any) -> bool:
    """Return whether an error only says that a value is not of a union's other branch."""
    if not any(isinstance(part, str) and part.startswith(("list[", "constrained-", "float")) for part in item["loc"]):
        return False
    is_list = isinstance(item.get("input"), list)
    return bool((item["type"] == "list_type" and not is_list) or (item["type"] == "float_type" and is_list))


def _flaw(item: Any, body: Any) -> p.Flaw:
    place, *location = item["loc"]
    context = item.get("ctx", {})
    allowed = str(context.get("expected") or context.get("expected_tags") or "")
    missing = item["type"] == "missing"
    value = None if missing else item.get("input")
    if place == "body":
        remedy = "remove it" if item["type"] == "extra_forbidden" else ""
        return p.Flaw(item["msg"], pointer=pointer_of(location, body), value=value, allowed=allowed, remedy=remedy)
    return p.Flaw(item["msg"], parameter=".".join(str(part) for part in location), value=value, allowed=allowed)
