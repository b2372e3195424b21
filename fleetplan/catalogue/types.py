"""What the catalogue holds, as frozen types.

Lengths in km, money in the unit of the key, probabilities and shares in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue.law import Confidence, DriverOut, Event, Hold, Jurisdiction, Permit, permits_met
from fleetplan.catalogue.lines import SupplyLine
from fleetplan.catalogue.observed import ObservedTrips

__all__ = [
    "Area",
    "Catalogue",
    "City",
    "Confidence",
    "Crossing",
    "Deal",
    "DeploymentFact",
    "DepotSite",
    "District",
    "DriverOut",
    "Event",
    "Figure",
    "Gap",
    "Gateway",
    "Hold",
    "HotSpot",
    "Jurisdiction",
    "LiveMarket",
    "Outline",
    "Permit",
    "Permitted",
    "Published",
    "Rival",
    "Stack",
    "SupplyLine",
]

REQUEST_SOURCE: Final = "the request"
"""Source of a figure that a request replaces."""

Permitted = Literal["yes", "conditional", "no"]
Deal = Literal["announced", "talks", "none", "rival"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number (or list of numbers) with its provenance.

    ``key`` is where it stands: ``zurich/city.toml#market.trips_per_day``. ``value`` is the likely value; profiles and
    schedules fill ``values`` and leave ``value`` at their mean.
    """

    key: str
    value: float
    unit: str
    source: str
    confidence: Confidence
    low: float | None = None
    high: float | None = None
    year: int | None = None
    note: str = ""
    values: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    years: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class District:
    """A row of districts.csv."""

    name: str
    population: float
    population_year: int | None
    """None where nobody says."""
    area_km2: float
    lat: float
    lon: float
    jobs: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place that draws trips; ``weight`` 1 (weak) to 5 (strongest)."""

    name: str
    kind: str
    lat: float
    lon: float
    weight: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """An airport or station. ``permit`` names the permit that opens it, empty when it is open from the start."""

    name: str
    kind: Literal["airport", "station"]
    lat: float
    lon: float
    passengers_per_day: float | None
    trip_share: float | None
    permit: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """A bridge, tunnel, ferry or freeway link between two points; closed to robotaxis when ``open`` is false."""

    name: str
    barrier: str
    kind: Literal["bridge", "tunnel", "ferry", "freeway"]
    lat_a: float
    lon_a: float
    lat_b: float
    lon_b: float
    open: bool
    permit: str
    note: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class DepotSite:
    """A candidate depot: ``stalls`` fast chargers at most, ``lead_months`` from order to power."""

    name: str
    lat: float
    lon: float
    stalls: int
    kw_per_stall: float
    power: Literal["spare", "new"]
    lead_months: int
    note: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A polygon of outlines.geojson, lon-lat (EPSG:4326); no vehicle may be in one that is ``closed``."""

    name: str
    kind: Literal["outline", "launch", "cell", "closed"]
    order: int
    polygon: Polygon
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Rival:
    """A robotaxi service that is not on the platform."""

    name: str
    fleet: float
    mode: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the facts do not hold, and what stands in for it."""

    what: str
    stand_in: str


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a city that permits name: a county, say, by its districts."""

    name: str
    districts: tuple[str, ...]
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class City:
    """A city folder. ``figures`` maps ``market.trips_per_day`` and the like to their figures."""

    slug: str
    name: str
    country: str
    jurisdictions: tuple[str, ...]
    currency: str
    time_zone: str
    drive_side: Literal["left", "right"]
    snow: bool
    figures: Mapping[str, Figure]
    districts: tuple[District, ...]
    hot_spots: tuple[HotSpot, ...]
    gateways: tuple[Gateway, ...]
    crossings: tuple[Crossing, ...]
    depots: tuple[DepotSite, ...]
    outlines: tuple[Outline, ...]
    land: MultiPolygon | BaseGeometry
    land_attribution: str
    rivals: tuple[Rival, ...] = ()
    gaps: tuple[Gap, ...] = ()
    district_areas: Mapping[str, BaseGeometry] = field(default_factory=dict)
    """The land of districts by name, lon-lat, where a published source draws them; the others have a centre and an area."""
    areas: tuple[Area, ...] = ()
    observed: ObservedTrips | None = None
    """Trips counted from a table; without them a gravity model says between which zones people travel."""

    def value(self, key: str) -> float:
        """Return the likely value of a figure, for example ``value("market.mean_trip_km")``."""
        return self.figures[key].value

    def series(self, key: str) -> tuple[float, ...]:
        """Return the values of a profile, for example ``series("season.month_factors")``."""
        return self.figures[key].values

    def area_of(self, district: str) -> str:
        """Return the area that permits name a district by: the city itself where no area lists it."""
        return next((area.name for area in self.areas if district in area.districts), self.name)

    @property
    def area_names(self) -> frozenset[str]:
        """The names by which permits know the parts of the city: its own where it names no areas."""
        return frozenset(self.area_of(d.name) for d in self.districts) if self.areas else frozenset({self.name})


