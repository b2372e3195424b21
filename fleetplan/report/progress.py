"""Progress on the terminal: one live line where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from fleetplan.words.proof import gap_text
from fleetplan.words.values import usd

PLAIN_EVERY_S = 5.0


class ProgressLike(Protocol):
    """What the planner reports while it works."""

    @property
    def phase(self) -> str:
        """What is being done."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""

    @property
    def best_usd(self) -> float | None:
        """Value of the best plan so far."""

    @property
    def bound_usd(self) -> float | None:
        """No plan can be worth more."""

    @property
    def gap(self) -> float | None:
        """Proven gap."""

    @property
    def message(self) -> str:
        """Anything else worth saying."""


class ProgressDisplay:
    """Show progress; ``show`` may be called from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._last: ProgressLike | None = None
        self._told = ("", 0.0)
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        """Start the live line where there is a terminal."""
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the live line."""
        if self._live is not None:
            self._live.stop()

    def show(self, progress: ProgressLike) -> None:
        """Take up what the planner reports."""
        with self._lock:
            self._last = progress
            if self._live is not None:
                self._live.update(Text(self._line()))
            elif self._due(progress):
                self._told = (progress.phase, time.monotonic())
                self._console.print(self._line(), markup=False)

    def tick(self) -> None:
        """Let the clock of the live line go on."""
        with self._lock:
            if self._live is not None and self._last is not None:
                self._live.update(Text(self._line()))

    def note(self, text: str) -> None:
        """Print a line of its own."""
        self._console.print(text, markup=False)

    def _due(self, progress: ProgressLike) -> bool:
        phase, told = self._told
        return progress.phase != phase or time.monotonic() - told >= PLAIN_EVERY_S

    def _line(self) -> str:
        p = self._last
        if p is None:
            return ""
        parts = [f"{time.monotonic() - self._begun:6.1f} s", p.phase]
        parts += [f"best {usd(p.best_usd)}"] if p.best_usd is not None else []
        parts += [f"bound {usd(p.bound_usd)}"] if p.bound_usd is not None else []
        if p.best_usd is not None and p.bound_usd is not None:
            parts += [f"gap {gap_text(p.best_usd, p.bound_usd)}"]
        parts += [p.message] if p.message else []
        return "  ".join(parts)
