"""The life of a plan after it was made: its name, tags, archive, the chosen one, the bin, comments; over HTTP and on pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api_support import Running, running
from tests.pages_support import page_at, words_of

EVIL = "<script>alert(1)</script>\"' onclick=x"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("cards")) as service:
        yield service


def patched(site: Running, plan: str, body: dict[str, object], **headers: str) -> dict[str, object]:
    answered = site.client.patch(f"/v1/plans/{plan}/card", json=body, headers=headers)
    assert answered.status_code == 200, answered.text
    told: dict[str, object] = answered.json()
    return told


def names(page: str) -> list[str]:
    return re.findall(r"<h2><a [^>]+>([^<]+)</a></h2>", page)


def test_a_card_is_changed_from_what_was_read_or_not_at_all(site: Running):
    plan = site.made()
    here = f"/v1/plans/{plan}/card"
    first = site.client.get(here)
    assert (first.headers["etag"], first.json()["revision"]) == ('"1"', 1)
    assert site.client.get(here, headers={"If-None-Match": '"1"'}).status_code == 304
    told = patched(site, plan, {"name": "  The  one ", "tags": ["Board", " q3", "board", " "]}, **{"If-Match": '"1"'})
    assert (told["name"], told["tags"], told["revision"]) == ("The one", ["Board", "q3"], 2)
    for outdated in ('"1"', 'W/"2"', "rubbish", '"99999999999999999999"'):
        refused = site.client.patch(here, json={"name": "x"}, headers={"If-Match": outdated})
        assert (refused.status_code, refused.json()["code"]) == (412, "card-changed")
    assert patched(site, plan, {"archived": True}, **{"If-Match": "*"})["tags"] == ["Board", "q3"]
    status = site.client.get(f"/v1/plans/{plan}").json()
    assert (status["name"], status["tags"], status["archived"], status["chosen"]) == (
        "The one",
        ["Board", "q3"],
        True,
        False,
    )
    assert status["request"]["name"] == "test"
    assert site.client.get("/v1/tags").json() == {"tags": {"Board": 1, "q3": 1}}


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": "   "}, {"name": "a" * 81}, {"tags": ["a|b"]}, {"tags": ["a,b"]}, {"tags": ["x" * 41]},
     {"tags": ["a"] * 21}, {"archived": "perhaps"}, {"colour": "red"}, {"name": None}],
)  # fmt: skip
def test_a_card_that_cannot_be_is_refused_at_its_field(site: Running, body: dict[str, object]):
    refused = site.client.patch(f"/v1/plans/{site.made()}/card", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith(f"/{next(iter(body))}")


def test_a_renamed_plan_bears_its_name_wherever_it_is_shown_and_its_file_stays(site: Running):
    plan, other = site.made(), site.made("dearer")
    stored = site.client.get(f"/v1/plans/{plan}/export?format=json").content
    before = site.client.get(f"/v1/plans/{plan}/export?format=html").text
    compared = f"/v1/plans/{other}/comparison?with={plan}"
    assert site.client.get(compared).json()["name_b"] == "made-up plan"
    patched(site, plan, {"name": EVIL})
    assert site.client.get(compared).json()["name_b"] == EVIL
    assert site.client.get(f"/v1/plans/{plan}/export?format=json").content == stored
    pages = [site.client.get(f"/v1/plans/{plan}/export?format=html").text]
    assert pages[0] != before
    pages += [
        page_at(site, f"/plans{path}")
        for path in (
            "",
            "?show=all",
            f"/{plan}",
            f"/{plan}/cities/london",
            f"/{plan}/rerun",
            f"/{other}/comparison?with={plan}",
        )
    ]
    for page in pages:
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_list_shows_what_is_not_archived_and_the_rest_where_asked(tmp_path: Path):
    with running(tmp_path) as site:
        plans = {name: site.made() for name in ("plain", "tagged", "shelved", "gone")}
        for name, plan in plans.items():
            patched(site, plan, {"name": name})
        patched(site, plans["tagged"], {"tags": [EVIL[:20], "board"], "chosen": True})
        patched(site, plans["shelved"], {"archived": True, "tags": ["board"]})
        assert site.client.delete(f"/v1/plans/{plans['gone']}").status_code == 204
        assert names(page_at(site, "/plans")) == ["tagged", "plain"]
        assert names(page_at(site, "/plans?tag=board")) == ["tagged"]
        assert names(page_at(site, "/plans?tag=board&show=all")) == ["shelved", "tagged"]
        assert names(page_at(site, "/plans?show=archived")) == ["shelved"]
        assert names(page_at(site, "/plans?show=chosen")) == ["tagged"]
        assert names(page_at(site, "/plans?q=BOARD")) == ["tagged"]
        deleted = page_at(site, "/plans?show=deleted")
        assert f'data-act="restore" data-plan="{plans["gone"]}"' in deleted
        assert f'href="/plans/{plans["gone"]}"' not in deleted
        page = page_at(site, "/plans?show=all")
        assert '<li class="chosen">chosen</li>' in page
        assert "&lt;script&gt;alert(1)&lt;" in page
        assert '<option value="board">board (2)</option>' in page
        told = site.client.get("/v1/plans", params={"tag": "board", "archived": True, "limit": 1}).json()
        assert [plan["name"] for plan in told["plans"]] == ["shelved"]
        first = site.client.get("/v1/plans?archived=false&limit=1").json()
        assert [plan["name"] for plan in site.client.get(first["next"]).json()["plans"]] == ["plain"]
        assert [plan["name"] for plan in site.client.get("/v1/plans?deleted=true").json()["plans"]] == ["gone"]


def test_a_delete_is_undone_within_its_days_and_may_be_for_good(site: Running):
    plan = site.made()
    here = f"/v1/plans/{plan}"
    assert site.client.delete(here).status_code == 204
    assert [site.client.get(f"{here}{path}").status_code for path in ("", "/card", "/export", "/comments")] == [404] * 4
    assert site.client.delete(here).status_code == 404
    for address in (f"/plans/{plan}", f"/plans/{plan}/rerun", f"/plans/new?from={plan}"):
        page = page_at(site, address, 404)
        assert "and can be brought back until" in words_of(page)
        assert f'data-restore="{plan}"' in page
    assert "can be brought back" in site.client.get(here).json()["detail"]
    assert site.client.patch(f"{here}/card", json={"name": "x"}).status_code == 404
    assert site.client.post(f"{here}/restore").json()["deleted_at"] is None
    assert site.client.get(here).json()["has_answer"]
    site.client.delete(here)
    assert site.client.delete(f"{here}?for_good=true").status_code == 204
    assert site.client.delete(f"{here}?for_good=true").status_code == 404
    assert site.client.post(f"{here}/restore").status_code == 404
    assert site.client.delete(f"/v1/plans/{site.post()}?for_good=true").json()["code"] == "plan-not-final"


def test_without_days_to_undo_a_delete_is_for_good(tmp_path: Path):
    with running(tmp_path, undo_days=0) as site:
        plan = site.made()
        assert site.client.delete(f"/v1/plans/{plan}").status_code == 204
        assert site.store.card(plan) is None


def test_comments_say_who_and_when_and_are_text(site: Running):
    plan, empty = site.made(), site.made("infeasible")
    here = f"/v1/plans/{plan}/comments"
    told = site.client.post(here, json={"text": f"{EVIL}\nsecond line ", "author": "  Ada   L. "})
    assert told.status_code == 201
    assert (told.json()["author"], told.json()["text"]) == ("Ada L.", f"{EVIL}\nsecond line")
    page = page_at(site, f"/plans/{plan}")
    assert "<script>alert" not in page
    assert "Ada L." in words_of(page)
    assert "Comments (1)" in words_of(page)
    assert "Nobody has said anything yet." in words_of(page_at(site, f"/plans/{empty}"))
    for wrong in ({"text": ""}, {"text": " \n "}, {"text": "x" * 4001}, {"text": "a\x07b"}, {"text": "a", "at": "now"}):
        assert site.client.post(here, json=wrong).status_code == 422
    assert site.client.delete(f"{here}/{told.json()['id']}").status_code == 204
    assert site.client.delete(f"{here}/{told.json()['id']}").json()["code"] == "comment-not-found"
    assert site.client.get(here).json() == {"plan": plan, "comments": []}


def test_where_keys_are_in_use_a_comment_bears_the_keys_name_and_is_its_own(tmp_path: Path):
    with running(tmp_path) as site:
        plan = site.made()
        keys = {name: {"Authorization": f"Bearer {site.store.add_key(name, [scope])}"}
                for name, scope in (("ada", "plan"), ("bob", "plan"), ("eve", "read"), ("boss", "admin"))}  # fmt: skip
        site.service.guard._asked = float("-inf")
        here = f"/v1/plans/{plan}/comments"
        said = [
            site.client.post(here, json={"text": "hm", "author": "boss"}, headers=keys[n])
            for n in ("ada", "ada", "eve")
        ]
        assert [s.status_code for s in said] == [201, 201, 403]
        assert said[0].json()["author"] == "ada"
        first, second = (s.json()["id"] for s in said[:2])
        codes = [site.client.delete(f"{here}/{c}", headers=keys[n]).status_code
                 for n, c in (("bob", first), ("ada", first), ("boss", second))]  # fmt: skip
        assert codes == [404, 204, 204]
        assert (
            site.client.patch(f"/v1/plans/{plan}/card", json={"chosen": True}, headers=keys["eve"]).status_code == 403
        )
        assert site.client.post(f"/v1/plans/{plan}/restore", headers=keys["ada"]).status_code == 403
        site.client.delete(f"/v1/plans/{plan}", headers=keys["boss"])
        gone = site.client.get(f"/plans/{plan}", headers={"Accept": "text/html", **keys["ada"]}).text
        assert "can be brought back" in gone
        assert "data-restore" not in gone
        site.client.post(f"/v1/plans/{plan}/restore", headers=keys["boss"])
        page = site.client.get(f"/plans/{plan}", headers={"Accept": "text/html", **keys["eve"]}).text
        assert 'id="say"' not in page
