"""Comparisons of small plans: symmetric, empty for equal plans, in plain words; and what caused what."""

from __future__ import annotations

from typing import Any

import pytest

from fleetplan.compare import Comparison, attribute_causes, compare_plans
from fleetplan.errors import RequestError
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import Plan
from fleetplan.request import parse_request
from fleetplan.reruns.rerun import apply_patch
from fleetplan.words.moves import months_words
from fleetplan.words.values import month_name
from tests.test_rerun import BASE, EXACTLY, HERE, LATE, SCARCE, SERVICES, again, planned

NO_BELPORT = {"constraints": {"no": {"type": "forbid_deployment", "city": "belport", "stack": "beta"}}}


@pytest.fixture(autouse=True)
def _small_world(monkeypatch):
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


_KNOWN: dict[str, Plan] = {}


def known(name: str, patch: dict[str, Any] | None = None) -> Plan:
    """Return a plan of the small world, made once."""
    if name not in _KNOWN:
        _KNOWN[name] = planned(BASE) if patch is None else again(known("base"), patch)
    return _KNOWN[name]


def swapped(c: Comparison) -> list[tuple[Any, ...]]:
    """Return the decisions as seen from the other plan."""
    return [(m.id, m.b, m.a, -m.direction) for m in c.decisions]


def both(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Return two patches of constraints in one."""
    return {"constraints": {**one["constraints"], **two["constraints"]}}


def test_equal_plans_have_no_difference():
    c = compare_plans(known("base"), known("base"))
    assert not c.inputs
    assert not c.decisions
    assert c.npv_difference_usd == 0.0
    assert all(row.npv_difference_usd == 0.0 for row in c.money_by_city)
    assert all(row.npv_difference_usd == 0.0 for row in c.money_by_line)
    assert all(not k.difference for k in c.kpis)
    assert all(m.level_a == m.level_b for m in c.map)
    assert c.summary == ["Both plans decide the same."]


@pytest.mark.parametrize("patch", [LATE, SCARCE, NO_BELPORT], ids=["late", "scarce", "dropped"])
def test_a_comparison_is_symmetric(patch):
    a, b = known("base"), known(str(patch), patch)
    there, back = compare_plans(a, b), compare_plans(b, a)
    assert there.decisions
    assert swapped(there) == [(m.id, m.a, m.b, m.direction) for m in back.decisions]
    assert [k.difference for k in there.kpis] == [None if k.difference is None else -k.difference for k in back.kpis]
    assert [r.npv_difference_usd for r in there.money_by_line] == [-r.npv_difference_usd for r in back.money_by_line]
    assert [i.pointer for i in there.inputs] == [i.pointer for i in back.inputs]


def test_a_later_launch_is_told_in_plain_words():
    a, b = known("base"), known(str(LATE), LATE)
    old, new = (deployments_of(p)["beta@belport"].launch for p in (a, b))
    (move,) = [m for m in compare_plans(a, b).decisions if m.kind == "launch"]
    assert move.sentence.startswith("Belport opens ")
    assert move.sentence.endswith(f" months later, {month_name(new)} instead of {month_name(old)}.")
    assert (move.a, move.b, move.direction) == (old, new, 1)


def test_a_dropped_launch_and_a_new_one_are_told():
    a, b = known("base"), known(str(NO_BELPORT), NO_BELPORT)
    (gone,) = [m for m in compare_plans(a, b).decisions if m.kind == "launch"]
    (new,) = [m for m in compare_plans(b, a).decisions if m.kind == "launch"]
    assert "no longer opens" in gone.sentence
    assert "is new and opens" in new.sentence
    had = [d for c in a.cities if c.city == "belport" for d in c.depots]
    depots = [m for m in compare_plans(a, b).decisions if m.kind == "depot" and "no longer gets" in m.sentence]
    assert len(depots) == len(had)
    assert any(m.kind in {"bought", "fleet"} for m in compare_plans(a, b).decisions)


def test_inputs_are_told_by_address_and_in_words():
    (move,) = compare_plans(known("base"), known(str(LATE), LATE)).inputs
    assert move.pointer == "/constraints/late"
    assert move.sentence == "Permits to carry riders in Belport 4 months later."
    assert move.a is None
    assert move.b["months"] == 4


def test_present_worths_by_line_sum_to_the_net_present_value():
    a, b = known("base"), known(str(SCARCE), SCARCE)
    c = compare_plans(a, b)
    assert sum(r.npv_a_usd for r in c.money_by_line) == pytest.approx(a.objective, abs=5.0)
    assert sum(r.npv_b_usd for r in c.money_by_line) == pytest.approx(b.objective, abs=5.0)
    assert sum(r.npv_difference_usd for r in c.money_by_line) == pytest.approx(c.npv_difference_usd, abs=5.0)


def test_cash_by_city_and_stack_sums_to_the_plans_cash():
    a, b = known("base"), known(str(SCARCE), SCARCE)
    c = compare_plans(a, b)
    cash = sum(r.cash_b_usd for r in c.money_by_city) + sum(r.cash_b_usd for r in c.money_by_stack)
    assert cash == pytest.approx(b.cumulated_cash_usd[-1], abs=5.0)


def test_present_worths_by_city_sum_to_the_net_present_value():
    c = compare_plans(known("base"), known(str(LATE), LATE))
    assert sum(r.npv_difference_usd for r in c.money_by_city) == pytest.approx(c.npv_difference_usd, abs=5.0)


def test_the_map_holds_levels_and_vehicles_of_both_plans_at_every_year_end():
    a, b = known("base"), known(str(NO_BELPORT), NO_BELPORT)
    (row,) = [m for m in compare_plans(a, b).map if m.city == "belport"]
    assert row.years == ["2027", "2028"]
    assert row.level_a == [2, 2]
    assert row.level_b == [0, 0]
    assert row.vehicles_b == [0, 0]


def test_plans_of_other_horizons_are_compared_where_both_reach():
    longer = known("longer", {"horizon": {"months": 36}})
    c = compare_plans(known("base"), longer)
    assert {m.year for m in c.decisions if m.year} <= {"2027", "2028"}
    assert c.map[0].years == ["2027", "2028", "2029"]
    assert c.map[0].level_a[-1] is None


def test_a_comparison_reads_back_from_json_and_is_the_same_twice():
    a, b = known("base"), known(str(SCARCE), SCARCE)
    text = compare_plans(a, b).model_dump_json()
    assert Comparison.model_validate_json(text).model_dump_json() == text
    again_text = compare_plans(Plan.model_validate_json(a.model_dump_json()), b).model_dump_json()
    assert again_text == text


@pytest.mark.parametrize(
    ("months", "words"), [(1, "one month later"), (-12, "twelve months earlier"), (13, "13 months later")]
)
def test_months_are_told_in_words(months, words):
    assert months_words(months) == words


# --- causes ---


def test_two_changes_that_touch_different_cities_are_told_apart():
    cap = {"constraints": {"cap": {"type": "fleet_cap", "vehicles": 40, "city": "aston", "start": "2027-10"}}}
    a, b = known("base"), known("both", both(LATE, cap))
    heard: list[tuple[int, int, str]] = []
    causes = attribute_causes(
        a.request,
        b.request,
        EXACTLY,
        HERE,
        a_plan=a,
        b_plan=b,
        progress=lambda done, of, text: heard.append((done, of, text)),
    )
    by_id = {m.id: m.causes for m in causes.moves}
    assert by_id["launch:beta@belport"] == ["/constraints/late"]
    assert by_id["fleet:alpha@aston:2028"] == ["/constraints/cap"]
    assert [e.pointer for e in causes.alone] == ["/constraints/cap", "/constraints/late"]
    assert causes.interaction_usd is not None
    total = sum(e.npv_difference_usd or 0.0 for e in causes.alone) + causes.interaction_usd
    assert total == pytest.approx(b.objective - a.objective, abs=1.0)
    assert [done for done, _, _ in heard] == [0, 1, 2]
    assert any("Alone: −" in s for s in causes.sentences)


def test_one_change_causes_everything_and_needs_no_further_plan():
    a, b = known("base"), known(str(LATE), LATE)
    causes = attribute_causes(a.request, b.request, a_plan=a, b_plan=b)
    assert causes.moves
    assert all(m.causes == ["/constraints/late"] for m in causes.moves)
    assert causes.interaction_usd == 0.0


def test_what_only_several_changes_move_together_is_joint():
    half = [{"id": key, "type": "fleet_cap", "vehicles": 30, "city": "aston"} for key in ("first", "second")]
    capped = parse_request(BASE | {"constraints": [*BASE["constraints"], *half]})
    loose = {"constraints": {"first": {"vehicles": 60}, "second": {"vehicles": 60}}}
    free = parse_request(apply_patch(capped.model_dump(mode="json"), loose))
    causes = attribute_causes(capped, free, EXACTLY, HERE)
    fleets = [m for m in causes.moves if m.id.startswith("fleet:")]
    assert fleets
    assert all(m.joint and not m.causes for m in fleets)
    assert causes.interaction_usd is not None
    assert causes.interaction_usd > 0


def test_a_change_that_has_no_plan_alone_is_told():
    must = {"constraints": {"must": {"type": "force_deployment", "city": "belport", "stack": "beta"}}}
    barred = parse_request(apply_patch(BASE, NO_BELPORT))
    changed = parse_request(apply_patch(BASE, must))
    causes = attribute_causes(barred, changed, EXACTLY, HERE)
    notes = {e.pointer: e.note for e in causes.alone}
    assert "No plan keeps every rule with this change alone" in notes["/constraints/must"]
    assert causes.interaction_usd is None


def test_too_many_changes_are_a_fault():
    many = {"constraints": {f"c{i}": {"type": "fleet_cap", "vehicles": 100 + i} for i in range(7)}}
    with pytest.raises(RequestError, match="7 inputs"):
        attribute_causes(parse_request(BASE), parse_request(apply_patch(BASE, many)))


def test_a_new_name_is_an_input_but_no_cause():
    other = parse_request(BASE | {"name": "other"})
    causes = attribute_causes(parse_request(BASE), other, a_plan=known("base"), b_plan=known("base"))
    assert causes.alone == []
    assert causes.moves == []
