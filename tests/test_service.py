"""The service law keeps its identities, the ladder nests, and planes lie above the law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fleetplan.catalogue import load_catalogue
from fleetplan.demand import build_demand
from fleetplan.geography import build_geography
from fleetplan.service import CityService, city_service
from fleetplan.service.area import effective_area
from fleetplan.service.build import build_service
from fleetplan.service.law import Hour, accepted_share, needed_vehicles, serve
from fleetplan.service.parameters import ServiceParameters
from fleetplan.service.planes import planes_within
from fleetplan.service.rebalancing import empty_km_per_trip
from fleetplan.service.surface import LEAST_VEHICLES
from tests.small_city import assumptions, economics, small_city

PARAMETERS = ServiceParameters.of(small_city(), assumptions(), economics())


def _hour(demand: float = 500.0, area: float = 60.0, rebalance: float = 0.03) -> Hour:
    return Hour(np.array(demand), np.array(0.25), np.array(rebalance), np.array(area), np.array(0.03))


@pytest.fixture(scope="module")
def service() -> CityService:
    catalogue = load_catalogue(cities={"zurich"})
    return city_service(catalogue, "zurich")


def test_vehicle_hours_add_up() -> None:
    hour, vehicles = _hour(), np.array(260.0)
    found = serve(hour, vehicles, PARAMETERS)
    each = hour.ride_h + PARAMETERS.boarding_h + found.pickup_h + found.rebalance_h
    assert float(found.trips * each) < float(vehicles)
    calm = serve(hour, vehicles, replace(PARAMETERS, reserve=0.1))
    each = hour.ride_h + PARAMETERS.boarding_h + calm.pickup_h + calm.rebalance_h
    way = float(calm.pickup_h) - PARAMETERS.pickup_fixed_h
    idle = float(vehicles - calm.trips * each)
    assert idle == pytest.approx(60 * (0.03 / way) ** 2, rel=0.03)  # without chance: the square-root law


def test_the_wild_goose_chase_is_never_returned() -> None:
    """More cars never wait on fewer idle ones: below the least that serves all, waits rise and riders stay away."""
    waits, served = [], []
    for vehicles in np.linspace(60, 400, 120):
        found = serve(_hour(), np.array(vehicles), PARAMETERS)
        waits.append(float(found.wait_h))
        served.append(float(found.trips))
    assert (np.diff(waits) <= 1e-9).all()
    assert (np.diff(served) >= -1e-6).all()


@pytest.mark.parametrize("vehicles", [30.0, 60.0, 120.0, 180.0])
def test_where_cars_are_scarce_they_are_all_busy_and_riders_answer_the_wait(vehicles: float) -> None:
    """The fixed point: no car stands, those who ride keep all of them busy, and many of those who ask leave."""
    at = serve(_hour(), np.array(vehicles), PARAMETERS)
    each = 0.25 + PARAMETERS.boarding_h + float(at.pickup_h) + float(at.rebalance_h)
    assert 0.9 * vehicles < float(at.trips) * each <= 1.001 * vehicles
    assert float(at.trips) < 500
    assert float(at.wait_h) > float(at.pickup_h)  # they wait for a car to become free before one comes


def test_chance_makes_riders_wait_while_cars_stand() -> None:
    calm, wild = (replace(PARAMETERS, reserve=s) for s in (0.1, 3.0))
    vehicles = np.array(230.0)
    one, other = serve(_hour(), vehicles, calm), serve(_hour(), vehicles, wild)
    assert float(other.wait_h) > float(one.wait_h)
    assert float(other.trips) < float(one.trips)


def test_longer_ways_and_more_rebalancing_take_more_cars() -> None:
    plain = serve(_hour(), np.array(230.0), PARAMETERS)
    for name in ("search_factor", "rebalance_factor"):
        worse = serve(_hour(), np.array(230.0), replace(PARAMETERS, **{name: 2.0}))
        assert float(worse.trips) < float(plain.trips)
        assert float(worse.wait_h) > float(plain.wait_h)


def test_a_thin_fleet_on_a_wide_area_has_waits_beyond_ten_minutes_and_no_cap() -> None:
    thin = [serve(_hour(60.0, 600.0), np.array(v), PARAMETERS) for v in (10.0, 20.0, 30.0, 80.0)]
    waits = [60 * float(t.wait_h) for t in thin]
    assert min(waits[:3]) > 10
    assert waits[-1] < 8
    wide = serve(_hour(6.0, 1600.0), np.array(12.0), replace(PARAMETERS, wait_response=0.01))
    assert 60 * float(wide.wait_h) > 20


def test_the_response_has_the_published_elasticity_at_the_reference_and_more_beyond() -> None:
    def elasticity(minutes: float) -> float:
        low, high = (float(accepted_share(np.array(m / 60), PARAMETERS)) for m in (minutes, minutes * 1.001))
        return float(np.log(high / low) / np.log(1.001))

    assert elasticity(5.0001) == pytest.approx(-0.1, rel=0.01)
    assert elasticity(15.0) == pytest.approx(-0.9, rel=0.01)
    assert float(accepted_share(np.array(3 / 60), PARAMETERS)) == 1.0


def test_a_stronger_response_serves_fewer_riders_where_cars_are_few() -> None:
    keen = replace(PARAMETERS, wait_response=0.2)
    hour = _hour(60.0, 600.0)
    assert float(serve(hour, np.array(60.0), keen).trips) < float(serve(hour, np.array(60.0), PARAMETERS).trips)
    assert float(serve(hour, np.array(30.0), keen).wait_h) < float(serve(hour, np.array(30.0), PARAMETERS).wait_h)


def test_twice_the_area_with_twice_the_demand_and_cars_keeps_the_wait() -> None:
    one = serve(_hour(500, 60), np.array(280.0), PARAMETERS)
    two = serve(_hour(1000, 120), np.array(560.0), PARAMETERS)
    assert float(two.pickup_h) == pytest.approx(float(one.pickup_h), rel=0.02)  # chance evens out a little


def test_endless_cars_serve_everyone_at_once() -> None:
    found = serve(_hour(), np.array(1e9), PARAMETERS)
    assert float(found.trips) == pytest.approx(500)
    assert float(found.pickup_h) == pytest.approx(PARAMETERS.pickup_fixed_h, abs=1e-3)


def test_more_cars_than_needed_serve_nearly_all() -> None:
    hour = _hour()
    assert float(serve(hour, 1.15 * needed_vehicles(hour, PARAMETERS), PARAMETERS).trips) > 0.97 * 500


def test_splitting_a_zone_changes_nothing() -> None:
    whole = effective_area(np.array([3.0, 1.0]), np.array([2.0, 5.0]))
    split = effective_area(np.array([1.5, 1.5, 1.0]), np.array([1.0, 1.0, 5.0]))
    assert split == pytest.approx(whole)
    assert whole <= 7.0


def test_even_demand_has_its_full_area() -> None:
    assert effective_area(np.ones(9), np.full(9, 0.7)) == pytest.approx(6.3)


def test_symmetric_demand_needs_no_rebalancing() -> None:
    ends = np.array([5.0, 3.0, 2.0])
    assert empty_km_per_trip(ends, ends, np.array([[0, 1], [1, 2]]), np.array([1.0, 1.0])) == 0


def test_rebalancing_is_the_earth_movers_distance_on_a_line() -> None:
    departures, arrivals = np.array([6.0, 3.0, 1.0]), np.array([1.0, 3.0, 6.0])
    found = empty_km_per_trip(departures, arrivals, np.array([[0, 1], [1, 2]]), np.array([1.0, 2.0]))
    assert found == pytest.approx(0.5 * 3.0)


def test_levels_are_nested_connected_and_grow(service: CityService) -> None:
    geography = build_geography(load_catalogue(cities={"zurich"}).cities["zurich"])
    assert len(service.levels) >= 4
    for level in service.levels:
        inside = np.isin(geography.cells, level.cells)
        links = geography.links[inside[geography.links].all(axis=1)]
        graph = csr_matrix((np.ones(len(links)), links.T), shape=(len(geography), len(geography)))
        _, label = connected_components(graph, directed=False)
        assert len(np.unique(label[inside])) == 1
    for small, large in zip(service.levels, service.levels[1:], strict=False):
        assert set(small.cells) < set(large.cells)
        assert small.surface.demand_trips_per_day < large.surface.demand_trips_per_day


def test_an_airport_under_permit_enters_last() -> None:
    city = small_city(airport_permit="field-permit")
    geography = build_geography(city)
    found = build_service(city, geography, build_demand(city, geography), assumptions(), economics())
    assert [level.requires for level in found.levels] == [(), (), (), (), ("field-permit",)]
    field = geography.cells[geography.gateways[0].index]
    assert field in found.levels[-1].cells
    assert field not in found.levels[-2].cells


def test_planes_lie_above_the_law_and_within_the_gap_wherever_a_service_is_open(service: CityService) -> None:
    for level in service.levels:
        surface = level.surface
        vehicles, demand = surface.sample_vehicles[1:, None], surface.sample_demand[None, 1:]
        assert vehicles.min() == pytest.approx(LEAST_VEHICLES)
        assert demand.min() == pytest.approx(surface.demand_min)
        heights = [a * vehicles + b * demand + c for a, b, c in surface.planes]
        above = np.min(heights, axis=0) - surface.sample_trips[1:, 1:]
        most = surface.sample_trips.max()
        assert above.min() >= -1e-6 * most
        assert above.max() <= (surface.hull_gap + 1e-9) * most
        assert surface.hull_gap < 0.06
        assert len(surface.planes) <= 12
        assert (surface.planes[:, :2] >= 0).all()


def test_more_cars_or_riders_never_mean_fewer_trips(service: CityService) -> None:
    for level in service.levels:
        assert (np.diff(level.surface.sample_trips, axis=0) >= 0).all()
        assert (np.diff(level.surface.sample_trips, axis=1) >= -1e-6 * level.surface.sample_trips.max()).all()


def test_a_car_drives_no_farther_than_its_streets_let_it_in_its_hours(service: CityService) -> None:
    """The law counts hours, and so does the limit: what the law drives, it keeps."""
    for level in service.levels:
        surface = level.surface
        assert 100 < surface.km_per_vehicle_day_most < 600
        each = surface.sample_km[1:, 1:] / surface.sample_vehicles[1:, None]
        assert each.max() <= surface.km_per_vehicle_day_most


def test_a_small_area_captures_less_than_its_share_of_trip_ends(service: CityService) -> None:
    zones, first = service.zones, service.levels[0]
    ends = zones.demand_trips_per_day[zones.level == 0].sum() / zones.demand_trips_per_day.sum()
    assert first.surface.demand_trips_per_day / service.levels[-1].surface.demand_trips_per_day < ends


def test_a_healthy_fleet_works_as_published_ones_do(service: CityService) -> None:
    """Robotaxis: about 24-26 paid trips a car-day, 41-44 % of km empty; a spread of cities lies around it."""
    level = service.levels[2]
    demand = 0.3 * level.surface.demand_trips_per_day
    fleets = np.linspace(5, level.surface.vehicles_max, 2000)
    served = level.surface.evaluate(fleets, demand)
    at = int(np.argmax(served.trips_per_day >= 0.93 * demand))
    assert 16 < served.trips_per_day[at] / fleets[at] < 32
    assert 0.30 < served.deadhead_share[at] < 0.48
    assert 2 < served.wait_min[at] < 7


def test_the_law_between_samples_is_what_scipy_reads_there(service: CityService) -> None:
    surface = service.levels[1].surface
    random = np.random.default_rng(7)
    fleets = np.concatenate([surface.sample_vehicles, random.uniform(-1, 1.2 * surface.vehicles_max, 500)])
    demands = random.uniform(0, 1.2 * surface.demand_max, len(fleets))
    axes = surface.sample_vehicles, surface.sample_demand
    inside = np.stack([np.clip(x, a[0], a[-1]) for x, a in zip((fleets, demands), axes, strict=True)], axis=-1)
    read = surface.evaluate(fleets, demands)
    assert np.array_equal(read.wait_min, RegularGridInterpolator(axes, surface.sample_wait_min)(inside))
    assert np.array_equal(read.km_per_day, RegularGridInterpolator(axes, surface.sample_km)(inside))
    assert np.array_equal(
        read.trips_per_day, np.minimum(RegularGridInterpolator(axes, surface.sample_trips)(inside), demands)
    )


def test_planes_kept_with_a_surface_are_those_that_would_be_made(service: CityService) -> None:
    surface = service.levels[2].surface
    bare = replace(surface, nearer={})
    random = np.random.default_rng(3)
    for fleet, demand in random.uniform((0, 0), (1.1 * surface.vehicles_max, 1.1 * surface.demand_max), (40, 2)):
        assert np.array_equal(planes_within(surface, fleet, demand), planes_within(bare, fleet, demand))
    asked = {(v, d) for v, d in surface.nearer if v in {10, 20, 30, 40, 42}}
    assert len(asked) == len(surface.nearer) == 5 * 8


def test_the_cache_gives_back_what_was_stored(tmp_path: Path) -> None:
    catalogue = load_catalogue(cities={"zurich"})
    lines: list[str] = []
    fresh = city_service(catalogue, "zurich", cache_dir=tmp_path, progress=lines.append)
    again = city_service(catalogue, "zurich", cache_dir=tmp_path, progress=lines.append)
    assert len(lines) == 3
    for one, two in zip(fresh.levels, again.levels, strict=True):
        assert one.cells == two.cells
        assert np.array_equal(one.surface.planes, two.surface.planes)
        assert one.surface.nearer.keys() == two.surface.nearer.keys()
        assert all(np.array_equal(two.surface.nearer[domain], kept) for domain, kept in one.surface.nearer.items())
        assert np.array_equal(one.surface.sample_km, two.surface.sample_km)
        assert one.requires == two.requires
    assert np.array_equal(fresh.depot_km_by_level, again.depot_km_by_level)
    assert np.array_equal(fresh.zones.level, again.zones.level)
