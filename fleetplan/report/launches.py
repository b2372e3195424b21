"""Where and when a plan launches: cities in their order with the map of the world, and the table of launches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.types import Catalogue, City
from fleetplan.plans import finance
from fleetplan.plans.reading import area_km2, by_opening, city_order, deciding_permit, ordered_deployments
from fleetplan.plans.types import CityRollout, DeploymentPlan, OpeningMonths, Plan
from fleetplan.report.world import CREDIT, Place, WorldMap, world_map
from fleetplan.words import openings
from fleetplan.words import values as words
from fleetplan.words.catalogue import CONTRACT_NAMES
from fleetplan.words.slips import how_sure, spread

TONES = 4


@dataclass(frozen=True, slots=True)
class Launch:
    """A row of the table of launches; ``sure`` and ``driver_out_sure`` tell how sure a month is, briefly and in full."""

    city: str
    city_name: str
    partner: str
    contract: str
    begun: str
    launch: str
    ended: str | None
    earliest: str
    latest: str
    sure: tuple[str, str]
    driver_out: str | None
    driver_out_sure: tuple[str, str]
    area_first: float
    area_last: float
    vehicles_first: int
    vehicles_last: int
    npv_usd: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A city in the order of launches, for the list beside the map."""

    order: int | None
    city: CityRollout
    tone: str
    vehicles: int
    with_whom: str


def where(plan: Plan, catalogue: Catalogue) -> dict[str, Any]:
    """Return the cities in the order of launches, the map of the world with them, and its key."""
    stops = _stops(plan)
    return {"stops": stops, "world": _world(stops, catalogue), "world_credit": CREDIT, "tones": _tones(plan)}


def _stops(plan: Plan) -> list[Stop]:
    found = []
    live = 0
    for city in city_order(plan):
        live += bool(city.launch)
        partners = [d.partner for d in sorted(city.deployments, key=by_opening)]
        vehicles = sum(d.vehicles[-1] for d in city.deployments)
        order = live if city.launch else None
        found.append(Stop(order, city, _tone(plan, city.launch), vehicles, words.listed(partners)))
    return found


def _tone(plan: Plan, launch: str | None) -> str:
    return f"y{min(int(launch[:4]) - finance.years(plan)[0], TONES - 1)}" if launch else "out"


def _tones(plan: Plan) -> list[tuple[str, str]]:
    """Return the key of the map: the years in which cities open, and whether one stays out."""
    years = sorted({int(c.launch[:4]) for c in plan.cities if c.launch})
    keys = [(_tone(plan, f"{year}-01"), f"opens in {year}") for year in years]
    closed = list(dict.fromkeys(openings.state(c) for c in city_order(plan) if not c.launch))
    return [*keys, ("out", "; ".join(closed))] if closed else keys


def _world(stops: Sequence[Stop], catalogue: Catalogue) -> WorldMap | None:
    places = [
        Place(s.city.city, *_centre(catalogue.cities[s.city.city]), s.vehicles, s.tone, (s.city.name, _label(s)))
        for s in stops
        if s.city.city in catalogue.cities
    ]
    return world_map(places) if places else None


def _label(stop: Stop) -> str:
    return openings.briefly(stop.city)


def _centre(city: City) -> tuple[float, float]:
    """Return the middle of a city's busy places, or of its land."""
    weight = sum(h.weight for h in city.hot_spots)
    if not weight:
        middle = city.land.representative_point()
        return middle.y, middle.x
    lat, lon = (sum(getattr(h, axis) * h.weight for h in city.hot_spots) / weight for axis in ("lat", "lon"))
    return lat, lon


def launches(plan: Plan) -> list[Launch]:
    """Return the table of launches, in the order of time."""
    found = []
    for city, d in ordered_deployments(plan):
        first = next((t for t, level in enumerate(d.level) if level), len(d.level) - 1)
        opening = deciding_permit(plan, d)
        found.append(
            Launch(
                city.city,
                city.name,
                d.partner,
                _contract(d),
                d.programme_start,
                d.launch,
                d.ended,
                opening.earliest if opening else "",
                opening.latest if opening else "",
                _sure(d.launch_months),
                d.driver_out,
                _sure(d.driver_out_months),
                area_km2(city, d.level[first]),
                area_km2(city, d.level[-1]),
                d.vehicles[first],
                d.vehicles[-1],
                d.npv_usd,
            )
        )
    return found


def _sure(found: OpeningMonths | None) -> tuple[str, str]:
    """Return how sure a month is, briefly and in full; empty where nothing is known."""
    return (spread(found), how_sure(found)) if found else ("", "")


def _contract(d: DeploymentPlan) -> str:
    """Return the contract's kind as it stands within a line."""
    name = CONTRACT_NAMES[d.contract] if d.contract in CONTRACT_NAMES else d.contract.replace("_", " ")
    return f"{name[:1].lower()}{name[1:]}"
