"""A small made-up city for tests: a rectangle of land cut by a river, four districts, one bridge, one airport."""

from __future__ import annotations

from dataclasses import replace

from shapely.geometry import MultiPolygon, box

from fleetplan.catalogue.types import City, Crossing, DepotSite, District, Figure, Gateway, HotSpot, Outline

PROFILE = tuple(1.0 / 24 for _ in range(24))
WAVES = (1, 1, 1, 1, 1, 2, 3, 5, 6, 5, 4, 4, 4, 4, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2)


def _figure(key: str, value: float, values: tuple[float, ...] = ()) -> Figure:
    return Figure(key=key, value=value, unit="", source="made up", confidence="assumed", values=values)


def _figures() -> dict[str, Figure]:
    plain = {
        "market.trips_per_day": 8000.0,
        "market.platform_share": 0.5,
        "market.mean_trip_km": 4.0,
        "market.airport_share": 0.1,
        "speed.peak_kmh": 18.0,
        "speed.offpeak_kmh": 24.0,
        "speed.freeway_kmh": 80.0,
        "speed.circuity": 1.3,
        "weather.days_without_service": 5.0,
        "weather.winter_energy_factor": 1.1,
        "population.scale": 1.1,
    }
    profiles = {
        "profile.weekday": tuple(w / sum(WAVES) for w in WAVES),
        "profile.weekend": PROFILE,
        "profile.day_of_week": (0.13, 0.13, 0.14, 0.14, 0.16, 0.17, 0.13),
    }
    figures = {key: _figure(key, value) for key, value in plain.items()}
    return figures | {key: _figure(key, sum(v) / len(v), v) for key, v in profiles.items()}


def _district(name: str, lat: float, lon: float, population: float, jobs: float) -> District:
    return District(name, population, 2024, 35.0, lat, lon, jobs, "made up", "assumed")


def small_city(*, bridge: bool = True, airport_permit: str = "") -> City:
    """Return the city; without its bridge the eastern bank is cut off."""
    west, east = box(8.00, 47.00, 8.095, 47.12), box(8.105, 47.00, 8.16, 47.12)
    crossing = Crossing(
        "Bridge", "River", "bridge", 47.06, 8.09, 47.06, 8.11, bridge, "" if bridge else "p", "", "made up", "assumed"
    )
    return City(
        slug="small",
        name="Small",
        country="XX",
        jurisdictions=(),
        currency="CHF",
        time_zone="UTC",
        drive_side="right",
        snow=False,
        figures=_figures(),
        districts=(
            _district("Northwest", 47.09, 8.05, 30000, 5000),
            _district("Southwest", 47.03, 8.05, 50000, 60000),
            _district("Northeast", 47.09, 8.13, 20000, 2000),
            _district("Southeast", 47.03, 8.13, 15000, 8000),
            _district("Far away", 47.60, 8.13, 99999, 99999),
        ),
        hot_spots=(HotSpot("Market", "retail", 47.04, 8.06, 5, "made up", "assumed"),),
        gateways=(Gateway("Field", "airport", 47.11, 8.02, 5000.0, None, airport_permit, "made up", "assumed"),),
        crossings=(crossing,),
        depots=(DepotSite("Yard", 47.05, 8.03, 40, 92.5, "spare", 9, "", "made up", "assumed"),),
        outlines=(
            Outline("All", "outline", 0, box(8.00, 47.00, 8.16, 47.12), "made up", "assumed"),
            Outline("First", "launch", 1, box(8.03, 47.02, 8.08, 47.07), "made up", "assumed"),
        ),
        land=MultiPolygon([west, east]),
        land_attribution="made up",
    )


def with_figure(city: City, key: str, value: float) -> City:
    """Return the city with one figure changed."""
    return replace(city, figures={**city.figures, key: _figure(key, value)})


def assumptions() -> dict[str, Figure]:
    """Return the service assumptions that the law reads."""
    values = {
        "spare_share": 0.08,
        "out_share": 0.05,
        "boarding_min": 1.5,
        "pickup_fixed_min": 1.0,
        "batching_s": 20.0,
        "staging_km_per_vehicle_day": 40.0,
        "aux_kw": 1.0,
        "service_hours": 18.0,
        "charge_window_kw_share": 0.65,
        "pace": 0.85,
        "energy_kwh_per_km": 0.2,
        "usable_kwh": 50.0,
        "charging_stop_h": 0.25,
        "search_factor": 1.0,
        "rebalance_factor": 1.0,
        "reserve": 1.0,
        "least_way_min": 0.0,
        "turn_shape": 1.0,
    }
    waits = {"wait.elasticity": -0.1, "wait.reference_min": 5.0}
    named = {f"service.{key}": value for key, value in values.items()} | waits
    return {key: _figure(key, value) for key, value in named.items()}


def economics() -> dict[str, Figure]:
    """Return the economics that the law reads."""
    return {"vehicles_per_fast_stall": _figure("vehicles_per_fast_stall", 6.0)}
