"""A rate of return far below zero is checked at the size that flows have at that rate."""

from __future__ import annotations

import numpy as np
import pytest

from fleetplan.plans.check.returns import _rate
from fleetplan.plans.returns import internal_rate
from fleetplan.plans.types import Returns

LOST: dict[int, float] = {0: -10e6, 95: -100e6, 96: 100e6 * 0.15 ** (1 / 12)}
"""USD by month: at -85 % a year what goes out late is worth four million times as much, and all but comes back."""


def told(irr: float) -> Returns:
    rest = {"break_even_fare": None, "fare_per_trip_usd": None, "cost_per_trip_usd": None}
    return Returns(irr=irr, irr_why="", tax_usd=0.0, after_tax_npv_usd=0.0, **rest)


@pytest.mark.parametrize(("off", "passes"), [(0.0, True), (1e-3, False)])
def test_a_rate_near_minus_ninety_per_cent_passes_and_a_wrong_one_does_not(off: float, *, passes: bool):
    flows = np.zeros(2 * 96 + 1)
    for month, usd in LOST.items():
        flows[2 * month] = usd
    rate, _ = internal_rate(flows)
    assert rate is not None
    assert rate < -0.8
    found = list(_rate([(float(month), usd) for month, usd in LOST.items()], "x", told(round(rate, 8) + off)))
    assert (not found) == passes
