"""What surrounds a planning run: who hears of it, what stops it, and what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fleetplan.catalogue.types import Catalogue
from fleetplan.helpers import Recruit


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known while planning. ``gap`` is relative to the best value."""

    phase: str
    elapsed_s: float
    best_usd: float | None = None
    bound_usd: float | None = None
    gap: float | None = None
    message: str = ""


FINISHING = 3.0
"""Times what it took to write a problem down, to price, check and tell the plan: 3 to 4.5 with eight cities."""


@dataclass(frozen=True, slots=True)
class WholeTime:
    """So many seconds for everything, from ``began`` (of :func:`time.monotonic`) to the plan that is checked.

    ``firm``: no plan is waited for any longer where there is none yet, or none but doing nothing.
    """

    began: float
    seconds: float
    firm: bool = False

    @property
    def spent_s(self) -> float:
        """Seconds that have gone."""
        return time.monotonic() - self.began

    @property
    def left_s(self) -> float:
        """Seconds that are left for everything."""
        return self.seconds - self.spent_s

    @property
    def search_s(self) -> float:
        """Seconds that are left for a search that begins now: to finish a plan takes some times as long as to begin.

        Both take longer on a busy machine, and where there is more to write down. Never less than half of what is left.
        """
        return self.left_s - min(FINISHING * self.spent_s, self.left_s / 2)


Listener = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class Run:
    """The surroundings of a run.

    Attributes
    ----------
    progress
        Hears of every phase, plan and bound.
    stop
        When set, the search ends within a second and the best plan so far is finished and checked.
    catalogue
        The catalogue, where it was read before.
    cache_dir
        Where response surfaces are kept; None for the usual place.
    recruit
        Brings workers elsewhere that help with large portfolios; None: this machine alone.
    whole
        A time limit for everything, within which the plan is finished and checked. None: only the search has a limit.
    """

    progress: Listener | None = None
    stop: threading.Event | None = None
    catalogue: Catalogue | None = None
    cache_dir: Path | None = None
    recruit: Recruit | None = None
    whole: WholeTime | None = None


QUIET = Run()


class Clock:
    """Sends progress with the time since planning began."""

    def __init__(self, listener: Listener | None) -> None:
        self.began = time.monotonic()
        self.listener = listener
        self.phases: list[str] = []

    @property
    def elapsed_s(self) -> float:
        """Seconds since planning began."""
        return time.monotonic() - self.began

    def send(self, phase: str, best: float | None = None, bound: float | None = None, message: str = "") -> None:
        """Tell the listener of a phase, the best value and the bound (USD); ``phases`` holds every phase once, in order."""
        if phase not in self.phases:
            self.phases.append(phase)
        if self.listener is None:
            return
        gap = (bound - best) / max(abs(best), 1.0) if best is not None and bound is not None else None
        self.listener(Progress(phase, time.monotonic() - self.began, best, bound, gap, message))
