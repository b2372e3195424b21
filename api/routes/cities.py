"""The cities of the catalogue, with sources."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api import problems as p
from api.deps import Service, ServiceDep, may_read
from api.documents import Document, json_document
from api.media import GEOJSON
from api.openapi import ETAGGED, answer, refusals, unchanged
from api.routes.parameters import Slug
from api.schemas import Cities, GeoJson
from fleetplan.catalogue.describe import list_cities, show_city
from fleetplan.report.geojson import city_zones

router = APIRouter(prefix="/v1/cities", tags=["catalogue"], dependencies=[may_read], default_response_class=Response)


@router.get(
    "",
    operation_id="list_cities",
    summary="List the cities",
    responses={
        200: answer("Every city with people, trips and doubtful figures.", Cities, example="cities", headers=ETAGGED),
        304: unchanged(),
        **refusals(),
    },
)
async def cities(request: Request, service: ServiceDep) -> Response:
    """List the cities of the catalogue."""
    known = service.known.catalogue
    return (await service.rendered.made("cities", lambda: json_document({"cities": list_cities(known)}))).respond(
        request
    )


@router.get(
    "/{city}",
    operation_id="show_city",
    summary="Show a city: figures with sources, permits, deployments, gaps",
    responses={
        200: answer("The city.", example="city", headers=ETAGGED),
        304: unchanged(),
        **refusals(p.CityNotFound, p.BadRequest),
    },
)
async def city(request: Request, service: ServiceDep, city: Slug) -> Response:
    """Show everything the catalogue knows about a city."""
    _known(service, city)
    known = service.known.catalogue
    return (await service.rendered.made(f"city/{city}", lambda: json_document(show_city(known, city)))).respond(request)


@router.get(
    "/{city}/zones",
    operation_id="list_zones",
    summary="Zones of a city as GeoJSON",
    responses={
        200: answer("H3 cells with people and trips.", GeoJson, media=[GEOJSON], headers=ETAGGED),
        304: unchanged(),
        **refusals(p.CityNotFound, p.BadRequest),
    },
)
async def zones(request: Request, service: ServiceDep, city: Slug) -> Response:
    """Return the zones of a city. The first call for a city that nobody planned yet takes seconds."""
    _known(service, city)
    made = await service.rendered.made(f"zones/{city}", lambda: Document(_zones(service, city), GEOJSON))
    return made.respond(request)


def _known(service: Service, city: str) -> None:
    cities = service.known.catalogue.cities
    if city not in cities:
        flaw = p.Flaw("is no city of the catalogue", parameter="city", value=city, allowed=", ".join(sorted(cities)))
        raise p.CityNotFound(flaws=[flaw])


def _zones(service: Service, city: str) -> bytes:
    return city_zones(service.known.service(service.known.catalogue, city), city)
