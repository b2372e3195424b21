"""What stands in a plan: city rollouts, the map, tables, exports, the explanation."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api import problems as p
from api.deps import Answered, AnsweredDep, Service, ServiceDep, StoredDep, answer_of, may_read
from api.documents import Document, json_document
from api.links import TABLE_NAMES
from api.media import GEOJSON, ICS, choose, split_suffix
from api.openapi import of_an_answered_plan
from api.prefix import at
from api.render import TABLE_MEDIA, table_bytes
from api.routes.parameters import SLUG, Accept, CityFilter, Slug
from api.schemas import CityReason, Explanation, GeoJson, Rollout, TableAnswer
from api.simulations import standings
from api.store.contract import MENDING, PlanRow
from fleetplan.explain.verdict import verdict
from fleetplan.facts import conflicts_from
from fleetplan.months import month_text
from fleetplan.plans.types import CityRollout
from fleetplan.remedies import repairs_from
from fleetplan.report.calendar import calendar
from fleetplan.report.exports import EXPORTS, Export, Source
from fleetplan.report.geojson import month_map
from fleetplan.request import Month
from fleetplan.words.repair import unfinished_of
from fleetplan.words.replays import standing_sentences

router = APIRouter(
    prefix="/v1/plans/{plan}", tags=["results"], dependencies=[may_read], default_response_class=Response
)
Form = Annotated[str, Field(json_schema_extra={"enum": list(EXPORTS)})]


@router.get(
    "/cities/{city}",
    operation_id="get_rollout",
    summary="A city's rollout: timeline, permits, areas, fleets, depots, money, what binds, sources",
    responses=of_an_answered_plan("The rollout.", Rollout, example="rollout", also=(p.CityNotFound,)),
)
def rollout(request: Request, found: AnsweredDep, city: Slug) -> Response:
    """Return one city's part of a plan."""
    made = found.plan
    part = city_of(found, city)
    told = Rollout(plan=found.row.id, periods=made.periods, period_months=made.period_months, rollout=part)
    return json_document(told).respond(request)


@router.get(
    "/map",
    operation_id="get_map",
    summary="Zones, areas and depots on the ground in a month, as GeoJSON",
    responses=of_an_answered_plan("What stands on the ground.", GeoJson, media=[GEOJSON], also=(p.CityNotFound,)),
)
async def ground(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    month: Annotated[Month | None, Query(description="a month of the horizon; its last period when left out")] = None,
    city: CityFilter = None,
) -> Response:
    """Return open zones, areas in force and depots ordered by a month."""
    shown = _month(found, month)
    if city is not None:
        city_of(found, city)
    key = f"{found.sha256}/map/{shown}/{city or '*'}"
    made = await service.rendered.made(key, lambda: Document(_map(service, found, shown, city), GEOJSON))
    return made.respond(request)


@router.get(
    "/tables/{name}",
    operation_id="get_table",
    summary="A table: JSON, CSV or XLSX, by Accept or suffix",
    responses=of_an_answered_plan(
        "The table.", TableAnswer, example="table", media=TABLE_MEDIA, also=(p.TableNotFound, p.NotAcceptable)
    ),
)
async def table(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    name: Annotated[str, Path(pattern=SLUG, description=f"{', '.join(TABLE_NAMES)}; a suffix (.csv) chooses the form")],
    accept: Accept = None,
) -> Response:
    """Return a table of a plan."""
    stem, by_suffix = split_suffix(name)
    if stem not in TABLE_NAMES:
        flaw = p.Flaw("is no table", parameter="name", value=name, allowed=", ".join(TABLE_NAMES))
        raise p.TableNotFound(flaws=[flaw])
    media = choose(by_suffix or accept, TABLE_MEDIA)
    key = _key(found, f"tables/{stem}", media)
    made = await service.rendered.made(key, lambda: Document(table_bytes(found.row.id, found.plan, stem, media), media))
    return made.respond(request)


@router.get(
    "/export",
    operation_id="export_plan",
    summary="The whole plan: printable HTML brief, XLSX workbook, GeoPackage, or plan.json",
    responses=of_an_answered_plan(
        "The plan.", media=[export.media_type for export in EXPORTS.values()], also=(p.NotAcceptable,)
    ),
)
async def export(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    form: Annotated[Form | None, Query(alias="format", description="wins over Accept")] = None,
    accept: Accept = None,
) -> Response:
    """Return the whole plan as one file."""
    export = _export(form, accept)
    replayed = await run_in_threadpool(_replayed, service, found) if export.name == "html" else ()
    key = _key(found, f"export/{'/'.join(replayed)}", export.media_type)
    headers = _disposition(found, export)
    made = await service.rendered.made(
        key, lambda: Document(_file(service, found, export, replayed), export.media_type, headers)
    )
    return made.respond(request)


