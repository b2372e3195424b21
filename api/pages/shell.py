"""What every page has: templates with filters, the frame around the content, headers, and problems told as pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.types import Scope

from api.documents import Document
from api.media import HTML
from api.missing import PlanDeleted
from api.pages import assets
from api.pages.figure_filter import figures_at
from api.pages.money import with_rates
from api.prefix import at, page_under
from api.problems import KeyMissing, KeyUnknown, ServiceError, headers_of, problem
from api.security import Scope as Right
from fleetplan import __version__
from fleetplan.report.environment import template_environment
from fleetplan.words import values as words
from fleetplan.words.currency import HOME, choose, currencies, shown
from fleetplan.words.unbroken import unbroken_page

if TYPE_CHECKING:
    from api.deps import Service
    from api.store.contract import PlanRow

CURRENCY_COOKIE = "currency"
THEMES = ("auto", "light", "dark")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-cache",
    "Vary": "Accept, Accept-Encoding, Authorization, Cookie",
}
API_PREFIXES = ("/v1/", "/assets/", "/health", "/ready", "/metrics", "/openapi.json")
STATE_NAMES = {
    "queued": "waiting",
    "running": "solving",
    "succeeded": "solved",
    "infeasible": "infeasible",
    "cancelled": "stopped",
    "failed": "failed",
}


def page(request: Request, template: str, *, code: int = 200, **context: Any) -> Response:
    """Return a page. ``title`` and ``here`` (the entry of the navigation it belongs to) are taken from the context."""
    return drawn(request, template, **context).respond(request, code)


def drawn(request: Request, template: str, **context: Any) -> Document:
    """Return a page as a document, as :func:`page` sends it."""
    currency, known = shown(), currencies(request.app.state.service.known.catalogue.assumptions)
    around = {"theme": _theme(request), "root": at(""), "currency": currency, "currencies": [HOME, *known]}
    body = (
        _environment()
        .get_template(template)
        .render({"here": "", "signed_in": _signed_in(request), **context}, **around)
    )
    whole = unbroken_page(body)
    told = whole if currency is None else with_rates(whole, currency)
    return Document(page_under(told.encode()), HTML, HEADERS)


def choose_currency(scope: Scope, service: Service) -> None:
    """Show amounts in the currency that a browser asks for, on pages; programs and files get USD."""
    code = Request(scope).cookies.get(CURRENCY_COOKIE, "") if wants_page(scope) else ""
    choose(currencies(service.known.catalogue.assumptions).get(code) if code else None)


async def shared_page(request: Request, service: Service, draw: Callable[[], Document]) -> Response:
    """Return a page that is the same for everybody who asks for its address: drawn once, then sent from memory."""
    address = f"{request.url.path}?{request.url.query}"
    currency = shown()
    key = f"{address}|{_theme(request)}|{_signed_in(request)}|{currency.code if currency else HOME}"
    found = await service.pages.made(key, draw, lambda make: service.costly.run(request, make))
    return found.respond(request)


def _theme(request: Request) -> str:
    theme = request.cookies.get("theme", "auto")
    return theme if theme in THEMES else "auto"


def _signed_in(request: Request) -> bool:
    return "fleetplan_key" in request.cookies


def problem_page(error: ServiceError, scope: Scope) -> Response:
    """Return an exception as a page; who is not known is sent to the sign-in page."""
    request = Request(scope)
    if isinstance(error, KeyMissing | KeyUnknown):
        following = quote(scope["path"] + (f"?{scope['query_string'].decode()}" if scope.get("query_string") else ""))
        return Response(
            status_code=303, headers={"Location": at(f"/sign-in?next={following}"), "Cache-Control": "no-store"}
        )
    told = problem(error, instance=scope["path"], request_id=scope.get("request_id", ""))
    if isinstance(error, PlanDeleted):
        shown_as, of_plan = "plan_deleted.html.j2", {"plan": error.plan, "name": error.name, "here": "plans"}
        context = {**of_plan, "may_restore": may_delete(scope), "title": f"{error.name}, deleted"}
    else:
        shown_as, context = "problem.html.j2", {"title": told.title}
    answer = page(request, shown_as, code=told.status, problem=told, **context)
    for name, value in headers_of(error).items():
        answer.headers[name] = value
    return answer


def may_delete(scope: Scope) -> bool:
    """Return whether whoever asks may delete plans and bring them back."""
    caller = scope.get("caller")
    return caller is not None and any(one.holds(Right.admin) for one in caller.scopes)


def wants_page(scope: Scope) -> bool:
    """Return whether somebody looks with a browser at an address that is no part of the interface for programs."""
    if scope["method"] not in {"GET", "HEAD"} or scope["path"].startswith(API_PREFIXES):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


@cache
def _environment() -> Environment:
    environment = template_environment(PackageLoader("api.pages"))
    environment.globals.update(
        asset=assets.asset_path,
        figures_at=figures_at,
        plotly=assets.plotly_path(),
        version=__version__,
        state_name=lambda state: STATE_NAMES.get(state, state),
    )
    environment.filters.update(data=as_data, ago=words.words_of_time, several=words.several)
    return environment


def as_data(value: Any) -> Markup:
    """Return JSON for a data block: nothing in it can end the block or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(safe)  # noqa: S704  escaped above


def seconds_of(row: PlanRow) -> float | None:
    """Return how long a plan took, or has been taking."""
    if row.started_at is None or row.finished_at is None:
        return None
    return (row.finished_at - row.started_at).total_seconds()
