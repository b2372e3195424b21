"""Solver processes: started with the same package as ours, a thread each, as many as there are cores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

MOST = 8


def cores() -> int:
    """Return how many problems to solve at once on this machine."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(found, MOST)


def started(module: str) -> subprocess.Popen[bytes]:
    """Start a solver process with the same package as ours, its streams as pipes; it dies with the thread that started it."""
    home = str(Path(__file__).resolve().parents[3])
    known = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{known}" if known else home, "OMP_NUM_THREADS": "1"}
    pipe: Any = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", module], stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=False
    )


def closed(pipe: IO[bytes] | None) -> None:
    """Close a pipe, if there is one, whatever is left in it."""
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            return
