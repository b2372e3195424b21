"""From tables of trips to a city's observed demand: its places and counts, its hours and days, and what the tables cover."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleetplan.catalogue.field_polygons import read_polygons
from fleetplan.catalogue.observed import ObservedTrips
from fleetplan.catalogue.types import Catalogue, City
from fleetplan.demand.observed import observed_demand
from fleetplan.demand.types import PERIODS, CityDemand
from fleetplan.errors import Fault, InputError
from fleetplan.geography import build_geography
from fleetplan.geography.types import CityGeography
from fleetplan.service.later import later
from fleetplan.trips import table
from fleetplan.trips.gather import Counts, count
from fleetplan.trips.layouts import Chosen, choose, normal
from fleetplan.trips.places import Cells, Coordinates, Places, Zones
from fleetplan.trips.types import REFUSALS, Coverage, Refused

if TYPE_CHECKING:
    import geopandas as gpd

Array = NDArray[np.float64]

ZONE_COLUMNS = (
    *("locationid", "location_id", "zone_id", "zone", "geoid", "geoid20", "geoid10", "area_numbe", "area_num_1"),
    *("community", "id", "name"),
)
"""Columns of a zone file that may hold its ids, by their names in small letters; the first that is there, where none is named."""

MOST_UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Tables of trips of a city, and how to read them.

    Attributes
    ----------
    zones, zone_column
        A file of zones, and its column with the ids that the tables name.
    source, confidence
        Who published the tables, for which time, and where; how far they are to be believed.
    """

    files: tuple[Path, ...]
    source: str
    confidence: str = "medium"
    zones: Path | None = None
    zone_column: str = ""


@dataclass(frozen=True, eq=False)
class Found:
    """What tables say of a city: trips between its places, shares of hours and days of the week, and what they cover."""

    observed: ObservedTrips
    profiles: dict[str, tuple[float, ...]]
    coverage: Coverage


def build(catalogue: Catalogue, city: City, asked: Asked) -> Found:
    """Return what tables of trips say of a city.

    Raises
    ------
    InputError
        With every fault: tables that cannot be read, columns that are not there, zones that are none, too few trips inside.
    """
    geography = build_geography(city, permits=later(catalogue, city).permits)
    chosen, places = _how(asked, geography)
    counts = count(asked.files, chosen, places, city.time_zone)
    share = _per_day(counts) / city.value("market.trips_per_day")
    days = counts.days
    observed = ObservedTrips(
        first_day=f"{days[0]:%Y-%m-%d}",
        last_day=f"{days[-1]:%Y-%m-%d}",
        weekdays=int(counts.weekdays[:5].sum()),
        weekend_days=int(counts.weekdays[5:].sum()),
        trips=float(counts.inside),
        table_share=share,
        source=asked.source,
        confidence=asked.confidence,
        places=_squeezed(places.table()),
        table=_squeezed(_trips(counts, places)),
    )
    profiles = profiles_of(counts)
    demand = observed_demand(with_profiles(city, profiles), observed, geography)
    return Found(observed, profiles, _coverage(city, asked, (chosen, places, counts), demand, geography))


def _how(asked: Asked, geography: CityGeography) -> tuple[list[Chosen], Places]:
    """Return which columns are read of each table, and how its places lie on the city's zones."""
    columns = [table.columns_of(path) for path in asked.files]
    heads = list(zip(asked.files, columns, strict=True))
    with_zones = asked.zones is not None
    chosen = [choose(str(path), head, with_zones=with_zones) for path, head in heads]
    if len({one.kind for one in chosen}) > 1:
        what = f"the tables name places in several ways: {', '.join(one.kind for one in chosen)}"
        raise InputError(
            [Fault(", ".join(map(str, asked.files)), what, "tables of one kind", "read each kind by itself")]
        )
    if asked.zones is None:
        return chosen, Coordinates(geography) if chosen[0].kind == "coordinates" else Cells(geography)
    frame = read_polygons(asked.zones)
    column = _zone_column(asked.zones, frame, asked.zone_column)
    return chosen, Zones(geography, [str(v) for v in frame[column].tolist()], frame.geometry.tolist())


