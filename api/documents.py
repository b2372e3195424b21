"""Answers as bytes with an ETag: 304 when the client has them, gzip when it wants it, kept when they never change."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from anyio import to_thread
from fastapi import Request, Response
from pydantic import BaseModel

from api.media import JSON

WORTH_ZIPPING = 1024
ZIPPED_ALREADY = frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})


@dataclass(frozen=True, eq=False)
class Document:
    """Bytes to send, with what to say about them."""

    body: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""

    @cached_property
    def etag(self) -> str:
        """The ETag: weak, since gzip leaves it as it is; one that is given with its quotation marks stays strong."""
        if self.tag.startswith('"'):
            return self.tag
        return f'W/"{self.tag or hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def zipped(self) -> bytes:
        """The bytes, compressed once."""
        return gzip.compress(self.body, compresslevel=5, mtime=0)

    @cached_property
    def _base(self) -> dict[str, str]:
        return {
            "ETag": self.etag,
            "Cache-Control": "no-cache",
            "Vary": "Accept, Accept-Encoding, Authorization",
            **self.headers,
        }

    def respond(self, request: Request, status: int = 200) -> Response:
        """Return the response to a request."""
        if status == 200 and unchanged(request, self.etag):
            return Response(status_code=304, headers=self._base)
        headers, body = self._base, self.body
        worth = len(body) >= WORTH_ZIPPING and self.media_type not in ZIPPED_ALREADY
        if worth and "gzip" in request.headers.get("accept-encoding", ""):
            headers, body = {**headers, "Content-Encoding": "gzip"}, self.zipped
        return Response(body, status, headers, self.media_type)

    def raw(self, given: Mapping[bytes, bytes]) -> tuple[int, Sequence[tuple[bytes, bytes]], bytes]:
        """Return status, headers and body for a request's headers, as :meth:`respond` has them, with nothing made anew."""
        if b"if-none-match" in given and matches(given[b"if-none-match"].decode("latin-1"), self.etag):
            return 304, self._raw[304], b""
        if len(self.body) >= WORTH_ZIPPING and b"gzip" in given.get(b"accept-encoding", b""):
            return 200, self._raw["gzip"], self.zipped
        return 200, self._raw[200], self.body

    def wire(self, given: Mapping[bytes, bytes], more: Sequence[tuple[bytes, bytes]]) -> tuple[int, bytes, bytes]:
        """Return status, head and body for a request's headers: the head from the status line on, without its empty last line.

        Heads are made once: ``more``, headers beside the document's own, has to be the same every time.
        """
        status, headers, body = self.raw(given)
        if (head := self._heads.get(id(headers))) is None:
            line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
            head = self._heads[id(headers)] = line + b"".join(b"%b: %b\r\n" % header for header in (*headers, *more))
        return status, head, body

    @cached_property
    def _heads(self) -> dict[int, bytes]:
        return {}

    @cached_property
    def _raw(self) -> dict[int | str, list[tuple[bytes, bytes]]]:
        """Headers as they go over the wire, by what is sent."""
        plain = {name.lower(): value for name, value in self._base.items()}
        whole = {**plain, "content-type": self.media_type}
        by_kind: dict[int | str, dict[str, str]] = {
            304: plain,
            200: {**whole, "content-length": str(len(self.body))},
            "gzip": {**whole, "content-length": str(len(self.zipped)), "content-encoding": "gzip"},
        }
        return {kind: [(n.encode(), v.encode("latin-1")) for n, v in told.items()] for kind, told in by_kind.items()}


def unchanged(request: Request, etag: str) -> bool:
    """Return whether the client has this version already."""
    given = request.headers.get("if-none-match")
    return given is not None and matches(given, etag)


def matches(given: str, etag: str) -> bool:
    """Return whether an If-None-Match names a version (weak comparison, RFC 9110)."""
    bare = etag.removeprefix("W/")
    return given.strip() == "*" or any(tag.strip().removeprefix("W/") == bare for tag in given.split(","))


