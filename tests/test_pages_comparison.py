"""The comparison page: what changed and why, for somebody who has never seen a solver."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from fleetplan.compare import AloneEffect, compare_plans
from fleetplan.compare.bridges import Bridge, bridge, bridges
from fleetplan.plans.types import Plan
from fleetplan.report.comparison_gantt import joint_scale, overlay
from fleetplan.report.difference_svg import FILLS
from fleetplan.words.certainty import alone_apart, certainty
from fleetplan.words.comparison import launches_sentence, more_or_less, signed, verdict
from tests.api_support import Running, answer, running
from tests.pages_support import page_at, words_of

HOSTILE = "<script>alert(1)</script>"
PLAN = Plan.model_validate_json(answer())


@pytest.fixture
def site(tmp_path):
    with running(tmp_path) as service:
        yield service


def _changed(change: Callable[[dict[str, Any]], None], plan: Plan = PLAN) -> Plan:
    plain = plan.model_dump(mode="json")
    change(plain)
    return Plan.model_validate(plain)


def _worse(usd: float, city: int = 3, months: str | None = None) -> Plan:
    """Return the plan with one city worth less, and its first launch in another month."""

    def change(plain: dict[str, Any]) -> None:
        plain["objective"] -= usd
        plain["bound"] -= usd
        own = plain["cities"][city]
        own["npv_usd"] -= usd
        own["deployments"][0]["npv_usd"] -= usd
        if months:
            own["deployments"][0]["launch"] = own["launch"] = months

    return _changed(change)


def test_on_paper_a_comparison_has_the_map_of_each_city_with_its_legend(site: Running):
    a, b = site.made(), _ended(site, _worse(2e6))
    page = page_at(site, f"/plans/{a}/comparison?with={b}")
    maps = re.findall(r'<figure><img src="([^"]+)" alt="Map of', page)
    assert maps
    assert page.count('<i class="zone only-b">') == 2  # beside the map, and on paper
    drawn = site.client.get(html.unescape(maps[0]))
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert drawn.text.startswith("<svg")
    assert FILLS["both"] in drawn.text
    assert site.client.get(f"/plans/{a}/comparison/nowhere.svg?with={b}").status_code == 404


def _ended(site: Running, made: Plan) -> str:
    """Store a plan as the answer to its own request."""
    plan = site.post({"request": made.request.model_dump(mode="json")})
    site.runner.begin(plan)
    site.store.finish(plan, "succeeded", answer=made.model_dump_json().encode())
    return plan


def _asked(made: Plan, **request: Any) -> Plan:
    return made.model_copy(update={"request": made.request.model_copy(update=request)})


# --- the page ---


def test_a_plan_alone_is_compared_with_its_parent(site: Running):
    parent = _ended(site, PLAN)
    late = {"constraints": {"late": {"type": "permit_delay", "city": "zurich", "months": 6}}}
    child = site.client.post(f"/v1/plans/{parent}/reruns", json={"patch": late}).json()["id"]
    row = site.store.get(child)
    assert row is not None
    asked = PLAN.request.model_validate(dict(row.request))
    made = _worse(40e6, months="2028-10").model_copy(update={"request": asked})
    site.runner.begin(child)
    site.store.finish(child, "succeeded", answer=made.model_dump_json().encode())
    text = words_of(page_at(site, f"/plans/{child}/comparison"))
    assert "Zurich 6 months later: the plan is worth $40.0 M less, $291.8 M instead of $331.8 M (−12.1 %)" in text
    assert "(−12.1 %) (the best plans of both: from $42.7 M less to $37.3 M less)." in text
    assert (
        "Zurich opens six months later, Oct 2028 instead of Apr 2028. The other 3 launches stay in their month." in text
    )
    assert "The difference falls on Zurich (−$40.0 M)" in text
    assert "A real difference." in text
    assert "The only change: the whole difference is its effect." in text
    assert "opens Oct 2028, six months later" in text


def test_without_a_parent_another_plan_is_chosen(site: Running):
    plan = site.made()
    text = words_of(page_at(site, f"/plans/{plan}/comparison"))
    assert "No other plan yet" in text
    other = site.made("cheaper")
    page = page_at(site, f"/plans/{plan}/comparison")
    assert "With which one shall it be compared?" in words_of(page)
    assert f'value="{other}"' in page


def test_the_same_plan_twice_is_said_so(site: Running):
    plan = site.made()
    site.made("cheaper")
    assert "the same plan twice" in words_of(page_at(site, f"/plans/{plan}/comparison?with={plan}"))


def test_two_plans_that_decide_the_same_are_said_so(site: Running):
    text = words_of(page_at(site, f"/plans/{_ended(site, PLAN)}/comparison?with={_ended(site, PLAN)}"))
    assert "Both plans were asked the same and decide the same." in text
    assert "Both plans decide the same: every launch, area, fleet, depot and purchase." in text
    assert "Too close to call" not in text


def test_a_difference_within_the_gaps_is_not_read_as_a_loss(site: Running):
    near = _ended(site, _worse(1e6, months="2028-10"))
    text = words_of(page_at(site, f"/plans/{_ended(site, PLAN)}/comparison?with={near}"))
    assert "Too close to call." in text
    assert "do not read this difference as a gain or a loss" in text
    assert "A real difference" not in text


def test_another_catalogue_is_warned_of(site: Running):
    def other(plain: dict[str, Any]) -> None:
        plain["certificate"]["catalogue_sha256"] = "d" * 64

    text = words_of(page_at(site, f"/plans/{_ended(site, PLAN)}/comparison?with={_ended(site, _changed(other))}"))
    assert "The catalogue changed in between." in text


@pytest.mark.parametrize(
    ("state", "words"),
    [("infeasible", "has no plan: its rules clash"), ("failed", "ended without a plan"), ("", "is still being made")],
)
def test_what_has_no_plan_is_not_compared(site: Running, state: str, words: str):
    other = site.made(state) if state else site.post()
    text = words_of(page_at(site, f"/plans/{site.made()}/comparison?with={other}"))
    assert words in text
    assert "Timeline" not in text


def test_no_such_plan_is_told(site: Running):
    assert "No plan is called" in words_of(page_at(site, f"/plans/{site.made()}/comparison?with=plan_none", 404))


def test_hostile_names_appear_as_text(site: Running):
    def hostile(plain: dict[str, Any]) -> None:
        plain["name"] = plain["request"]["name"] = plain["cities"][3]["name"] = HOSTILE
        plain["cities"][3]["deployments"][0]["partner"] = HOSTILE

    bad = _changed(hostile, _worse(40e6, months="2028-10"))
    page = page_at(site, f"/plans/{_ended(site, PLAN)}/comparison?with={_ended(site, bad)}")
    assert HOSTILE not in page
    assert html.escape(HOSTILE) in page


def test_the_two_can_be_swapped_and_other_plans_chosen(site: Running):
    a, b = _ended(site, PLAN), _ended(site, _worse(40e6))
    page = page_at(site, f"/plans/{a}/comparison?with={b}")
    assert f'href="/plans/{b}/comparison?with={a}" id="swap"' in page
    assert "$40.0 M more" in words_of(page_at(site, f"/plans/{b}/comparison?with={a}"))
    for anchor in ("why", "timeline", "money", "map", "decisions", "figures"):
        assert f'<section id="{anchor}"' in page
        assert f'href="#{anchor}"' in page


# --- causes ---


def _two_changes(site: Running) -> tuple[str, str]:
    first = _asked(PLAN, discount_rate=0.1)
    second = _asked(_worse(40e6, months="2028-10"), discount_rate=0.2)
    capital = second.request.capital.model_copy(update={"per_quarter_usd": 100e6})
    return _ended(site, first), _ended(site, _asked(second, capital=capital))


def test_unknown_causes_are_offered_to_be_found_out(site: Running):
    a, b = _two_changes(site)
    page = page_at(site, f"/plans/{a}/comparison?with={b}")
    text = words_of(page)
    assert "2 more plans, of at most 2 min each" in text
    assert "Find out which change moved what" in text
    assert "moved by" not in text
    found = re.search(r'id="to-make">(.*?)</script>', page, re.DOTALL)
    assert found
    calls = json.loads(found[1])["calls"]
    assert [set(call) for call in calls] == [{"href", "body", "idempotency_key"}] * 2
    assert all(call["href"] == f"/v1/plans/{a}/reruns" for call in calls)


def test_known_causes_stand_beside_changes_and_decisions(site: Running):
    a, b = _two_changes(site)
    causes = site.client.get(f"/v1/plans/{a}/comparison?with={b}").json()["causes"]
    for change in causes["changes"]:
        call = change["rerun"]
        sent = {"Idempotency-Key": call["idempotency_key"]}
        plan = site.client.post(call["href"], json=call["body"], headers=sent).json()["id"]
        site.runner.begin(plan)
        row = site.store.get(plan)
        assert row is not None
        poor = change["pointer"] == "/capital/per_quarter_usd"
        made = _worse(39e6, months="2028-10") if poor else _worse(1e5)
        made = made.model_copy(update={"request": PLAN.request.model_validate(dict(row.request))})
        site.store.finish(plan, "succeeded", answer=made.model_dump_json().encode())
    text = words_of(page_at(site, f"/plans/{a}/comparison?with={b}"))
    assert "Nearly all of it comes from one change: capital of $100 M a quarter (−$39.0 M alone)." in text
    assert "−$39.0 M of net present value, 1 decision moved" in text
    assert "−$100 k of net present value, no decision moved" in text
    assert "Alone they come to −$39.1 M; together −$900 k beyond that sum." in text
    assert "moved by" in text
    assert "Find out" not in text


def test_too_many_changes_are_told_without_a_button(site: Running):
    many = [{"id": f"c{n}", "type": "fleet_cap", "vehicles": 9000 + n, "city": "zurich"} for n in range(7)]
    asked = PLAN.request.model_validate({**PLAN.request.model_dump(mode="json"), "constraints": many})
    other = _ended(site, PLAN.model_copy(update={"request": asked}))
    text = words_of(page_at(site, f"/plans/{_ended(site, PLAN)}/comparison?with={other}"))
    assert "More than six inputs differ" in text
    assert "Find out" not in text


def test_an_effect_that_near_ties_can_explain_is_told_apart():
    def effect(usd: float) -> AloneEffect:
        npv = PLAN.objective + usd
        return AloneEffect(pointer="/x", sentence="", npv_usd=npv, npv_difference_usd=usd, gap=PLAN.gap, moves=3)

    assert not alone_apart(PLAN, effect(0.3e6))
    assert alone_apart(PLAN, effect(-20e6))


# --- money in steps ---


def _sum(found: Bridge) -> float:
    return sum(step.usd for step in found.steps if step.kind != "total")


def test_every_bridge_adds_up_to_the_difference():
    other = _worse(40e6)
    for found in bridges(PLAN, other, compare_plans(PLAN, other)):
        assert _sum(found) == pytest.approx(other.objective - PLAN.objective, abs=1.0)
        assert (found.steps[0].usd, found.steps[-1].usd) == (PLAN.objective, other.objective)
        for step, following in zip(found.steps, found.steps[1:], strict=False):
            edges = {round(following.left, 1), round(following.left + following.width, 1)}
            assert round(step.ends, 1) in edges


def test_what_no_part_explains_is_told_as_such():
    other = _worse(40e6)
    labels = [step.label for step in bridge("x", "", "", (PLAN, other), [("Part", -30e6)], merge=True).steps]
    assert labels == [PLAN.name, "Part", "Not put down to any of these", other.name]


def test_bars_stay_within_the_lane_and_say_where_they_begin():
    small = bridge("x", "", "", (PLAN, _worse(5e6)), [("One", 3e6), ("Two", -8e6)], merge=True)
    assert small.begins_usd > 0
    wide = bridge("x", "", "", (PLAN, _worse(400e6)), [("One", -400e6)], merge=True)
    assert wide.begins_usd < 0
    for step in (*small.steps, *wide.steps):
        assert -0.01 <= step.left <= 100.01
        assert step.left + step.width <= 100.01


def test_small_parts_are_joined_and_nothing_is_lost():
    parts = [("Large", -40e6), ("a", 1e5), ("b", 2e5), ("c", -3e5), ("nothing", 0.0)]
    found = bridge("x", "", "", (PLAN, _worse(40e6)), parts, merge=True)
    assert [step.label for step in found.steps[1:-1]] == ["Large"]
    assert _sum(found) == pytest.approx(-40e6)
    kept = bridge("x", "", "", (PLAN, _worse(39.9e6)), [*parts[:3], ("c", -2e5)], merge=True)
    assert [step.label for step in kept.steps[1:-1]] == ["Large", "3 smaller steps"]


# --- two timelines in one ---


def test_the_overlay_says_how_every_launch_moves():
    later = _worse(0.0, months="2028-10")
    rows = {(row.city, row.partner): row for row in overlay(PLAN, later)}
    assert rows["zurich", "WeRide"].moved == "later"
    assert rows["zurich", "WeRide"].said == "opens Oct 2028, six months later"
    assert any(bar.css == "shift later" for bar in rows["zurich", "WeRide"].track.bars)
    assert {row.moved for key, row in rows.items() if key[0] != "zurich"} == {"same"}
    back = {row.city: row for row in overlay(later, PLAN)}
    assert back["zurich"].said == "opens Apr 2028, six months earlier"


def test_new_and_dropped_launches_stand_in_the_overlay():
    def without(plain: dict[str, Any]) -> None:
        plain["cities"][3]["deployments"] = []
        plain["cities"][3]["launch"] = None

    gone = _changed(without)
    rows = {row.city: row for row in overlay(PLAN, gone)}
    assert (rows["zurich"].moved, rows["zurich"].said) == ("gone", "no longer opens (was Apr 2028)")
    assert {row.city: row for row in overlay(gone, PLAN)}["zurich"].said == "new, opens Apr 2028"
    told = launches_sentence(PLAN, gone, compare_plans(PLAN, gone).decisions)
    assert told == "Zurich no longer opens. The other 3 launches stay in their month."


def test_horizons_of_different_lengths_share_one_scale():
    def shorter(plain: dict[str, Any]) -> None:
        plain["periods"], plain["period_months"] = plain["periods"][:16], plain["period_months"][:16]

    short = _changed(shorter)
    assert joint_scale(PLAN, short) == joint_scale(short, PLAN)
    assert joint_scale(short, PLAN).months == sum(PLAN.period_months)


# --- words ---


def test_the_sign_of_a_difference_is_said_only_when_it_is_proven():
    far = certainty(PLAN, _worse(40e6), None)
    assert far.apart
    assert "at least $37.3 M and at most $42.7 M less" in far.sentence
    assert certainty(_worse(40e6), PLAN, None).sentence.endswith("the gain is real.")
    assert not certainty(PLAN, _worse(1e6), None).apart


def test_many_moves_are_told_together():
    def all_later(plain: dict[str, Any]) -> None:
        for city in plain["cities"]:
            for d in city["deployments"]:
                d["launch"] = f"{int(d['launch'][:4]) + 1}{d['launch'][4:]}"

    later = _changed(all_later)
    told = verdict(PLAN, later, compare_plans(PLAN, later), [])
    assert told[0] == "No input differs, and yet the second plan is worth the same, $331.8 M."
    assert told[1].endswith("open twelve months later.")


def test_amounts_read_well():
    assert (more_or_less(-2.5e6), signed(2.5e6), signed(-2.5e6)) == ("$2.50 M less", "+$2.50 M", "−$2.50 M")
