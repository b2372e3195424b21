"""Every renderer survives every kind of plan, and says what is true of it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from pptx import Presentation
from rich.console import Console

from api.app import ROUTERS
from api.links import TABLE_NAMES
from api.pages.routes import ROUTERS as PAGES
from fleetplan.catalogue import load_catalogue
from fleetplan.compare import compare_plans
from fleetplan.compare.several import side_by_side
from fleetplan.explain import agenda, answers, binding, constraints, doubts, options, unit_costs
from fleetplan.explain.delays import touched
from fleetplan.explain.verdict import verdict
from fleetplan.plans.decided import decided_before
from fleetplan.plans.reading import opened_deployments
from fleetplan.plans.types import Plan
from fleetplan.replays.months import months_to_replay
from fleetplan.report import areas
from fleetplan.report.artefacts import write_artefacts
from fleetplan.report.comparison_gantt import overlay
from fleetplan.report.html import report_html
from fleetplan.report.summary import print_summary
from fleetplan.report.tables import COLUMNS, tables
from fleetplan.request import parse_request
from fleetplan.reruns.levers import levers
from fleetplan.scope import resolve_scope
from fleetplan.words.comparison import verdict as comparison_verdict
from fleetplan.words.keeping import kept_words
from fleetplan.words.openings import is_shut, opens, state
from tests.api_support import FakeKnown, Running, running, services
from tests.fake_plan import fake_plan
from tests.odd_plans import KINDS, odd_plan
from tests.pages_support import page_at, words_of

CATALOGUE = load_catalogue()
SAID = {
    "no cities": "the best plan that keeps every rule launches nothing",
    "all out": "the best plan that keeps every rule launches nothing",
    "out of time": "This plan opens nothing. That says nothing of the cities",
    "only shut": "Wayve + Ford in London begins its programme and never opens within the horizon",
    "one shut": "NVIDIA Hyperion in San Francisco Bay Area and Wayve + Ford in London begin their programmes and never open",
    "opens last": "London, with Wayve + Ford in Oct 2030",
    "no depots": "Open 3 of 4 cities",
    "one period": "begin their programmes and never open within the horizon",
    "opens in the only period": "London, with Wayve + Ford in Jan 2027",
}
NO_SHARE = re.compile(r"\d{5,}\.?\d* %|\d{1,3}(,\d{3})+(\.\d+)? %")


@dataclass(frozen=True)
class Odd:
    """A plan of a kind, stored in a service beside an ordinary one."""

    kind: str
    plan: Plan
    site: Running
    id: str
    ordinary: str
    folder: Path

    @cached_property
    def opened(self) -> list[str]:
        """The slugs of the cities that open."""
        return sorted({c.city for c, _ in opened_deployments(self.plan)})

    def page(self, path: str) -> str:
        """Return the words of a page; none of them is a share that means nothing."""
        said = words_of(page_at(self.site, path.replace("{plan}", self.id)))
        assert not NO_SHARE.search(said)
        return said

    def data(self, path: str) -> Any:
        """Return what the interface for programs answers."""
        answered = self.site.client.get(path.replace("{plan}", self.id))
        assert answered.status_code == 200, answered.text
        return answered.json() if "json" in answered.headers["content-type"] else answered.content


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("odd")) as service:
        yield service


@pytest.fixture(scope="module")
def stored(site: Running, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Odd]:
    """Return a maker of odd plans that makes each once."""
    made: dict[str, Odd] = {}
    ordinary = site.made()

    def make(kind: str) -> Odd:
        if kind not in made:
            plan = odd_plan(kind, services())
            key = site.post({"request": {"name": kind, "capital": {"per_quarter_usd": 125e6}, "cities": ["london"]}})
            site.runner.begin(key)
            site.store.finish(key, "succeeded", answer=plan.model_dump_json().encode())
            made[kind] = Odd(kind, plan, site, key, ordinary, tmp_path_factory.mktemp("artefacts"))
        return made[kind]

    return make


# --- what is true of each ---------------------------------------------------------------------------------------------------


def terminal(odd: Odd) -> None:
    console = Console(file=io.StringIO(), width=200, record=True)
    print_summary(odd.plan, console)
    said = console.export_text()
    assert not NO_SHARE.search(said)
    launches = said.partition("Launches in order")[2].partition("Vehicles in service")[0]
    assert ("this plan opens nothing" in launches) == (not any(c.deployments for c in odd.plan.cities))
    assert launches.count("never") == sum(not d.launch for c in odd.plan.cities for d in c.deployments)
    for city in odd.plan.cities:
        line = next(row for row in said.partition("\nCities")[2].splitlines() if row.strip().startswith(city.name))
        assert ("stays out" in line) == (not city.deployments)
        assert ("never opens" in line) == is_shut(city)


def report(odd: Odd) -> None:
    said = words_of(report_html(odd.plan, services(), CATALOGUE))
    assert SAID[odd.kind] in said
    assert not NO_SHARE.search(said)
    for city in odd.plan.cities:
        told = state(city)
        named = f"{told[:1].upper()}{told[1:]} {city.name}"
        assert (named if city.deployments else f"{city.name} {city.outcome.sentence}".rstrip()) in said
    assert ("Cities that stay out" in said) == any(not c.deployments for c in odd.plan.cities)


def review(odd: Odd) -> None:
    said = odd.page("/plans/{plan}")
    assert SAID[odd.kind] in said
    assert "What a step of each limit is worth" in said
    assert "Find the thresholds" in said
    stops = said.partition("Where, in the order of launches")[2]
    assert all(f"{state(c)}, with" in stops for c in odd.plan.cities if is_shut(c))
    assert ("The plan opens nothing, so it leans on no figure." in said) == (
        not any(c.deployments for c in odd.plan.cities)
    )


def city_pages(odd: Odd) -> None:
    for city in odd.plan.cities:
        said = odd.page(f"/plans/{{plan}}/cities/{city.city}")
        assert f"City rollout · {state(city)}" in said
        for d in city.deployments:
            assert f"{d.partner} begins its programme" in said or d.launch
            assert d.launch or f"begins {_month(d.programme_start)} · never opens" in said


def _month(month: str) -> str:
    return opens(month).removeprefix("opens ")


def ground_json(odd: Odd) -> None:
    for city in odd.plan.cities:
        told = odd.data(f"/plans/{{plan}}/cities/{city.city}/ground.json")
        assert {s["launch"] for s in told["stacks"]} == {d.launch for d in city.deployments}
        assert any(any(s["level"]) for s in told["stacks"]) == (city.city in odd.opened)


def comparison_pages(odd: Odd) -> None:
    gone = odd.page(f"/plans/{odd.ordinary}/comparison?with={odd.id}")
    new = odd.page(f"/plans/{{plan}}/comparison?with={odd.ordinary}")
    if odd.kind not in {"no depots", "one period", "opens in the only period"}:  # those leave out no launch, or no city
        assert "no longer open" in gone or "opens later" in gone or "months later" in gone
        assert "new" in new or "earlier" in new


def difference_maps(odd: Odd) -> None:
    for city in odd.plan.cities:
        if city.city in odd.opened:
            drawn = odd.data(f"/plans/{{plan}}/comparison/{city.city}.svg?with={odd.ordinary}")
            assert drawn.startswith(b"<svg")
            assert b"NaN" not in drawn


def compared(odd: Odd) -> None:
    ordinary = fake_plan(services=services())
    for a, b in ((ordinary, odd.plan), (odd.plan, ordinary)):
        found = compare_plans(a, b)
        launches = {move.id for move in found.decisions if move.kind == "launch"}
        opened = [{f"launch:{d.stack}@{d.city}": d.launch for _, d in opened_deployments(p)} for p in (a, b)]
        assert launches == {key for key in {**opened[0], **opened[1]} if opened[0].get(key) != opened[1].get(key)}
        assert len(comparison_verdict(a, b, found, [])) == 3
        assert len(overlay(a, b)) == len({(d.stack, d.city) for p in (a, b) for c in p.cities for d in c.deployments})


def rerun_page(odd: Odd) -> None:
    said = odd.page("/plans/{plan}/rerun")
    assert f"Change {odd.kind}" in said
    assert "opens –" not in said


def list_of_plans(odd: Odd) -> None:
    said = odd.page("/plans")
    assert odd.kind in said
    if odd.kind == "out of time":
        assert "Proven gap $15.7 bn" in said


def new_plan_page(odd: Odd) -> None:
    assert "London" in odd.page("/plans/new?from={plan}")


def map_on_the_ground(odd: Odd) -> None:
    for month in (odd.plan.periods[0], odd.plan.periods[-1]):
        told = odd.data(f"/v1/plans/{{plan}}/map?month={month}")
        open_now = {f["properties"]["city"] for f in told["features"] if f["properties"]["layer"] == "areas"}
        assert open_now == {c.city for c, d in opened_deployments(odd.plan) if d.launch <= month}


def exports(odd: Odd) -> None:
    assert SAID[odd.kind] in words_of(odd.data("/v1/plans/{plan}/export?format=html").decode())
    assert odd.data("/v1/plans/{plan}/export?format=json")["name"] == odd.plan.name
    book = pd.read_excel(io.BytesIO(odd.data("/v1/plans/{plan}/export?format=xlsx")), sheet_name="launches")
    assert book["launch"].isna().sum() == sum(not d.launch for c in odd.plan.cities for d in c.deployments)
    steps = odd.data("/v1/plans/{plan}/calendar").decode()
    assert steps.count("SUMMARY:") == steps.count("BEGIN:VEVENT")
    assert ("Open:" in steps) == bool(odd.opened)
    slides = Presentation(io.BytesIO(odd.data("/v1/plans/{plan}/export?format=pptx"))).slides
    assert [c.name for c in odd.plan.cities if c.deployments] == sorted(
        (
            s.shapes.title.text
            for s in slides
            if s.shapes.title.text in {c.name for c in odd.plan.cities if c.deployments}
        ),
        key=[c.name for c in odd.plan.cities].index,
    )
    path = odd.folder / "plan.gpkg"
    path.write_bytes(odd.data("/v1/plans/{plan}/export?format=gpkg"))
    assert set(gpd.read_file(path, layer="areas")["city"]) == set(odd.opened)


def tables_by_name(odd: Odd) -> None:
    made = tables(odd.plan)
    assert {name: [str(t) for t in frame.dtypes] for name, frame in made.items()} == {
        name: [c.dtype for c in columns] for name, columns in COLUMNS.items()
    }
    for name in TABLE_NAMES:
        assert len(odd.data(f"/v1/plans/{{plan}}/tables/{name}")["rows"]) == len(made[name])
        assert odd.data(f"/v1/plans/{{plan}}/tables/{name}.csv")
        assert odd.data(f"/v1/plans/{{plan}}/tables/{name}.xlsx")


def artefacts(odd: Odd) -> None:
    written = write_artefacts(odd.plan, services(), CATALOGUE, odd.folder / "out")
    assert Plan.model_validate_json(written[0].read_bytes()) == odd.plan
    told = json.loads((odd.folder / "out" / "areas.geojson").read_text(encoding="utf-8"))
    assert {f["properties"]["city"] for f in told["features"]} == set(odd.opened)
    zones = areas.zones(odd.plan, services())
    assert set(zones.loc[zones["first_open"].notna(), "city"]) == set(odd.opened)


def told_to_programs(odd: Odd) -> None:
    assert odd.data("/v1/plans/{plan}")["state"] == "succeeded"
    told = odd.data("/v1/plans/{plan}/explanation")
    assert {c["city"]: c["launch"] for c in told["cities"]} == {c.city: c.launch for c in odd.plan.cities}
    assert odd.data(f"/v1/plans/{{plan}}/comparison?with={odd.ordinary}")["name_a"] is not None
    for city in odd.plan.cities:
        assert odd.data(f"/v1/plans/{{plan}}/cities/{city.city}")["rollout"]["launch"] == city.launch
        if city.city not in odd.data("/v1/plans/{plan}")["request"]["cities"]:
            continue
        asked = odd.data(f"/v1/plans/{{plan}}/why-not?city={city.city}")
        assert (asked["kind"] == "planned") == any(d.mode[-1].startswith("paid") for d in city.deployments)
        assert (asked["state"] == "missing") == (asked["kind"] == "open")


def doubted(odd: Odd) -> None:
    """Made-up plans lean on stacks that the catalogue no longer has: that is said, and nothing breaks."""
    figures = "first=assumptions.toml%23terminal.years&second=assumptions.toml%23price.elasticity"
    for address in (
        "/plans/{plan}/doubt",
        "/v1/plans/{plan}/doubt",
        "/v1/plans/{plan}/doubt/spread",
        "/v1/plans/{plan}/doubt/kept",
        f"/v1/plans/{{plan}}/doubt/grid?{figures}",
        f"/v1/plans/{{plan}}/doubt/cells?{figures}",
        "/v1/plans/{plan}/doubt/workbook",
        "/v1/plans/{plan}/thresholds",
        "/v1/plans/{plan}/thresholds?kind=capital",
        "/v1/plans/{plan}/limits",
        "/plans/{plan}/recourse",
        "/v1/plans/{plan}/recourse",
        "/v1/plans/{plan}/state?at=2028-01",
    ):
        answered = odd.site.client.get(address.replace("{plan}", odd.id))
        assert answered.status_code in {200, 422}, answered.text
        refused = ("catalogue", "is called", "lengthen the horizon", "nothing left from it on", "has ended by")
        assert answered.status_code == 200 or any(word in answered.text for word in refused)


def optional(odd: Odd) -> None:
    """Of a made-up plan nothing is made again yet: what is known is told, and what to post for the rest."""
    for address in (
        "/v1/plans/{plan}/alternatives",
        "/v1/plans/{plan}/frontier",
        "/v1/plans/{plan}/frontier?axis=markets",
        "/plans/{plan}/alternatives",
    ):
        answered = odd.site.client.get(address.replace("{plan}", odd.id))
        assert answered.status_code in {200, 422}, answered.text
        assert answered.status_code == 200 or "is called" in answered.text
    table = side_by_side([odd.plan, fake_plan(services=services())])
    assert len(table.plans) == 2
    assert {row.city for row in table.launches if row.cells[0] and row.cells[0].launch} == set(odd.opened)


def put_to_the_test(odd: Odd) -> None:
    """The plan's own table of fleets is taken where its stacks are in the catalogue; else every fault is told."""
    assert "Put a plan to the test" in odd.page("/plans/{plan}/own")
    table = odd.site.client.get(f"/v1/plans/{odd.id}/tables/fleets.csv").text
    sent = odd.site.client.post(f"/v1/plans/{odd.id}/evaluations", json={"own": {"name": "own.csv", "text": table}})
    assert sent.status_code in {202, 422}, sent.text
    assert sent.status_code == 202 or sent.json()["errors"][0]["pointer"] == "/own/text"
    kept = odd.data("/v1/plans/{plan}/evaluations")["evaluations"]
    assert len(kept) == (sent.status_code == 202)
    for one in kept:
        evaluation = one["id"]
        assert odd.data(f"/v1/plans/{{plan}}/evaluations/{evaluation}")["state"] == "queued"


