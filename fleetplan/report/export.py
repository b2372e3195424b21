"""Write a plan's artefacts to a folder. Each file appears whole or not at all: it is written aside, then renamed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd

from fleetplan.catalogue.types import Catalogue
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.report import areas as ground
from fleetplan.report.html import report_html
from fleetplan.report.tables import csv_text, data_dictionary, tables
from fleetplan.service.types import CityService


def write_artefacts(plan: Plan, services: Mapping[str, CityService], catalogue: Catalogue, out: Path) -> list[Path]:
    """Write ``plan.json``, tables, geography and ``report.html`` to a folder; return the files written.

    The folder holds ``plan.json``, ``report.html``, ``zones.geojson``, ``areas.geojson``, ``plan.gpkg`` (layers zones,
    areas, depots), one CSV per table under ``tables/`` and ``tables/columns.csv``, which says what every column means.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "tables").mkdir(exist_ok=True)
    written = [_write_text(out / "plan.json", plan_text(plan))]
    written.append(_write_text(out / "report.html", report_html(plan, services, catalogue)))
    for name, frame in tables(plan).items():
        written.append(_write_text(out / "tables" / f"{name}.csv", csv_text(frame)))
    written.append(_write_text(out / "tables" / "columns.csv", csv_text(data_dictionary())))
    return written + _write_ground(plan, services, out)


def _write_ground(plan: Plan, services: Mapping[str, CityService], out: Path) -> list[Path]:
    layers = ground_layers(plan, services)
    files = [
        _write_text(out / f"{name}.geojson", layers[name].to_json(drop_id=True) + "\n") for name in ("zones", "areas")
    ]
    return [*files, _write_aside(out / "plan.gpkg", lambda path: write_layers(path, layers))]


def ground_layers(plan: Plan, services: Mapping[str, CityService]) -> dict[str, gpd.GeoDataFrame]:
    """Return what a plan puts on the ground by layer: zones, areas, depots (EPSG:4326)."""
    return {
        "zones": ground.zones(plan, services),
        "areas": ground.areas(plan, services),
        "depots": ground.depots(plan),
    }


def write_layers(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write layers to one GeoPackage."""
    for name, frame in layers.items():
        plain = frame.astype({c: "object" for c in frame.columns if str(frame[c].dtype) == "string"})
        plain.to_file(path, layer=name, driver="GPKG", engine="pyogrio", mode="a" if path.exists() else "w")


def _write_text(path: Path, text: str) -> Path:
    return _write_aside(path, lambda aside: _put(aside, text))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_aside(path: Path, write: Callable[[Path], None]) -> Path:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        aside = Path(folder) / path.name
        write(aside)
        aside.replace(path)
    return path
