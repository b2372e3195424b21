"""The list of plans: states, money, lineage, filters, and what stands there when there is nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from api.pages import plans as page_module
from api.pages.lineage import changes, flat, forest
from api.store.contract import PlanRow
from fleetplan.catalogue import load_catalogue
from tests.api_support import BODY, Running, running

RERUN = {
    "patch": {
        "capital": {"per_quarter_usd": 100e6},
        "constraints": {"late": {"type": "permit_delay", "city": "munich", "months": 6}},
    }
}


def page_of(service: Running, query: str = "", code: int = 200, key: dict[str, str] | None = None) -> str:
    answered = service.client.get(f"/plans{query}", headers={"Accept": "text/html", **(key or {})})
    assert answered.status_code == code, answered.text
    return answered.text


def text_of(page: str) -> str:
    """Return what a person reads of a page."""
    bare = re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))
    return re.sub(r"\s+", " ", bare.replace("\u2060", ""))


def asked(service: Running, **changed: Any) -> str:
    return service.post({"request": {**BODY["request"], **changed}})


def rerun(service: Running, parent: str, body: dict[str, Any] = RERUN) -> str:
    return str(service.client.post(f"/v1/plans/{parent}/reruns", json=body).json()["id"])


def order(page: str) -> list[str]:
    return re.findall(r'<li data-plan="(plan_[0-9a-f]+)"', page)


# --- what a person reads ----------------------------------------------------------------------------------------------


def test_a_newcomer_is_led_to_a_first_plan(tmp_path):
    with running(tmp_path) as service:
        page = page_of(service)
    assert "Plan where robotaxis go first" in page
    for example in ("uber-2027", "tight-budget", "ten-markets", "infeasible"):
        assert f'href="/plans/new?from={example}"' in page
    assert "how fast, if 60 million dollars of capital may be spent a quarter?" in page
    assert '<form class="filters"' not in page


def test_a_solved_plan_shows_its_worth_gap_and_reach(tmp_path):
    with running(tmp_path) as service:
        plan = service.made()
        page = page_of(service)
    said = text_of(page)
    assert "1 plan: 1 solved" in said
    assert "Munich and Zurich" not in said  # cities stand in the order in which they were asked
    assert "Zurich and Munich · Jan 2027 to Dec 2030 · $125 M a quarter" in said
    assert "$332 M" in said
    assert "Proven gap 0.80 % $2.65 M" in said
    assert "4,995 vehicles" in said
    assert f'href="/plans/{plan}"' in page
    assert f'href="/plans/{plan}/rerun"' in page
    assert f'href="/plans/new?from={plan}"' in page


def test_a_plan_that_is_solved_now_shows_phase_best_value_and_bound_in_words(tmp_path):
    with running(tmp_path) as service:
        waiting, solving = asked(service, name="waits"), asked(service, name="runs")
        service.runner.begin(solving)
        service.store.add_event(solving, "incumbent", {"best_usd": 1.5e9, "bound_usd": 1.6e9, "gap": 0.0667})
        page = page_of(service)
    said = text_of(page)
    assert "2 plans: 1 solving and 1 waiting" in said
    assert "writing down the rules" in said
    assert "best $1.50 bn, at most $1.60 bn, gap 6.7 %" in said
    assert "waiting for its turn" in said
    for plan, state in ((waiting, "queued"), (solving, "running")):
        assert f'data-live="{plan}" data-state="{state}"' in page
        assert f'data-act="cancel" data-plan="{plan}"' in page


def test_what_cannot_be_had_says_which_wishes_clash(tmp_path):
    with running(tmp_path) as service:
        wishes = [
            {"id": "a", "type": "launch_by", "city": "munich", "month": "2028-06"},
            {"id": "b", "type": "launches_per_quarter", "max": 1},
        ]
        plan = asked(service, constraints=wishes)
        service.runner.begin(plan)
        clashes = [{"sentence": "Munich cannot be open by Jun 2027."}, {"sentence": "Second."}, "of an earlier version"]
        service.store.finish(plan, "infeasible", problem={"code": "infeasible", "clashes": clashes})
        page = page_of(service)
    assert "Munich cannot be open by Jun 2027. 2 more things stand in the way." in text_of(page)
    assert "data-compare" not in page
    assert f'<a href="/plans/{plan}/rerun">Loosen something and ask again</a>' in page


def test_a_plan_that_failed_or_was_stopped_early_says_so(tmp_path):
    with running(tmp_path) as service:
        service.made("failed")
        stopped = asked(service, name="stopped")
        service.client.post(f"/v1/plans/{stopped}/cancel")
        said = text_of(page_of(service))
    assert "no plan in time" in said
    assert "Stopped before a first plan was found." in said


def test_a_hostile_name_stays_text(tmp_path):
    name = "<script>alert(1)</script>\"' onclick=x"
    with running(tmp_path) as service:
        asked(service, name=name)
        page = page_of(service)
        found = page_of(service, "?q=%3Cscript%3Ealert")
    for text in (page, found):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39; onclick=x" in text


# --- lineage ----------------------------------------------------------------------------------------------------------


def test_a_rerun_stands_below_its_parent_with_what_changed_and_what_it_did(tmp_path):
    with running(tmp_path) as service:
        parent = service.made()
        other = service.made()
        child = rerun(service, parent)
        service.runner.end(child, "cheaper")
        page = page_of(service)
    said = text_of(page)
    assert order(page) == [parent, child, other]  # the tree with the newest plan comes first
    assert "Capital of $100 M a quarter instead of $125 M (−20 %)." in said
    assert "Permits to carry riders in Munich 6 months later." in said
    assert re.search(
        r"−\$66\.4 M vs parent ?\(−\$[\d.]+ M to \+\$[\d.]+ M\)", said
    )  # what the best plans of both can be apart
    assert f'href="/plans/{child}/comparison"' in page


def test_a_rerun_whose_parent_is_deleted_is_not_lost(tmp_path):
    with running(tmp_path) as service:
        parent = service.made()
        child = rerun(service, parent)
        service.store.delete(parent)
        page = page_of(service)
    assert "Made from a plan that is deleted" in page
    assert "Changed: capital, constraints." in page
    assert order(page) == [parent, child]


def test_a_rerun_whose_parent_is_on_an_older_page_hangs_on_a_link_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "PAGE", 2)
    with running(tmp_path) as service:
        parent = service.made()
        between = asked(service, name="between")
        children = [rerun(service, parent), rerun(service, parent)]
        first = page_of(service)
        assert order(first) == [parent, *children]
        assert re.search(rf'Made from <a href="/plans/{parent}">test</a>, on an older page', first)
        assert "between" not in first
        link = re.search(r'href="(/plans\?after=[^"]+)" rel="next"', first)
        assert link is not None
        second = service.client.get(link[1], headers={"Accept": "text/html"}).text
    assert order(second) == [between, parent]
    assert "Newest plans" in second


def row(name: str, parent: str | None = None) -> PlanRow:
    blank: dict[str, Any] = dict.fromkeys(PlanRow.__slots__)
    return PlanRow(**{**blank, "id": name, "parent": parent})


def test_a_forest_holds_every_plan_once():
    rows = [row("p9", "p7"), row("p8", "gone"), row("p7", "p2"), row("p5", "elsewhere"), row("p2"), row("p1", "gone")]
    trees = forest(rows, lambda plan: row(plan) if plan == "elsewhere" else None)
    nodes = flat(trees)
    assert sorted(n.id for n in nodes if n.here) == sorted(r.id for r in rows)
    assert [(n.id, n.depth) for n in nodes] == [
        ("p2", 0), ("p7", 1), ("p9", 2), ("gone", 0), ("p1", 1), ("p8", 1), ("elsewhere", 0), ("p5", 1),
    ]  # fmt: skip
    assert [n.id for n in nodes if n.row is None] == ["gone"]


def test_what_is_kept_of_the_parent_is_said(tmp_path):
    with running(tmp_path) as service:
        made = service.store.get(service.made())
        assert made is not None
    options = made.options.model_copy(update={"freeze_until": "2027-09", "change_price_usd": 1e6})
    assert changes(replace(made, options=options), made, load_catalogue()) == [
        "The same request again.",
        "Decisions of the earlier plan before Sep 2027 stay.",
        "A change to a launch or a vehicle has to be worth $1.00 M.",
    ]


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    with running(tmp_path_factory.mktemp("plans")) as service:
        service.made()
        asked(service, name="Madrid first", cities=["madrid"], note="A question about Spain")
        asked(service, name="Everywhere", cities=None)
        yield service


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Everywhere", "Madrid first", "test"]),
        ("?city=madrid", ["Everywhere", "Madrid first"]),
        ("?state=succeeded", ["test"]),
        ("?q=SPAIN+question", ["Madrid first"]),
        ("?q=first&city=zurich", []),
        ("?q=++", ["Everywhere", "Madrid first", "test"]),
    ],
)
def test_plans_are_found_by_state_city_and_text(several: Running, query: str, names: list[str]):
    page = page_of(several, query)
    assert re.findall(r"<h2><a [^>]+>([^<]+)</a></h2>", page) == names
    assert ("No plan fits" in page) == (not names)


def test_a_filter_keeps_what_was_chosen(several: Running):
    page = page_of(several, "?q=first&state=queued&city=madrid")
    assert 'value="first"' in page
    assert '<option value="queued" selected>waiting</option>' in page
    assert '<option value="madrid" selected>Madrid</option>' in page


def test_a_search_goes_on_where_a_page_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "PAGE", 2)
    monkeypatch.setattr(page_module, "BATCH", 2)
    with running(tmp_path) as service:
        wanted = [asked(service, name=f"wanted {i}") for i in range(5) if asked(service, name="other")]
        seen, address = [], "/plans?q=wanted"
        while address:
            page = service.client.get(address, headers={"Accept": "text/html"}).text
            seen += order(page)
            link = re.search(r'href="([^"]+)" rel="next"', page)
            address = link[1].replace("&amp;", "&") if link else ""
    assert seen == wanted[::-1]


def test_a_state_that_is_none_is_told_as_a_page(several: Running):
    assert "state" in page_of(several, "?state=lost", 422)


def test_a_key_sees_only_what_it_may_do(tmp_path):
    with running(tmp_path) as service:
        plan = service.made()
        keys = {
            scope: {"Authorization": f"Bearer {service.store.add_key(scope, [scope])}"} for scope in ("read", "plan")
        }
        service.service.guard._asked = float("-inf")
        reads, makes = (page_of(service, key=keys[scope]) for scope in ("read", "plan"))
    assert "/rerun" not in reads
    assert ">New plan</a></div>" not in reads
    assert f'href="/plans/{plan}/rerun"' in makes
    for page in (reads, makes):
        assert 'data-act="delete"' not in page


def test_home_leads_to_the_plans(several: Running):
    answered = several.client.get("/", follow_redirects=False)
    assert (answered.status_code, answered.headers["location"]) == (307, "/plans")
