"""Who solves units of work: the process itself, or whoever is free on this machine and elsewhere."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol, TypeVar

from fleetplan.optimize.pair.units import USUAL, Answer, Unit, answer_from, solved, unit_bytes
from fleetplan.optimize.pair.wire import Channel

IN_FLIGHT = 8
"""Units asked for at once. The same however many solve them: what is found must not depend on who helps."""

WAIT_S = 0.05

T = TypeVar("T")
Hear = Callable[[float], None]


class Asker(Protocol):
    """Has units solved, so many at once."""

    at_once: int

    def ask(self, unit: Unit, urgency: int = USUAL, hear: Hear | None = None) -> Future[Answer]:
        """Have a unit solved; :data:`URGENT` ones first. ``hear`` may be told of its bound as it falls, USD."""


class Alone:
    """Solves every unit at once, itself."""

    at_once = IN_FLIGHT

    def ask(self, unit: Unit, urgency: int = USUAL, hear: Hear | None = None) -> Future[Answer]:  # noqa: ARG002  # nobody waits
        """Solve a unit."""
        future: Future[Answer] = Future()
        future.set_result(solved(unit))
        return future


class Others:
    """Asks whoever started this process, who has it solved."""

    at_once = IN_FLIGHT

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def ask(self, unit: Unit, urgency: int = USUAL, hear: Hear | None = None) -> Future[Answer]:  # noqa: ARG002  # answers come whole
        """Send a unit off."""
        future: Future[Answer] = Future()
        self.channel.ask(unit_bytes(unit), urgency, lambda data: future.set_result(answer_from(data)))
        return future


def awaited(future: Future[Answer], stopped: threading.Event) -> Answer | None:
    """Return an answer when it is there; None when stopped before."""
    while not future.done():
        if stopped.wait(WAIT_S):
            return None
    return future.result()


def as_they_come(
    things: Iterable[T], ask: Callable[[T], Future[Answer]], stopped: threading.Event, ahead: int = IN_FLIGHT
) -> Iterator[tuple[T, Answer]]:
    """Yield things with the answers of their units as these come, so many asked for at once; ends when stopped."""
    waiting, flying = iter(things), dict[Future[Answer], T]()
    while not stopped.is_set():
        for thing in itertools.islice(waiting, ahead - len(flying)):
            flying[ask(thing)] = thing
        if not flying:
            return
        done, _ = wait(flying, WAIT_S, FIRST_COMPLETED)
        for future in [one for one in flying if one in done]:
            yield flying.pop(future), future.result()
