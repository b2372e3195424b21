"""From the solver's lines to a plan's events: every phase and every better plan, bounds no more often than useful."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

BOUND_EVERY_S = 1.0
CENT_USD = 0.01
"""Plans that differ by less differ by rounding."""

Emit = Callable[[str, dict[str, Any]], None]


class Progress:
    """Turns progress into events; a bound that is held back goes out with the next line or with the flush."""

    def __init__(self, emit: Emit, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._emit = emit
        self._clock = clock
        self._phase: tuple[str, str] | None = None
        self._best: float | None = None
        self._bound: float | None = None
        self._held: dict[str, Any] | None = None
        self._bound_at = -BOUND_EVERY_S

    @property
    def has_plan(self) -> bool:
        """Whether the solver holds a plan."""
        return self._best is not None

    def take(self, line: Mapping[str, Any]) -> None:
        """Take one ``progress`` line."""
        figures = {name: line.get(name) for name in ("best_usd", "bound_usd", "gap", "elapsed_s")}
        phase = (str(line["phase"]), str(line.get("message", "")))
        if phase != self._phase:
            self.flush()
            self._phase = phase
            self._emit("phase", {"phase": phase[0], "message": phase[1], "elapsed_s": figures["elapsed_s"]})
        best = figures["best_usd"]
        if best is not None and (self._best is None or abs(best - self._best) > CENT_USD):
            self._best, self._bound, self._held = best, figures["bound_usd"], None
            self._emit("incumbent", figures)
        elif figures["bound_usd"] is not None and figures["bound_usd"] != self._bound:
            self._bound, self._held = figures["bound_usd"], figures
        if self._clock() - self._bound_at >= BOUND_EVERY_S:
            self.flush()

    def flush(self) -> None:
        """Send the bound that is held back, if one is."""
        if self._held is not None:
            held, self._held = self._held, None
            self._bound_at = self._clock()
            self._emit("bound", held)
