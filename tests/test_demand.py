"""Trips add up, reach the wanted length, and flow with the time of day."""

from __future__ import annotations

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.demand import PERIODS, CityDemand, build_demand
from fleetplan.demand.gravity import balance, calibrate, deterrence, period_mean
from fleetplan.demand.masses import trip_ends
from fleetplan.demand.shares import hour_shares, period_weights
from fleetplan.errors import InputError
from fleetplan.geography import CityGeography, build_geography
from tests.small_city import small_city, with_figure


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


@pytest.mark.parametrize("beta", [1.5, -0.1])
def test_a_mean_length_at_the_edge_of_what_can_be_is_calibrated(
    small: tuple[CityGeography, CityDemand], beta: float
) -> None:
    # The warm start of the balance changes lengths by some millionths: an end asked for twice may change its side.
    geography, _ = small
    city = small_city()
    ends, shares = trip_ends(city, geography), period_weights(hour_shares(city))
    day = {"midday": tuple(sum(shares[p] * np.asarray(ends[p][k]) for p in PERIODS) for k in (0, 1))}
    edge = period_mean(geography.distance_km, day, {"midday": 1.0}, beta)  # type: ignore[arg-type]
    for km in edge * (1 + np.linspace(-3e-5, 3e-5, 13)):
        found = calibrate(geography.distance_km, day, {"midday": 1.0}, float(km))  # type: ignore[arg-type]
        assert found == pytest.approx(beta, abs=0.01)


@pytest.mark.parametrize("km", [0.5, 40.0])
def test_a_mean_length_out_of_reach_is_a_fault_at_its_figure(
    small: tuple[CityGeography, CityDemand], km: float
) -> None:
    with pytest.raises(InputError) as caught:
        build_demand(with_figure(small_city(), "market.mean_trip_km", km), small[0])
    (fault,) = caught.value.faults
    assert fault.where == "market.mean_trip_km"
    assert fault.allowed == "1.9 to 7.0 km"


def test_mornings_run_from_homes_to_work() -> None:
    city = small_city()
    geography = build_geography(city)
    origin, destination = trip_ends(city, geography)["morning"]
    homes, work = geography.population / geography.population.sum(), geography.jobs / geography.jobs.sum()
    assert (origin - destination) @ (homes - work) > 0
