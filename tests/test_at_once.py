"""What is at hand is sent by the connection itself: the same answer as the app's, and only where nothing has to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.short_way import AtHand
from api.sockets import answering
from tests.api_support import Running, running
from tests.loops import run_alone

HOST = "127.0.0.1:8000"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("at-once")) as service:
        yield service


async def teapot(scope: Any, _: Any, send: Any) -> None:
    """Stand in for the app: whoever gets here went the long way."""
    await send({"type": "http.response.start", "status": 418, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def get(path: str, *more: str, version: str = "1.1") -> bytes:
    return "\r\n".join((f"GET {path} HTTP/{version}", f"Host: {HOST}", *more, "", "")).encode()


def asked(site: Running, *requests: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Send requests over one connection, all at once; return status, headers and body of each answer."""
    config = uvicorn.Config(teapot, http=answering(AtHand(site.service).wire), lifespan="off", log_config=None)
    config.load()

    async def talk() -> list[tuple[int, dict[str, str], bytes]]:
        protocol: Any = config.http_protocol_class

        def connection() -> asyncio.Protocol:
            return cast("asyncio.Protocol", protocol(config, ServerState(), {}))

        server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"".join(requests))
        answers = [await answer(reader) for _ in requests]
        writer.close()
        server.close()
        return answers

    return run_alone(talk())


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(line.split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))


def polled(site: Running) -> str:
    """Return the address of a final plan whose status is at hand, and let the guard have asked for keys just now."""
    address = f"/v1/plans/{site.made()}"
    for _ in range(2):
        assert site.client.get(address).status_code == 200
    return address


def test_a_connection_sends_what_the_app_would_send(site: Running):
    address = polled(site)
    site.service.guard._asked = float("inf")  # keys were asked for just now
    here = site.client.get(address, headers={"X-Request-Id": "mine"})
    zipped = "Accept-Encoding: gzip"
    sent = asked(
        site,
        get(address, zipped, "X-Request-Id: mine"),
        get(address, zipped, f"If-None-Match: {here.headers['etag']}"),
    )
    assert [status for status, _, _ in sent] == [200, 304]
    assert sent[0][1] == dict(here.headers)
    assert (len(sent[0][2]), sent[1][2]) == (int(here.headers["content-length"]), b"")
    assert sent[1][1]["x-request-id"] != "mine"


def test_whatever_has_to_be_asked_goes_the_long_way_and_answers_keep_their_order(site: Running):
    address = polled(site)
    site.service.guard._asked = float("inf")
    body = get(address, "Content-Length: 3") + b"abc"
    long = [
        get("/v1/plans/none"),
        get(f"{address}?x=1"),
        get(address, "Authorization: Bearer other"),
        get(address, "X-Forwarded-For: 192.0.2.1"),
        get(address, "Cookie: theme=dark"),
        get(address, f"Host: {HOST}"),
        get(address).replace(HOST.encode(), b"elsewhere.example"),
        get(address).replace(b"GET", b"HEAD"),
    ]
    mixed = [asked(site, one)[0][0] for one in (*long, body)]
    assert mixed == [418] * len(long) + [200]
    # What comes behind a request that waits for the app waits too: answers are sent in order.
    assert [status for status, _, _ in asked(site, body, get(address), long[0], get(address))] == [200, 200, 418, 418]


def test_what_is_at_hand_no_longer_or_may_be_no_longer_goes_the_long_way(site: Running):
    address = polled(site)
    site.service.guard._asked = float("-inf")  # a key may have been made since
    assert asked(site, get(address))[0][0] == 418
    site.service.guard._asked = float("inf")
    assert asked(site, get(address))[0][0] == 200
    site.service.forget_statuses()
    assert asked(site, get(address))[0][0] == 418
