"""Trips add up, reach the wanted length, and flow with the time of day."""

from __future__ import annotations

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.demand import PERIODS, CityDemand, build_demand
from fleetplan.demand.gravity import balance, deterrence
from fleetplan.demand.masses import trip_ends
from fleetplan.geography import CityGeography, build_geography
from tests.small_city import small_city


@pytest.fixture(scope="module")
def small() -> tuple[CityGeography, CityDemand]:
    city = small_city()
    geography = build_geography(city)
    return geography, build_demand(city, geography)


def test_trips_a_day_are_the_markets_times_the_platforms_share(small: tuple[CityGeography, CityDemand]) -> None:
    _, demand = small
    assert demand.trips_per_day == pytest.approx(4000)
    assert sum(demand.period_trips().values()) == pytest.approx(4000)
    assert demand.mean_day().sum() == pytest.approx(4000, rel=1e-4)


def test_each_period_is_a_distribution(small: tuple[CityGeography, CityDemand]) -> None:
    _, demand = small
    for period in PERIODS:
        assert demand.pattern[period].sum(dtype=float) == pytest.approx(1, abs=1e-4)
        assert (demand.pattern[period] >= 0).all()


def test_airport_trips_have_their_share(small: tuple[CityGeography, CityDemand]) -> None:
    _, demand = small
    cell = demand.airport_cells[0]
    pattern = demand.pattern["midday"]
    with_an_end_there = pattern[cell].sum() + pattern[:, cell].sum() - pattern[cell, cell]
    assert with_an_end_there >= 0.1
    assert with_an_end_there < 0.13


def test_balanced_trips_meet_both_margins() -> None:
    random = np.random.default_rng(1)
    origins, destinations = random.dirichlet(np.ones(30)), random.dirichlet(np.ones(30))
    kernel = deterrence(random.uniform(0.5, 9, (30, 30)).astype(np.float32), 0.3)
    a, b = balance(kernel, origins, destinations)
    trips = a[:, None] * kernel * b[None, :]
    assert np.abs(trips.sum(axis=1) - origins).sum() < 1e-3
    assert np.abs(trips.sum(axis=0) - destinations).sum() < 1e-3


@pytest.mark.parametrize("slug", ["zurich", "madrid"])
def test_the_mean_trip_is_as_long_as_the_citys_figure(slug: str) -> None:
    city = load_catalogue(cities={slug}).cities[slug]
    demand = build_demand(city, build_geography(city))
    assert demand.mean_trip_km == pytest.approx(city.value("market.mean_trip_km"), rel=0.01)


def test_mornings_run_from_homes_to_work() -> None:
    city = small_city()
    geography = build_geography(city)
    origin, destination = trip_ends(city, geography)["morning"]
    homes, work = geography.population / geography.population.sum(), geography.jobs / geography.jobs.sum()
    assert (origin - destination) @ (homes - work) > 0
