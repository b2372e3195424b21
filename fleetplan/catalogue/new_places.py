"""Depots and hot spots that a new city can begin with: proposed from where its people are, each a default to be replaced.

No site was looked at. Depots stand where everybody together has the shortest way to one, hot spots where people and jobs are
densest. What a depot is taken to have is the catalogue's judgement of industrial land, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

PROPOSED: Final = "Proposed site"
"""How the name of a depot begins that nobody has looked at."""

PEOPLE_PER_SITE: Final = 100_000.0
FEWEST_SITES, MOST_SITES = 2, 8
MOST_SPOTS: Final = 6
EVEN: Final = 1.05
"""Times the thinnest district's density up to which no district draws more than another."""

SPARE_SHARE: Final = 0.6
STALLS, KW_PER_STALL, SPARE_MONTHS, NEW_MONTHS = 40, 92.5, 9, 42
POINT_RESOLUTION: Final = 7
"""H3 cells of some 5 km²: districts that are larger stand for several points."""
KM_PER_DEGREE: Final = 111.2

Row = list[Any]


@dataclass(frozen=True, eq=False)
class _Points:
    """Where the people of a city are, shapes (n,), and the district that each point lies in."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    people: NDArray[np.float64]
    density: NDArray[np.float64]
    district: list[str]


def proposed_depots(frame: gpd.GeoDataFrame, names: Sequence[str], people: Sequence[float]) -> list[Row]:
    """Return rows of depots.csv: sites to which everybody together has the shortest way.

    Parameters
    ----------
    frame
        Districts in lon-lat, with their names and people in the same order.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and needed here only

    points = _points(frame, names, people)
    count = int(np.clip(round(sum(people) / PEOPLE_PER_SITE), FEWEST_SITES, MOST_SITES))
    chosen = _closest_to_all(points, min(count, len(points.lat)))
    spare = set(sorted(chosen, key=lambda k: (points.density[k], k))[: round(SPARE_SHARE * len(chosen))])
    return [_depot(number, points, k, spare=k in spare) for number, k in enumerate(chosen, start=1)]


def proposed_hot_spots(
    frame: gpd.GeoDataFrame, names: Sequence[str], drawn_by: Sequence[float], areas_km2: Sequence[float]
) -> list[Row]:
    """Return rows of hot_spots.csv: the middles of the districts that are densest, none where all are as dense as one another.

    ``drawn_by`` is what draws trips to a district: its people, and its jobs where they are known.
    """
    density = [drawn / area for drawn, area in zip(drawn_by, areas_km2, strict=True)]
    if max(density) <= EVEN * min(density):
        return []
    order = sorted(range(len(names)), key=lambda k: (-density[k], k))
    weights = [5, 4, 3, 3, 2, 2][: min(MOST_SPOTS, max(1, len(names) // 3))]
    rows = []
    for weight, k in zip(weights, order, strict=False):
        middle = frame.geometry.iloc[k].representative_point()
        row = [f"Middle of {names[k]}", "centre", round(middle.y, 5), round(middle.x, 5), weight]
        rows.append([*row, DEFAULT_SOURCE, "assumed"])
    return rows


def _depot(number: int, points: _Points, k: int, *, spare: bool) -> Row:
    power, months = ("spare", SPARE_MONTHS) if spare else ("new", NEW_MONTHS)
    note = (
        "proposed from where people are: no site was looked at; stalls, power and months are our judgement of industrial land, "
        "range 20-80 stalls, lead 4-15 months with spare power, 36-48 without"
    )
    name = f"{PROPOSED} {number}, {points.district[k]}"
    place = [round(float(points.lat[k]), 5), round(float(points.lon[k]), 5)]
    return [name, *place, STALLS, KW_PER_STALL, power, months, note, DEFAULT_SOURCE, "assumed"]


def _points(frame: gpd.GeoDataFrame, names: Sequence[str], people: Sequence[float]) -> _Points:
    """Return the cells whose centres lie in districts, each with its part of the people; a small district has its middle."""
    import h3  # noqa: PLC0415 - as above
    import numpy as np  # noqa: PLC0415 - as above
    from shapely.geometry import mapping  # noqa: PLC0415 - as above

    rows = []
    for shape, name, count in zip(frame.geometry, names, people, strict=True):
        cells = sorted(h3.geo_to_cells(mapping(shape), POINT_RESOLUTION))
        middle = shape.representative_point()
        places = [h3.cell_to_latlng(cell) for cell in cells] or [(middle.y, middle.x)]
        rows += [(lat, lon, count / len(places), count / shape.area, name) for lat, lon in places]
    lat, lon, share, density, district = zip(*rows, strict=True)
    return _Points(np.array(lat), np.array(lon), np.array(share), np.array(density), list(district))


def _closest_to_all(points: _Points, count: int) -> list[int]:
    """Return points, one after another, each bringing everybody together nearest to a site."""
    import numpy as np  # noqa: PLC0415 - as above

    east = np.cos(np.radians(points.lat.mean()))
    apart = KM_PER_DEGREE * np.hypot(
        points.lat[:, None] - points.lat[None, :], (points.lon[:, None] - points.lon[None, :]) * east
    )
    nearest, chosen = np.full(len(points.lat), np.inf), list[int]()
    for _ in range(count):
        total = points.people @ np.minimum(nearest[:, None], apart)
        total[chosen] = np.inf
        chosen.append(int(total.argmin()))
        nearest = np.minimum(nearest, apart[:, chosen[-1]])
    return chosen