def explanations(odd: Odd) -> None:
    assert SAID[odd.kind] in " ".join(verdict(odd.plan))
    assert bool(answers.answers(odd.plan)) == bool(odd.opened)
    assert all("opens –" not in s.detail for _, steps in answers.first_steps(odd.plan) for s in steps)
    stands = {s.id: s.told for s in constraints.constraint_outcomes(odd.plan, CATALOGUE)}
    assert set(stands) == {c.id for c in odd.plan.request.constraints}
    if stands:
        assert ("does not open" in stands["fixed"]) == ("london" not in odd.opened)
    assert len(binding.kinds(odd.plan)) == len({b.rule for b in odd.plan.binds})
    assert len(doubts.evidence(odd.plan, {})) >= len([c for c in odd.plan.cities if c.deployments])
    assert len(kept_words(decided_before(odd.plan, "2099-12"))) == 2


def replayed(odd: Odd) -> None:
    """Months in which something is open can be replayed; of a plan that opens nothing there is none."""
    months = months_to_replay(odd.plan, 1000)
    assert {one.city for one in months} == set(odd.opened)
    address = f"/v1/plans/{odd.id}/simulations"
    before = len(odd.data("/v1/plans/{plan}/simulations")["simulations"])
    for one in months[:1]:
        sent = odd.site.client.post(address, json=one.model_dump())
        assert sent.status_code == 202, sent.text
        made = sent.json()["id"]
        assert odd.data(f"/v1/plans/{{plan}}/simulations/{made}")["state"] == "queued"
        assert "waits to be replayed" in odd.page(f"/plans/{{plan}}/cities/{one.city}?simulation={made}")
    assert len(odd.data("/v1/plans/{plan}/simulations")["simulations"]) == before + len(months[:1])
    shut = [c.city for c in odd.plan.cities if c.city not in odd.opened]
    for city in shut[:1]:
        refused = odd.site.client.post(address, json={"city": city, "month": odd.plan.periods[-1]})
        assert refused.status_code == 422
        assert "the plan opens nothing there" in refused.text


