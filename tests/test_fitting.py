"""The law's constants are found again where they are known, written as figures, and a trial's law and simulation tell alike."""

from __future__ import annotations

import tomllib
from dataclasses import astuple

import numpy as np
import pytest

from fleetplan.demand import build_demand
from fleetplan.geography import build_geography
from fleetplan.service.area import area_demand
from fleetplan.service.clusters import groups
from fleetplan.service.types import LadderLevel
from fleetplan.simulate.city_days import CityPlace
from fleetplan.simulate.fitting import Observed, figures_text, fit, with_figures
from fleetplan.simulate.trials import Constants, Trial
from tests.plan_builder import surface
from tests.small_city import assumptions, economics, small_city

KNOWN = Constants(1.2, 1.6, 1.4, 0.5, 0.8)
CITY = '[city]\nslug = "small"\n\n[population.scale]\nvalue = 1\n\n[[rival]]\nname = "X"\nfleet = 1\n'


@pytest.fixture(scope="module")
def trial() -> Trial:
    city = small_city()
    geography = build_geography(city)
    place = CityPlace(city, geography, build_demand(city, geography), assumptions(), economics())
    cells = np.arange(len(geography))
    area = area_demand(cells, geography, place.demand, groups(geography))
    level = LadderLevel("small", 0, "all", geography.cells, 90.0, 1e5, (), 4.0, 0.1, surface("aston", 0, 1000.0))
    return Trial(place, level, area, 0.5)


def test_constants_that_are_known_are_found_again(trial):
    vehicles = trial.fleets()
    law = trial.law(vehicles, KNOWN.within(trial.place.parameters))
    found = fit([Observed(trial, vehicles, law)])
    assert astuple(found.best) == pytest.approx(astuple(KNOWN), rel=0.05)
    assert found.low == found.high == found.best


def test_a_city_without_constants_of_its_own_takes_the_common_ones(trial):
    assert trial.place.parameters.search_factor == assumptions()["service.search_factor"].value


def test_constants_stand_in_the_city_once_and_before_its_lists(trial):
    vehicles = trial.fleets([0.8, 0.95])
    found = fit([Observed(trial, vehicles, trial.law(vehicles, KNOWN.within(trial.place.parameters)))])
    once = with_figures(CITY, figures_text(found, "derived: fitted"))
    twice = with_figures(once, figures_text(found, "derived: fitted"))
    assert twice == once
    read = tomllib.loads(twice)
    assert set(read) == {"city", "population", "law", "rival"}
    assert set(read["law"]) == {"search_factor", "rebalance_factor", "reserve", "least_way_min", "turn_shape"}
    assert read["law"]["reserve"]["value"] == pytest.approx(found.best.reserve, abs=1e-3)


def test_law_and_simulation_say_alike_what_more_cars_do(trial):
    vehicles = trial.fleets([0.7, 0.98])
    simulated, law = trial.simulated(vehicles, 1), trial.law(vehicles, trial.place.parameters)
    for day_type in ("weekday", "weekend"):
        for told in (simulated[day_type], law[day_type]):
            assert told.served[0] < told.served[1] <= 1.0
            assert told.wait_min[0] > told.wait_min[1]
            assert told.trips_per_car[0] > told.trips_per_car[1]
        assert law[day_type].served == pytest.approx(simulated[day_type].served, abs=0.15)
