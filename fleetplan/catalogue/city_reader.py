"""Read one city folder."""

from __future__ import annotations

import math
from typing import Final, Literal

from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue import schema
from fleetplan.catalogue.field_polygons import MOST_PEOPLE_KM2
from fleetplan.catalogue.figure_reader import read_figures, read_given_figures
from fleetplan.catalogue.files import Files
from fleetplan.catalogue.geometry import is_farther_than, km_from, read_district_areas, read_land, read_outlines
from fleetplan.catalogue.observed_reader import read_observed
from fleetplan.catalogue.places import nearest_zones, too_far_km
from fleetplan.catalogue.tables import FaultLog, Row, Table, provenance
from fleetplan.catalogue.types import Area, City, Crossing, DepotSite, District, Gap, Gateway, HotSpot, Outline, Rival

NEAR_KM: Final = 60.0
_SIDES: Final[tuple[Literal["left", "right"], ...]] = ("left", "right")
_GATEWAY_KINDS: Final[tuple[Literal["airport", "station"], ...]] = ("airport", "station")
_CROSSING_KINDS: Final[tuple[Literal["bridge", "tunnel", "ferry", "freeway"], ...]] = (
    "bridge",
    "tunnel",
    "ferry",
    "freeway",
)
_POWER: Final[tuple[Literal["spare", "new"], ...]] = ("spare", "new")


def read_city(files: Files, slug: str) -> City | None:
    """Return the city of a folder; nothing when it has no readable ``city.toml``."""
    file = f"{slug}/city.toml"
    root = files.toml(file)
    tables = _Tables(files, slug)
    if root is None:
        return None
    head = root.part("city")
    city = City(
        slug=head.text("slug"),
        name=head.text("name"),
        country=head.text("country"),
        jurisdictions=head.texts("jurisdictions"),
        currency=head.text("currency"),
        time_zone=head.text("time_zone"),
        drive_side=head.choice("drive_side", _SIDES),
        snow=head.flag("snow"),
        figures=read_figures(root, file, schema.CITY_FIGURES) | read_given_figures(root, file, schema.CITY_FITTED),
        districts=tables.districts,
        hot_spots=tables.hot_spots,
        gateways=tables.gateways,
        crossings=tables.crossings,
        depots=tables.depots,
        outlines=tables.outlines,
        land=tables.land,
        land_attribution=tables.attribution,
        rivals=tuple(_rival(table) for table in root.parts("rival", "name")),
        gaps=tuple(Gap(table.text("what"), table.text("stand_in")) for table in root.parts("gap", "what")),
        district_areas=tables.district_areas,
        areas=_areas(root, {district.name for district in tables.districts}),
        observed=read_observed(root, files, slug),
    )
    root.close()
    _check_slug(head, city.slug, slug)
    _check_place(head, city)
    return city


def _areas(root: Table, districts: set[str]) -> tuple[Area, ...]:
    """Return the areas that permits name, each of districts that are there and in no other area."""
    found: list[Area] = []
    for table in root.parts("area", "name"):
        named = table.texts("districts")
        taken = {name for area in found for name in area.districts}
        for name in named:
            if name not in districts:
                table.fault("districts", f"{name!r} is no district", "names of districts.csv", "mend its spelling")
            elif name in taken:
                table.fault("districts", f"{name!r} lies in another area too", "each district once", "take one out")
        found.append(Area(table.text("name"), named, *provenance(table)))
    return tuple(found)


