"""The commands of ``fleetplan cities``: list, show, check, begin a new one."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetplan.terminal import AsJson, cell, console, print_table, reported

if TYPE_CHECKING:
    from rich.console import Console

cities_app = typer.Typer(help="The catalogue's cities: list, show, check, begin a new one.", no_args_is_help=True)


@cities_app.command("list")
def cities_list(as_json: AsJson = False) -> None:
    """List the cities with people, trips, deals and doubtful figures."""
    with reported(as_json=as_json):
        from fleetplan.catalogue import load_catalogue
        from fleetplan.catalogue.describe import list_cities

        rows = list_cities(load_catalogue())
        if as_json:
            typer.echo(json.dumps(rows))
            return
        columns = ("slug", "name", "population", "trips_per_day", "stacks_with_deal", "weak_figures", "figures")
        print_table(console(), rows, columns)


@cities_app.command("show")
def cities_show(
    city: Annotated[str, typer.Argument(help="Slug or name of a city.")],
    png: Annotated[Path | None, typer.Option(help="Draw the city to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a city: figures with sources, permits in order, deployments, gaps; with --png, draw it."""
    with reported(as_json=as_json):
        from fleetplan.catalogue import load_catalogue
        from fleetplan.catalogue.aliases import resolve_city
        from fleetplan.catalogue.describe import show_city

        catalogue = load_catalogue()
        slug = resolve_city(catalogue, city)
        shown = show_city(catalogue, slug)
        if png is not None:
            from fleetplan.report.city_map import draw_city

            draw_city(catalogue, slug, png)
        if as_json:
            typer.echo(json.dumps(shown))
            return
        _print_city(console(), shown)
        if png is not None:
            typer.echo(f"drawn: {png}")


@cities_app.command("check")
def cities_check(as_json: AsJson = False) -> None:
    """Read the whole catalogue and report every fault at once."""
    with reported(as_json=as_json):
        from fleetplan.catalogue import default_catalogue_path, load_catalogue
        from fleetplan.catalogue.describe import check_row, check_text

        row = check_row(load_catalogue())
        typer.echo(json.dumps(row) if as_json else check_text(row, default_catalogue_path()))


class Confidence(StrEnum):
    """How far a table of trips is to be believed."""

    high = "high"
    medium = "medium"
    low = "low"


PeopleTable = Annotated[
    Path | None, typer.Option(help="Table (CSV, Parquet) with columns district (or h3) and population.")
]
PeopleNumber = Annotated[
    int | None,
    typer.Option(help="People of the whole city, where nothing says who lives where: laid out evenly, a default."),
]
CountryWord = Annotated[
    str | None, typer.Option(help="Two letters or English name: from it follow money, time zone, law.")
]
SisterWord = Annotated[str | None, typer.Option(help="City of the catalogue to copy the law from; none: a template.")]
LawWords = Annotated[
    list[str] | None, typer.Option(help="A law of the catalogue that holds there as it is; may be repeated.")
]
TripFiles = Annotated[
    list[Path] | None,
    typer.Option(help="Table of trips, CSV or Parquet: the city's demand and hours; may be repeated."),
]
TripsConfidence = Annotated[Confidence, typer.Option(help="How far the trips are to be believed.")]
ZoneColumn = Annotated[str, typer.Option(help="Column of the zone file with the ids that the trips name.")]
EveryTrip = Annotated[
    bool,
    typer.Option("--every-trip", help="The trips are all of the city's: market.trips_per_day is their count."),
]


@cities_app.command("new")
def cities_new(  # each option says one thing of the city
    name: Annotated[str, typer.Argument(help="Name of the city.")],
    districts: Annotated[Path, typer.Option(help="Polygons: GeoJSON, GeoPackage or Shapefile.")],
    *,
    districts_source: Annotated[str, typer.Option(help="Who published the polygons, and where.")] = "",
    names: Annotated[str | None, typer.Option(help="Column of the districts with their names.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of the districts, where the file has several.")] = None,
    population: PeopleTable = None,
    people: PeopleNumber = None,
    population_year: Annotated[int | None, typer.Option(help="Year the people are of.")] = None,
    population_source: Annotated[str, typer.Option(help="Who published the people, and where.")] = "",
    country: CountryWord = None,
    like: SisterWord = None,
    law: LawWords = None,
    trips: TripFiles = None,
    trips_source: Annotated[str, typer.Option(help="Who published the trips, for which time, and where.")] = "",
    trips_confidence: TripsConfidence = Confidence.medium,
    trips_zones: Annotated[Path | None, typer.Option(help="Polygons of the zones that the trips name.")] = None,
    trips_zone_column: ZoneColumn = "",
    every_trip: EveryTrip = False,
    as_json: AsJson = False,
) -> None:
    """Begin a city from its district polygons: its folder, its law, a row for each stack in deployments.csv.

    With --trips its demand is made from a table of trips at once, as `fleetplan cities demand` does it; nothing stays of the city
    where that table cannot be used. `fleetplan cities check` then says what to fill in and what is still a default.
    """
    with reported(as_json=as_json):
        from fleetplan.catalogue.new_asked import Districts, Where
        from fleetplan.catalogue.newcity import begin_city
        from fleetplan.trips.begun import Counted, begin_counted
        from fleetplan.trips.build import Asked
        from fleetplan.words.trips import coverage_sentences

        said = Districts(layer, names, people, population_year, population_source, districts_source)
        where, coverage = Where(country, like, tuple(law or ())), None
        if trips:
            asked = Asked(tuple(trips), trips_source, trips_confidence.value, trips_zones, trips_zone_column)
            counted = Counted(asked, whole=every_trip)
            begun, coverage = begin_counted(name, districts, population, counted, said=said, where=where)
        else:
            begun = begin_city(name, districts, population, said=said, where=where)
        written = {"folder": str(begun.folder), "deployments": str(begun.folder.parent / "deployments.csv")}
        written |= {"law": str(begun.law)} if begun.law else {}
        covered = coverage_sentences(coverage) if coverage else []
        if as_json:
            told = {"demand": {**coverage.model_dump(), "sentences": covered}} if coverage else {}
            typer.echo(json.dumps({**written, "notes": list(begun.notes), **told}))
            return
        for line in [*(f"written: {path}" for path in written.values()), *(f"note: {note}" for note in begun.notes)]:
            typer.echo(line)
        typer.echo("\n".join(covered), nl=bool(covered))


