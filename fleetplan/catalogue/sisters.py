"""The cities of a catalogue that a new one may be begun after, read for that alone: faults elsewhere do not stand in the way."""

from __future__ import annotations

import csv
import math
import tomllib
from pathlib import Path
from typing import Any

from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.catalogue.new_law import Sister
from fleetplan.catalogue.places import km_between
from fleetplan.errors import Fault, InputError, near_misses


def sisters(catalogue: Path) -> list[Sister]:
    """Return the cities that say their country and their laws, by slug."""
    found = (_sister(path) for path in sorted(catalogue.glob("*/city.toml")) if path.parent.name[0] not in "._")
    return [sister for sister in found if sister is not None]


def sister_named(found: list[Sister], given: str) -> Sister:
    """Return the city that goes by a slug or a name.

    Raises
    ------
    InputError
        When there is none.
    """
    names = {key.casefold(): sister for sister in found for key in (sister.slug, sister.name)}
    if (sister := names.get(given.strip().casefold())) is not None:
        return sister
    known = [sister.slug for sister in found]
    remedy = near_misses(given, [*known, *(sister.name for sister in found)]) or "name one of them, or leave it out"
    raise InputError([Fault("--like", f"no city of the catalogue is called {given!r}", ", ".join(known), remedy)])


def nearest_sister(found: list[Sister], country: str, lat: float, lon: float) -> Sister | None:
    """Return the city of a country that lies nearest to a point; nothing where the catalogue has none with a law of its own."""
    own = [sister for sister in found if sister.country == country and not sister.begun]
    return min(own, key=lambda sister: (km_between(sister.lat, sister.lon, lat, lon), sister.slug), default=None)


def _sister(path: Path) -> Sister | None:
    try:
        head: Any = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("city", {})
        with (path.parent / "districts.csv").open(encoding="utf-8-sig", newline="") as file:
            places = [(float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return None
    laws = head.get("jurisdictions") if isinstance(head, dict) else None
    if not laws or not head.get("country") or not places:
        return None
    lat, lon = (math.fsum(values) / len(places) for values in zip(*places, strict=True))
    slug, name, named = path.parent.name, str(head.get("name", "")), tuple(map(str, laws))
    return Sister(slug, name, str(head["country"]), named, lat, lon, _is_begun(path.parents[1], slug))


def _is_begun(catalogue: Path, slug: str) -> bool:
    """Return whether every permit of a city's own law is still a default: nobody has looked into it."""
    try:
        law: Any = tomllib.loads((catalogue / "jurisdictions" / f"{slug}.toml").read_text(encoding="utf-8-sig"))
        sources = [permit.get("source") for permit in law.get("permit", [])]
    except (OSError, ValueError, AttributeError):
        return False
    return bool(sources) and set(sources) == {DEFAULT_SOURCE}
