"""Amounts as a plan tells them: plain numbers, rounded."""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.instance import Array
from fleetplan.optimize.ledger import Lines


def numbers(values: Array, digits: int = 4) -> list[float]:
    """Return values as plain numbers with so many digits after the point; no negative zero."""
    return [float(v) for v in np.round(values, digits) + 0.0]


def told_lines(lines: Lines) -> dict[str, list[float]]:
    """Return money lines to the cent, by name; those that are nought throughout are left out."""
    return {line: numbers(usd, 2) for line, usd in sorted(lines.items()) if np.abs(usd).max(initial=0.0) > 0}
