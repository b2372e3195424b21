"""The command line's own processes (``fleetplan serve``, ``fleetplan worker``), for tests and benchmarks that kill them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

import httpx2

from tests.worker_process import FAKE, ROOT

_CODE = """
import dataclasses, json, sys
from api.settings import Settings
told, plain = json.loads(sys.argv.pop(1)), Settings.job_config
told["solver"] = tuple(told["solver"])
Settings.job_config = lambda self: dataclasses.replace(plain(self), **told)
from fleetplan.cli import main
main()
"""
PRETEND: Mapping[str, Any] = {"solver": FAKE}


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class CommandProcess:
    """``fleetplan ARGUMENTS`` in a process that can be killed and started again.

    Parameters
    ----------
    told
        What of the jobs' settings is otherwise than in production, such as the solver; None for nothing.
    log
        Where its standard error goes.
    """

    def __init__(self, arguments: Sequence[str], *, told: Mapping[str, Any] | None, log: IO[bytes]) -> None:
        own = ["-m", "fleetplan"] if told is None else ["-c", _CODE, json.dumps(told)]
        self._command = [sys.executable, *own, *arguments]
        self._log = log
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "FLEETPLAN_LOG_LEVEL": "warning"}
        return subprocess.Popen(self._command, stdout=self._log, stderr=self._log, env=env, cwd=ROOT)

    def kill(self) -> None:
        """Kill it as -9 does."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it anew; it must have ended."""
        self.process = self._started()

    def close(self) -> None:
        """End it as a user does, if it lives, and wait."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class ServiceProcess(CommandProcess):
    """``fleetplan serve`` on a port of loopback that stays the same when it is started again."""

    def __init__(
        self, folder: Path, *, more: Sequence[str] = (), told: Mapping[str, Any] | None = PRETEND, log: IO[bytes]
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(["serve", "--port", str(self.port), "--data", str(folder), *more], told=told, log=log)

    def ready(self, seconds: float = 180.0) -> Self:
        """Wait until it takes plans."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, "the service ended"
            try:
                if httpx2.get(f"{self.url}/ready", timeout=5).status_code == 200:
                    return self
            except httpx2.TransportError:
                time.sleep(0.05)
        msg = "the service did not become ready"
        raise TimeoutError(msg)


def events_of(client: httpx2.Client, plan: str, seen: int = 0) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield number, kind and data of a plan's events after ``seen`` until the stream ends; a lost connection raises."""
    with client.stream("GET", f"/v1/plans/{plan}/events", headers={"Last-Event-ID": str(seen)}) as response:
        assert response.status_code in {200, 204}, response.status_code
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "data" in fields:
                yield int(fields["id"]), fields["event"], json.loads(fields["data"])
                fields = {}


@contextmanager
def client_of(url: str) -> Iterator[httpx2.Client]:
    """Give a client of a service."""
    with httpx2.Client(base_url=url, timeout=httpx2.Timeout(5.0, read=30.0)) as client:
        yield client
