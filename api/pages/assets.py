"""Style sheet and scripts of the pages, under addresses that change with their content and so may be kept for good.

``/assets/VERSION/fleetplan.css`` is the one design system (the report's parts and the pages' own); ``/assets/VERSION/*.js``
are our modules; ``/assets/plotly-VERSION.min.js`` comes from the installed plotly package.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response

from api import problems as p
from api.documents import Document
from fleetplan.report.environment import asset

router = APIRouter(include_in_schema=False, default_response_class=Response)

FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
MEDIA = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
STYLE = "fleetplan.css"


@router.get("/assets/{version}/{name:path}")
async def own(request: Request, version: str, name: str) -> Response:
    """Return a file of ours; an address of an older version answers with today's file, not kept."""
    found = _documents().get(name)
    if found is None:
        msg = f"no asset is called {name!r}"
        raise p.NotFound(msg)
    if version != own_version():
        return Document(found.body, found.media_type).respond(request)
    return found.respond(request)


@router.get("/assets/{name}")
async def plotly(request: Request, name: str) -> Response:
    """Return Plotly's own JavaScript."""
    if f"/assets/{name}" != plotly_path():
        msg = f"no asset is called {name!r}"
        raise p.NotFound(msg)
    return _plotly().respond(request)


def asset_path(name: str) -> str:
    """Return the address of a file of ours."""
    return f"/assets/{own_version()}/{name}"


@cache
def plotly_path() -> str:
    """Return the address of Plotly's JavaScript."""
    return f"/assets/plotly-{metadata.version('plotly')}.min.js"


@cache
def own_version() -> str:
    """Return the hash that stands for the content of all our files."""
    digest = hashlib.sha256()
    for name, document in sorted(_documents().items()):
        digest.update(name.encode() + b"\0" + document.body)
    return digest.hexdigest()[:12]


@cache
def _documents() -> dict[str, Document]:
    folder = resources.files("api.pages") / "static"
    styles = [file for path, file in _files(folder) if path.endswith(".css")]  # pages.css first, then pages/*.css
    style = "".join([asset("design.css"), *(file.read_text(encoding="utf-8") for file in styles)])
    found = {STYLE: Document(style.encode(), MEDIA["css"], FOR_GOOD)}
    for path, file in _files(folder):
        kind = path.rpartition(".")[2]
        if kind in MEDIA and kind != "css":
            found[path] = Document(file.read_bytes(), MEDIA[kind], FOR_GOOD)
    return found


def _files(folder: Traversable, under: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: (e.is_dir(), e.name)):
        path = f"{under}{entry.name}"
        found += _files(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return found


@cache
def _plotly() -> Document:
    body = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return Document(body, MEDIA["js"], FOR_GOOD)