def _zone_column(path: Path, frame: gpd.GeoDataFrame, wanted: str) -> str:
    known = {normal(str(name)): str(name) for name in frame.columns if str(name) != "geometry"}
    for name in (normal(wanted),) if wanted else ZONE_COLUMNS:
        if name in known:
            return known[name]
    what = f"it has no column {wanted!r}" if wanted else "no column holds the ids of its zones"
    remedy = "name the column with --zone-column"
    raise InputError([Fault(str(path), what, ", ".join(known.values()), remedy)])


def _trips(counts: Counts, places: Places) -> pd.DataFrame:
    rows = [(PERIODS[p], places.names[a], places.names[b], n) for (p, a, b), n in sorted(counts.pairs.items())]
    return pd.DataFrame(rows, columns=["period", "origin", "destination", "trips"])


def _squeezed(frame: pd.DataFrame) -> bytes:
    return gzip.compress(frame.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode(), 6, mtime=0)


def _per_day(counts: Counts) -> float:
    """Return trips of a mean day: weekdays count 5/7, weekend days 2/7."""
    weekday, weekend = counts.per_day().sum(axis=1)
    return float((5.0 * weekday + 2.0 * weekend) / 7.0)


def profiles_of(counts: Counts) -> dict[str, tuple[float, ...]]:
    """Return the shares of hours and days of the week; a day of the week that the tables lack is as the others of its kind."""
    hours = counts.per_day()
    found = {f"profile.{kind}": _shares(row) for kind, row in zip(("weekday", "weekend"), hours, strict=True)}
    each = np.divide(counts.by_weekday, counts.weekdays, out=np.full(7, np.nan), where=counts.weekdays > 0)
    for days in (slice(0, 5), slice(5, 7)):
        each[days] = np.where(np.isnan(each[days]), np.nanmean(each[days]), each[days])
    return {**found, "profile.day_of_week": _shares(each)}


def _shares(values: Array) -> tuple[float, ...]:
    """Return shares with six digits that add up to 1; the largest takes what rounding leaves."""
    shares = np.round(values / values.sum(), 6)
    shares[shares.argmax()] += 1.0 - shares.sum()
    return tuple(round(float(share), 6) for share in shares)


def with_profiles(city: City, profiles: dict[str, tuple[float, ...]]) -> City:
    """Return a city with other hours and days."""
    figures = {
        key: replace(city.figures[key], values=values, value=sum(values) / len(values))
        for key, values in profiles.items()
    }
    return replace(city, figures={**city.figures, **figures})


def _coverage(
    city: City,
    asked: Asked,
    read: tuple[Sequence[Chosen], Places, Counts],
    demand: CityDemand,
    geography: CityGeography,
) -> Coverage:
    chosen, places, counts = read
    days = counts.days
    span = int((days[-1] - days[0]).days) + 1
    ends = demand.mean_day().sum(axis=0) + demand.mean_day().sum(axis=1)
    bare = ends <= 0
    per_day = _per_day(counts)
    seen = {p for p, _, _ in counts.pairs}
    return Coverage(
        city=city.slug,
        files=[path.name for path in asked.files],
        layout=chosen[0].layout,
        places=chosen[0].kind,
        rows=counts.rows,
        inside=counts.inside,
        one_end_outside=counts.one_end_outside,
        both_outside=counts.both_outside,
        refused=[
            Refused(why=why, rows=counts.refused[why], first_row=counts.first_row[why])
            for why in REFUSALS
            if counts.refused[why]
        ],
        first_day=f"{days[0]:%Y-%m-%d}",
        last_day=f"{days[-1]:%Y-%m-%d}",
        weekdays=int(counts.weekdays[:5].sum()),
        weekend_days=int(counts.weekdays[5:].sum()),
        days_without=span - len(days),
        trips_per_day=per_day,
        city_trips_per_day=city.value("market.trips_per_day"),
        table_share=per_day / city.value("market.trips_per_day"),
        points=len({place for _, a, b in counts.pairs for place in (a, b)}),
        zones=len(geography),
        zones_without=int(bare.sum()),
        residents_without=float(geography.population[bare].sum() / max(geography.population.sum(), 1e-9)),
        unknown_zones=dict(places.unknown.most_common(MOST_UNKNOWN)),
        periods_without=[name for k, name in enumerate(PERIODS) if k not in seen],
        mean_trip_km=demand.mean_trip_km,
        airport_share=float(sum(demand.airport_shares)),
    )
