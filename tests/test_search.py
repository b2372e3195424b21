"""One search box over plans, cities, partners and figures: what it finds, in which order, and that it is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api import search as module
from tests.api_support import BODY, Running, running
from tests.pages_support import page_at, words_of

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("search")) as service:
        for name, note in (("Zürich first", ""), ("Other", "a question about Zurich"), (EVIL, "")):
            service.post({"request": {**BODY["request"], "name": name, "note": note}})
        tagged, gone = service.made(), service.made()
        service.client.patch(f"/v1/plans/{tagged}/card", json={"tags": ["Zürich"], "archived": True})
        service.client.patch(f"/v1/plans/{gone}/card", json={"name": "zurich gone"})
        service.client.delete(f"/v1/plans/{gone}")
        yield service


def found(site: Running, q: str, **more: int) -> dict[str, Any]:
    answered = site.client.get("/v1/search", params={"q": q, **more})
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()
    return told


def test_a_word_is_found_in_names_notes_and_tags_with_and_without_its_accent(site: Running):
    for word in ("zurich", "ZÜRICH", " zürich "):
        told = found(site, word)
        assert [plan["name"] for plan in told["plans"]] == ["test", "Other", "Zürich first"]
        assert [city["slug"] for city in told["cities"]] == ["zurich"]
        assert told["figures"]
        assert all("figures?key=" in str(figure["page"]) for figure in told["figures"])
    assert told["plans_read"] == 4
    assert site.client.get(str(told["cities"][0]["href"])).status_code == 200
    for hit in (told["plans"][0], told["cities"][0], told["figures"][0]):
        assert page_at(site, str(hit["page"]))


def test_every_word_has_to_be_found_and_titles_come_first(site: Running):
    assert [plan["name"] for plan in found(site, "zurich question")["plans"]] == ["Other"]
    told = found(site, "fare zurich", limit=50)
    assert told["plans"] == []
    assert told["figures"]
    assert "fare" in str(told["figures"][0]["title"]).casefold()
    assert found(site, "waymo")["partners"]
    assert found(site, "xyzzy nothing") == {
        "asked": "xyzzy nothing", "plans": [], "cities": [], "partners": [], "figures": [], "more": [], "plans_read": 4,
    }  # fmt: skip


def test_what_is_told_and_what_is_looked_through_is_bounded(site: Running, monkeypatch: pytest.MonkeyPatch):
    told = found(site, "a", limit=1)
    assert [len(told[kind]) for kind in ("plans", "cities", "partners", "figures")] == [1] * 4
    assert {"cities", "partners", "figures"} <= set(told["more"])
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "MOST_PLANS", 2)
    assert [plan["name"] for plan in found(site, "zurich")["plans"]] == ["test"]
    assert site.client.get("/v1/search", params={"q": "x" * 201}).status_code == 422
    many = site.client.get("/v1/search", params={"q": "a b c d e f g h i"})
    assert (many.status_code, many.json()["errors"][0]["parameter"]) == (422, "q")


def test_the_box_stands_on_every_page_and_leads_to_what_was_found_as_text(site: Running):
    for address in ("/plans", "/catalogue", "/search"):
        assert 'action="/search"' in page_at(site, address)
    page = page_at(site, "/search?q=zurich")
    said = words_of(page)
    assert "Zürich first" in said
    assert "Every word is in what stands below" in said
    assert 'href="/catalogue/cities/zurich"' in page
    evil = page_at(site, "/search?q=%3Cscript%3Ealert")
    assert "<script>alert" not in evil
    assert "&lt;script&gt;alert(1)" in evil
    assert "Nothing here has all of these words." in words_of(page_at(site, "/search?q=xyzzy"))