@dataclass(frozen=True, slots=True)
class Stack:
    """A partner's driving system on a vehicle platform.

    ``figures`` maps ``vehicle.price_usd``, ``contract.licence_usd_per_km``, ``supply.placeable`` ... to figures.
    ``operator_seat`` says whether somebody can sit at a wheel: without one there is no service with an operator on board.
    """

    slug: str
    partner: str
    platform: str
    origin: str
    aliases: tuple[str, ...]
    rival: bool
    rhd: str
    lhd: str
    snow_ok: str
    highway_ok: str
    electric: bool
    contract_type: Literal["own_and_license", "fixed_fee", "revenue_share", "sale_license_share"]
    platform_pays: frozenset[str]
    exclusive: bool
    contract_notes: str
    lead_months: int
    supply_line: str
    holds: tuple[Hold, ...]
    figures: Mapping[str, Figure]
    notes: str = ""
    operator_seat: bool = True
    driver_out: tuple[DriverOut, ...] = ()

    def value(self, key: str) -> float:
        """Return the likely value of a figure, for example ``value("vehicle.price_usd")``."""
        return self.figures[key].value


@dataclass(frozen=True, slots=True)
class DeploymentFact:
    """What law and deal say about one stack in one city.

    ``slips`` is the class whose slip its permits have, where a request says it; else it follows from where the stack runs.
    ``slip_months`` is by how many months they come later than promised, where a request says that.
    """

    stack: str
    city: str
    permitted: Permitted
    reason: str
    deal: Deal
    deal_note: str
    earliest_announced: str
    source: str
    confidence: str
    slips: Literal["", "here", "elsewhere", "nowhere"] = ""
    slip_months: int | None = None


@dataclass(frozen=True, slots=True)
class LiveMarket:
    """A market already live on the platform outside the catalogue's cities."""

    market: str
    partner: str
    since: str
    mode: str
    counts: bool
    note: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Published:
    """What an operator's service was published to do, for plans to be held against.

    Attributes
    ----------
    measure
        One of ``catalogue.schema.RECORD_MEASURES``; ``value`` is in its ``unit``.
    month
        When it was measured, ``YYYY-MM``.
    months_from, months_to
        The age of a service, in months since it went driver-out, to which it speaks; ``months_to`` None: any later age.
    how
        What was counted, and what was derived from what.
    """

    measure: str
    operator: str
    place: str
    month: str
    months_from: int
    months_to: int | None
    value: float
    unit: str
    how: str
    source: str
    confidence: str

    def speaks_of(self, age_months: float) -> bool:
        """Return whether it speaks of a service of this age."""
        return self.months_from <= age_months and (self.months_to is None or age_months < self.months_to + 1)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything known before a request. ``digest`` is the SHA-256 of the files it was read from."""

    cities: Mapping[str, City]
    jurisdictions: Mapping[str, Jurisdiction]
    stacks: Mapping[str, Stack]
    deployments: Mapping[tuple[str, str], DeploymentFact]
    economics: Mapping[str, Figure]
    assumptions: Mapping[str, Figure]
    supply_lines: Mapping[str, SupplyLine]
    live_markets: tuple[LiveMarket, ...]
    digest: str
    city_digests: Mapping[str, str] = field(default_factory=dict)
    record: tuple[Published, ...] = ()

    def permits_for(self, city: str) -> dict[str, Permit]:
        """Return every permit of a city's jurisdictions by id, widest jurisdiction first."""
        found: dict[str, Permit] = {}
        for slug in self.cities[city].jurisdictions:
            found.update(self.jurisdictions[slug].permits)
        return found

    def permits_of(self, stack: str, city: str) -> dict[str, Permit]:
        """Return the permits of a city's jurisdictions as one stack meets them, by id, widest jurisdiction first."""
        return permits_met(self.permits_for(city), operator_seat=self.stacks[stack].operator_seat)

    def bars_of(self, stack: str, city: str) -> dict[str, Event]:
        """Return the events that would bar a stack from service in a city, by id."""
        origin = self.stacks[stack].origin
        known = [slug for slug in self.cities[city].jurisdictions if slug in self.jurisdictions]
        laws = (self.jurisdictions[slug] for slug in known)
        return {key: event for law in laws for key, event in law.events.items() if origin in event.bars}

    def event(self, event_id: str) -> Event:
        """Return a calendar event by id."""
        for jurisdiction in self.jurisdictions.values():
            if event_id in jurisdiction.events:
                return jurisdiction.events[event_id]
        raise KeyError(event_id)
