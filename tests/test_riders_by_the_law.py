"""Riders let in are as many as the sampled law needs for the trips told, not only the planes above it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.optimize.asked import least_riders
from fleetplan.optimize.tidy import raise_riders
from tests.plan_builder import surface
from tests.rule_builder import BOUGHT, Trial, instance


def test_the_law_gives_the_trips_at_the_riders_found():
    bent = replace(
        surface("aston", 0, 1000.0),
        sample_vehicles=np.array([0.0, 20.0, 40.0]),
        sample_demand=np.array([0.0, 500.0, 1000.0]),
        sample_trips=np.array([[0.0, 0.0, 0.0], [0.0, 200.0, 300.0], [0.0, 450.0, 700.0]]),
        sample_wait_min=np.full((3, 3), 5.0),
        sample_deadhead_share=np.full((3, 3), 0.4),
        sample_km=np.full((3, 3), 1000.0),
    )
    for vehicles, trips in ((20.0, 250.0), (30.0, 400.0), (40.0, 100.0)):
        riders = least_riders(bent, vehicles, trips)
        assert float(bent.evaluate(vehicles, riders).trips_per_day) == pytest.approx(trips)
    assert least_riders(bent, 20.0, 5000.0) == 1000.0


def test_riders_are_raised_to_what_is_wanted_as_far_as_bounds_and_rows_leave_room():
    trial = Trial(instance(BOUGHT)).opened()
    riders = trial.f.columns.deployments[0].demand[0, -2:]
    raise_riders(trial.f, riders, np.array([2.0, 1e9]), trial.x)
    assert trial.x[riders[0]] == pytest.approx(2.0)
    assert 2.0 < trial.x[riders[1]] <= trial.f.model.upper[riders[1]]
    model = trial.f.model
    theirs = np.unique(model.matrix[:, riders].tocoo().row)
    assert np.all((model.matrix @ trial.x - model.row_upper)[theirs] < 1e-6)
    again = trial.x.copy()
    raise_riders(trial.f, riders[1:], np.array([1e9]), again)
    assert again == pytest.approx(trial.x)
