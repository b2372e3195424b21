"""Months and the planning grid.

A month is a string ``YYYY-MM`` at every boundary and an absolute integer (``12 * year + month - 1``) inside. A horizon is
cut into periods of whole months: near months singly, later ones by quarter, as planners do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True)
class Grid:
    """A horizon cut into periods.

    Attributes
    ----------
    start
        Absolute number of the first month.
    lengths
        Months in each period, in order.
    """

    start: int
    lengths: tuple[int, ...]

    @classmethod
    def default(cls, start: str, months: int = 48, single_months: int = 12) -> Grid:
        """Cut a horizon into ``single_months`` single months, then quarters (the last may be shorter)."""
        single = min(single_months, months)
        rest = months - single
        lengths = [1] * single + [3] * (rest // 3) + ([rest % 3] if rest % 3 else [])
        return cls(month_number(start), tuple(lengths))

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

    def labels(self) -> list[str]:
        """Return the first month of each period as text."""
        return [month_text(int(m)) for m in self.starts]

    def months_in(self, period: int) -> Iterable[int]:
        """Return the absolute months of one period."""
        first = int(self.starts[period])
        return range(first, first + self.lengths[period])
