"""Bodies, read strictly: JSON only, no NaN, no deep nests, no name twice in an object."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from api.problems import Flaw, MalformedJson, NotJson
from fleetplan.request import strict_json

LONG = 32_000
MEDIA_TYPES = frozenset({"application/json", "application/merge-patch+json"})


def parse_strict(raw: bytes, *, max_depth: int) -> Any:
    """Return what a JSON text holds, or raise :class:`MalformedJson`; see :mod:`fleetplan.request.strict_json`."""
    try:
        return strict_json.parse_strict(raw, max_depth=max_depth)
    except strict_json.BrokenJson as error:
        line, column = error.place
        message = f"line {line}, column {column}: {error.message}" if error.placed else error.message
        flaw = Flaw(message, pointer="", value=error.given or None, allowed=error.allowed, remedy=error.remedy)
        raise MalformedJson(message, flaws=[flaw] if error.allowed else []) from error


class StrictRoute(APIRoute):
    """A route that reads its body strictly before FastAPI validates it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with the strict reading in front."""
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        async def strict(request: Request) -> Response:
            media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media not in MEDIA_TYPES:
                flaw = Flaw("is not JSON", parameter="Content-Type", value=media, allowed="application/json")
                raise NotJson(flaws=[flaw])
            depth: int = request.app.state.service.settings.max_json_depth
            raw = await request.body()
            parse = partial(parse_strict, raw, max_depth=depth)
            # Read once, not twice; a long one does not hold up the others.
            request._json = await run_in_threadpool(parse) if len(raw) > LONG else parse()  # noqa: SLF001
            return await handler(request)

        return strict