def json_document(
    data: BaseModel | Mapping[str, Any],
    *,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
    tag: str = "",
) -> Document:
    """Return data as a JSON document."""
    body = (
        data.model_dump_json(by_alias=True).encode()
        if isinstance(data, BaseModel)
        else json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    )
    return Document(body, media_type, headers or {}, tag)


@dataclass(frozen=True, slots=True)
class _Held:
    """A document that is kept: since when, and what makes it anew; None where nothing does."""

    document: Document
    since: float
    make: Callable[[], Document] | None


class Kept:
    """Documents kept in memory, the longest unused dropped first.

    Parameters
    ----------
    fresh_s
        For so many seconds a document is believed.
    late_s
        For so many seconds more it is still sent to those who ask for what is at hand, while it is made anew for who comes after.
    """

    def __init__(self, *, most_bytes: int, fresh_s: float = float("inf"), late_s: float = 0.0) -> None:
        self._most = most_bytes
        self._fresh_s, self._late_s = fresh_s, late_s
        self._size = 0
        self._items: OrderedDict[str, _Held] = OrderedDict()
        self._making: dict[str, asyncio.Future[Document]] = {}

    def get(self, key: str) -> Document | None:
        """Return a document that is kept and fresh."""
        found = self._items.get(key)
        if found is None or time.monotonic() - found.since > self._fresh_s:
            return None
        self._items.move_to_end(key)
        return found.document

    def at_hand(self, key: str) -> Document | None:
        """Return a document that is fresh or was a moment ago, so that nobody waits; in an event loop.

        Of one that is no longer fresh the making begins, once for all who ask; one that cannot be made any more is forgotten.
        """
        if (fresh := self.get(key)) is not None:
            return fresh
        found = self._items.get(key)
        if found is None or found.make is None or time.monotonic() - found.since > self._fresh_s + self._late_s:
            return None
        if key not in self._making:
            _ = self._begin(key, found.make, to_thread.run_sync)
        return found.document

    def put(self, key: str, document: Document, make: Callable[[], Document] | None = None) -> Document:
        """Keep a document and return it; ``make`` makes it anew for :meth:`at_hand`."""
        self.drop(key)
        self._items[key] = _Held(document, time.monotonic(), make)
        self._size += len(document.body)
        while self._size > self._most and len(self._items) > 1:
            _, gone = self._items.popitem(last=False)
            self._size -= len(gone.document.body)
        return document

    async def made(
        self,
        key: str,
        make: Callable[[], Document],
        run: Callable[[Callable[[], Document]], Awaitable[Document]] = to_thread.run_sync,
    ) -> Document:
        """Return a document, made in a thread where it is not kept; who asks meanwhile waits for the same one.

        What ``make`` raises, everybody who waits gets, and nothing is kept. ``run`` says where it is made.
        """
        if (found := self.get(key)) is not None:
            return found
        task = self._making.get(key) or self._begin(key, make, run)
        return await asyncio.shield(task)  # who leaves before it is there does not take it from the others

    def _begin(
        self, key: str, make: Callable[[], Document], run: Callable[[Callable[[], Document]], Awaitable[Document]]
    ) -> asyncio.Future[Document]:
        task = self._making[key] = asyncio.ensure_future(run(make))
        task.add_done_callback(lambda done: self._finished(key, done, make))
        return task

    def _finished(self, key: str, task: asyncio.Future[Document], make: Callable[[], Document]) -> None:
        del self._making[key]
        if not task.cancelled() and task.exception() is None:
            self.put(key, task.result(), make)
        else:
            self.drop(key)

    def holds(self, key: str) -> bool:
        """Return whether there is a document, be it fresh or not."""
        return key in self._items

    def clear(self) -> None:
        """Forget every document."""
        self._items.clear()
        self._size = 0

    def drop(self, key: str) -> None:
        """Forget a document."""
        if (gone := self._items.pop(key, None)) is not None:
            self._size -= len(gone.document.body)