def explanations_of_cities(odd: Odd) -> None:
    for city in odd.plan.cities:
        steps = agenda.agenda(odd.plan, city)
        kinds = {s.kind for month in [*steps.soon, *steps.later] for s in month.steps}
        assert ("Open" in kinds) == (city.city in odd.opened)
        used = [o for o in options.options(odd.plan, city, CATALOGUE) if o.state == "used"]
        known = [d for d in city.deployments if (d.stack, d.city) in CATALOGUE.deployments]
        assert {o.words for o in used} == {opens(d.launch) for d in known}
        assert (unit_costs.unit_costs(odd.plan, city) is None) == (city.city not in odd.opened)


def levers_of_a_rerun(odd: Odd) -> None:
    asked = parse_request({"capital": {"per_quarter_usd": 125e6}, "cities": ["london", "bay-area"]})
    scope = resolve_scope(asked, CATALOGUE)
    found = levers(scope, odd.plan)
    assert {p.note for p in found.pairs if p.place == "London"}
    moved = {row["name"] for row in touched(scope, odd.plan, {"city": "london"})}
    assert moved <= {d.partner for c, d in opened_deployments(odd.plan) if c.city == "london"}


RENDERERS: tuple[Callable[[Odd], None], ...] = (
    terminal,
    report,
    review,
    city_pages,
    ground_json,
    comparison_pages,
    difference_maps,
    compared,
    rerun_page,
    list_of_plans,
    new_plan_page,
    map_on_the_ground,
    exports,
    tables_by_name,
    artefacts,
    told_to_programs,
    doubted,
    replayed,
    optional,
    put_to_the_test,
    explanations,
    explanations_of_cities,
    levers_of_a_rerun,
)


