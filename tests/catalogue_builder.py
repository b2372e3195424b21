"""Write a tiny, sound catalogue: rectangular cities with a lake, one country, two permits.

    folder = make_catalogue(tmp_path, cities=2, stacks=1)
    catalogue = load_catalogue(folder)

Cities are ``city-1``, ``city-2`` ...; stacks ``stack-1``, ``stack-2`` ...; the country is ``landia`` with the permits
``landia-test`` and ``landia-paid`` and the event ``landia-law``. ``assumptions.toml`` and ``economics.csv`` are the
real ones, so that everything downstream finds its figures, but for slips: there are none.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

REAL = Path(__file__).resolve().parent.parent / "cities"
SOURCED = {"source": "made up for a test", "confidence": "assumed"}

# A city: 12 km by 11 km of land round (LAT, LON + number), with a lake of about 4 km2 in its middle.
LAT, LON = 48.0, 10.0
HALF_LAT, HALF_LON = 0.05, 0.08

CITY_FIGURES: dict[str, Any] = {
    "market.trips_per_day": 20000,
    "market.platform_share": 0.5,
    "market.mean_trip_km": 4.0,
    "market.mean_fare_local": 14.0,
    "market.fare_tax": 0.1,
    "market.airport_share": 0.05,
    "market.av_local_charge_usd_month": 0,
    "market.rival_share": 0.1,
    "market.displaced_share_by_year": {"value": [0.8, 0.7], "years": [2027, 2029]},
    "market.human_take_net": 0.2,
    "speed.peak_kmh": 18,
    "speed.offpeak_kmh": 25,
    "speed.freeway_kmh": 70,
    "speed.circuity": 1.3,
    "cost.electricity_usd_per_kwh": 0.2,
    "cost.remote_agent_usd_per_h": 30,
    "cost.field_agent_usd_per_h": 24,
    "cost.operator_usd_per_h": 30,
    "cost.insurance_usd_per_km": 0.08,
    "cost.operator_fee_usd_per_vehicle_month": 900,
    "cost.charger_stall_usd": 80000,
    "cost.depot_fixed_usd": 400000,
    "cost.profit_tax": 0.2,
    "weather.days_without_service": 2,
    "weather.winter_energy_factor": 1.05,
    "season.month_factors": [1.0] * 12,
    "profile.weekday": [0.02] * 6 + [0.05] * 16 + [0.04] * 2,
    "profile.weekend": [0.03] * 6 + [0.045] * 16 + [0.05] * 2,
    "profile.day_of_week": [0.14] * 6 + [0.16],
    "population.scale": 1,
}

STACK_FIGURES: dict[str, Any] = {
    "vehicle.price_usd": 60000,
    "vehicle.kit_share": 0.3,
    "vehicle.battery_kwh": 75,
    "vehicle.energy_kwh_per_km": 0.17,
    "contract.platform_fare_share": 0.8,
    "contract.fee_usd_per_vehicle_day": 0,
    "contract.licence_usd_per_km": 0.1,
    "contract.launch_cost_usd": 1500000,
    "contract.launch_share": 1,
    "contract.fare_multiplier": 1,
    "contract.financed_share": 0,
    "contract.minimum_quantity": 0,
    "contract.minimum_years": 10,
    "contract.shortfall_usd_per_vehicle": 0,
    "supply.placeable": {"value": [50, 500, 1500], "years": [2027, 2028, 2030], "line": "Works"},
    "supply.yearly_cap": 0,
}

PERMIT: dict[str, Any] = {
    "permit": "Licence to drive without a driver",
    "authority": "Ministry",
    "scope": "state",
    "holder": "stack",
    "all_of": [],
    "any_of": [],
    "after_start": [],
    "event": "",
    "months_min": 2,
    "months_likely": 4,
    "months_max": 8,
    "fare_factor": 0.0,
    "operator_on_board": True,
    "vehicles_per_remote_operator": 0,
    "fleet_cap": 0,
    "fleet_cap_kind": "concurrent",
    "area": "any road",
    "hours": "none",
    "area_levels": 0,
    "airport": "",
    "optional": False,
    "fee": "none",
    "notes": "",
    **SOURCED,
}


def make_catalogue(tmp_path: Path, cities: int = 1, stacks: int = 1) -> Path:
    """Write a catalogue below a folder and return its root."""
    root = tmp_path / "cities"
    for name in ("assumptions.toml", "economics.csv"):
        root.mkdir(parents=True, exist_ok=True)
        shutil.copy(REAL / name, root / name)
    keep_promises(root / "assumptions.toml")
    slugs = [f"city-{number}" for number in range(1, cities + 1)]
    systems = [f"stack-{number}" for number in range(1, stacks + 1)]
    for number, slug in enumerate(slugs, start=1):
        write_city(root / slug, slug, LON + number)
    for slug in systems:
        write(root / "partners" / f"{slug}.toml", stack_toml(slug))
    write(root / "jurisdictions" / "landia.toml", law_toml())
    write_csv(root / "deployments.csv", [deployment(stack, city) for stack in systems for city in slugs])
    write_csv(root / "supply_lines.csv", [{"line": "Works", "plant": "Works, Landia", "builds": "vehicles", **SOURCED}])
    market = {"market": "Elsewhere", "partner": "Partner", "since": "2025-03", "mode": "driver_out", "counts": "yes"}
    write_csv(root / "live_markets.csv", [{**market, "note": "", **SOURCED}])
    return root


def keep_promises(assumptions: Path) -> None:
    """Let no promise slip in a copy of ``assumptions.toml``: the made-up law takes its likely months."""
    text = assumptions.read_text(encoding="utf-8")
    kept = re.sub(r"(\[slip\.\w+_(?:median|p90)\]\nvalue = )\d+(\n.*\nlow = )\d+", r"\g<1>0\g<2>0", text)
    assumptions.write_text(kept, encoding="utf-8")


def write_city(folder: Path, slug: str, lon: float) -> None:
    """Write one city folder round a longitude."""
    write(folder / "city.toml", city_toml(slug))
    west, east = lon - HALF_LON / 2, lon + HALF_LON / 2
    people = {"population_year": 2025, "area_km2": 60, "lat": LAT + 0.02, **SOURCED}
    district = {"district": "West", "population": 60000, "jobs": 40000, "lon": west, **people}
    order = ["district", "population", "population_year", "area_km2", "lat", "lon", "jobs"]
    rows = [district, {**district, "district": "East", "population": 40000, "jobs": 10000, "lon": east}]
    write_csv(folder / "districts.csv", [{key: row[key] for key in [*order, *SOURCED]} for row in rows])
    spot = {"name": "Square", "kind": "business", "lat": LAT + 0.03, "lon": west, "weight": 5, **SOURCED}
    write_csv(folder / "hot_spots.csv", [spot])
    gateway = {"name": "Field", "kind": "airport", "lat": LAT - 0.04, "lon": east, "passengers_per_day": 9000}
    write_csv(folder / "gateways.csv", [{**gateway, "trip_share": 0.05, "permit": "", **SOURCED}])
    ends = {"lat_a": LAT, "lon_a": lon - 0.03, "lat_b": LAT, "lon_b": lon + 0.03}
    link = {"name": "Bridge", "barrier": "Lake", "kind": "bridge", **ends, "open": "yes", "permit": "", "note": ""}
    write_csv(folder / "crossings.csv", [{**link, **SOURCED}])
    site = {"site": "Yard", "lat": LAT - 0.03, "lon": west, "stalls": 40, "kw_per_stall": 92.5, "power": "spare"}
    terms = {"lead_months": 9, "note": ""}
    write_csv(folder / "depots.csv", [{**site, **terms, **SOURCED}])
    outline = box(lon, LAT, HALF_LON, HALF_LAT)
    launch = {"kind": "launch", "order": 1, "name": f"{slug} centre", **SOURCED}
    write_features(
        folder / "outlines.geojson",
        [
            feature({"kind": "outline", "name": slug, **SOURCED}, [outline]),
            feature(launch, [box(lon, LAT, 0.04, 0.025)]),
        ],
    )
    shore = box(lon, LAT, 2 * HALF_LON, 2 * HALF_LAT)
    lake = box(lon, LAT, 0.013, 0.009)[::-1]
    land = feature({"kind": "land", "name": f"{slug} land", **SOURCED}, [shore, lake])
    write_features(folder / "land.geojson", [land], attribution="drawn for a test")


def city_toml(slug: str) -> str:
    """Return the text of a ``city.toml``."""
    head = {
        "slug": slug,
        "name": slug.replace("-", " ").title(),
        "country": "LA",
        "jurisdictions": ["landia"],
        "currency": "EUR",
        "time_zone": "Europe/Zurich",
        "drive_side": "right",
        "snow": False,
    }
    rival = {"name": "Rival", "fleet": 30, "mode": "test", **SOURCED}
    gap = {"what": "everything", "stand_in": "made up"}
    parts = [table("city", head), figures(CITY_FIGURES), table("[rival]", rival), table("[gap]", gap)]
    return "\n".join(parts)


def stack_toml(slug: str) -> str:
    """Return the text of a partner file."""
    name = slug.replace("-", " ").title()
    head = {
        "slug": slug,
        "partner": name,
        "platform": "Pod",
        "origin": "LA",
        "aliases": [f"{name} Ltd"],
        "rival": False,
    }
    vehicle = {
        "rhd": "yes",
        "lhd": "yes",
        "snow_ok": "yes",
        "highway_ok": "limited",
        "operator_seat": True,
        "electric": True,
    }
    pays = ["capital", "energy", "maintenance", "insurance", "remote"]
    contract = {"type": "own_and_license", "platform_pays": pays, "exclusive": False, "notes": ""}
    hold = {"permit": "landia-test", "state": "held", **SOURCED}
    parts = [table("stack", head), table("vehicle", vehicle), table("contract", contract)]
    parts += [table("supply", {"lead_months": 6}), figures(STACK_FIGURES), table("[holds]", hold)]
    return "\n".join(parts)


def law_toml() -> str:
    """Return the text of the one jurisdiction."""
    head = {"slug": "landia", "name": "Landia", "level": "state"}
    event = {"id": "landia-law", "title": "The law", "earliest": "2027-01", "likely": "2027-03", "latest": "2027-12"}
    test = {**PERMIT, "id": "landia-test", "title": "Test with an operator", "opens": "test_operator"}
    paid = {**PERMIT, "id": "landia-paid", "title": "Paid rides", "opens": "paid_driver_out", "fare_factor": 1.0}
    paid |= {"all_of": ["landia-test"], "event": "landia-law", "operator_on_board": False}
    parts = [table("jurisdiction", head), table("[event]", {**event, **SOURCED})]
    return "\n".join([*parts, table("[permit]", test), table("[permit]", paid)])


def deployment(stack: str, city: str) -> dict[str, Any]:
    """Return a row of ``deployments.csv``: lawful and announced."""
    words = {"permitted": "yes", "reason": "", "deal": "announced", "deal_note": "", "earliest_announced": "2027-06"}
    return {"stack": stack, "city": city, **words, **SOURCED}


def figures(values: Mapping[str, Any]) -> str:
    """Return figures as TOML; a mapping among them adds keys to its figure."""

    def rows() -> Iterator[str]:
        for key, value in values.items():
            fields = value if isinstance(value, dict) else {"value": value}
            yield table(key, {"unit": "test", **fields, **SOURCED})

    return "\n".join(rows())


def table(name: str, fields: Mapping[str, Any]) -> str:
    """Return a TOML table of texts, numbers, flags and lists."""
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())


def box(lon: float, lat: float, half_lon: float, half_lat: float) -> list[list[float]]:
    """Return a closed rectangle round a point."""
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return [[round(lon + x * half_lon, 6), round(lat + y * half_lat, 6)] for x, y in signs]


def feature(properties: Mapping[str, Any], rings: list[list[list[float]]]) -> dict[str, Any]:
    """Return a GeoJSON polygon."""
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": rings}}


def write_features(path: Path, features: list[dict[str, Any]], **members: Any) -> None:
    """Write a GeoJSON feature collection."""
    write(path, json.dumps({"type": "FeatureCollection", **members, "features": features}))


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows of one shape."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write(path, text.getvalue())


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    write(path, text.replace(old, new, 1))
