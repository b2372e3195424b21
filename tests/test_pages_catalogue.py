"""The catalogue's pages: what is known, with source, year and confidence, as a person reads it."""

from __future__ import annotations

import csv
import io
import re

import pytest

from api.pages import catalogue_view as view
from api.pages.permit_graph import permit_graph, waits_for
from fleetplan.catalogue.figures import trace
from fleetplan.catalogue.types import Catalogue, Figure
from tests.api_support import Running, running

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("catalogue")) as service:
        yield service


def _text(site: Running, path: str, status: int = 200) -> str:
    answer = site.client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


def test_the_overview_counts_every_figure(site: Running, catalogue: Catalogue):
    page = _text(site, "/catalogue")
    assert f"{len(trace(catalogue)):,} figures, each with its source" in page
    for city in catalogue.cities.values():
        assert city.name in page


def test_every_city_and_stack_has_a_page(site: Running, catalogue: Catalogue):
    for slug, city in catalogue.cities.items():
        page = _text(site, f"/catalogue/cities/{slug}")
        assert city.name in page
        assert city.land_attribution in page
    for slug, stack in catalogue.stacks.items():
        assert stack.partner in _text(site, f"/catalogue/partners/{slug}")


def test_a_city_page_says_what_law_and_deal_say_of_each_stack(site: Running):
    page = _text(site, "/catalogue/cities/houston")
    assert "Lucid + Nuro" in page
    assert "law-no" in page
    assert "what stands in for it" in page


def test_unknown_places_are_told_as_pages(site: Running):
    assert "There is no such city" in _text(site, "/catalogue/cities/atlantis", 404)
    assert "There is no such stack" in _text(site, "/catalogue/partners/nobody", 404)


def test_permits_show_months_events_and_sources(site: Running, catalogue: Catalogue):
    page = _text(site, "/catalogue/permits")
    for law in catalogue.jurisdictions.values():
        assert f'id="law-{law.slug}"' in page
    assert "Automated Vehicles Act" in page


def test_a_graph_places_every_permit_after_all_that_it_waits_for(catalogue: Catalogue):
    for law in catalogue.jurisdictions.values():
        graph = permit_graph(law.permits.values(), [law])
        left = {node.id: node.x for node in graph.nodes}
        assert set(law.permits) <= set(left)
        for permit in law.permits.values():
            before = [name for _, name in waits_for(permit) if name in left]
            assert all(left[name] < left[permit.id] for name in before)
        assert len({(node.x, node.y) for node in graph.nodes}) == len(graph.nodes)


def test_filters_leave_only_what_is_asked_for(catalogue: Catalogue):
    weak = view.figures(catalogue, view.Wanted(("low", "assumed"), "london", "fare"))
    assert weak
    for figure in weak:
        assert figure.confidence in {"low", "assumed"}
        assert figure.key.startswith("london/")
        assert "fare" in f"{figure.key} {figure.unit} {figure.source} {figure.note}".lower()


def test_pages_of_figures_together_hold_every_figure(site: Running, catalogue: Catalogue):
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = _text(site, f"/catalogue/figures?after={after}")
        table = page.partition('<table class="figures">')[2]
        seen += re.findall(r"<code>([^<]+)</code></a>", table)
        found = re.search(r"after=(\d+)", page)
        after = int(found[1]) if found else None
    assert len(seen) == len(trace(catalogue))


def test_one_figure_shows_everything_that_defends_it(site: Running):
    page = _text(site, "/catalogue/figures?key=zurich/city.toml%23market.mean_fare_local")
    for said in ("CHF/trip", "20 – 28", "low", "A single weak source"):
        assert said in page


def test_an_unknown_figure_and_an_empty_filter_are_told(site: Running):
    assert "No figure is called" in _text(site, "/catalogue/figures?key=nothing")
    assert "No figure fits" in _text(site, "/catalogue/figures?q=xyzzyx")


def test_what_is_asked_for_appears_as_text(site: Running):
    page = _text(site, "/catalogue/figures?q=<script>alert(1)</script>&key=<b>")
    assert "<script>alert" not in page
    assert "<b>" not in page.partition("No figure is called")[2][:40]


def test_the_csv_holds_what_the_filter_leaves(site: Running, catalogue: Catalogue):
    rows = list(csv.DictReader(io.StringIO(_text(site, "/catalogue/figures.csv?confidence=assumed&city=zurich"))))
    expected = view.figures(catalogue, view.Wanted(("assumed",), "zurich"))
    assert [row["key"] for row in rows] == [figure.key for figure in expected]


def test_a_spreadsheet_does_not_take_a_note_for_a_formula():
    figure = Figure("k", 1.0, "USD", "=HYPERLINK()", "low", note="+1")
    assert b"'=HYPERLINK()" in view.figures_csv([figure])


def test_only_web_addresses_become_links():
    pieces = view.linked("javascript:alert(1) and http://example.org/x")
    assert [piece for piece, followed in pieces if followed] == ["http://example.org/x"]
