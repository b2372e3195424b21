"""Write a plan's artefacts to a folder. Each file appears whole or not at all: it is written aside, then renamed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleetplan.catalogue.types import Catalogue
from fleetplan.plans.types import Plan
from fleetplan.report.exports import EXPORTS, Source
from fleetplan.report.tables import csv_text, data_dictionary, tables
from fleetplan.service.types import CityService


def write_artefacts(plan: Plan, services: Mapping[str, CityService], catalogue: Catalogue, out: Path) -> list[Path]:
    """Write every export of a plan, its tables and its geography to a folder; return the files written.

    The folder holds ``report.html``, ``plan.json``, ``plan.gpkg`` (layers zones, areas, depots), ``plan.xlsx``, ``plan.pptx``,
    ``zones.geojson``, ``areas.geojson``, one CSV per table under ``tables/`` and ``tables/columns.csv``, which says what every
    column means.
    """
    (out / "tables").mkdir(parents=True, exist_ok=True)
    return [_write_aside(out / name, content) for name, content in _made(Source(plan, catalogue, lambda: services))]


def _made(source: Source) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every file, the plan itself first: whatever fails to be drawn, it is kept."""
    for export in sorted(EXPORTS.values(), key=lambda export: export.name != "json"):
        yield export.file, export.make(source)
    for name, frame in tables(source.plan).items():
        yield f"tables/{name}.csv", csv_text(frame).encode()
    yield "tables/columns.csv", csv_text(data_dictionary()).encode()
    for name in ("zones", "areas"):
        yield f"{name}.geojson", f"{source.layers[name].to_json(drop_id=True)}\n".encode()


def _write_aside(path: Path, content: bytes) -> Path:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        aside = Path(folder) / path.name
        aside.write_bytes(content)
        aside.replace(path)
    return path