class _Tables:
    """The CSV and GeoJSON files of a city, each point checked against the outline."""

    def __init__(self, files: Files, slug: str) -> None:
        self.outlines = read_outlines(files, f"{slug}/outlines.geojson")
        self._outline = next((outline.polygon for outline in self.outlines if outline.kind == "outline"), None)
        self.land, self.attribution = read_land(files, f"{slug}/land.geojson")
        _check_areas(files.where(slug), self.outlines, self.land, files.faults)
        rows = {
            name: files.rows(f"{slug}/{name}.csv", columns)
            for name, columns in (
                ("districts", schema.DISTRICTS),
                ("hot_spots", schema.HOT_SPOTS),
                ("gateways", schema.GATEWAYS),
                ("crossings", schema.CROSSINGS),
                ("depots", schema.DEPOTS),
            )
        }
        for name, key in (("districts", "district"), ("hot_spots", "name"), ("gateways", "name"), ("depots", "site")):
            check_unique(rows[name], key)
        check_unique(rows["crossings"], "name", "barrier")
        self.districts = tuple(self._district(row) for row in rows["districts"])
        names = {district.name for district in self.districts}
        self.district_areas = read_district_areas(files, f"{slug}/districts.geojson", names)
        self.hot_spots = tuple(self._hot_spot(row) for row in rows["hot_spots"])
        self.gateways = tuple(self._gateway(row) for row in rows["gateways"])
        self.crossings = tuple(self._crossing(row) for row in rows["crossings"])
        self.depots = tuple(self._depot(row) for row in rows["depots"])
        if not self.districts:
            where = files.where(f"{slug}/districts.csv")
            files.faults.add(
                where, "no district has been read", allowed="at least one", remedy="add the city's districts"
            )

    def _point(self, row: Row, suffix: str = "") -> tuple[float, float]:
        """Return latitude and longitude of a row, which must lie near the outline."""
        lat, lon = row.number(f"lat{suffix}", -90, 90), row.number(f"lon{suffix}", -180, 180)
        if self._outline is None or math.isnan(lat + lon):
            return lat, lon
        if is_farther_than(NEAR_KM, self._outline, lon, lat):
            away = km_from(self._outline, lon, lat)
            what = f"the point ({lat:g}, {lon:g}) lies {away:.0f} km outside the outline"
            row.fault(
                f"lat{suffix}", what, f"within {NEAR_KM:.0f} km", "check lat and lon, and that they are not swapped"
            )
        return lat, lon

    def _district(self, row: Row) -> District:
        lat, lon = self._point(row)
        source, confidence = provenance(row)
        people, area_km2 = row.number("population", 0, 1e8), row.number("area_km2", 1e-3, 1e5)
        if people > MOST_PEOPLE_KM2 * area_km2:
            what = f"{people:,.0f} people on {area_km2:g} km² are more than live so close anywhere on earth"
            row.fault("population", what, f"at most {MOST_PEOPLE_KM2:,.0f} on a km²", "check both numbers' units")
        return District(
            name=row.text("district"),
            population=people,
            population_year=row.whole("population_year", 1900, 2100) if row.has("population_year") else None,
            area_km2=area_km2,
            lat=lat,
            lon=lon,
            jobs=row.number("jobs", 0, 1e8),
            source=source,
            confidence=confidence,
        )

    def _hot_spot(self, row: Row) -> HotSpot:
        lat, lon = self._point(row)
        source, confidence = provenance(row)
        return HotSpot(row.text("name"), row.text("kind"), lat, lon, row.number("weight", 1, 5), source, confidence)

    def _gateway(self, row: Row) -> Gateway:
        lat, lon = self._point(row)
        source, confidence = provenance(row)
        return Gateway(
            name=row.text("name"),
            kind=row.choice("kind", _GATEWAY_KINDS),
            lat=lat,
            lon=lon,
            passengers_per_day=row.optional_number("passengers_per_day", 0, 1e7),
            trip_share=row.optional_number("trip_share", 0, 1),
            permit=row.text("permit", blank=True),
            source=source,
            confidence=confidence,
        )

    def _crossing(self, row: Row) -> Crossing:
        (lat_a, lon_a), (lat_b, lon_b) = self._point(row, "_a"), self._point(row, "_b")
        source, confidence = provenance(row)
        return Crossing(
            name=row.text("name"),
            barrier=row.text("barrier"),
            kind=row.choice("kind", _CROSSING_KINDS),
            lat_a=lat_a,
            lon_a=lon_a,
            lat_b=lat_b,
            lon_b=lon_b,
            open=row.flag("open"),
            permit=row.text("permit", blank=True),
            note=row.text("note", blank=True),
            source=source,
            confidence=confidence,
        )

    def _depot(self, row: Row) -> DepotSite:
        lat, lon = self._point(row)
        source, confidence = provenance(row)
        return DepotSite(
            name=row.text("site"),
            lat=lat,
            lon=lon,
            stalls=row.whole("stalls", 1, 10_000),
            kw_per_stall=row.number("kw_per_stall", 1, 2_000),
            power=row.choice("power", _POWER),
            lead_months=row.whole("lead_months", 0, 240),
            note=row.text("note", blank=True),
            source=source,
            confidence=confidence,
        )


def check_unique(rows: list[Row], *keys: str) -> None:
    """Note every row whose keys stood in an earlier row."""
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        cells = row.fields()
        names = tuple(cells.get(key, "") for key in keys)
        if names in seen:
            row.fault(keys[0], f"{' / '.join(names)!r} stands twice", "each once", "remove or rename one")
        seen.add(names)


def _rival(table: Table) -> Rival:
    source, confidence = provenance(table)
    mode = table.choice("mode", ("test", "operator", "driver_out"))
    return Rival(table.text("name"), table.number("fleet", 0, 1e6), mode, source, confidence)


def _check_place(head: Table, city: City) -> None:
    """Note a city that lies in another part of the world than its time zone: latitude and longitude are swapped."""
    if not city.districts or not city.time_zone:
        return
    lat, lon = (math.fsum(getattr(d, key) for d in city.districts) / len(city.districts) for key in ("lat", "lon"))
    if math.isnan(lat + lon):
        return
    if away := too_far_km(city.time_zone, lat, lon):
        near = nearest_zones(lat, lon, 1)[0]
        there = f"at ({lat:.2f}, {lon:.2f}), near {near.place} ({near.country})"
        what = f"the districts lie {away:,.0f} km from {city.time_zone} {there}"
        remedy = "check the zone, and that latitude and longitude of the districts are not swapped"
        head.fault("time_zone", what, "the zone in which the city lies", remedy)


def _check_slug(head: Table, slug: str, folder: str) -> None:
    if slug and slug != folder:
        head.fault("slug", f"{slug!r} is not the name of its folder", repr(folder), "rename the folder or the slug")
    if not head.texts("jurisdictions"):
        head.fault("jurisdictions", "no jurisdiction is named", "at least one, widest first", "add the country's")


def _check_areas(where: str, outlines: tuple[Outline, ...], land: BaseGeometry, faults: FaultLog) -> None:
    """Note areas without land, and launch areas far from the outline."""
    outline = next((item.polygon for item in outlines if item.kind == "outline"), None)
    for item in outlines:
        place = f"{where}/outlines.geojson: {item.name}"
        if not land.is_empty and not land.intersects(item.polygon):
            faults.add(
                place, "the area holds no land", allowed="an area that meets land.geojson", remedy="check both files"
            )
        middle = item.polygon.representative_point()
        if outline is not None and is_farther_than(NEAR_KM, outline, middle.x, middle.y):
            away = km_from(outline, middle.x, middle.y)
            allowed = f"within {NEAR_KM:.0f} km"
            faults.add(
                place, f"the area lies {away:.0f} km outside the outline", allowed=allowed, remedy="check the points"
            )
