"""Months and the planning grid.

A month is a string ``YYYY-MM`` at every boundary and an absolute integer (``12 * year + month - 1``) inside. A horizon is
cut into periods of whole months: near months singly, later ones by quarter, as planners do, and quarters where services may
first open.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

_MONTH = re.compile(r"^(\d{4})-(0[1-9]|1[0-2])$")


def month_number(text: str) -> int:
    """Return ``12 * year + month - 1`` of a ``YYYY-MM`` string.

    >>> month_number("2027-01") - month_number("2026-11")
    2
    """
    match = _MONTH.match(text)
    if match is None:
        msg = f"{text!r} is not a month; write YYYY-MM, for example 2027-03"
        raise ValueError(msg)
    return 12 * int(match[1]) + int(match[2]) - 1


def month_text(number: int) -> str:
    """Return the ``YYYY-MM`` string of an absolute month number.

    >>> month_text(month_number("2027-12") + 1)
    '2028-01'
    """
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


RUN_RATE_MONTHS = 3


@dataclass(frozen=True)
class Grid:
    """A horizon cut into periods.

    Attributes
    ----------
    start
        Absolute number of the first month.
    lengths
        Months in each period, in order.
    done
        How many of the first periods lie before the month that is planned from: what stood in them is given.
    """

    start: int
    lengths: tuple[int, ...]
    done: int = 0

    @classmethod
    def default(cls, start: str, months: int = 48, single_months: int = 12, cuts: Iterable[int] = ()) -> Grid:
        """Cut a horizon into ``single_months`` single months, then quarters (the last may be shorter).

        Besides, a period begins in every absolute month of ``cuts`` that lies in the horizon.

        >>> Grid.default("2027-01", months=24, single_months=12, cuts=[month_number("2028-06")]).lengths[12:]
        (3, 2, 1, 3, 3)
        """
        return _cut(month_number(start), months, single_months, tuple(cuts))

    def begun(self, today: int, marks: Iterable[int], single_months: int, cuts: Iterable[int] = ()) -> Grid:
        """Return the same months with what lies before an absolute month ``today`` done, cut where ``marks`` say.

        From ``today`` on so many single months are planned, then quarters, cut at ``cuts``.

        >>> grid = Grid.default("2027-01", months=24, single_months=12)
        >>> grid.begun(month_number("2027-11"), [month_number("2027-06")], 2).lengths
        (5, 5, 1, 1, 3, 3, 3, 3)
        >>> grid.begun(month_number("2028-02"), [], 2, [month_number("2028-09")]).lengths
        (13, 1, 1, 3, 2, 1, 3)
        """
        told = sorted({self.start, *(m for m in marks if self.start < m < today), today})
        ahead = Grid.default(month_text(today), self.end - today, single_months, cuts)
        past = [b - a for a, b in itertools.pairwise(told)]
        return Grid(self.start, (*past, *ahead.lengths), len(past))

    @property
    def today(self) -> int:
        """Absolute number of the month that is planned from: the first, unless something is done already."""
        return self.start + sum(self.lengths[: self.done])

    def __len__(self) -> int:
        """Return the number of periods."""
        return len(self.lengths)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Absolute month number at which each period begins, shape (periods,)."""
        return self.start + np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)

    @property
    def end(self) -> int:
        """Absolute month number just after the horizon."""
        return self.start + sum(self.lengths)

    def period_of(self, month: int) -> int:
        """Return the period that holds an absolute month; -1 before the horizon, ``len(self)`` after it."""
        if month < self.start:
            return -1
        return int(np.searchsorted(self.starts, month, side="right")) - 1 if month < self.end else len(self)

    def first_period_from(self, month: int) -> int:
        """Return the first period that begins at or after an absolute month; ``len(self)`` if none does."""
        return int(np.searchsorted(self.starts, month, side="left"))

    def last_begun_by(self, month: str) -> int:
        """Return the last period that begins in or before a month; -1 before the horizon.

        What must be so by a month is so in the last period begun by then.

        >>> grid = Grid.default("2027-01", months=18, single_months=12)
        >>> grid.last_begun_by("2027-12"), grid.last_begun_by("2028-02"), grid.last_begun_by("2026-12")
        (11, 12, -1)
        """
        return int(np.searchsorted(self.starts, month_number(month), side="right")) - 1

    def window(self, start: str | None, end: str | None) -> range:
        """Return the periods that share a month with a window of months, both ends included, open-ended where None.

        Vehicles stand still within a period, so a rule over months holds in every period that has a month in its window.

        >>> grid = Grid.default("2027-01", months=18, single_months=12)
        >>> grid.window("2027-11", "2028-02"), grid.window("2028-03", None), grid.window(None, "2026-12")
        (range(10, 13), range(12, 14), range(0, 0))
        """
        first = 0 if start is None else max(0, self.period_of(month_number(start)))
        last = len(self) if end is None else self.period_of(month_number(end)) + 1
        return range(first, max(first, min(last, len(self))))

    def whole_periods(self, start: str | None, end: str | None) -> range:
        """Return the periods of which every month lies in a window, both ends included, open-ended where None.

        >>> grid = Grid.default("2027-01", months=18, single_months=12)
        >>> grid.whole_periods("2027-11", "2028-02"), grid.whole_periods("2028-01", "2028-03")
        (range(10, 12), range(12, 13))
        """
        first = 0 if start is None else self.first_period_from(month_number(start))
        after = self.end if end is None else month_number(end) + 1
        last = len(self) if after >= self.end else self.period_of(after)
        return range(first, max(first, last))

    @cached_property
    def singly(self) -> Grid:
        """The same horizon month by month.

        >>> Grid.default("2027-01", months=18, single_months=12).singly.window("2028-02", "2028-03")
        range(13, 15)
        """
        return Grid(self.start, (1,) * sum(self.lengths))

    @cached_property
    def run_rate(self) -> NDArray[np.float64]:
        """Weights that turn amounts by period into what runs a month at the end, shape (periods,).

        The mean of the last three months, whatever periods they lie in: a plan by months and one by quarters go on alike.

        >>> Grid.default("2027-01", months=18, single_months=12).run_rate[-2:].round(3).tolist()
        [0.0, 0.333]
        >>> Grid.default("2027-01", months=4, single_months=4).run_rate.round(3).tolist()
        [0.0, 0.333, 0.333, 0.333]
        """
        counted = min(RUN_RATE_MONTHS, self.end - self.start)
        lengths = np.asarray(self.lengths, float)
        inside = np.clip(self.starts + lengths - (self.end - counted), 0.0, lengths)
        return np.asarray(inside / lengths / counted)

    @cached_property
    def quarters(self) -> NDArray[np.int64]:
        """Quarter of the horizon, counted from 0, in which each period begins, shape (periods,).

        >>> Grid.default("2027-02", months=12, single_months=4).quarters.tolist()
        [0, 0, 0, 1, 1, 2, 3]
        """
        return np.asarray((self.starts - self.start) // 3)

    @cached_property
    def years(self) -> NDArray[np.int64]:
        """Year of the horizon, counted from 0, in which each period begins, shape (periods,).

        >>> Grid.default("2027-02", months=24, single_months=11).years.tolist()
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
        """
        return np.asarray((self.starts - self.start) // 12)

    def labels(self) -> list[str]:
        """Return the first month of each period as text."""
        return [month_text(int(m)) for m in self.starts]

    def months_in(self, period: int) -> Iterable[int]:
        """Return the absolute months of one period."""
        first = int(self.starts[period])
        return range(first, first + self.lengths[period])


@lru_cache(maxsize=256)
def _cut(first: int, months: int, single_months: int, cuts: tuple[int, ...]) -> Grid:
    """Return a grid that :meth:`Grid.default` cuts: a request is asked for its own again and again."""
    after = first + months
    single = min(single_months, months)
    begins = {*range(first, first + single), *range(first + single, after, 3), *cuts}
    inside = sorted(month for month in begins if first <= month < after)
    return Grid(first, tuple(b - a for a, b in itertools.pairwise([*inside, after])))
