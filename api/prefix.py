"""The path under which a proxy shows the service: taken off every address that comes in, put before every one that goes out.

Whoever makes an address for an answer of ours writes :func:`at` round it: links in JSON, ``Location``, cookies' paths. Pages and
their templates write addresses bare; :func:`page_under` puts the path before them in one place, once a page is drawn. Scripts
read it off the page (``at`` of ``static/lib/http.js``).
"""

from __future__ import annotations

import re
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_under: ContextVar[str] = ContextVar("fleetplan_prefix", default="")
_ADDRESSES = re.compile(
    rb'\b(?:(?:href|src|action|content)="(?=/(?!/))|data-[a-z-]+="(?=/(?:v1|plans|catalogue|pages)/))'
)
"""Attributes of our templates that hold addresses, up to the address. No text looks like one: its quotes are entities."""

SHAPE = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def at(address: str) -> str:
    """Return an address of ours as others reach it: below the proxy's path, where there is one."""
    return f"{_under.get()}{address}"


def cookie_path() -> str:
    """Return the path for which cookies of ours are kept."""
    return _under.get() or "/"


def page_under(page: bytes) -> bytes:
    """Return a page whose links, forms, scripts and pictures begin with the proxy's path."""
    prefix = _under.get().encode()
    return _ADDRESSES.sub(lambda found: found[0] + prefix, page) if prefix else page


class Prefix:
    """Outermost, where a path is set: takes it off what comes in, whether the proxy has left it there or not."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _under.set(self._prefix)
        path = scope["path"]
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            scope = {**scope, "path": path.removeprefix(self._prefix) or "/"}

        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(name, self._moved(name, value)) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, outward)

    def _moved(self, name: bytes, value: bytes) -> bytes:
        """Return a header; the framework's own redirects name the host, and know nothing of the path."""
        if name != b"location" or b"://" not in value:
            return value
        scheme, _, rest = value.partition(b"://")
        host, slash, path = rest.partition(b"/")
        return scheme + b"://" + host + self._prefix.encode() + slash + path
