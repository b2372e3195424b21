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

UNREAD_S = 30.0
"""Seconds in which some of an answer has to be taken, be it ever so little."""


class Patient(Protocol):  # type: ignore[misc, valid-type, unused-ignore]
    """Uvicorn's protocol with an end to its patience: a connection without a whole request is dropped."""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

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
        self._read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that what was sent is not taken: whoever asks and does not read holds a place, and the answer in memory."""
        super().pause_writing()
        if self._unread is None:
            self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Note that what was sent is taken."""
        self._read()
        super().resume_writing()

    def _watch_reader(self, left: int) -> None:
        self._unread = self.loop.call_later(UNREAD_S, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._watch_reader(left)
        else:
            self.transport.abort()

    def _read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEADERS_S, self.timeout_keep_alive_handler)

    def _come(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
