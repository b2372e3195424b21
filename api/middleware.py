"""Around every request: its id, its line in the log, its place in the metrics, who asks, and how large a body may be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.noting import EXPORT_POLICY, SECURITY_HEADERS, Noting, request_id_of
from api.pages.shell import choose_currency, problem_page, wants_page
from api.prefix import at
from api.problems import MEDIA_TYPE, BodyTooLarge, Flaw, Internal, ServiceError, TooSlow, headers_of, problem
from api.security import FORWARDED, cookie_authorization
from api.settings import OWN_PLANS, UPLOADS

if TYPE_CHECKING:
    from api.deps import Service

OPEN_PATHS = frozenset({"/health", "/ready", "/sign-in", "/favicon.ico"})
OPEN_PREFIX = "/assets/"
BODY_S = 30.0


def problem_response(error: ServiceError, scope: Scope) -> Response:
    """Return an exception as problem+json, or as a page to somebody who looks with a browser."""
    if wants_page(scope):
        return problem_page(error, scope)
    told = problem(error, instance=at(scope["path"]), request_id=scope.get("request_id", ""))
    return Response(told.model_dump_json(), told.status, headers_of(error), MEDIA_TYPE)


class Surround:
    """Outermost: id, log, metrics, and an answer when something broke."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._noting = Noting(service)
        self._log = structlog.get_logger("fleetplan.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = scope["request_id"] = request_id_of(Headers(scope=scope).get("x-request-id", ""))
        status = 0

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *SECURITY_HEADERS]
                if not any(name == EXPORT_POLICY[0] for name, _ in message["headers"]):
                    message["headers"].append(EXPORT_POLICY)
            await send(message)

        try:
            if scope["method"] == "HEAD":
                await self._head(scope, receive, tagged)
            else:
                await self._app(scope, receive, tagged)
        except Exception:
            self._log.exception("failed", request_id=request_id, method=scope["method"], path=scope["path"])
            if status:
                raise
            await problem_response(Internal(f"request {request_id} failed"), scope)(scope, receive, tagged)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._noting.note(scope, route, status, time.perf_counter() - began)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer HEAD as GET would be answered, without the body (RFC 9110); a stream ends at once."""
        ended = False

        async def without_body(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                ended = True

        async def gone() -> Message:
            if ended:
                return {"type": "http.disconnect"}
            return await receive()

        await self._app({**scope, "method": "GET"}, gone, without_body)


class Doorkeeper:
    """Lets in whom the guard knows, with bodies of a size that we take."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._guard = service.guard
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope)
            choose_currency(scope, self._service)
            passed_on = await self._bounded(scope, receive)
        except ServiceError as error:
            await problem_response(error, scope)(scope, receive, send)
            return
        await self._app(scope, passed_on, send)

    async def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._guard.check_host(headers.get("host"))
        self._guard.check_origin(scope["method"], headers.get("origin"), headers.get("host"))
        if scope["path"] not in OPEN_PATHS and not scope["path"].startswith(OPEN_PREFIX):
            scope["caller"] = await self._guard.caller(
                headers.get("authorization") or cookie_authorization(headers),
                client=(scope.get("client") or ("",))[0],
                forwarded=any(name in headers for name in FORWARDED),
            )

    async def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body whole, up to the limit, and return a receiver that gives it out again."""
        if scope["method"] in {"GET", "HEAD"}:
            return receive
        settings, path = self._service.settings, scope["path"]
        files = path == UPLOADS or path.endswith(OWN_PLANS)
        most = settings.max_upload_bytes if files else settings.max_body_bytes
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > most:
            raise _too_large(int(announced), most)
        body, more = bytearray(), True
        with anyio.move_on_after(BODY_S):
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    more = False
                    break
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > most:
                    raise _too_large(len(body), most)
        if more:
            msg = f"the body was not there within {BODY_S:g} s"
            raise TooSlow(msg)
        parts: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> Message:
            return parts.pop() if parts else await receive()

        return again


def _too_large(size: int, most: int) -> BodyTooLarge:
    return BodyTooLarge(flaws=[Flaw("is too large", pointer="", value=size, allowed=f"at most {most} bytes")])
