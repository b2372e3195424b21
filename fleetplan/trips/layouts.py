"""Columns of tables of trips: ours, and those of public trip records, known by their published names.

Names are compared in small letters with underscores, so that a portal's file and its interface for programs are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fleetplan.errors import Fault, InputError
from fleetplan.trips.types import PlaceKind


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one record.

    Attributes
    ----------
    time, end
        When a trip begins and, where the record says so, ends.
    zones
        Pairs of columns that name zones of origin and destination, the finest first.
    coordinates
        Latitude and longitude of origin and destination.
    h3
        H3 cells of origin and destination.
    """

    name: str
    time: str
    end: str = ""
    zones: tuple[tuple[str, str], ...] = ()
    coordinates: tuple[str, str, str, str] | None = None
    h3: tuple[str, str] | None = None


TLC = (("pulocationid", "dolocationid"),)
LAYOUTS = (
    Layout(
        "Chicago: transportation network providers, or taxi trips",
        "trip_start_timestamp",
        "trip_end_timestamp",
        zones=(
            ("pickup_census_tract", "dropoff_census_tract"),
            ("pickup_community_area", "dropoff_community_area"),
        ),
        coordinates=(
            "pickup_centroid_latitude",
            "pickup_centroid_longitude",
            "dropoff_centroid_latitude",
            "dropoff_centroid_longitude",
        ),
    ),
    Layout("New York: yellow taxi", "tpep_pickup_datetime", "tpep_dropoff_datetime", zones=TLC),
    Layout("New York: green taxi", "lpep_pickup_datetime", "lpep_dropoff_datetime", zones=TLC),
    Layout("New York: for-hire vehicles", "pickup_datetime", "dropoff_datetime", zones=TLC),
    Layout(
        "New York: taxi before July 2016",
        "pickup_datetime",
        "dropoff_datetime",
        coordinates=("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"),
    ),
    Layout(
        "plain",
        "time",
        "end_time",
        zones=(("origin", "destination"),),
        coordinates=("origin_lat", "origin_lon", "destination_lat", "destination_lon"),
        h3=("origin_h3", "destination_h3"),
    ),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns that are read of a table, by the names that it gives them: ``ends`` of origin, then of destination."""

    layout: str
    kind: PlaceKind
    time: str
    end: str
    ends: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def columns(self) -> list[str]:
        """Every column that is read, once."""
        return [c for c in dict.fromkeys((self.time, self.end, *self.ends[0], *self.ends[1])) if c]


def normal(column: str) -> str:
    """Return a column's name as it is compared.

    >>> normal(" Trip Start Timestamp"), normal("PULocationID")
    ('trip_start_timestamp', 'pulocationid')
    """
    return re.sub(r"\W+", "_", column.strip().lower()).strip("_")


def choose(where: str, columns: Iterable[str], *, with_zones: bool, pair: int = 0) -> Chosen:
    """Return which columns to read of a table.

    Parameters
    ----------
    with_zones
        Whether there is a zone file: then columns that name zones are read, else cells or coordinates.
    pair
        Which of the layout's pairs of zone columns.

    Raises
    ------
    InputError
        Where no layout fits, or what it names places by cannot be used.
    """
    known: Mapping[str, str] = {normal(name): name for name in columns}
    fitting = [layout for layout in LAYOUTS if layout.time in known]
    for layout in fitting:
        found = _of(layout, known, with_zones=with_zones, pair=pair)
        if found is not None:
            return found
    raise InputError([_refusal(where, known, fitting, with_zones=with_zones)])


def _of(layout: Layout, known: Mapping[str, str], *, with_zones: bool, pair: int) -> Chosen | None:
    def told(kind: PlaceKind, origin: tuple[str, ...], destination: tuple[str, ...]) -> Chosen | None:
        if any(name not in known for name in (*origin, *destination)):
            return None
        ends = tuple(known[name] for name in origin), tuple(known[name] for name in destination)
        return Chosen(layout.name, kind, known[layout.time], known.get(layout.end, ""), ends)

    if with_zones:
        pairs = [told("zones", (a,), (b,)) for a, b in layout.zones]
        here = [found for found in pairs if found is not None]
        return here[min(pair, len(here) - 1)] if here else None
    if layout.h3 is not None and (cells := told("h3", layout.h3[:1], layout.h3[1:])) is not None:
        return cells
    if layout.coordinates is None:
        return None
    return told("coordinates", layout.coordinates[:2], layout.coordinates[2:])


def _refusal(where: str, known: Mapping[str, str], fitting: list[Layout], *, with_zones: bool) -> Fault:
    has = ", ".join(list(known.values())[:12])
    if not fitting:
        times = ", ".join(dict.fromkeys(layout.time for layout in LAYOUTS))
        return Fault(where, f"no column holds the time of a trip; it has {has}", f"one of {times}", "rename the column")
    zones = any(name in known for layout in fitting for pair in layout.zones for name in pair)
    if zones and not with_zones:
        what = "it names places by zones, and no zone file is given"
        return Fault(
            where, what, "--zones FILE with the zones' polygons", "give the file that the record's publisher has"
        )
    what = f"origin and destination are not both in it; it has {has}"
    if with_zones:
        return Fault(
            where, what, "columns that name zones", "leave --zones out where the table has coordinates or H3 cells"
        )
    allowed = "origin_lat, origin_lon, destination_lat, destination_lon; or origin_h3, destination_h3"
    return Fault(where, what, allowed, "rename the columns")
