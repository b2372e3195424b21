"""A city of one's own: districts in, a folder of the catalogue out, with what is still to be said of it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.deps import ServiceDep, may_read
from api.pages.shell import page
from api.security import Scope
from fleetplan.words.catalogue import country_words

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/catalogue/new-city")
def new_city(request: Request, service: ServiceDep) -> Response:
    """Return the form; the page's script sends the files and shows what comes of them."""
    scopes = request.scope["caller"].scopes
    known = service.known.catalogue
    return page(
        request,
        "new_city.html.j2",
        title="Your own city",
        here="catalogue",
        cities=sorted(known.cities.values(), key=lambda c: c.name),
        countries=sorted((name, code) for code, name in country_words().items()),
        may_begin=any(scope.holds(Scope.plan) for scope in scopes),
        may_keep=service.settings.keep_cities and any(scope.holds(Scope.admin) for scope in scopes),
        most_bytes=service.settings.max_upload_bytes,
    )
