"""Many plans made again side by side, in processes that hear when somebody stops; what follows from one may be made as well.

Threads would do it one after the other: what is not searching (to read a request, to write a problem down, to check a plan) holds
the interpreter's lock.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.synchronize import Event as SharedEvent
from typing import Any

from fleetplan.reruns.again import Again
from fleetplan.run import Run
from fleetplan.side_by_side import SideBySide

WORKERS = 2
HEARD_S = 0.2

Call = Callable[[Again, Any], Any]
"""Makes something of a task; a function that other processes find by its name."""

More = Callable[[Any, Any], Sequence[Any]]
"""Which tasks follow from a task and what was made of it."""


def made_beside(
    again: Again, call: Call, tasks: Sequence[Any], more: More | None = None, workers: int | None = None
) -> Iterator[tuple[Any, Any]]:
    """Yield each task with what ``call`` makes of it, as it comes.

    Parameters
    ----------
    again
        The stop of its run ends what is being made, wherever that is.
    workers
        Processes; with one, all is made in this one. None: as many as there are mostly cores for.
    """
    workers = min(WORKERS if workers is None else workers, max(1, len(tasks)))
    if workers <= 1:
        yield from _here(again, call, tasks, more)
        return
    every = list(tasks)

    def following(number: int, answer: Any) -> list[tuple[int, Any]]:
        fresh = [] if more is None else list(more(every[number], answer))
        first = len(every)
        every.extend(fresh)
        return [(first + k, (call, task)) for k, task in enumerate(fresh)]

    stop, shared = again.run.stop, get_context("spawn").Event()
    given = replace(again, run=Run(catalogue=again.catalogue, cache_dir=again.run.cache_dir))
    with _relayed(stop, shared), SideBySide(workers, _begin, given, shared) as processes:
        pieces = [(k, (call, task)) for k, task in enumerate(every)]
        for number, answer in processes.done(_called, pieces, following):
            yield every[number], answer


def _here(again: Again, call: Call, tasks: Sequence[Any], more: More | None) -> Iterator[tuple[Any, Any]]:
    left = deque(tasks)
    while left:
        task = left.popleft()
        answer = call(again, task)
        left += [] if more is None else more(task, answer)
        yield task, answer


@contextmanager
def _relayed(stop: threading.Event | None, shared: SharedEvent) -> Iterator[None]:
    """Set an event that other processes hear once one is set that only this process does."""
    over = threading.Event()

    def watch() -> None:
        while stop is not None and not over.wait(HEARD_S):
            if stop.is_set():
                shared.set()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


_HERE: dict[str, Again] = {}


def _begin(again: Again, stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks hears it, and sets the event
    _HERE["again"] = replace(again, run=replace(again.run, stop=stop))


def _called(told: tuple[Call, Any]) -> Any:
    call, task = told
    return call(_HERE["again"], task)