@router.get(
    "/calendar",
    operation_id="get_calendar",
    summary="The next steps as a calendar file: what to begin, order, receive and open, and when",
    responses=of_an_answered_plan("The calendar (RFC 5545).", media=[ICS], also=(p.CityNotFound,)),
)
async def steps(request: Request, found: AnsweredDep, city: CityFilter = None) -> Response:
    """Return an entry for every step; a rerun's entries take the place of those of the plan that it was made from."""
    if city is not None:
        city_of(found, city)
    made = await run_in_threadpool(_calendar, found, str(request.base_url).rstrip("/"), city)
    return made.respond(request)


@router.get(
    "/explanation",
    operation_id="explain_plan",
    summary="Why the plan is as it is: what binds, reasons by city; for an infeasible request the clashes and repairs",
    responses=of_an_answered_plan("The explanation.", Explanation, example="explanation"),
)
def explanation(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Say what a plan knows about itself. An infeasible request is a finding: 200, with what clashes and its repairs."""
    told = _clashes(row) if row.state == "infeasible" else _reasons(service, row)
    return json_document(told).respond(request)


def _clashes(row: PlanRow) -> Explanation:
    problem = row.problem or {}
    repairs = repairs_from(problem.get("repairs", []))
    return Explanation(
        plan=row.id,
        state=row.state,
        verdict="No plan keeps every rule of this request.",
        binds=[],
        cities=[],
        clashes=conflicts_from(problem.get("clashes", [])),
        repairs=repairs,
        unfinished=unfinished_of(problem, len(repairs)),
        mending=row.phase == MENDING,
    )


def _reasons(service: Service, row: PlanRow) -> Explanation:
    made = answer_of(service, row).plan
    cities = [CityReason(city=c.city, launch=c.launch, outcome=c.outcome, binds=c.binds) for c in made.cities]
    said = " ".join(verdict(made))
    return Explanation(
        plan=row.id, state=row.state, status=made.status, verdict=said, binds=made.binds, cities=cities, clashes=[]
    )


def city_of(found: Answered, city: str) -> CityRollout:
    """Return a city's part of a plan, or raise :class:`CityNotFound`."""
    cities = {c.city: c for c in found.plan.cities}
    if city not in cities:
        flaw = p.Flaw("is no city of this plan", parameter="city", value=city, allowed=", ".join(sorted(cities)))
        raise p.CityNotFound(flaws=[flaw])
    return cities[city]


def _calendar(found: Answered, here: str, city: str | None) -> Document:
    row, plan = found.row, found.plan
    pages = {c.city: f"{here}{at(f'/plans/{row.id}/cities/{c.city}')}" for c in plan.cities}
    text = calendar(plan, row.finished_at or row.created_at, series=row.origin, city=city, addresses=pages)
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.ics"'}
    return Document(text.encode(), f"{ICS}; charset=utf-8", headers)


def _map(service: Service, found: Answered, month: str, city: str | None) -> bytes:
    plan = found.plan
    if city is not None:
        plan = plan.model_copy(update={"cities": [c for c in plan.cities if c.city == city]})
    return month_map(plan, service.known.services(plan), month)


def _export(form: str | None, accept: str | None) -> Export:
    """Return the export that is asked for by name, else the one that suits best."""
    if form is None:
        media = choose(accept, [export.media_type for export in EXPORTS.values()])
        return next(export for export in EXPORTS.values() if export.media_type == media)
    if form not in EXPORTS:
        flaw = p.Flaw("is no form of a plan", parameter="format", value=form, allowed=", ".join(EXPORTS))
        raise p.BadRequest(flaws=[flaw])
    return EXPORTS[form]


def _replayed(service: Service, found: Answered) -> tuple[str, ...]:
    """Return what replays say of a plan."""
    standing = standings(service.store, [found.row.id]).get(found.row.id)
    return () if standing is None else tuple(standing_sentences(standing))


def _file(service: Service, found: Answered, export: Export, replayed: tuple[str, ...]) -> bytes:
    """Return a whole plan in one form; plan.json as it was stored."""
    if export.name == "json":
        return found.answer
    services = partial(service.known.services, found.plan)
    return export.make(Source(found.plan, service.known.catalogue, services, replayed))


def _month(found: Answered, given: str | None) -> str:
    grid = found.plan.request.grid
    first, last = month_text(grid.start), month_text(grid.end - 1)
    if given is None:
        return found.plan.periods[-1]
    if not first <= given <= last:
        allowed = f"{first} to {last}"
        flaw = p.Flaw("is not in the plan's horizon", parameter="month", value=given, allowed=allowed)
        raise p.BadRequest(flaws=[flaw])
    return given


def _key(found: Answered, what: str, media: str) -> str:
    return f"{found.row.id}/{found.sha256}/{found.plan.name}/{what}/{media}"


def _disposition(found: Answered, export: Export) -> dict[str, str]:
    kind = "inline" if export.shown else "attachment"
    return {"Content-Disposition": f'{kind}; filename="{found.row.id}.{export.name}"'}
