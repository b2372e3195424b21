"""The districts of a new city and the people in them, with whatever a person should be told of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fleetplan.catalogue.field_people import MOST_PEOPLE, check_people, numbers_of, people_by, people_of, spread
from fleetplan.catalogue.field_polygons import areas_km2, column_of, fault, names_of, read_polygons
from fleetplan.catalogue.new_asked import PEOPLE, Districts
from fleetplan.catalogue.new_deployments import DEFAULT_MARK

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, slots=True)
class Source:
    """The districts of a new city in lon-lat with what stands in their table, and the files they came from."""

    frame: gpd.GeoDataFrame
    names: Sequence[str]
    people: Sequence[float]
    jobs: Sequence[float] | None
    origin: str
    year: int | None
    said: str
    """What the rows of districts say of their people, beside the files."""


def read_source(path: Path, table: Path | None, said: Districts) -> tuple[Source, list[str]]:
    """Return the districts of a file with their people, from it, a table or one number, and what should be known of them.

    Raises
    ------
    InputError
        With every fault of the files.
    """
    frame = read_polygons(path, said.layer)
    names, notes = names_of(path, frame, said.names)
    origin = f"{said.publisher.strip()} ({path.name})" if said.publisher.strip() else path.name
    about = f"people: {said.source.strip()}" if said.source.strip() else ""
    if said.people is not None:
        people, told, about = _laid_out(path, frame, said)
    elif table is None:
        people, told = people_of(path, frame, names), []
    else:
        people, told = people_by(table, frame, names)
        origin = f"{origin}; {table.name}"
        if column_of(frame, ("population",)) is not None:
            notes.append(f"the people are those of {table.name}; the population column of {path.name} is left aside")
    notes += [*told, *check_people(origin, frame, people, names)]
    notes += [] if said.year else ["nobody says of which year the people are: that stays blank"]
    column = column_of(frame, ("jobs",))
    jobs = None if column is None else numbers_of(path, frame[column].tolist(), names, "jobs")
    return Source(frame, names, people, jobs, origin, said.year, about), notes


def _laid_out(path: Path, frame: gpd.GeoDataFrame, said: Districts) -> tuple[list[float], list[str], str]:
    """Return a city's whole people laid out evenly over its area, and what is said of that."""
    if column_of(frame, ("population",)) is not None:
        what = f"{path.name} has a column population, which says who lives where"
        raise fault(PEOPLE, what, "the one number where nothing says so", "leave the number out")
    total = said.people or 0
    if not 1 <= total <= MOST_PEOPLE:
        raise fault(PEOPLE, f"{total:,} is no number of people of a city", f"from 1 to {MOST_PEOPLE:,.0f}", "check it")
    source = f" ({said.source.strip()})" if said.source.strip() else ""
    about = f"people: {DEFAULT_MARK}, the city's {total:,}{source} laid out evenly over its area, replace"
    told = f"the city's {total:,} people are laid out evenly over its area: who lives where is a default to be replaced"
    return spread(total, areas_km2(frame).tolist()), [told], about
