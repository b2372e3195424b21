"""The caller's side: two solver processes, started ahead, told what is known, heard, and killed when enough is known."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from fleetplan.optimize.pair.wire import Message, Over, Stop, Task, read, write

GRACE_S = 0.5
WORKERS = {"plans": "fleetplan.optimize.pair.plans", "bounds": "fleetplan.optimize.pair.bounds"}


@dataclass(frozen=True, eq=False)
class Heard:
    """A message and who sent it."""

    who: str
    message: Message


class Crew:
    """The plan process and the bound process.

    Used as a context: on leaving it both are gone. They import their solvers while the caller still prepares the problem.
    """

    def __init__(self) -> None:
        self.inbox: queue.Queue[Heard] = queue.Queue()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for who, module in WORKERS.items():
            process = _started(module)
            self._processes[who] = process
            threading.Thread(target=self._listen, args=(who, process), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                _closed(pipe)

    def begin(self, tasks: Mapping[str, Task]) -> None:
        """Give each process its task, by ``plans`` and ``bounds``."""
        for who, task in tasks.items():
            self.tell(who, task)

    def tell(self, who: str, message: Message) -> None:
        """Send a message to one process; one that has ended hears nothing."""
        stream = self._processes[who].stdin
        if stream is not None:
            try:
                write(stream, message)
            except (BrokenPipeError, ValueError, OSError):
                return

    def stop(self) -> None:
        """Ask both to end; those that do not within a moment are killed when the context is left."""
        for who in self._processes:
            self.tell(who, Stop())

    def _listen(self, who: str, process: subprocess.Popen[bytes]) -> None:
        stream = process.stdout
        over = False
        try:
            while stream is not None and (message := read(stream)) is not None:
                over = over or isinstance(message, Over)
                self.inbox.put(Heard(who, message))
        except (ValueError, OSError, EOFError):
            pass
        if not over:
            self.inbox.put(Heard(who, Over(message=f"the process ended: {_last_words(process)}")))


def _started(module: str) -> subprocess.Popen[bytes]:
    """Start a solver process with the same package as ours."""
    home = str(Path(__file__).resolve().parents[3])
    known = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{known}" if known else home, "OMP_NUM_THREADS": "1"}
    pipe: Any = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", module], stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=False
    )


def _last_words(process: subprocess.Popen[bytes]) -> str:
    """Return the end of what a process wrote before it died."""
    if process.stderr is None:
        return ""
    try:
        text = process.stderr.read().decode(errors="replace")
    except (ValueError, OSError):
        return ""
    return text.strip().rpartition("\n")[2]


def _closed(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            return
