"""Solver processes: started with the same package as ours, a thread each, as many as there are cores."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO, Any, Protocol

from fleetplan.optimize.pair.nursery import environment, nursery

MOST = 8


class Process(Protocol):
    """A process as whoever started it sees it: what :class:`subprocess.Popen` has."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    @property
    def pid(self) -> int:
        """Its number."""

    def kill(self) -> None:
        """End it at once."""

    def poll(self) -> int | None:
        """Return its exit status, None while it lives."""

    def wait(self) -> int:
        """Wait for its end and return its exit status."""


def cores() -> int:
    """Return how many problems to solve at once on this machine."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(found, MOST)


def started(module: str) -> Process:
    """Start a solver process, its streams as pipes; it dies with this one.

    Forked where there is a nursery, which takes milliseconds; else started anew, with the same package as ours.
    """
    try:
        if (warm := nursery()) is not None:
            return warm.start(module)
    except OSError:
        pass  # the nursery has died just now
    pipe: Any = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", module], stdin=pipe, stdout=pipe, stderr=pipe, env=environment(), start_new_session=False
    )


def closed(pipe: IO[bytes] | None) -> None:
    """Close a pipe, if there is one, whatever is left in it."""
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            return
