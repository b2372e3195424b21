"""A city begun from district polygons."""

from __future__ import annotations

import base64
from threading import Lock

from fastapi import APIRouter, Request, Response

from api.city_schemas import BegunCity, NewCityAsked, ToFill
from api.deps import Service, ServiceDep, may_plan
from api.documents import json_document
from api.media import JSON
from api.new_city import MadeCity, begin
from api.openapi import WITH_BODY, answer, refusals
from api.problems import NotAllowed
from api.security import Scope
from api.settings import UPLOADS
from api.strict_json import StrictRoute
from fleetplan.catalogue import default_catalogue_path

router = APIRouter(
    tags=["catalogue"], dependencies=[may_plan], default_response_class=Response, route_class=StrictRoute
)
_KEEPING = Lock()
EXAMPLE = {
    "name": "Basel",
    "country": "CH",
    "districts": [
        {"name": "districts.geojson", "content": "eyJ0eXBlIjogIkZlYXR1cmVDb2xsZWN0aW9uIiwgImZlYXR1cmVzIjogW119"}
    ],
}


@router.post(
    UPLOADS,
    operation_id="begin_city",
    summary="Begin a city from district polygons: its files, what is still to fill in, what is a template",
    openapi_extra={"requestBody": {"content": {JSON: {"example": EXAMPLE}}}},
    responses={
        200: answer("The city as it was begun.", BegunCity),
        **refusals(*WITH_BODY, NotAllowed),
    },
)
async def new_city(request: Request, service: ServiceDep, body: NewCityAsked) -> Response:
    """Begin a city and return its files as a ZIP in base64. Nothing is kept, unless ``keep`` asks for it and the service may."""
    if body.keep:
        request.scope["caller"].require(Scope.admin)
        if not service.settings.keep_cities:
            msg = "this service keeps no new cities (FLEETPLAN_KEEP_CITIES)"
            raise NotAllowed(msg)
    made = await service.costly.run(request, _made, service, body)
    return json_document(told(made)).respond(request)


def _made(service: Service, body: NewCityAsked) -> MadeCity:
    if not body.keep:
        return begin(body, keep_in=None)
    with _KEEPING:
        made = begin(body, keep_in=default_catalogue_path())
        service.known.forget()
        service.rendered.clear()
        service.pages.clear()
        return made


def told(made: MadeCity) -> BegunCity:
    """Return a begun city as HTTP tells it."""
    return BegunCity(
        slug=made.slug,
        notes=made.notes,
        to_fill=[ToFill(where=f.where, message=f.what, allowed=f.allowed, remedy=f.remedy) for f in made.to_fill],
        template=made.defaults,
        lacks=made.lacks,
        archive=base64.b64encode(made.archive).decode(),
        kept=made.kept,
    )
