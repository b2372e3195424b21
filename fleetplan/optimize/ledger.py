"""Money, booked once: every USD that a decision earns or costs, with its line, holder, period, column and timing.

The objective is the discounted sum of the entries; capital and cash rows, the accounts of a plan, reports and prices
read the same entries. Only the independent checker computes money anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from fleetplan.economics import LINES
from fleetplan.optimize.instance import Array, Instance, Ints
from fleetplan.optimize.matrix import Place, spread

CAPITAL_LINES = frozenset(name for name, line in LINES.items() if line.kind == "capital")
NOT_RUNNING = frozenset(name for name, line in LINES.items() if line.kind != "running")
When = Literal["start", "mid"]
Ending = Literal["residual", "renewal"]
Lines = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Entry:
    """Flows of one line and holder: ``usd`` per unit of ``columns`` in ``periods``, shapes (n,); undiscounted."""

    line: str
    holder: Place
    when: When
    periods: Ints
    columns: Ints
    usd: Array


@dataclass(frozen=True, eq=False)
class Worth:
    """Worth at the horizon's end that is no cash flow inside it: discounted USD per unit of ``columns``, shapes (n,)."""

    kind: Ending
    holder: Place
    columns: Ints
    usd: Array


@dataclass(eq=False)
class Ledger:
    """Collects money while the rules are written down."""

    instance: Instance
    entries: list[Entry] = field(default_factory=list)
    besides: list[Entry] = field(default_factory=list)
    worths: list[Worth] = field(default_factory=list)

    def book(self, line: str, holder: Place, t: Ints, columns: ArrayLike, usd: ArrayLike, when: When = "mid") -> None:
        """Book ``usd`` per unit of columns; nothing is booked in periods that are done.

        Parameters
        ----------
        t
            Periods, shape (n,).
        columns, usd
            Shapes (n,) or (n, k), or what broadcasts to the larger of them with one row for each period.
        """
        usd, columns = np.asarray(usd, float), np.asarray(columns, np.int64)
        shape = np.broadcast_shapes(
            usd.shape, columns.shape, (len(t),) if max(usd.ndim, columns.ndim) < 2 else (len(t), 1)
        )  # one or several columns a period
        periods = t if len(shape) == 1 else t[:, None]
        flat = [spread(part, shape) for part in (periods, columns, usd)]
        kept = (flat[2] != 0.0) & (flat[0] >= self.instance.grid.done)  # what is done was paid for
        if kept.any():
            self.entries.append(Entry(line, holder, when, *(part[kept] for part in flat)))

    def beside(self, line: str, holder: Place, t: Ints, columns: Ints, usd: Array) -> None:
        """Book what sets incremental value apart from gross: known in any case, counted where incremental value is asked for."""
        own = Ledger(self.instance)
        own.book(line, holder, t, columns, usd)
        self.besides += own.entries
        if self.instance.scope.request.value == "incremental":
            self.entries += own.entries

    def step(self, line: str, holder: Place, columns: Ints, usd: float) -> None:
        """Book ``usd`` once, at the start of the period in which a step column rises (per unit of rise); shape (periods,)."""
        every = np.arange(len(columns))
        self.book(line, holder, every, columns, usd, "start")
        self.book(line, holder, every[1:], columns[:-1], -usd, "start")

    def ending(self, kind: Ending, holder: Place, columns: Ints, usd: Array) -> None:
        """Book a discounted worth at the horizon's end per unit of columns, shapes (n,)."""
        kept = usd != 0.0
        if kept.any():
            self.worths.append(Worth(kind, holder, columns[kept], usd[kept]))

    # --- what is read from it ---

    def costs(self, size: int) -> Array:
        """Return the objective coefficients of all columns: everything booked, discounted, with the years after the horizon."""
        world = self.instance.world
        out = np.zeros(size)
        for entry in self.entries:
            factor = (world.disc_start if entry.when == "start" else world.disc_mid)[entry.periods]
            if entry.line not in NOT_RUNNING:
                factor = factor + self.going_on[entry.periods]
            np.add.at(out, entry.columns, entry.usd * factor)
        for worth in self.worths:
            np.add.at(out, worth.columns, worth.usd)
        return out

    @property
    def going_on(self) -> Array:
        """Worth today, after the horizon, of 1 USD of running lines in each period, shape (periods,)."""
        world = self.instance.world
        return np.asarray(world.going_on[world.after_months] * self.instance.grid.run_rate)

    def flows(self, *, capital_only: bool) -> tuple[Ints, Ints, Array]:
        """Return all flows as triplets (period, column, USD); capital is counted as spent, so positive."""
        found = [e for e in self.entries if not capital_only or e.line in CAPITAL_LINES]
        sign = -1.0 if capital_only else 1.0
        return (
            np.concatenate([np.zeros(0, np.int64), *(e.periods for e in found)]),
            np.concatenate([np.zeros(0, np.int64), *(e.columns for e in found)]),
            np.concatenate([np.zeros(0), *(sign * e.usd for e in found)]),
        )

    def running_flows(self) -> tuple[Ints, Ints, Array]:
        """Return the flows of running lines as triplets (period, column, USD): operating results are sums of them."""
        found = [e for e in self.entries if e.line not in NOT_RUNNING]
        return (
            np.concatenate([np.zeros(0, np.int64), *(e.periods for e in found)]),
            np.concatenate([np.zeros(0, np.int64), *(e.columns for e in found)]),
            np.concatenate([np.zeros(0), *(e.usd for e in found)]),
        )

    def lines(self, x: Array) -> dict[Place, Lines]:
        """Return every line by holder and period at a solution, undiscounted USD."""
        return self._lines(self.entries, x)

    def lines_besides(self, x: Array) -> dict[Place, Lines]:
        """Return the lines that set incremental value apart from gross, whether they count or not."""
        return self._lines(self.besides, x)

    def _lines(self, entries: list[Entry], x: Array) -> dict[Place, Lines]:
        found: dict[Place, Lines] = {}
        for entry in entries:
            amounts = np.bincount(entry.periods, entry.usd * x[entry.columns], minlength=self.instance.periods)
            own = found.setdefault(entry.holder, {})
            own[entry.line] = own.get(entry.line, np.zeros(self.instance.periods)) + amounts
        return found

    def endings(self, x: Array) -> Mapping[tuple[Ending, Place], float]:
        """Return the discounted worth at the horizon's end by kind and holder."""
        found: dict[tuple[Ending, Place], float] = {}
        for worth in self.worths:
            key = (worth.kind, worth.holder)
            found[key] = found.get(key, 0.0) + float(worth.usd @ x[worth.columns])
        return found


def running(lines: Mapping[str, Array]) -> Iterator[Array]:
    """Yield the lines that go on after the horizon."""
    yield from (usd for line, usd in lines.items() if line not in NOT_RUNNING)
