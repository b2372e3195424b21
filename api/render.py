"""A stored plan in other forms: tables as CSV, JSON and XLSX, the ground as GeoPackage and GeoJSON, the brief as HTML."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import xlsxwriter  # type: ignore[import-untyped]

from api.known import Known
from api.media import CSV, GPKG, HTML, JSON, XLSX
from api.schemas import TableAnswer, TableColumn
from fleetplan.plans.types import Plan
from fleetplan.report import areas as ground
from fleetplan.report.export import ground_layers, write_layers
from fleetplan.report.html import report_html
from fleetplan.report.tables import COLUMNS, csv_text, data_dictionary, tables

LAYERS = ("zones", "areas", "depots")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TABLE_MEDIA = (JSON, CSV, XLSX)
EXPORT_MEDIA = (HTML, XLSX, GPKG, JSON)
EXPORT_SUFFIX = {HTML: "html", XLSX: "xlsx", GPKG: "gpkg", JSON: "json"}


def table_bytes(plan_id: str, plan: Plan, name: str, media: str) -> bytes:
    """Return one table of a plan."""
    frame = tables(plan)[name]
    if media == CSV:
        return csv_text(frame).encode()
    if media == XLSX:
        return workbook({name: frame})
    columns = [TableColumn(name=c.name, dtype=c.dtype, unit=c.unit, meaning=c.meaning) for c in COLUMNS[name]]
    return TableAnswer(plan=plan_id, table=name, columns=columns, rows=_records(frame)).model_dump_json().encode()


def export_bytes(answer: bytes, plan: Plan, known: Known, media: str) -> bytes:
    """Return a whole plan: the brief, the workbook, the GeoPackage, or plan.json as it was stored."""
    if media == JSON:
        return answer
    if media == XLSX:
        return workbook({**tables(plan), "columns": data_dictionary()})
    services = known.services(plan)
    if media == HTML:
        return report_html(plan, services, known.catalogue).encode()
    return geopackage(ground_layers(plan, services))


def workbook(frames: Mapping[str, pd.DataFrame]) -> bytes:
    """Return tables as one workbook, a sheet each; text stays text, whatever it begins with."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": "fleetplan", "created": EPOCH.replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        for name, frame in frames.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, list(frame.columns), bold)
            for number, row in enumerate(_plain(frame).itertuples(index=False), start=1):
                sheet.write_row(number, 0, row)
            sheet.autofit(300)
    return out.getvalue()


def geopackage(layers: Mapping[str, gpd.GeoDataFrame]) -> bytes:
    """Return layers as one GeoPackage."""
    with tempfile.TemporaryDirectory(prefix="fleetplan-") as folder:
        path = Path(folder) / "plan.gpkg"
        write_layers(path, layers)
        return path.read_bytes()


def map_bytes(plan: Plan, known: Known, month: str, city: str | None) -> bytes:
    """Return what stands on the ground in a month: open zones, areas in force, depots ordered or live; GeoJSON."""
    if city is not None:
        plan = plan.model_copy(update={"cities": [c for c in plan.cities if c.city == city]})
    services = known.services(plan)
    zones, areas, depots = ground_layers(plan, services).values()
    shown = {
        "zones": zones[(zones["first_open"] <= month).fillna(value=False)],
        "areas": areas[(areas["start"] <= month) & ~(areas["end"] <= month).fillna(value=False)],
        "depots": depots[depots["ordered"] <= month],
    }
    features = [feature for name in LAYERS for feature in _features(name, shown[name], month)]
    collection = {"type": "FeatureCollection", "month": month, "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def zones_bytes(known: Known, city: str) -> bytes:
    """Return every zone of a city with its people and trips; GeoJSON."""
    service = known.service(known.catalogue, city)
    zones = service.zones
    features = [
        {
            "type": "Feature",
            "id": cell,
            "geometry": ground.cell_polygon(cell).__geo_interface__,
            "properties": {
                "cell": cell,
                "level": int(zones.level[i]) + 1 if zones.level[i] >= 0 else None,
                "area_km2": round(float(zones.area_km2[i]), 4),
                "population": round(float(zones.population[i]), 1),
                "jobs": round(float(zones.jobs[i]), 1),
                "demand_trips_per_day": round(float(zones.demand_trips_per_day[i]), 2),
            },
        }
        for i, cell in enumerate(zones.cells)
    ]
    return json.dumps({"type": "FeatureCollection", "city": city, "features": features}, separators=(",", ":")).encode()


def _features(layer: str, frame: gpd.GeoDataFrame, month: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(frame.to_json(drop_id=True))["features"]
    for feature in features:
        feature["properties"]["layer"] = layer
        if layer == "zones":
            pairs = [pair.split("=") for pair in feature["properties"].pop("opens").split(";") if pair]
            feature["properties"]["stacks"] = [stack for stack, opened in pairs if opened <= month]
    return features


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of plain Python values, None for what is missing."""
    return frame.astype("object").where(frame.notna(), None)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in _plain(frame).to_dict("records")]
