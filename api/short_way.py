"""The short way: the status of a final plan, polled by many, is sent from memory and takes no way through routes and threads.

What the long way asks of a call is asked here too: the host, who calls, what the key may do. Whatever is not known at this
moment, without asking the store, sends the call the long way.

A connection asks here first (:mod:`api.sockets`), so that no task is begun for what is at hand; servers of another kind, and
tests, come through the app.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
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
ALWAYS = (*SECURITY_HEADERS, EXPORT_POLICY)


class AtHand:
    """Finds what can be sent at once, and notes that it was."""

    def __init__(self, service: Service) -> None:
        self._guard, self._statuses = service.guard, service.statuses
        self._noting = Noting(service)

    def found(
        self, path: str, given: Sequence[tuple[bytes, bytes]]
    ) -> tuple[Document, dict[bytes, bytes], Caller] | None:
        """Return the document that a GET asks for, its headers by name, and who asks; None where the long way has to tell."""
        document = self._statuses.at_hand(path[len(PLAN) :]) if path.startswith(PLAN) else None
        if document is None:
            return None
        headers = dict(given)
        caller = None if len(headers) < len(given) else self._caller(headers)
        return None if caller is None else (document, headers, caller)

    def wire(
        self, path: str, given: Sequence[tuple[bytes, bytes]], more: Sequence[tuple[bytes, bytes]]
    ) -> bytes | None:
        """Return a whole answer as it goes over the wire, ``more`` headers with it, and note it; None as :meth:`found`."""
        began = time.perf_counter()
        if (found := self.found(path, given)) is None:
            return None
        document, headers, caller = found
        request_id = request_id_of(headers.get(b"x-request-id", b"").decode("latin-1"))
        status, head, body = document.wire(headers, ALWAYS)
        added = b"".join(b"%b: %b\r\n" % header for header in more)
        self.note(path, status, request_id, caller, began)
        return b"%bx-request-id: %b\r\n%b\r\n%b" % (head, request_id.encode(), added, body)

    def note(self, path: str, status: int, request_id: str, caller: Caller, began: float) -> None:
        """Note an answer that was sent; ``began`` is a reading of the performance counter, in seconds."""
        scope = {"method": "GET", "path": path, "request_id": request_id, "caller": caller}
        self._noting.note(scope, ROUTE, status, time.perf_counter() - began)

    def _caller(self, given: Mapping[bytes, bytes]) -> Caller | None:
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


class ShortWay:
    """Answers what is at hand; everything else is passed on."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._at_hand = AtHand(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        began = time.perf_counter()
        plain = scope["type"] == "http" and scope["method"] == "GET"
        found = self._at_hand.found(scope["path"], scope["headers"]) if plain else None
        if found is None:
            await self._app(scope, receive, send)
            return
        document, headers, caller = found
        request_id = request_id_of(headers.get(b"x-request-id", b"").decode("latin-1"))
        status, told, body = document.raw(headers)
        tagged = [*told, (b"x-request-id", request_id.encode()), *ALWAYS]
        await send({"type": "http.response.start", "status": status, "headers": tagged})
        await send({"type": "http.response.body", "body": body})
        self._at_hand.note(scope["path"], status, request_id, caller, began)
