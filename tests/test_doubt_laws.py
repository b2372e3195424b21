"""What figures in the response curves make of a plan: the law asked anew at its fleets and riders, hours kept with the curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.demand import build_demand
from fleetplan.doubt.books import Books
from fleetplan.doubt.laws import law_shifts
from fleetplan.doubt.shifts import PARTS
from fleetplan.doubt.tornado import figures_of
from fleetplan.geography import build_geography
from fleetplan.service import cache
from fleetplan.service.build import build_service
from fleetplan.service.hours import area_hours
from fleetplan.service.types import CityService
from tests.small_city import assumptions, economics, small_city, with_figure
from tests.test_doubt import PLAN, SERVICES, WORLD

CITY = small_city()
PACE = "assumptions.toml#service.pace"
DAYS = "aston/city.toml#weather.days_without_service"


@pytest.fixture(scope="module")
def small() -> CityService:
    geography = build_geography(CITY)
    return build_service(CITY, geography, build_demand(CITY, geography), assumptions(), economics())


def world() -> Catalogue:
    """Return the made-up world with the figures of the service law; two of them have a range."""
    law = {name: replace(f, key=f"assumptions.toml#{name}") for name, f in assumptions().items()}
    law |= {"service.pace": replace(law["service.pace"], low=0.75, high=1.0)}
    plain = {name: replace(f, low=None, high=None) for name, f in WORLD.assumptions.items() if name not in law}
    figures = WORLD.cities["aston"].figures
    days = Figure(DAYS, 10.0, "days", "made up", "assumed", low=0.0, high=20.0)
    still = {name: replace(f, low=None, high=None, lows=(), highs=()) for name, f in figures.items()}
    aston = replace(WORLD.cities["aston"], figures=still | {"weather.days_without_service": days})
    belport = replace(
        WORLD.cities["belport"], figures=still | {"weather.days_without_service": replace(days, low=None, high=None)}
    )
    stalls = replace(WORLD.economics["vehicles_per_fast_stall"], low=None, high=None)
    return replace(
        WORLD,
        assumptions=plain | law,
        economics={**WORLD.economics, "vehicles_per_fast_stall": stalls},
        cities={"aston": aston, "belport": belport},
    )


def test_the_law_is_asked_at_both_ends_of_every_figure_of_it(small: CityService, monkeypatch: pytest.MonkeyPatch):
    hours = {index: level.hours for index, level in enumerate(small.levels)}
    monkeypatch.setattr("fleetplan.doubt.laws.area_hours", lambda *_, **__: hours)
    books = Books.of(PLAN, world(), SERVICES)
    shifts = law_shifts(books.fixed)
    pace = shifts.ends["aston/alpha"][PACE]
    periods = len(PLAN.periods)
    assert pace.shape == (2, len(PARTS), periods)
    closed = [t for t, level in enumerate(PLAN.cities[0].deployments[0].level) if not level]
    assert (pace[:, :, closed] == 1.0).all()
    trips, most = PARTS.index("trips"), PARTS.index("km_most")
    assert (pace[0, most] <= 1.0).all()
    assert pace[0, most].min() < 0.95
    assert pace[0, trips].min() < 1.0 <= pace[1, trips].max() + 1e-9
    assert (shifts.ends["aston/alpha"][PACE][:, PARTS.index("riders")] == 1.0).all()
    days = shifts.ends["aston/alpha"][DAYS]
    assert days[1, trips, -1] == pytest.approx((1 - 20 / 365) / (1 - 10 / 365), rel=1e-6)
    assert DAYS not in shifts.ends["belport/beta"]  # another city's days
    known = Books(books.fixed, shifts)
    assert PACE in {one.key for one in figures_of(known).ranged}
    assert PACE in {one.key for one in figures_of(books).unasked}
    # at the high end the curves are what the law says there; half way they are geometric; several figures multiply
    half = shifts.of(books.futures(3, {}, {PACE: np.array([0.0, 0.5, 1.0]), DAYS: np.array([0.0, 0.0, 1.0])}))[
        "aston/alpha"
    ]
    assert half.trips[0] == pytest.approx(np.ones(periods))
    assert half.trips[1] == pytest.approx(np.sqrt(pace[1, trips]))
    assert half.trips[2] == pytest.approx(pace[1, trips] * days[1, trips])


def test_hours_are_kept_with_the_curves_and_made_where_they_are_not(small: CityService, tmp_path: Path):
    path = tmp_path / "small.npz"
    cache.store(small, path)
    again = cache.load(path)
    assert again is not None
    levels = dict(enumerate(again.levels))
    catalogue = replace(WORLD, cities={"small": CITY}, city_digests={"small": "s"})
    kept = area_hours(catalogue, CITY, levels, CITY, tmp_path)
    made = area_hours(catalogue, CITY, {k: replace(level, hours=None) for k, level in levels.items()}, CITY, tmp_path)
    for index, level in enumerate(small.levels):
        assert level.hours is not None
        for hours in (kept[index], made[index]):
            assert hours.trips_per_hour == pytest.approx(level.hours.trips_per_hour, rel=1e-6)
            assert hours.ride_km == pytest.approx(level.hours.ride_km, rel=1e-6)
    twice = with_figure(CITY, "market.trips_per_day", 16_000.0)
    assert area_hours(catalogue, twice, levels, CITY, tmp_path)[0].trips_per_day == pytest.approx(
        2 * kept[0].trips_per_day
    )
    slow = with_figure(CITY, "speed.offpeak_kmh", 12.0)
    assert area_hours(catalogue, slow, levels, CITY, tmp_path)[0].ride_h.mean() > 1.5 * kept[0].ride_h.mean()
    assert list(tmp_path.glob("small-*.hours.npz"))
