"""Limits on waits over a surface of two fleets, as made-up catalogues and narrow reaches have: rows as for any other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.optimize.waits import keeping_rows, strict_line, wait_lines
from fleetplan.service.types import ResponseSurface
from tests.plan_builder import surface

LIMIT = 5.0


@pytest.fixture(scope="module")
def two_fleets() -> ResponseSurface:
    whole = surface("aston", 0, 1000.0)
    table = np.array([[9.0, 9.0, 9.0], [4.0, 6.0, 8.0]])
    return replace(
        whole,
        sample_vehicles=np.array([0.0, 40.0]),
        sample_demand=np.array([0.0, 500.0, 1000.0]),
        sample_wait_min=table,
        sample_trips=np.array([[0.0, 0.0, 0.0], [0.0, 400.0, 700.0]]),
        sample_deadhead_share=np.full((2, 3), 0.4),
        sample_km=np.full((2, 3), 1000.0),
        vehicles_max=40.0,
    )


def test_a_line_is_found_only_where_the_larger_fleet_keeps_the_limit(two_fleets):
    assert strict_line(two_fleets, LIMIT) is None
    slope, floor = strict_line(two_fleets, 8.5) or (np.nan, np.nan)
    assert slope * 1000.0 + floor >= 40.0


def test_rows_near_a_plan_keep_the_limit_with_what_the_surface_knows(two_fleets):
    keep = keeping_rows(two_fleets, LIMIT, 40.0, 200.0, more_fleet=True)
    assert keep is not None
    for demand in (keep.demand_low, min(keep.demand_high, 500.0)):
        least = keep.slope * demand + keep.floor
        assert float(two_fleets.evaluate(max(least, 40.0), demand).wait_min) <= LIMIT + 1e-6
    assert wait_lines(two_fleets, LIMIT, 1000.0)
