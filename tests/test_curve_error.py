"""The certificate's largest error of the curves is of the numbers that the plan tells, as the checker reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from fleetplan.plans.assemble import _Assembly
from fleetplan.plans.figures import numbers


def test_a_service_of_a_handful_of_trips_is_told_by_the_checker_s_numbers() -> None:
    """Twenty vehicles with three trips a day once failed their own checker: the share was of unrounded trips."""
    trips, riders = np.array([0.0, 3.000049]), np.array([0.0, 3.059951])
    law = SimpleNamespace(evaluate=lambda _fleet, offered: SimpleNamespace(trips_per_day=offered * 0.98))
    rollout = SimpleNamespace(
        data=SimpleNamespace(city="bari"), fleet=np.array([0, 20]), level=np.array([0, 1]), trips=trips, demand=riders
    )
    instance = SimpleNamespace(
        cities={"bari": SimpleNamespace(levels=[SimpleNamespace(surface=law)])},
        world=SimpleNamespace(days=np.array([31.0, 92.0])),
    )
    parts: Any = SimpleNamespace(decisions=SimpleNamespace(rollouts=[rollout]), instance=instance)
    told_trips, told_riders = numbers(trips)[1], numbers(riders)[1]
    as_checked = (told_trips - told_riders * 0.98) / told_trips
    assert _Assembly.curve_error(cast("_Assembly", parts)) == pytest.approx(as_checked, abs=1e-12)
    unrounded = (trips[1] - riders[1] * 0.98) / trips[1]
    assert abs(as_checked - unrounded) > 3e-6