@pytest.mark.parametrize(
    ("renderer", "kind"), [pytest.param(r, k, id=f"{r.__name__}-{k}") for r, k in product(RENDERERS, KINDS)]
)
def test_every_renderer_survives_every_kind_of_plan(
    renderer: Callable[[Odd], None], kind: str, stored: Callable[[str], Odd]
):
    renderer(stored(kind))


def addresses() -> set[str]:
    """Return the address of everything that shows a plan or a part of one."""
    routes: list[Any] = [route for router in (*ROUTERS, *PAGES) for route in router.routes]
    return {route.path for route in routes if "GET" in route.methods and "{plan}" in route.path}


def test_every_address_of_a_plan_is_driven_with_odd_plans():
    source = Path(__file__).read_text(encoding="utf-8")
    # The first two tell of a search, the others of what people say: none of what stands in a plan.
    elsewhere = {
        "/v1/plans/{plan}/events",
        "/pages/plans/{plan}/turn",
        "/v1/plans/{plan}/card",
        "/v1/plans/{plan}/comments",
    }
    shape = {
        "{city}": r"\{city.city\}",
        "{name}": r"\{name\}",
        "{simulation}": r"\{made\}",
        "{evaluation}": r"\{evaluation\}",
    }
    missing = []
    for address in addresses() - elsewhere:
        pattern = re.sub(r"\{(\w+)\}", lambda found: shape.get(found[0], r"\{+(plan|odd\.ordinary)\}+"), address)
        if not re.search(f'"{pattern}[".?]', source):
            missing.append(address)
    assert not missing


