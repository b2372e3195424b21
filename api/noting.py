"""What is said of every request: its id, its line in the log, its place in the metrics, and the headers that every answer has."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import structlog
from starlette.types import Scope

if TYPE_CHECKING:
    from api.deps import Service

REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
SECURITY_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
EXPORT_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
)
"""For what has no policy of its own: the exported report stands alone, its style and script are inside it."""


def request_id_of(given: str) -> str:
    """Return the id that a client gave its request, or a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class Noting:
    """Counts requests and writes a line about each."""

    def __init__(self, service: Service) -> None:
        self._metrics = service.metrics
        self._log = structlog.get_logger("fleetplan.http")
        self._lines = service.settings.log_level in {"debug", "info"}

    def note(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """Note one request that was answered."""
        self._metrics.request(scope["method"], route, status, seconds)
        if self._lines:  # looking the logger up for a line that is not written costs as much as the rest
            self._log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 2),
                request_id=scope["request_id"],
                key=getattr(scope.get("caller"), "key", ""),
            )
