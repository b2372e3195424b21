"""Money in another currency: on pages only, at the catalogue's rate, which every amount says; files and programs get USD."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from fleetplan.words import values
from fleetplan.words.currency import currencies, plain, shown_in
from tests.api_support import Running, running
from tests.pages_support import HTML, words_of

MARKS = re.compile("[\ue000-\ue002]")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("currency")) as service:
        yield service


@pytest.fixture(scope="module")
def plan(site: Running) -> str:
    return site.made()


def page(site: Running, path: str, currency: str = "EUR") -> str:
    answered = site.client.get(path, headers={**HTML, "Cookie": f"currency={currency}"})
    assert answered.status_code == 200, answered.text
    return str(answered.text).replace("\u00a0", " ").replace("\u2060", "")  # as it is read


def test_an_amount_is_written_as_in_usd_and_converted_at_the_rate(site: Running):
    rates = currencies(site.service.known.catalogue.assumptions)
    assert set(rates) == {"CHF", "EUR", "GBP", "HKD"}
    with shown_in(rates["EUR"]):
        told = values.usd(117e6), values.usd_fine(117e6), values.usd(-1.17e9), values.usd(None), values.usd(0)
        assert [plain(text) for text in told] == ["€100 M", "€100.0 M", "−€1.00 bn", "–", "€0"]
    with shown_in(rates["CHF"]):
        assert plain(values.usd(125e6)) == "CHF\u00a0100 M"
    assert values.usd(117e6) == "$117 M"


@pytest.mark.parametrize(
    "path",
    ["/plans", "/plans/{}", "/plans/{}/cities/london", "/plans/{}/rerun", "/plans/{}/comparison", "/plans/new", "/catalogue",
     "/catalogue/partners", "/catalogue/cities/london", "/search?q=zurich"],
)  # fmt: skip
def test_a_page_converts_every_amount_and_says_the_rate_with_each(site: Running, plan: str, path: str):
    address = path.format(plan)
    told, home = page(site, address), page(site, address, "USD")
    assert not MARKS.search(told)
    assert "USD for 1 EUR, 2026" not in home
    assert "Money is shown in EUR at 1.17 USD for 1 EUR, 2026" in words_of(told)
    assert len(re.findall(r"<(?!/)[a-z]", told)) - told.count('<span class="fx"') >= len(
        re.findall(r"<(?!/)[a-z]", home)
    )
    for usd, other in re.findall(r'<span class="fx" title="([^"]+) at 1\.17 USD for 1 EUR, 2026">([^<]+)</span>', told):
        assert usd.lstrip("−")[0] == "$"
        assert other.lstrip("−")[0] == "€"
        assert usd in home or usd.replace("−", "") in home


def test_a_solved_plan_shows_its_worth_in_euros(site: Running, plan: str):
    assert '<span class="fx" title="$332 M at 1.17 USD for 1 EUR, 2026">€284 M</span>' in page(site, f"/plans/{plan}")
    script = page(site, f"/plans/{plan}")
    assert 'data-currency="EUR"' in script
    assert 'data-usd-each="1.17"' in script
    assert "<option selected>EUR</option>" in script


@pytest.mark.parametrize("currency", ["USD", "XXX", "<script>", ""])
def test_any_other_word_is_usd(site: Running, plan: str, currency: str):
    told = page(site, f"/plans/{plan}", currency)
    assert "$332 M" in told
    assert 'class="fx"' not in told
    assert "<script>alert" not in told


def test_files_and_programs_get_usd(site: Running, plan: str):
    cookie = {"Cookie": "currency=EUR", **HTML}
    for path in ("export?format=html", "comparison?with=" + site.made("dearer"), "calendar", "export?format=json"):
        given = site.client.get(f"/v1/plans/{plan}/{path}", headers=cookie).text
        assert not MARKS.search(given)
        assert "€" not in given
    kept = page(site, "/catalogue"), page(site, "/catalogue", "GBP"), page(site, "/catalogue", "USD")
    assert len(set(kept)) == 3
