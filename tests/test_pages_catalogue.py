"""The catalogue's pages: what is known, with source, year and confidence, as a person reads it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from api.pages import figure_filter
from api.pages.figure_filter import Filter, asked
from fleetplan.catalogue import load_catalogue, schema
from fleetplan.catalogue.figures import trace
from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.report import partner as partner_view
from fleetplan.report.catalogue import arrival, by_city, overall
from fleetplan.report.figures import as_csv, chosen
from fleetplan.report.permit_graph import Graph, idle_events, law_groups, permit_graph, waits_for
from fleetplan.report.permit_layout import NODE, place
from fleetplan.report.place_svg import catalogue_map
from fleetplan.words import catalogue as words
from fleetplan.words import figure_rows
from fleetplan.words import figures as figure_words
from tests.api_support import FakeKnown, Running, running

HTML = {"Accept": "text/html"}
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("catalogue")) as service:
        yield service


def _text(site: Running, path: str, status: int = 200) -> str:
    answer = site.client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


def _plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def _graph(catalogue: Catalogue, first: str) -> Graph:
    laws = next(group for group in law_groups(catalogue) if group[0].slug == first)
    return permit_graph((p for law in laws for p in law.permits.values()), laws)


# The overview


def test_the_overview_counts_every_figure_and_says_how_many_are_weak(site: Running, catalogue: Catalogue):
    figures = trace(catalogue)
    weak = sum(f.confidence in {"low", "assumed"} for f in figures)
    page = _plain(_text(site, "/catalogue"))
    assert f"{len(figures):,} figures, each with its source. {round(100 * weak / len(figures))} % of them" in page
    assert all(city.name in page for city in catalogue.cities.values())
    assert catalogue.digest in page


def test_counts_by_confidence_add_up(catalogue: Catalogue):
    assert overall(catalogue).total == len(trace(catalogue))
    for sure in by_city(catalogue):
        assert sum(n for _, n, _ in sure.shares) == sure.total
        assert sum(share for _, _, share in sure.shares) == pytest.approx(100, abs=0.1)


def test_a_citys_count_is_what_its_list_holds(catalogue: Catalogue):
    rows = figure_rows.figure_rows(catalogue)
    for sure in by_city(catalogue):
        assert len(chosen(rows.values(), Filter(city=sure.city))) == sure.total


# Cities


def test_every_city_and_stack_has_a_page(site: Running, catalogue: Catalogue):
    for slug, city in catalogue.cities.items():
        page = _text(site, f"/catalogue/cities/{slug}")
        assert city.name in page
        assert city.land_attribution in page
        assert all(permit.id in page for permit in catalogue.permits_for(slug).values())
    for slug, stack in catalogue.stacks.items():
        assert stack.partner in _text(site, f"/catalogue/partners/{slug}")


def test_london_tells_people_trips_fare_and_who_may_come(site: Running):
    page = _plain(_text(site, "/catalogue/cities/london"))
    for said in ("450,000 taxi and ride-hail trips a day", "£13.5 ($18.2)", "drives on the left", "Wayve + Ford"):
        assert said in page
    assert "Not known, and what stands in" in page
    assert "Dec 2027" in page  # the Automated Vehicles Act in full


def test_a_city_page_says_whom_the_law_bars_and_why(site: Running):
    page = _plain(_text(site, "/catalogue/cities/houston"))
    assert "may not come US Commerce connected-vehicle rule" in page


def test_the_months_of_a_deployment_are_those_its_permits_allow(catalogue: Catalogue):
    found = arrival(catalogue, catalogue.deployments["lucid-nuro-gravity", "bay-area"])
    assert found.driver_out == ("2027-06", "2028-07", "2029-01")
    assert found.paid is not None
    assert found.paid[1] <= found.driver_out[1]


def test_the_picture_of_a_city_holds_what_the_catalogue_draws(catalogue: Catalogue):
    for city in catalogue.cities.values():
        drawn = catalogue_map(city)
        assert len(drawn.depots) == len(city.depots)
        assert drawn.svg.count('class="spot"') == len(city.hot_spots)
        assert all(0 < d.left < 100 and 0 < d.top < 100 for d in drawn.depots)
        assert drawn.labels


def test_unknown_places_are_told_as_pages(site: Running):
    assert "There is no such city" in _text(site, "/catalogue/cities/atlantis", 404)
    assert "There is no such stack" in _text(site, "/catalogue/partners/nobody", 404)


# Permits


def test_permits_show_every_law_and_every_permit_with_its_details(site: Running, catalogue: Catalogue):
    page = _text(site, "/catalogue/permits")
    for law in catalogue.jurisdictions.values():
        assert f'id="law-{law.slug}"' in page
        for key in (*law.permits, *law.events):
            assert page.count(f'id="permit-{key}"') == 1
    read = _plain(page)
    assert "10 months (6 to 20)" in read
    assert "8,880 vehicles at a time in the city, of all stacks together" in read
    assert "1,500 vehicles of a type in a calendar year" in read


def test_every_link_inside_the_permits_page_leads_somewhere(site: Running):
    page = _text(site, "/catalogue/permits")
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_a_graph_places_every_permit_after_all_that_it_waits_for(catalogue: Catalogue):
    for laws in law_groups(catalogue):
        permits = {key: permit for law in laws for key, permit in law.permits.items()}
        graph = permit_graph(permits.values(), laws)
        left = {node.id: node.x for node in graph.nodes}
        assert set(permits) <= set(left)
        for permit in permits.values():
            before = [wait.id for wait in waits_for(permit)] + ([permit.event] if permit.event else [])
            assert all(left[name] < left[permit.id] for name in before)


def test_nothing_in_a_graph_lies_upon_anything_else(catalogue: Catalogue):
    for laws in law_groups(catalogue):
        graph = _graph(catalogue, laws[0].slug)
        for i, a in enumerate(graph.nodes):
            assert 0 <= a.x <= graph.width - graph.node_width
            assert 0 <= a.y <= graph.height - graph.node_height
            assert all(a.x != b.x or abs(a.y - b.y) >= NODE for b in graph.nodes[i + 1 :])


def test_a_graph_tells_all_of_any_of_after_start_and_events_apart(catalogue: Catalogue):
    california, union = _graph(catalogue, "united-states"), _graph(catalogue, "european-union")
    assert {line.kind for line in california.lines} == {"all", "start", "event"}
    assert {line.kind for line in union.lines} == {"all", "any", "event"}
    said = {node.id: node.waits for node in california.nodes}
    assert said["cpuc-drivered-pilot"] == "3 months after the start of Test with safety driver"
    assert said["dmv-testing"] == "can begin at once"


def test_a_line_that_another_one_implies_is_not_drawn(catalogue: Catalogue):
    zurich = _graph(catalogue, "switzerland")
    assert next(n for n in zurich.nodes if n.id == "zurich-paid-driver-out").waits.count("after") == 1


def test_a_change_of_law_that_no_permit_waits_for_is_named_apart(catalogue: Catalogue):
    idle = {event.id for event in idle_events(catalogue.jurisdictions.values())}
    assert "ca-fare-reform" in idle
    assert "uk-av-act-full" not in idle


def test_a_layout_without_nodes_is_empty():
    assert place([], []).height == 0


def test_a_long_line_gets_a_lane_of_its_own():
    placed = place(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])
    lanes = placed.lanes["a", "d"]
    assert len(lanes) == 2
    assert all(
        abs(placed.middle[lane] - placed.middle[node]) > NODE / 2 for lane, node in zip(lanes, "bc", strict=True)
    )


# Partners


def test_a_contract_is_told_in_sentences(site: Running):
    page = _plain(_text(site, "/catalogue/partners/lucid-nuro-gravity"))
    for said in (
        "The platform buys the vehicles",
        "exclusive to the platform",
        "The platform pays $0.25 a kilometre for the driving system.",
        "At least 35,000 vehicles are to be taken within 6 years, in all markets; what a vehicle short costs is not published.",
        "It is not built with the wheel on the right, which Hong Kong and London would need.",
        "Lucid Casa Grande (AMP-1)",
    ):
        assert said in page


def test_a_fixed_fee_names_who_pays_what(catalogue: Catalogue):
    stack = catalogue.stacks["weride-gxr"]
    payers = words.payers(stack)
    assert "the vehicles" in payers["partner"]
    assert "depots and chargers" in payers["platform"]
    assert len(payers["partner"]) + len(payers["platform"]) == len(schema.PLATFORM_PAYS)
    texts = [term.text for term in partner_view.terms(catalogue, stack)]
    assert "The platform pays $123 a vehicle and day." in texts


def test_partners_are_listed_by_contract_with_rivals_last(catalogue: Catalogue):
    groups = partner_view.partner_groups(catalogue)
    assert groups[-1][0] == "Rivals"
    assert sum(len(rows) for _, _, rows in groups) == len(catalogue.stacks)


# Figures


def test_every_figure_has_a_name_and_what_reads_it_agrees_with_the_files(catalogue: Catalogue):
    assert set(schema.CITY_FIGURES) == set(figure_words.CITY)
    assert set(schema.STACK_FIGURES) == set(figure_words.STACK)
    assert set(figure_words.ECONOMICS) <= set(catalogue.economics)
    for figure in catalogue.assumptions.values():
        if "no rule reads" in figure.note:
            assert not figure_words.words_of(figure.key).use
    for row in figure_rows.figure_rows(catalogue).values():
        assert row.topic in figure_words.TOPICS
        assert row.topic in figure_words.FIRMER


def test_filters_leave_only_what_is_asked_for(catalogue: Catalogue):
    rows = figure_rows.figure_rows(catalogue).values()
    weak = chosen(rows, Filter(confidence=("low", "assumed"), city="london", words="FARE"))
    assert weak
    assert all(row.confidence in {"low", "assumed"} and "london" in row.cities and "fare" in row.search for row in weak)
    assert {row.stack for row in chosen(rows, Filter(partner="zoox-pod"))} == {"zoox-pod"}
    permits = chosen(rows, Filter(city="london", topic="law"))
    assert {row.key.partition("#")[0] for row in permits} == {
        "jurisdictions/great-britain.toml",
        "jurisdictions/london.toml",
    }


def test_figures_can_be_put_in_order(catalogue: Catalogue):
    rows = figure_rows.figure_rows(catalogue).values()
    sure = [row.confidence for row in chosen(rows, Filter(sort="confidence"))]
    assert sure == sorted(sure, key=["assumed", "low", "medium", "high"].index)
    wide = [row.spread or -1.0 for row in chosen(rows, Filter(sort="range"))]
    assert wide == sorted(wide, reverse=True)


def test_an_address_is_read_as_it_is_written():
    key = "london/city.toml#market.fare_tax"
    by = Filter(("low", "assumed"), "london", "", "market", "fare & tax", "range", key, 3)
    assert by.address(page=3) == (
        "/catalogue/figures?confidence=low,assumed&city=london&topic=market&q=fare+%26+tax"
        "&key=london/city.toml%23market.fare_tax&sort=range&page=3"
    )
    assert asked(["low", "assumed,high", "nonsense"], topic="nowhere", page="-1") == Filter(("high", "low", "assumed"))


def test_pages_of_figures_together_hold_every_figure(site: Running, catalogue: Catalogue):
    seen: list[str] = []
    address: str | None = "/catalogue/figures"
    while address is not None:
        page = _text(site, address)
        seen += re.findall(r'<tr data-key="([^"]+)"', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else None
    assert seen == [figure.key.replace("&", "&amp;").replace("'", "&#39;") for figure in trace(catalogue)]


def test_one_figure_shows_everything_that_defends_it(site: Running):
    page = _plain(_text(site, "/catalogue/figures?key=zurich/city.toml%23market.mean_fare_local&city=zurich"))
    for said in (
        "Mean fare, tax included",
        "24 CHF/trip",
        "20 to 28 CHF/trip",
        "Its range is 33 % of its value.",
        "A year of the platform's own trips",
        "net fares: fare × trips",
        "cities/zurich/city.toml, [market.mean_fare_local]",
        "The same figure in other cities",
        "$30",
    ):
        assert said.replace("'", "&#39;") in page or said in page


def test_shares_are_told_as_per_cent_and_kept_as_they_are_in_csv(catalogue: Catalogue):
    row = figure_rows.figure_rows(catalogue)["london/city.toml#market.platform_share"]
    assert (row.value, row.range) == ("40 %", "30 to 50 %")
    assert ",0.4,0.3,0.5,share," in as_csv([row])


def test_an_unknown_figure_and_an_empty_filter_are_told(site: Running):
    assert "No figure is called" in _text(site, "/catalogue/figures?key=nothing")
    assert "No figure fits" in _text(site, "/catalogue/figures?q=xyzzyx")
    assert "No figure fits" in _text(site, "/catalogue/figures?city=atlantis&page=99")


def test_what_is_asked_for_appears_as_text(site: Running):
    page = _text(site, f"/catalogue/figures?q={EVIL}&key=<b>&city={EVIL}&sort=<b>&topic={EVIL}")
    assert EVIL not in page
    assert "<b>" not in page.partition("No figure is called")[2][:40]


def test_the_csv_holds_what_the_filter_leaves(site: Running, catalogue: Catalogue):
    rows = list(csv.DictReader(io.StringIO(_text(site, "/catalogue/figures.csv?confidence=assumed&city=zurich"))))
    expected = chosen(figure_rows.figure_rows(catalogue).values(), Filter(confidence=("assumed",), city="zurich"))
    assert [row["key"] for row in rows] == [row.key for row in expected]
    assert all(row["source"] and row["unit"] for row in rows)


def test_a_spreadsheet_does_not_take_a_note_for_a_formula(catalogue: Catalogue):
    row = next(iter(figure_rows.figure_rows(catalogue).values()))
    figure = Figure("k", -1.0, "USD", "=HYPERLINK()", "low", note="+1")
    told = next(csv.DictReader(io.StringIO(as_csv([replace(row, figure=figure)]))))
    assert (told["source"], told["note"], told["value"]) == ("'=HYPERLINK()", "'+1", "-1")


# Sources


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("javascript:alert(1) and http://example.org/x", ["http://example.org/x"]),
        (
            "see (https://example.org/a_(b)), then https://example.org/c.",
            ["https://example.org/a_(b)", "https://example.org/c"],
        ),
        ("https://", []),
        ("http://[bad", []),
        ('https://example.org/"onmouseover=', ["https://example.org/"]),
        ("data:text/html,x", []),
    ],
)
def test_only_web_addresses_become_links(text: str, addresses: list[str]):
    found = words.pieces(text)
    assert [piece.address for piece in found if piece.address] == addresses


def test_links_of_sources_tell_other_sites_nothing(site: Running):
    page = _text(site, "/catalogue/cities/zurich")
    outward = re.findall(r'<a href="https?:[^>]*>', page)
    assert outward
    assert all('rel="noopener noreferrer"' in link for link in outward)


def test_names_with_markup_appear_as_text(tmp_path, catalogue: Catalogue):
    class Hostile(FakeKnown):
        @property
        def catalogue(self) -> Catalogue:
            city = replace(catalogue.cities["zurich"], name=EVIL)
            law = catalogue.jurisdictions["zurich"]
            permits = {key: replace(permit, title=EVIL, authority=EVIL) for key, permit in law.permits.items()}
            stack = replace(catalogue.stacks["weride-gxr"], partner=EVIL, contract_notes=f"https://a.org/{EVIL}")
            return replace(
                catalogue,
                cities={**catalogue.cities, "zurich": city},
                jurisdictions={**catalogue.jurisdictions, "zurich": replace(law, name=EVIL, permits=permits)},
                stacks={**catalogue.stacks, "weride-gxr": stack},
                digest="hostile",
            )

    with running(tmp_path, known=Hostile()) as site:
        for path in ("", "/cities/zurich", "/permits", "/partners", "/partners/weride-gxr", "/figures?city=zurich"):
            page = _text(site, f"/catalogue{path}")
            assert EVIL not in page
            assert "&lt;script&gt;" in page


def test_a_page_of_figures_is_short_however_many_there_are(site: Running):
    assert _text(site, "/catalogue/figures").count("<tr data-key") == figure_filter.PER_PAGE


def test_figures_of_part_of_the_catalogue_are_not_taken_for_those_of_all():
    part = load_catalogue(cities={"zurich"})
    few = len(figure_rows.figure_rows(part))
    assert len(figure_rows.figure_rows(load_catalogue())) > few