# --- a city that has little -------------------------------------------------------------------------------------------------


class BareKnown(FakeKnown):
    """A catalogue whose cities have no crossing, no gateway, no hot spot and no depot site."""

    def __init__(self) -> None:
        super().__init__()
        bare = {"crossings": (), "gateways": (), "hot_spots": (), "depots": ()}
        self.bare = replace(CATALOGUE, cities={slug: replace(c, **bare) for slug, c in CATALOGUE.cities.items()})  # type: ignore[arg-type]

    @cached_property
    def catalogue(self) -> Any:
        return self.bare


def test_a_city_without_crossings_gateways_hot_spots_and_depots_is_shown_like_any_other(tmp_path: Path):
    known = BareKnown()
    with running(tmp_path, outcome="succeeded", known=known) as bare:
        plan = bare.made()
        for slug in ("london", "munich"):
            said = words_of(page_at(bare, f"/plans/{plan}/cities/{slug}"))
            assert "The catalogue knows no airport here and no link that is closed to robotaxis." in said
            told = bare.client.get(f"/plans/{plan}/cities/{slug}/ground.json").json()
            assert told["stacks"] if slug == "london" else not told["stacks"]
            assert page_at(bare, f"/catalogue/cities/{slug}")
        assert "London" in words_of(page_at(bare, f"/plans/{plan}"))
    assert "London" in words_of(report_html(fake_plan(services=services()), services(), known.bare))
