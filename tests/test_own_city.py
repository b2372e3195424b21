"""A city of one's own: begun whole from a polygon file and a country, honest about what of it is a template."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.describe import check_row, check_text
from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.catalogue.newcity import Begun, Where, begin_city
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InputError
from fleetplan.explain.verdict import verdict
from fleetplan.plans.template import template_use
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
        "Neu Basel is a template still: 30 figures, 7 permits and 2 depots are as they were begun"
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
        (Where("XX"), "no country has these letters"),
        (Where("CH", like="Zuerich"), "no city of the catalogue is called so.*did you mean zurich"),
        (Where(like="none"), "no country is named beside it"),
        (Where("CH", laws=("swizzerland",)), "no law of the catalogue is called so.*did you mean switzerland"),
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
