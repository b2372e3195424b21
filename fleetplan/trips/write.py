"""Write a city's observed trips into its folder: the counts, and in ``city.toml`` whose they are and what follows of them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from fleetplan.catalogue.observed import PLACES_FILE, TRIPS_FILE
from fleetplan.trips.build import Found
from fleetplan.trips.types import Coverage

UNITS = {
    "profile.weekday": "share of the day, hour 0 to 23",
    "profile.weekend": "share of the day, hour 0 to 23",
    "profile.day_of_week": "share of the week, Mon..Sun",
}
PER_LINE = 6


def write(found: Found, folder: Path, *, whole: bool = False) -> list[Path]:
    """Write what tables say of a city into its folder, and return the files.

    Parameters
    ----------
    whole
        The tables hold every trip of the city: ``market.trips_per_day`` becomes what they count.
    """
    files = {folder / PLACES_FILE: found.observed.places, folder / TRIPS_FILE: found.observed.table}
    for path, content in files.items():
        _replace(path, content)
    city = folder / "city.toml"
    _replace(city, city_text(city.read_text(encoding="utf-8"), found, whole=whole).encode())
    return [*files, city]


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content)
    aside.replace(path)


def city_text(text: str, found: Found, *, whole: bool = False) -> str:
    """Return a city's file with the tables' figures in place of those that it had: they stand before its first list of tables."""
    c = found.coverage
    source = f"observed trips: {found.observed.source}; {c.first_day} to {c.last_day}, {c.inside} trips in the city"
    figures = {key: (values, UNITS[key]) for key, values in found.profiles.items()}
    single: dict[str, tuple[float, str]] = {
        "market.mean_trip_km": (round(c.mean_trip_km, 2), "km"),
        "market.airport_share": (round(c.airport_share, 4), "share of trips"),
    }
    if whole:
        single["market.trips_per_day"] = (round(c.trips_per_day, 1), "trips/day")
    tables = [_demand(found, c, whole=whole)]
    for key, (value, unit) in single.items():
        tables.append(_figure(key, f"{value:g}" if value < 1e6 else str(round(value)), unit, source, found))
    tables += [_figure(key, _list(values), unit, source, found) for key, (values, unit) in figures.items()]
    bare = text
    for key in ("demand", *single, *figures):
        bare = re.sub(rf"^\[{re.escape(key)}\]\n(?:(?!\[).*\n?)*", "", bare, flags=re.MULTILINE)
    at = bare.find("\n[[")
    at = len(bare) if at < 0 else at + 1
    return bare[:at].rstrip("\n") + "\n\n" + "\n".join(tables) + "\n" + bare[at:]


def _demand(found: Found, coverage: Coverage, *, whole: bool) -> str:
    o = found.observed
    lines = [
        "[demand]",
        f"source = {json.dumps(o.source, ensure_ascii=False)}",
        f'confidence = "{o.confidence}"',
        f'first_day = "{o.first_day}"',
        f'last_day = "{o.last_day}"',
        f"weekdays = {o.weekdays}",
        f"weekend_days = {o.weekend_days}",
        f"trips = {coverage.inside}",
        f"table_share = {1.0 if whole else o.table_share:.6g}",
        f'places_sha256 = "{hashlib.sha256(o.places).hexdigest()}"',
        f'trips_sha256 = "{hashlib.sha256(o.table).hexdigest()}"',
    ]
    return "\n".join(lines) + "\n"


def _figure(key: str, value: str, unit: str, source: str, found: Found) -> str:
    said = json.dumps(source, ensure_ascii=False)
    head = f"[{key}]\nvalue = {value}\n" + f'unit = "{unit}"\n'
    return f'{head}source = {said}\nconfidence = "{found.observed.confidence}"\n'


def _list(values: tuple[float, ...]) -> str:
    rows = [values[k : k + PER_LINE] for k in range(0, len(values), PER_LINE)]
    return "[\n" + "".join(f"  {', '.join(f'{v:.6f}' for v in row)},\n" for row in rows) + "]"
