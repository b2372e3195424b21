"""A whole plan as one file: the brief to print, slides, the workbook, the GeoPackage, MDS geographies, plan.json.

Each is an entry of ``EXPORTS``: the command line writes it among a plan's artefacts, the service answers with it, and a plan's
page offers it.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import pandas as pd
import xlsxwriter  # type: ignore[import-untyped]

from fleetplan.catalogue.types import Catalogue
from fleetplan.mds.export import MEDIA_TYPE, geographies_file
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.report import areas as ground
from fleetplan.report.html import report_html
from fleetplan.report.slides import slides
from fleetplan.report.slides.sheet import MADE
from fleetplan.report.tables import data_dictionary, plain, tables
from fleetplan.service.types import CityService


@dataclass(frozen=True)
class Source:
    """What exports are made from; the cities' services are read when one asks for them. ``replayed``: what replays say of it."""

    plan: Plan
    catalogue: Catalogue
    read_services: Callable[[], Mapping[str, CityService]] = field(repr=False)
    replayed: tuple[str, ...] = ()

    @cached_property
    def services(self) -> Mapping[str, CityService]:
        """The services of the plan's cities."""
        return self.read_services()

    @cached_property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """What the plan puts on the ground, by layer."""
        return ground_layers(self.plan, self.services)


@dataclass(frozen=True, slots=True)
class Export:
    """One form of a plan.

    Attributes
    ----------
    name
        What ``?format=`` calls it; the ending of a file that holds it.
    file
        Its name among the artefacts of a plan.
    title, about
        What a list of files calls it, and what the sentence goes on with.
    shown
        Whether a browser shows it, so that nothing has to be saved first.
    """

    name: str
    media_type: str
    file: str
    title: str
    about: str
    make: Callable[[Source], bytes] = field(repr=False)
    shown: bool = False


def ground_layers(plan: Plan, services: Mapping[str, CityService]) -> dict[str, gpd.GeoDataFrame]:
    """Return what a plan puts on the ground by layer: zones, areas, depots (EPSG:4326)."""
    return {
        "zones": ground.zones(plan, services),
        "areas": ground.areas(plan, services),
        "depots": ground.depots(plan),
    }


def workbook(frames: Mapping[str, pd.DataFrame]) -> bytes:
    """Return tables as one workbook, a sheet each; text stays text, whatever it begins with."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": "fleetplan", "created": MADE.replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        for name, frame in frames.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, list(frame.columns), bold)
            for number, row in enumerate(plain(frame).itertuples(index=False), start=1):
                sheet.write_row(number, 0, row)
            sheet.autofit(300)
    return out.getvalue()


def geopackage(layers: Mapping[str, gpd.GeoDataFrame]) -> bytes:
    """Return layers as one GeoPackage."""
    with tempfile.TemporaryDirectory(prefix="fleetplan-") as folder:
        path = Path(folder) / "plan.gpkg"
        for name, frame in layers.items():
            written = frame.astype({c: "object" for c in frame.columns if str(frame[c].dtype) == "string"})
            written.to_file(path, layer=name, driver="GPKG", engine="pyogrio", mode="a" if path.exists() else "w")
        return path.read_bytes()


def _brief(source: Source) -> bytes:
    return report_html(source.plan, source.services, source.catalogue, replayed=source.replayed).encode()


def _slides(source: Source) -> bytes:
    return slides(source.plan, source.services, source.catalogue)


def _workbook(source: Source) -> bytes:
    return workbook({**tables(source.plan), "columns": data_dictionary()})


EXPORTS: dict[str, Export] = {
    export.name: export
    for export in (
        Export(
            "html", "text/html", "report.html", "Printable brief", ", one page with a map per city", _brief, shown=True
        ),
        Export(
            "pptx",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "plan.pptx",
            "Slides",
            " with verdict, timeline, maps, money and risks, charts and tables to edit (PPTX)",
            _slides,
        ),
        Export(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "plan.xlsx",
            "Workbook",
            " with every table (XLSX)",
            _workbook,
        ),
        Export(
            "gpkg",
            "application/geopackage+sqlite3",
            "plan.gpkg",
            "GeoPackage",
            " of zones, areas and depots",
            lambda source: geopackage(source.layers),
        ),
        Export(
            "mds",
            MEDIA_TYPE,
            "geographies.json",
            "MDS geographies",
            " of its service areas (MDS 2.1)",
            lambda source: geographies_file(source.plan, source.services, source.catalogue),
        ),
        Export(
            "json",
            "application/json",
            "plan.json",
            "plan.json",
            ", the plan itself",
            lambda source: plan_text(source.plan).encode(),
            shown=True,
        ),
    )
}
