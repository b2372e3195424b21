"""That a worker lives, told by a thread that does nothing else; and how long others that are not heard of are believed to live.

On a machine with far more to do than it has cores a living worker comes late to its beat. How late is known here: who writes
beats of its own twenty seconds apart instead of five cannot take another for dead after thirty. So patience grows with the
longest pause of late between beats of one's own, and what a worker leases it leases for as long. On a quiet machine it is
what was asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

MOST_TIMES = 10.0
"""Patience never grows to more than so many times what was asked for: who is slower than that is as good as gone."""

_log = logging.getLogger(__name__)


class Beating:
    """Writes beats, and knows how late they come.

    Parameters
    ----------
    beat
        Writes one; what it raises is logged, and the next one follows.
    every_s, silence_s
        Seconds between two beats, and after how much silence a worker is taken for dead on a quiet machine.
    """

    def __init__(
        self,
        beat: Callable[[], object],
        every_s: float,
        silence_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beat, self._every_s, self._silence_s, self._clock = beat, every_s, silence_s, clock
        self._last_at, self._remembered_s = clock(), 2.0 * silence_s
        self._pauses: deque[tuple[float, float]] = deque()

    def run(self, stop: threading.Event) -> None:
        """Beat until told to stop; a beat that came late moves those after it."""
        while not stop.is_set():
            try:
                self.once()
            except Exception:  # noqa: BLE001 - whatever the database says, the next beat may be written
                _log.exception("a beat was not written, the next one follows")
            stop.wait(self._every_s)

    def once(self) -> None:
        """Write a beat, and keep how long ago the last one was written."""
        self._beat()
        now = self._clock()
        self._pauses.append((now, now - self._last_at))
        self._last_at = now
        while self._pauses[0][0] < now - self._remembered_s:
            self._pauses.popleft()

    def late(self) -> float:
        """Return how many times as long as meant the longest pause between our own beats was of late: 1 on a quiet machine."""
        now = self._clock()
        pauses = [pause / self._every_s for at, pause in tuple(self._pauses) if at >= now - self._remembered_s]
        return min(max(1.0, *pauses, (now - self._last_at) / self._every_s), MOST_TIMES)

    def patience_s(self) -> float:
        """Return after how much silence another worker is taken for dead, given how late our own beats are."""
        return self._silence_s * self.late()
