"""A process that solves units of work, seen by whoever started it; nothing here needs a solver.

Units and answers go over the process's own pipes, as bytes with their length in front.
"""

from __future__ import annotations

import queue
import struct
import threading
from typing import IO

from fleetplan.optimize.pair.processes import Process, closed, started

_HEAD = struct.Struct("<Q")
MODULE = "fleetplan.optimize.pair.unit_child"


def send(stream: IO[bytes], data: bytes) -> None:
    """Send bytes with their length in front."""
    stream.write(_HEAD.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Return the next bytes that were sent; None at the end of the stream."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size = _HEAD.unpack(head)[0]
    data = stream.read(size)
    return data if len(data) == size else None


class UnitProcess:
    """Such a process, seen by whoever started it: by the thread that stays alive as long.

    One unit at a time. :meth:`kill` may be called from any thread.
    """

    def __init__(self) -> None:
        self._process: Process = started(MODULE)
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        try:
            while (data := receive(self._process.stdout)) is not None:
                self._answers.put(data)
        except (ValueError, OSError):
            pass
        self._answers.put(None)

    def ask(self, unit: bytes) -> None:
        """Give it a unit to solve."""
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        try:
            send(self._process.stdin, unit)
        except (ValueError, OSError):
            return  # it has ended; who waits for the answer will hear of it

    def answer(self, seconds: float | None = None) -> bytes | None:
        """Return the answer; None when it is not there after so many seconds.

        Raises
        ------
        EOFError
            If the process ended without one.
        """
        try:
            data = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if data is None:
            self._answers.put(None)
            raise EOFError
        return data

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """End it and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            closed(pipe)
