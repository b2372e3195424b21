"""A process that solves units of work, one after another: ``python -m fleetplan.optimize.pair.unit_child``.

Standard input brings units, standard output takes answers, as bytes with their length in front. The process ends with its input,
and with whoever started it; to stop what it does it is killed, since nothing of it is lost but that.
"""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
import threading
from typing import IO

from fleetplan.optimize.pair.processes import closed, started
from fleetplan.optimize.pair.units import Answer, answer_bytes, solved, unit_from
from fleetplan.optimize.pair.wire import die_with_parent, silence_stdout

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


def answered(unit: bytes) -> bytes:
    """Return the answer to a unit, also where that is a failure."""
    try:
        return answer_bytes(solved(unit_from(unit)))
    except Exception as error:  # noqa: BLE001  # whatever it is, whoever asked must hear of it
        return answer_bytes(Answer(failed=f"{type(error).__name__}: {error}"))


class UnitProcess:
    """Such a process, seen by whoever started it: by the thread that stays alive as long.

    One unit at a time. :meth:`kill` may be called from any thread.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] = started(MODULE)
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


def main() -> None:
    """Solve units until input ends."""
    die_with_parent()
    out = os.fdopen(os.dup(1), "wb")
    silence_stdout()
    while (unit := receive(sys.stdin.buffer)) is not None:
        send(out, answered(unit))


if __name__ == "__main__":
    main()
