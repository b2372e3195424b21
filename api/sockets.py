"""Connections that nobody waits for for long: who says nothing, or says it one letter at a time, makes room for others.

What is at hand they send at once: what is asked for over hundreds of connections at a time needs no task of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.platform != "win32":
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
else:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol

HEADERS_S = 10.0
"""Seconds in which a request's headers have to be there, counted from the connection or from the request's first byte."""

UNREAD_S = 30.0
"""Seconds in which some of an answer has to be taken, be it ever so little."""

Headers = Sequence[tuple[bytes, bytes]]
Wire = Callable[[str, Headers, Headers], bytes | None]
"""A whole answer for path and headers of a GET, with more headers in it; None for what has to be asked of the app."""


class Patient(Protocol):  # type: ignore[misc, valid-type, unused-ignore]
    """Uvicorn's protocol with an end to its patience: a connection without a whole request is dropped."""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _answer: bytes | None = None

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
        """Note that a request's headers are there; what can be answered at once begins no task."""
        self._come()
        self._answer = self._at_hand()
        if self._answer is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; of a GET that is answered at once nobody reads it."""
        if self._answer is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is there whole."""
        if self._answer is None:
            super().on_message_complete()
            return
        self.transport.write(self._answer)
        self._answer = None
        self.on_response_complete()

    def at_once(self, path: str, given: Headers, more: Headers) -> bytes | None:  # noqa: ARG002  here nothing is at hand
        """Return a whole answer for path and headers of a GET, with more headers in it; None for what the app has to tell."""
        return None

    def _at_hand(self) -> bytes | None:
        """Return the answer to a plain GET that is at hand: one that waits for no other, of a client that takes what is sent."""
        if self.parser.get_method() != b"GET" or self.parser.get_http_version() != "1.1":
            return None
        waits = not getattr(self.cycle, "response_complete", True)  # there is none before the first
        if waits or self.flow.write_paused or b"?" in self.url or b"%" in self.url or self.expect_100_continue:
            return None
        if not self.parser.should_keep_alive() or self.parser.should_upgrade():
            return None
        return self.at_once(self.url.decode("latin-1"), self.headers, self.server_state.default_headers)

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


def answering(wire: Wire) -> type[Patient]:
    """Return a protocol that sends at once what is at hand."""

    class Answering(Patient):
        """A patient connection that asks first what is at hand."""

        def at_once(self, path: str, given: Headers, more: Headers) -> bytes | None:
            """Return the answer that is at hand."""
            return wire(path, given, more)

    return Answering