@cities_app.command("mds")
def cities_mds(
    city: Annotated[str, typer.Argument(help="Slug or name of a city.")],
    policies: Annotated[Path, typer.Option(help="policies.json of MDS 2.")],
    geographies: Annotated[Path, typer.Option(help="geographies.json of MDS 2.")],
    *,
    by: Annotated[str, typer.Option(help="Areas closed for good by this month count, YYYY-MM.")] = "2027-01",
    provider: Annotated[str, typer.Option(help="The platform's provider id, for policies that name providers.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the constraints to this file, for a request.")] = None,
    close: Annotated[
        bool, typer.Option("--close", help="Write closed areas into the city's outlines.geojson.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read MDS policies as rules of a city, and say what could not be taken over and why.

    Caps on vehicles and hours of the day become constraints of a request, areas where no vehicle may be become closed areas.
    """
    with reported(as_json=as_json):
        from fleetplan.catalogue import default_catalogue_path, load_catalogue
        from fleetplan.catalogue.aliases import resolve_city
        from fleetplan.mds.keep import close_areas, written_constraints
        from fleetplan.mds.read import read_geographies, read_policies
        from fleetplan.mds.takeover import take_over
        from fleetplan.words.mds import takeover_data, takeover_lines
        from fleetplan.words.names import Names

        catalogue = load_catalogue()
        found_city = catalogue.cities[resolve_city(catalogue, city)]
        found = take_over(found_city, read_policies(policies), read_geographies(geographies), by=by, provider=provider)
        files = [written_constraints(out, found)] if out is not None and found.constraints else []
        if close and found.closed:
            files.append(close_areas(default_catalogue_path(), found.city, found.closed))
        if as_json:
            typer.echo(json.dumps({**takeover_data(found), "files": [str(file) for file in files]}))
            return
        lines = [*takeover_lines(found, Names(catalogue)), *(f"written: {file}" for file in files)]
        if out is not None and not found.constraints:
            lines.append(f"not written: {out}, since no rule became a constraint of a request")
        typer.echo("\n".join(lines))


@cities_app.command("demand")
def cities_demand(
    city: Annotated[str, typer.Argument(help="Slug or name of a city.")],
    *,
    trips: Annotated[list[Path], typer.Option(help="Table of trips, CSV or Parquet; may be given several times.")],
    source: Annotated[str, typer.Option(help="Who published the table, for which time, and where.")],
    confidence: Annotated[Confidence, typer.Option(help="How far it is to be believed.")] = Confidence.medium,
    zones: Annotated[Path | None, typer.Option(help="Polygons of the zones that the table names.")] = None,
    zone_column: Annotated[str, typer.Option(help="Column of the zone file with the ids that the table names.")] = "",
    whole: Annotated[
        bool,
        typer.Option("--every-trip", help="The table holds every trip of the city: market.trips_per_day is its count."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what the table covers, and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a city's demand from a table of trips, in place of the gravity model; report what of the table counts and why not."""
    with reported(as_json=as_json):
        from fleetplan.catalogue import default_catalogue_path, load_catalogue
        from fleetplan.catalogue.aliases import resolve_city
        from fleetplan.service import city_service
        from fleetplan.trips.build import Asked, build
        from fleetplan.trips.write import write
        from fleetplan.words.trips import coverage_sentences

        catalogue = load_catalogue()
        slug = resolve_city(catalogue, city)
        asked = Asked(tuple(trips), source, confidence.value, zones, zone_column)
        found = build(catalogue, catalogue.cities[slug], asked)
        written = [] if dry_run else write(found, default_catalogue_path() / slug, whole=whole)
        said = coverage_sentences(found.coverage)
        if as_json:
            row = {**found.coverage.model_dump(), "sentences": said, "written": [str(path) for path in written]}
            typer.echo(json.dumps(row))
        else:
            typer.echo("\n".join([*said, *(f"written: {path}" for path in written)]))
        if written:
            city_service(load_catalogue(), slug, progress=lambda line: typer.echo(line, err=True))


def _print_city(out: Console, shown: dict[str, Any]) -> None:
    out.print(shown["name"], style="bold", markup=False)
    plain = {k: v for k, v in shown.items() if not isinstance(v, list) or all(isinstance(i, str) for i in v)}
    for key, value in plain.items():
        out.print(f"  {key.replace('_', ' ')}: {cell(value)}", markup=False)
    sections = {
        "figures": ("key", "value", "unit", "confidence", "source"),
        "permits": ("title", "authority", "months", "after_all", "event", "confidence"),
        "deployments": ("stack", "permitted", "deal", "reason"),
        "rivals": ("name", "fleet", "mode"),
        "gaps": ("what", "stand_in"),
    }
    for name, columns in sections.items():
        if shown.get(name):
            out.print(f"\n{name}", style="bold")
            rows = [{**row, "key": row.get("key", "").partition("#")[2]} for row in shown[name]]
            print_table(out, rows, columns)
