"""Who solves units of work: the process itself, or whoever is free on this machine and elsewhere."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Protocol, TypeVar

from fleetplan.optimize.pair.units import Answer, Unit, answer_from, solved, unit_bytes
from fleetplan.optimize.pair.wire import Channel

IN_FLIGHT = 8
"""Units asked for at once. The same however many solve them: what is found must not depend on who helps."""

WAIT_S = 0.05
URGENT, USUAL = 0, 1

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


def in_turn(
    things: Iterable[T], ask: Callable[[T], Future[Answer]], stopped: threading.Event, ahead: int = IN_FLIGHT
) -> Iterator[tuple[T, Answer]]:
    """Yield things with the answers of their units, in order, so many units asked for at once; ends when stopped."""
    flying: deque[tuple[T, Future[Answer]]] = deque()
    for thing in things:
        flying.append((thing, ask(thing)))
        if len(flying) >= ahead:
            first, future = flying.popleft()
            if (answer := awaited(future, stopped)) is None:
                return
            yield first, answer
    for first, future in flying:
        if (answer := awaited(future, stopped)) is None:
            return
        yield first, answer
