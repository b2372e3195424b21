"""Messages between the caller and a solver process: pickles with their length in front, over the process's own pipes.

Only this program's own processes speak here; nothing from outside reaches these pipes.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import os
import pickle
import signal
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Literal

from fleetplan.optimize.matrix import Array
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.outline import Outline

LEAST_GAP = 1e-6  # what a branch and bound leaves open
SURE = 0.9
"""Of the gap asked for, that a bound is to be within: the plan as whoever asked keeps it may be worth a little less."""

_HEAD = struct.Struct("<Q")
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


@dataclass(frozen=True, eq=False)
class Task:
    """What a process is started with.

    ``start`` is a plan to begin with; ``told_prices`` whether the other process will tell the prices of the relaxation; ``gap``
    the one asked for, relative: nobody has use for more.
    """

    outline: Outline
    seed: int
    start: Array | None = None
    told_prices: bool = False
    gap: float = 0.0

    def enough_usd(self, best_usd: float) -> float:
        """Return the bound that ends the search of a plan worth so much; where no plan is known, none does.

        >>> Task.enough_usd(Task(None, 0, gap=0.01), 200.0)
        201.8
        """
        return best_usd + self.open_usd(best_usd)

    def open_usd(self, best_usd: float) -> float:
        """Return what may stay open above a plan worth so much; nothing where no plan is known."""
        return max(LEAST_GAP, SURE * self.gap) * abs(best_usd) if math.isfinite(best_usd) else 0.0


@dataclass(frozen=True, eq=False)
class Found:
    """A plan in whole numbers (``kind`` plan), or steps whose vehicles are not whole yet (``steps``)."""

    kind: Literal["plan", "steps"]
    x: Array
    value_usd: float
    way: str


@dataclass(frozen=True, eq=False)
class Proven:
    """A bound on every plan; ``prices`` are those of the rows where it is the linear relaxation's."""

    bound_usd: float
    way: str
    prices: Array | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """The end of a process's work: nothing more will come; ``infeasible`` when it has proven that there is no plan."""

    infeasible: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """End within a moment."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A unit of work that somebody should solve (:mod:`~fleetplan.optimize.pair.units`), the less ``urgency`` the sooner."""

    number: int
    urgency: int
    unit: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a unit; ``number`` is that of who asked."""

    number: int
    answer: bytes


Message = Task | Found | Proven | Over | Stop | Ask | Answered


def write(stream: IO[bytes], message: Message) -> None:
    """Send one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEAD.pack(len(data)) + data)
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """Return the next message; None at the end of the stream, be it within a message: its writer was killed."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size = _HEAD.unpack(head)[0]
    data = stream.read(size)
    if len(data) < size:
        return None
    found: Message = pickle.loads(data)  # noqa: S301  # written by our own parent or child
    return found


class Channel:
    """A solver process's side: its task, what has become known meanwhile, and whether to stop.

    A thread reads; the end of the stream means that the caller is gone, and the process ends at once.
    """

    nodes: NodeClock | None = None
    in_looks = False
    """Side by side, work is told in seconds."""

    def __init__(self) -> None:
        die_with_parent()
        self._in: IO[bytes] = sys.stdin.buffer
        self._out: IO[bytes] = os.fdopen(os.dup(1), "wb")
        silence_stdout()
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        self.prices: Array | None = None  # of the rows in the relaxation, once told
        self._given: list[Found] = []
        self._asked: dict[int, Callable[[bytes], None]] = {}
        self._numbers = itertools.count()
        first = read(self._in)
        if not isinstance(first, Task):
            os._exit(0)
        self.task: Task = first
        self.nothing_usd = self.best_usd = first.outline.nothing_usd
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while (message := read(self._in)) is not None:
            if isinstance(message, Stop):
                self.stopped.set()
            elif isinstance(message, Proven):
                self.prices = message.prices
            elif isinstance(message, Answered):
                self._asked.pop(message.number)(message.answer)
            elif isinstance(message, Found):
                with self._lock:
                    if message.kind == "plan":
                        self.best_usd = max(self.best_usd, message.value_usd)
                    self._given.append(message)
        os._exit(0)

    def taken(self) -> list[Found]:
        """Return what was given since the last call."""
        with self._lock:
            given, self._given = self._given, []
        return given

    def ask(self, unit: bytes, urgency: int, answered: Callable[[bytes], None]) -> None:
        """Have a unit solved; ``answered`` hears of its answer, in another thread."""
        number = next(self._numbers)
        self._asked[number] = answered
        self.tell(Ask(number, urgency, unit))

    def tell(self, message: Message) -> None:
        """Send a message to the caller."""
        if isinstance(message, Found) and message.kind == "plan":
            self.best_usd = max(self.best_usd, message.value_usd)
        with self._lock:
            write(self._out, message)


def die_with_parent() -> None:
    """Ask Linux to kill this process when the thread that started it is gone; elsewhere the closed pipe does."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def named(name: str) -> None:
    """Give this process a name that tools show (Linux), its first 15 letters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


def silence_stdout() -> None:
    """Keep what solvers print off the pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def serve(work: Any) -> None:
    """Run a solver process: ``work(channel)`` until it ends, errors told to the caller."""
    channel = Channel()
    try:
        work(channel)
        channel.tell(Over())
    except Exception as error:  # noqa: BLE001  # whatever it is, the caller must hear of it
        channel.tell(Over(message=f"{type(error).__name__}: {error}"))
