"""The short way: the status of a final plan, polled by many, is sent from memory and takes no way through routes and threads.

What the long way asks of a call is asked here too: the host, who calls, what the key may do. Whatever is not known at this
moment, without asking the store, sends the call the long way.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from api.documents import Document
from api.noting import EXPORT_POLICY, SECURITY_HEADERS, Noting, request_id_of
from api.problems import ServiceError
from api.security import FORWARDED, Caller
from api.security import Scope as Access

if TYPE_CHECKING:
    from api.deps import Service

PLAN = "/v1/plans/"
ROUTE = "/v1/plans/{plan}"
PASSED_ON = tuple(name.encode() for name in FORWARDED)


class ShortWay:
    """Answers what is at hand; everything else is passed on."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._guard, self._statuses = service.guard, service.statuses
        self._noting = Noting(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        began = time.perf_counter()
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PLAN):
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        document = None if len(given) < len(scope["headers"]) else self._statuses.at_hand(scope["path"][len(PLAN) :])
        caller = None if document is None else self._caller(given)
        if document is None or caller is None:
            await self._app(scope, receive, send)
            return
        scope["caller"] = caller
        await self._answer(document, given, scope, send, began)

    def _caller(self, given: dict[bytes, bytes]) -> Caller | None:
        """Return who asks if that is known without the store, and may read here."""
        if b"cookie" in given:  # a browser: its key is there, and what it is shown depends on more
            return None
        authorization = given.get(b"authorization", b"").decode("latin-1")
        forwarded = any(name in given for name in PASSED_ON)
        try:
            self._guard.check_host(given.get(b"host", b"").decode("latin-1"))
            caller = self._guard.at_hand(authorization, forwarded=forwarded)
            if caller is not None:
                caller.require(Access.read)
        except ServiceError:
            return None  # the long way says why
        return caller

    async def _answer(
        self, document: Document, given: dict[bytes, bytes], scope: Scope, send: Send, began: float
    ) -> None:
        request_id = scope["request_id"] = request_id_of(given.get(b"x-request-id", b"").decode("latin-1"))
        status, headers, body = document.raw(given)
        tagged = [*headers, (b"x-request-id", request_id.encode()), *SECURITY_HEADERS, EXPORT_POLICY]
        await send({"type": "http.response.start", "status": status, "headers": tagged})
        await send({"type": "http.response.body", "body": body})
        self._noting.note(scope, ROUTE, status, time.perf_counter() - began)
