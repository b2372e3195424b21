"""A city of one's own: begun whole from a polygon file and a country, honest about what of it is a template."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.describe import check_row, check_text
from fleetplan.catalogue.new_asked import Districts, Where
from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.catalogue.newcity import Begun, begin_city
from fleetplan.catalogue.readiness import untouched
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InputError
from fleetplan.explain.verdict import verdict
from fleetplan.plans.template import template_use, template_use_of
from fleetplan.plans.types import FigureUse
from fleetplan.report.catalogue import city_verdict as known_of
from fleetplan.report.city import verdict as city_verdict
from fleetplan.report.summary import print_summary
from fleetplan.words.template import template_sentence
from tests.catalogue_builder import make_catalogue
from tests.fake_plan import fake_plan, fake_services

ROOT = Path(__file__).resolve().parent.parent
DISTRICTS = Path(__file__).parent / "cases" / "17-bom" / "d.geojson"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "cities"
    shutil.copytree(ROOT / "cities", folder)
    return folder


@pytest.fixture(scope="module")
def basel(real: Path) -> tuple[Begun, Catalogue]:
    begun = begin_city("Neu Basel", DISTRICTS, out=real, where=Where("CH"))
    begin_city("Rosenheim", DISTRICTS, out=real, where=Where("de"))
    return begun, load_catalogue(real)


def test_a_city_with_a_country_needs_no_edit_to_be_planned(basel: tuple[Begun, Catalogue]) -> None:
    begun, known = basel
    city = known.cities["neu-basel"]
    assert (city.country, city.currency, city.drive_side, city.time_zone) == ("CH", "CHF", "right", "Europe/Zurich")
    assert city.depots
    assert city.district_areas.keys() == {"Altstadt", "Neustadt"}
    assert all(site.source == DEFAULT_SOURCE and site.name.startswith("Proposed site") for site in city.depots)
    assert begun.law is not None
    assert begun.law.name == "neu-basel.toml"
    assert {stack for stack, where in known.deployments if where == "neu-basel"} == set(known.stacks)


def test_its_page_says_what_nobody_has_looked_into(basel: tuple[Begun, Catalogue]) -> None:
    begun, known = basel
    template, facts = known_of(known, known.cities[begun.folder.name])
    assert template.startswith(
        "Neu Basel is a template still: 30 figures, 7 permits, 2 depots and the jobs of 2 districts are as they were begun"
    )
    assert "Whether the law lets 22 stacks of 22 in has not been looked into; 0 partners have a deal" in facts
    assert len(known_of(known, known.cities["zurich"])) == 1


def test_the_sister_s_law_is_copied_without_her_sources_offices_and_places(basel: tuple[Begun, Catalogue]) -> None:
    begun, known = basel
    permits = known.permits_for("neu-basel")
    assert "neu-basel-paid-driver-out" in permits
    assert len(permits) == len(known.permits_for("zurich"))
    assert {p.source for p in permits.values()} == {DEFAULT_SOURCE}
    assert {p.confidence for p in permits.values()} == {"assumed"}
    assert all(p.authority.startswith("to be filled") and not p.covers for p in permits.values())
    assert not {p for p in known.permits_for("zurich") if p in permits}
    assert any("7 permits are copied from Zurich (switzerland, zurich)" in note for note in begun.notes)


def test_what_holds_in_the_whole_country_is_shared(basel: tuple[Begun, Catalogue]) -> None:
    laws = basel[1].cities["rosenheim"].jurisdictions
    assert laws == (*basel[1].cities["munich"].jurisdictions[:-1], "rosenheim")
    permits = basel[1].jurisdictions["rosenheim"].permits
    assert permits["rosenheim-paid-driver-out"].all_of == ("rosenheim-operating-area",)
    assert permits["rosenheim-passenger-pilot"].all_of == ("de-test-permit",)


def test_a_law_that_waits_for_another_city_s_permits_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "cities"
    shutil.copytree(ROOT / "cities", folder)
    begun = begin_city("Neustadt", DISTRICTS, out=folder, where=Where("US", like="Houston", laws=("texas",)))
    assert any("texas names permits of another city and is copied" in note for note in begun.notes)
    assert 'jurisdictions = ["united-states", "neustadt"]' in (begun.folder / "city.toml").read_text(encoding="utf-8")


def test_without_a_sister_there_is_a_template_of_four_steps(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path)
    begun = begin_city("Neustadt", DISTRICTS, out=folder, where=Where("AT"))
    known = load_catalogue(folder)
    assert [p.opens for p in known.permits_for("neustadt").values()] == [
        "mapping", "test_operator", "test_driver_out", "paid_driver_out",
    ]  # fmt: skip
    assert known.cities["neustadt"].currency == "EUR"
    assert any("template of four steps" in note for note in begun.notes)


def test_the_check_says_what_is_a_template_and_what_paid_service_lacks(
    basel: tuple[Begun, Catalogue], real: Path
) -> None:
    row = check_row(basel[1])
    assert row["defaults"]["neu-basel"]["permits"] == 7
    assert set(row["lacking"]) == {"neu-basel", "rosenheim"}
    assert row["lacking"]["neu-basel"] == ["airport", "partners"]
    text = check_text(row, real)
    assert "neu-basel: warning: gateways.csv has no airport" in text
    assert "permits (7)" in text


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (Where("XX"), "no country is called 'XX'"),
        (Where("CH", like="Zuerich"), "no city of the catalogue is called 'Zuerich'.*did you mean zurich"),
        (Where(like="none"), "no country is named beside it"),
        (Where("CH", laws=("swizzerland",)), "no law is called 'swizzerland'.*did you mean switzerland"),
    ],
)
def test_a_country_city_or_law_that_is_none_is_told(real: Path, where: Where, what: str) -> None:
    with pytest.raises(InputError, match=what):
        begin_city("Nirgends", DISTRICTS, out=real, where=where)
    assert not (real / "nirgends").exists()


def test_a_law_of_the_same_name_is_not_written_over(real: Path) -> None:
    with pytest.raises(InputError, match=r"spain\.toml is already there"):
        begin_city("Spain", DISTRICTS, out=real, where=Where("CH"))


def test_a_plan_that_rests_on_a_template_says_so_first() -> None:
    plan = fake_plan(services=fake_services())
    assert not template_sentence(template_use(plan))
    city = next(c for c in plan.cities if c.launch)
    weak = [
        FigureUse(key=f"{city.city}/city.toml#x{n}", value=1, unit="", source=DEFAULT_SOURCE, confidence="assumed")
        for n in (1, 2)
    ]
    steps = [step.model_copy(update={"source": DEFAULT_SOURCE}) for step in city.deployments[0].permits[:1]]
    first = city.deployments[0].model_copy(update={"permits": steps})
    rests = city.model_copy(update={"doubtful_figures": weak, "deployments": [first, *city.deployments[1:]]})
    plan = plan.model_copy(update={"cities": [rests if c.city == city.city else c for c in plan.cities]})
    said = f"For {city.name} this rests on a template: 2 figures and 1 permit are defaults that nobody has replaced."
    assert verdict(plan)[0].startswith(said)
    assert city_verdict(plan, rests)[0].startswith(said)
    console = Console(record=True, width=200, file=io.StringIO())
    print_summary(plan, console)
    assert said in console.export_text().split("net present value")[0]


# --- files as the public publishes them: names of their own, people in another table or in none ---

FOUND = Path(__file__).parent / "cases" / "17-bom" / "d.geojson"


def published(path: Path, **columns: list[object]) -> Path:
    """Write the two districts with other columns than those that are known."""
    import geopandas as gpd  # noqa: PLC0415 - heavy, and needed here only

    frame = gpd.read_file(FOUND).drop(columns=["name", "population"]).assign(**columns)
    frame.to_file(path, driver="GeoJSON")
    return path


OFFICIAL: dict[str, list[object]] = {
    "gml_id": ["alkis.1", "alkis.2"],
    "Land_name": ["Basel", "Basel"],
    "Gemeinde_name": ["Altstadt", "Neükölln"],
}
ROWS = "district,population\nneükölln,9.000\nAltstadt,12.000\nTotal,2.100.000\n"


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def district_rows(begun: Begun) -> list[dict[str, str]]:
    with (begun.folder / "districts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_catalogue(tmp_path)


def test_a_column_that_could_hold_the_names_is_told_and_taken(tmp_path: Path, folder: Path) -> None:
    people: dict[str, list[object]] = {**OFFICIAL, "population": [12000, 9000]}
    file = published(tmp_path / "d.geojson", **people)
    begun = begin_city("Neustadt", file, out=folder, where=Where("AT"))
    assert any("Gemeinde_name could be their names" in note for note in begun.notes)
    named = begin_city("Altdorf", file, out=folder, where=Where("AT"), said=Districts(names="gemeinde_name"))
    assert [row["district"] for row in district_rows(named)] == ["Altstadt", "Neükölln"]
    assert not any("District 1" in note for note in named.notes)
    with pytest.raises(InputError, match=r"no column 'Gemeinde' of names.*did you mean Gemeinde_name"):
        begin_city("Neudorf", file, out=folder, where=Where("AT"), said=Districts(names="Gemeinde"))


def test_people_come_from_a_table_by_district(tmp_path: Path, folder: Path) -> None:
    file = published(tmp_path / "d.geojson", **OFFICIAL)
    said = Districts(
        names="Gemeinde_name", year=2007, source="Statistics office, 2007", publisher="Land registry, 2020"
    )
    with pytest.raises(InputError, match="no district is called 'Total'"):
        begin_city("Neustadt", file, table(tmp_path / "p.csv", ROWS), out=folder, where=Where("AT"), said=said)
    good = table(tmp_path / "p.csv", ROWS.replace("Total,2.100.000\n", "").replace("9.000", "9000").replace(".", ""))
    rows = district_rows(begin_city("Neustadt", file, good, out=folder, where=Where("AT"), said=said))
    assert [(row["population"], row["population_year"]) for row in rows] == [("12000", "2007"), ("9000", "2007")]
    assert rows[0]["source"].startswith(
        "Land registry, 2020 (d.geojson); p.csv; people: Statistics office, 2007; jobs:"
    )
    assert "Land registry, 2020" in (folder / "neustadt" / "outlines.geojson").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("district,population\nAltstadt,1\n", "has no row for Neükölln"),
        ("district,population\nAltstadt,1\nAltstadt,2\nNeükölln,3\n", "'Altstadt' stands twice, first in row 2"),
        ("district,population\nAlstadt,1\nNeükölln,3\n", "did you mean Altstadt"),
        ("district,population\nAltstadt,\nNeükölln,3\n", r"row 2 \(Altstadt\): its population is empty"),
        (
            "district,population\nMitte,1\nSpandau,3\n",
            "none of its names is a district's.*column of the districts' names",
        ),
    ],
)
def test_a_table_by_district_fits_the_districts(tmp_path: Path, folder: Path, text: str, what: str) -> None:
    file = published(tmp_path / "d.geojson", **OFFICIAL)
    with pytest.raises(InputError, match=what):
        begin_city("Neustadt", file, table(tmp_path / "p.csv", text), out=folder, said=Districts(names="Gemeinde_name"))


def test_one_number_is_laid_out_evenly_and_marked_as_a_default(tmp_path: Path, folder: Path) -> None:
    file = published(tmp_path / "d.geojson", **OFFICIAL)
    begun = begin_city("Neustadt", file, out=folder, where=Where("AT"), said=Districts(people=20_001, year=2021))
    rows = district_rows(begun)
    assert sum(int(row["population"]) for row in rows) == 20_001
    assert all("people: template default, the city's 20,001 laid out evenly" in row["source"] for row in rows)
    assert (begun.folder / "hot_spots.csv").read_text(encoding="utf-8").count("\n") == 1
    left = untouched(load_catalogue(folder))["neustadt"]
    assert (left.people, left.jobs, left.undated, left.hot_spots) == (2, 2, 0, 0)
    with pytest.raises(InputError, match="which says who lives where"):
        begin_city("Altdorf", FOUND, out=folder, said=Districts(people=5))


def test_a_year_that_nobody_says_stays_blank(folder: Path) -> None:
    begun = begin_city("Neustadt", FOUND, out=folder, where=Where("AT"))
    assert {row["population_year"] for row in district_rows(begun)} == {""}
    assert any("nobody says of which year" in note for note in begun.notes)
    known = load_catalogue(folder)
    assert known.cities["neustadt"].districts[0].population_year is None
    assert untouched(known)["neustadt"].undated == 2


def test_every_fault_of_what_is_asked_comes_at_once(tmp_path: Path, folder: Path) -> None:
    file = published(tmp_path / "d.geojson", **OFFICIAL)
    where = Where("Austira", like="Atlantis", laws=("nowhere",))
    said = Districts(people=0, year=20210)
    with pytest.raises(InputError) as caught:
        begin_city("City 1", file, out=folder, where=where, said=said)
    told = ["NAME", "--country", "--like", "--law", "--population-year", "--people"]
    assert [fault.where for fault in caught.value.faults] == told
    assert "did you mean Austria" in caught.value.faults[1].remedy
    assert "to begin it again, move" in caught.value.faults[0].remedy


def test_a_country_goes_by_its_name_too(folder: Path) -> None:
    begin_city("Neustadt", FOUND, out=folder, where=Where("austria"))
    assert load_catalogue(folder).cities["neustadt"].country == "AT"


def test_where_the_districts_lie_is_told_from_the_country_s_own_place(real: Path) -> None:
    begun = begin_city("Gelsenried", DISTRICTS, out=real, where=Where("IT"))
    assert any("km from Rome (IT)" in note for note in begun.notes)


def test_a_union_s_law_that_a_city_is_begun_without_is_told(real: Path) -> None:
    begun = begin_city("Nuova Basilea", DISTRICTS, out=real, where=Where("IT"))
    assert any("Italy is in the European Union, whose law the catalogue has" in note for note in begun.notes)
    named = begin_city("Basilea", DISTRICTS, out=real, where=Where("IT", laws=("european-union",)))
    assert any(note.startswith("european-union waits for permits of other cities") for note in named.notes)
    assert load_catalogue(real).cities["basilea"].jurisdictions == ("basilea",)


def test_a_law_that_nobody_has_looked_into_is_not_copied_from(real: Path) -> None:
    begin_city("Wien", DISTRICTS, out=real, where=Where("AT"))
    second = begin_city("Graz", DISTRICTS, out=real, where=Where("AT"))
    assert any("template of four steps" in note for note in second.notes)
    assert not any("copied from Wien" in note for note in second.notes)


def test_a_proposed_depot_of_a_plan_counts_as_a_default() -> None:
    plan = fake_plan(services=fake_services())
    city = next(c for c in plan.cities if c.depots)
    site = city.depots[0].model_copy(update={"site": "Proposed site 1, Mitte"})
    use = template_use_of(city.model_copy(update={"depots": [site]}))
    assert use is not None
    assert template_sentence([use]).startswith(
        f"For {city.name} this rests on a template: 1 depot site is a default that nobody has replaced."
    )


def beside(path: Path, gap_m: float) -> Path:
    """Write two districts side by side with so wide a gap between them, which ends inside the city."""
    import geopandas as gpd  # noqa: PLC0415 - heavy, and needed here only
    from shapely.geometry import Polygon, box  # noqa: PLC0415 - as above

    gap = gap_m / 1000 / 111.2
    left = Polygon([(7.5, 47.5), (7.6, 47.5), (7.6, 47.53), (7.6, 47.6), (7.5, 47.6)])
    upper = box(7.6, 47.5, 7.7, 47.55 - gap / 2)
    lower = box(7.6, 47.55 + gap / 2, 7.7, 47.6)
    table = {"name": ["A", "B", "C"], "population": [3, 2, 1]}
    gpd.GeoDataFrame(table, geometry=[left, upper, lower], crs=4326).to_file(path, driver="GeoJSON")
    return path


@pytest.mark.parametrize(("gap_m", "closed"), [(30, True), (300, False)])
def test_a_seam_between_districts_is_no_water(tmp_path: Path, folder: Path, gap_m: float, closed: bool) -> None:
    from shapely.geometry import Point  # noqa: PLC0415 - as above

    begun = begin_city("Neustadt", beside(tmp_path / "d.geojson", gap_m), out=folder, where=Where("AT"))
    assert any("seam between districts, up to 50 m wide, closed" in note for note in begun.notes) == closed
    city = load_catalogue(folder).cities["neustadt"]
    assert city.outlines[0].polygon.contains(Point(7.65, 47.55)) == closed
