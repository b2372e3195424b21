"""Progress as server-sent events, tailed from the store."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.types import Receive, Scope, Send

from api import problems as p
from api.deps import Service, ServiceDep, StoredDep, may_read
from api.media import SSE, choose
from api.openapi import answer, refusals
from api.routes.parameters import Accept
from api.security import Caller
from api.store.contract import FINAL, EventRow

router = APIRouter(prefix="/v1/plans", tags=["plans"], dependencies=[may_read], default_response_class=Response)


@router.get(
    "/{plan}/events",  # noqa: FAST003  stored() takes it
    operation_id="follow_plan",
    summary="Follow a plan live: state, phase, incumbent, bound, log, verdict",
    responses={
        200: answer("Events; a final plan's are replayed, then the stream ends.", media=[SSE]),
        204: {"description": "The plan is final and nothing came after Last-Event-ID: do not reconnect."},
        **refusals(p.PlanNotFound, p.NotAcceptable, p.BadRequest, p.NotAvailable),
    },
)
async def events(
    request: Request,
    service: ServiceDep,
    row: StoredDep,
    last_event_id: Annotated[int, Header(ge=0, le=2**53, description="resume after this event")] = 0,
    accept: Accept = None,
) -> Response:
    """Stream a plan's events from the start, or from after Last-Event-ID; a comment every 15 s keeps the line open."""
    choose(accept, [SSE])
    if row.state in FINAL and last_event_id:
        first = await to_thread.run_sync(lambda: service.store.events(row.id, after=last_event_id))
        if not first:
            return Response(status_code=204)
    # Counted and taken without a pause in between: those who come at the same moment are counted too.
    if len(service.streams) >= service.settings.max_streams:
        msg = f"{service.settings.max_streams} event streams are open"
        raise p.NotAvailable(msg)
    place = object()
    service.streams.add(place)
    caller: Caller = request.scope["caller"]
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    tail = _tail(service, row.id, last_event_id, caller)
    return _Stream(tail, media_type=SSE, headers=headers, service=service, place=place)


class _Stream(StreamingResponse):
    """A stream that holds a place among those that may be open, until it ends in whatever way."""

    def __init__(self, tail: AsyncIterator[bytes], *, service: Service, place: object, **given: Any) -> None:
        super().__init__(tail, **given)
        self._service, self._place = service, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream, and give the place back."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._service.streams.discard(self._place)


async def _tail(service: Service, plan: str, seen: int, caller: Caller) -> AsyncIterator[bytes]:
    spoke = time.monotonic()
    async with service.following.follow(plan) as follower:
        while not service.closing.is_set() and await service.guard.in_force(caller):
            # How far the plan is, is known before its events are read: of a final one the last event is there.
            ended = follower.ended
            batch = await follower.events(seen) if follower.last > seen else ()
            for event in batch:
                yield _wire(event)
                seen = event.seq
            if batch:
                spoke = time.monotonic()
                continue
            if ended:
                return
            if time.monotonic() - spoke >= service.settings.heartbeat_s:
                yield KEEPALIVE_COMMENT
                spoke = time.monotonic()
            await follower.moved(spoke + service.settings.heartbeat_s - time.monotonic())


def _wire(event: EventRow) -> bytes:
    data = {"plan": event.plan, "at": event.at.isoformat(), **event.data}
    return format_sse_event(data_str=json.dumps(data, ensure_ascii=False), event=event.kind, id=str(event.seq))
