"""How a search ended, and who may end it early."""

from __future__ import annotations

import math
import threading
import time
from enum import StrEnum

ABSOLUTE_USD = 1.0
RELATIVE = 1e-9
SLACK_S = 0.5  # a solver that was given so many seconds may end a little before


class Ending(StrEnum):
    """Why a search went no further."""

    proven = "proven"
    """Nothing that the solver can tell from zero is open between the plan and the bound."""
    gap = "gap"
    """The gap asked for is reached."""
    bound_inherited = "bound_inherited"
    """The gap asked for is reached, and the bound is one that was proven elsewhere: the search itself proved no better."""
    time = "time"
    """The time ran out, the search's own or that of whoever runs it."""
    stopped = "stopped"
    """A person stopped it."""
    exhausted = "exhausted"
    """It had time left and nothing more to try: where rows only relax a rule, a bound may stay out of reach."""


class StopSignal(threading.Event):
    """Ends a search early: ``set`` when a person asks for it, ``time_is_up`` when whoever runs it has no more time."""

    def __init__(self) -> None:
        super().__init__()
        self.overdue = False

    def time_is_up(self) -> None:
        """Set the signal on behalf of a deadline; a person who asked before stays the one who did."""
        self.overdue = not self.is_set()
        self.set()


class PersonsStop(threading.Event):
    """Is set once a person has stopped a search, not once its time is up."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        """Return whether a person asks to end."""
        return by_person(self._stop)


def by_person(stop: threading.Event | None) -> bool:
    """Return whether a person has stopped the search; a plain event is always a person's."""
    return stop is not None and stop.is_set() and not getattr(stop, "overdue", False)


def tolerance_usd(value: float) -> float:
    """Return the money that may lie between a plan and its bound while the plan is still the proven best.

    The solver counts in millions and calls a gap of 1e-6 closed: one dollar. Plans round every amount to the cent, and the
    doubles behind them carry sums to about 1e-12 of the largest; searches to the end were seen to leave less than a cent on
    plans worth up to 0.3 billion. One part in 1e9, three dollars for a plan worth three billion, is well above that and far
    below any decision.
    """
    return max(ABSOLUTE_USD, RELATIVE * abs(value))


def cut_short(stop: threading.Event | None, ends: float = -math.inf) -> Ending:
    """Return what ended a search that has not reached what was asked for; its time is up at ``ends`` (monotonic seconds)."""
    if by_person(stop):
        return Ending.stopped
    overdue = stop is not None and stop.is_set()
    return Ending.time if overdue or time.monotonic() >= ends - SLACK_S else Ending.exhausted


def ending_of(
    value: float,
    bound: float,
    gap: float,
    *,
    inherited: bool,
    stop: threading.Event | None,
    ends: float = -math.inf,
) -> Ending:
    """Return how a search ended that found a plan worth ``value`` under ``bound`` (USD) and wanted a relative ``gap``.

    ``inherited`` says that the bound was known beforehand; the search's time is up at ``ends`` (monotonic seconds).
    """
    left = bound - value
    if left <= tolerance_usd(value):
        return Ending.proven
    if left <= gap * max(abs(value), 1.0) + tolerance_usd(value):
        return Ending.bound_inherited if inherited else Ending.gap
    return cut_short(stop, ends)
