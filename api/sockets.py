"""Connections that nobody waits for for long: who says nothing, or says it one letter at a time, makes room for others."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.platform != "win32":
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
else:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol

HEADERS_S = 10.0
"""Seconds in which a request's headers have to be there, counted from the connection or from the request's first byte."""


class Patient(Protocol):  # type: ignore[misc, valid-type, unused-ignore]
    """Uvicorn's protocol with an end to its patience: a connection without a whole request is dropped."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection."""
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        """Note the first byte of a request."""
        super().on_message_begin()
        if self._late is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Note that a request's headers are there."""
        self._come()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a connection go."""
        self._come()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEADERS_S, self.timeout_keep_alive_handler)

    def _come(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
