"""Measure the service over loopback: GET of a stored plan (rate, p50, p99), POST to 202 (median), memory.

    python benchmarks/http_load.py            # about 20 seconds; starts a service of its own on a free port

The service runs as `fleetplan serve --workers 0`, so that no solve disturbs; clients are raw sockets in this process.
``get_cpu_us`` is
the service's own processor time for one GET: on a busy machine it says more than the rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from api.openapi import examples
from api.store.contract import NewPlan
from api.store.sqlstore import SqlStore
from fleetplan.options import PlanOptions

PROMISES = {"get_per_s": 2000.0, "get_p99_ms": 50.0, "post_median_ms": 50.0}


def stored_plan(folder: Path) -> str:
    """Put a finished plan into a store and return its id."""
    store = SqlStore(None, folder)
    store.migrate()
    told = examples()["plan"]
    row, _ = store.create(NewPlan(request=told["request"], options=PlanOptions()))
    store.start(row.id, "benchmark")
    headline = {"status": "optimal", "objective": 1e9, "bound": 1e9, "gap": 0.0, "kpis": told["kpis"]}
    store.finish(row.id, "succeeded", answer=json.dumps(headline).encode())
    store.close()
    return row.id


class Client:
    """One keep-alive connection that sends ready bytes and reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Client:
        """Connect to the service."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def call(self, request: bytes) -> int:
        """Send a request and return the status of its answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        return int(head[9:12])

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def load(port: int, request: bytes, *, clients: int, seconds: float, expected: int) -> list[float]:
    """Return the seconds of every answer while some clients ask as fast as they can."""
    taken: list[float] = []
    end = time.perf_counter() + seconds

    async def ask() -> None:
        client = await Client.open(port)
        while (began := time.perf_counter()) < end:
            status = await client.call(request)
            assert status == expected, status
            taken.append(time.perf_counter() - began)
        client.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    return taken


async def posts(port: int, body: bytes, count: int) -> list[float]:
    """Return the seconds of posts made one after another."""
    client = await Client.open(port)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        status = await client.call(_post("/v1/plans", body))
        assert status == 202, status
        taken.append(time.perf_counter() - began)
    client.close()
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _await_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the service ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    msg = "the service is not ready after 30 s"
    raise TimeoutError(msg)


def main() -> None:
    """Start a service, load it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--posts", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        plan, port = stored_plan(Path(name)), _free_port()
        command = [
            sys.executable,
            "-m",
            "fleetplan",
            "serve",
            "--data",
            name,
            "--port",
            str(port),
            "--workers",
            "0",
        ]
        environment = {**os.environ, "FLEETPLAN_MAX_QUEUE": "100000", "FLEETPLAN_LOG_LEVEL": "info"}
        with (Path(name) / "log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stderr=log)  # noqa: S603  our own command
        try:
            _await_ready(port, process)
            figures = {"idle_mb": memory_mb(process.pid)}
            before = cpu_s(process.pid)
            taken = asyncio.run(
                load(port, _get(f"/v1/plans/{plan}"), clients=given.clients, seconds=given.seconds, expected=200)
            )
            figures |= {
                "get_per_s": len(taken) / given.seconds,
                "get_cpu_us": (cpu_s(process.pid) - before) / len(taken) * 1e6,
                "get_p50_ms": percentile(taken, 0.5),
                "get_p99_ms": percentile(taken, 0.99),
            }
            body = json.dumps(examples()["submission"]).encode()
            posted = asyncio.run(posts(port, body, given.posts))
            figures |= {"post_median_ms": statistics.median(posted) * 1000, "post_p99_ms": percentile(posted, 0.99)}
            figures["after_mb"] = memory_mb(process.pid)
        finally:
            process.terminate()
            process.wait(20)
    for label, value in figures.items():
        promise = f"   (promise {PROMISES[label]:,.0f})" if label in PROMISES else ""
        print(f"{label:<16} {value:>10,.1f}{promise}")
    print(f"load average     {os.getloadavg()[0]:>10.1f}")


if __name__ == "__main__":
    main()
