"""Reruns on the small world: patches, decisions kept, the price of change, the start from a parent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import InfeasibleError, RequestError
from fleetplan.facts import Inheritance, Method
from fleetplan.months import month_number, month_text
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.solve import solve
from fleetplan.options import PlanOptions, parse_options
from fleetplan.planner import plan_with_context
from fleetplan.plans.deployments import deployments_of, year_ends
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.inherit import Heir, Inherited, inherited_bound, only_tightens
from fleetplan.reruns.keep import CHANGE, FREEZE
from fleetplan.reruns.rerun import (
    apply_patch,
    changes_between,
    describe_patch,
    freeze,
    input_changes,
    price_changes,
    rerun,
    stability_price,
    start_from,
)
from fleetplan.run import Listener, Progress, Run
from fleetplan.scope import resolve_scope
from fleetplan.words.changes import change_sentence
from fleetplan.words.names import Names
from fleetplan.words.values import month_name, usd
from tests.plan_builder import make_services
from tests.test_optimize import WORLD

EXACT = 1e-6
EXACTLY = PlanOptions(gap=EXACT, time_limit_s=60)
HERE = Run(catalogue=WORLD)
SERVICES = make_services()
BASE: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
    "capital": {"per_quarter_usd": 8e6},
    "constraints": [{"id": "pace", "type": "launches_per_quarter", "max": 2}],
}
LATE = {"constraints": {"late": {"type": "permit_delay", "city": "belport", "months": 4}}}
MORE = {"overrides": {"aston/city.toml#market.mean_fare_local": {"factor": 1.5}}}
LESS = {"overrides": {"aston/city.toml#market.mean_fare_local": {"factor": 0.7}}}
SCARCE = {"constraints": {"scarce": {"type": "fleet_cap", "vehicles": 100, "start": "2028-04"}}}


@pytest.fixture(autouse=True)
def _small_world(monkeypatch):
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def exactly(more: dict[str, Any]) -> PlanOptions:
    """Return options of an exact search, and what else is asked for."""
    return parse_options(EXACTLY.model_dump() | more)


def planned(data: dict[str, Any], **more: Any) -> Plan:
    """Return the checked plan of a request over the small world."""
    return plan_with_context(parse_request(data), exactly(more), HERE).plan


def again(parent: Plan, patch: dict[str, Any], progress: Listener | None = None, **more: Any) -> Plan:
    """Return a checked rerun."""
    return rerun(parent, patch, exactly(more), replace(HERE, progress=progress)).plan


def written(data: dict[str, Any]) -> Formulation:
    """Return the matrix of a request over the small world."""
    return formulate(gather(resolve_scope(parse_request(data), WORLD), SERVICES))


_KNOWN: dict[str, Plan] = {}


@pytest.fixture
def parent() -> Plan:
    """Return the plan of the base request, made once."""
    if not _KNOWN:
        _KNOWN["base"] = planned(BASE)
    return _KNOWN["base"]


# --- patches ---


def test_a_patch_merges_members_and_leaves_the_rest():
    out = apply_patch(BASE, {"capital": {"cash_floor_usd": 1e8}, "discount_rate": 0.08})
    assert out["capital"] == {"per_quarter_usd": 8e6, "cash_floor_usd": 1e8}
    assert out["discount_rate"] == 0.08
    assert out["constraints"] == BASE["constraints"]


def test_a_patch_does_not_touch_the_request_it_is_given():
    before = json.dumps(BASE)
    apply_patch(BASE, {"constraints": {"pace": {"max": 1}}, "horizon": {"months": 12}})
    assert json.dumps(BASE) == before


def test_null_removes_a_member_and_its_default_returns():
    out = apply_patch(BASE | {"discount_rate": 0.08}, {"discount_rate": None})
    assert "discount_rate" not in out
    assert parse_request(out).discount_rate == 0.10


def test_null_removes_an_entry_of_a_list_by_its_key():
    assert apply_patch(BASE, {"constraints": {"pace": None}})["constraints"] == []


def test_an_entry_is_merged_by_its_key_and_a_new_key_is_a_new_entry():
    out = apply_patch(BASE, {"constraints": {"pace": {"max": 1}, "cap": {"type": "fleet_cap", "vehicles": 50}}})
    assert out["constraints"] == [
        {"id": "pace", "type": "launches_per_quarter", "max": 1},
        {"id": "cap", "type": "fleet_cap", "vehicles": 50},
    ]


def test_a_plain_list_replaces_the_whole_list():
    other = [{"id": "cap", "type": "fleet_cap", "vehicles": 50}]
    assert apply_patch(BASE, {"constraints": other})["constraints"] == other


def test_overrides_go_by_figure_and_a_factor_takes_the_place_of_a_value():
    base = BASE | {"overrides": [{"figure": "a#b", "value": 2.0, "why": "seen"}]}
    out = apply_patch(base, {"overrides": {"a#b": {"factor": 0.5}, "c#d": {"value": 1.0}}})
    assert out["overrides"] == [{"figure": "a#b", "why": "seen", "factor": 0.5}, {"figure": "c#d", "value": 1.0}]


def test_pairs_of_deployments_go_by_stack_and_city():
    base = BASE | {"deployments": {"remove": [{"stack": "beta", "city": "aston"}]}}
    patch = {"deployments": {"add": {"alpha@belport": {}}, "remove": {"beta@aston": None}}}
    assert apply_patch(base, patch)["deployments"] == {"add": [{"stack": "alpha", "city": "belport"}], "remove": []}


def test_an_entry_whose_type_changes_starts_afresh():
    out = apply_patch(BASE, {"constraints": {"pace": {"type": "fleet_cap", "vehicles": 9}}})
    assert out["constraints"] == [{"id": "pace", "type": "fleet_cap", "vehicles": 9}]


def test_every_fault_of_a_patch_is_reported():
    patch = {
        "constraints": {"paec": None, "pace": {"max": -1, "id": "other"}, "new": 7},
        "overrides": {"a#b": None},
        "colour": "red",
    }
    with pytest.raises(RequestError) as caught:
        apply_patch(BASE, patch)
    where = {f.where for f in caught.value.faults}
    assert {"/constraints/paec", "/constraints/pace/id", "/constraints/new", "/overrides/a#b", "/colour"} <= where
    assert any("pace" in f.remedy for f in caught.value.faults if f.where == "/constraints/paec")
    assert any(f.where.endswith("/max") for f in caught.value.faults)


def test_a_patch_is_told_in_plain_words():
    patch = {"capital": {"per_quarter_usd": 6.4e6}, "constraints": {"pace": None} | LATE["constraints"]}
    assert describe_patch(BASE, patch) == [
        "Capital of $6.40 M a quarter instead of $8.00 M (−20 %).",
        "Permits to carry riders in belport 4 months later.",
        "No longer asked: at most 2 launches a quarter.",
    ]


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "markets_live", "count": 2, "by": "2028-06"},
        {"type": "launch_not_before", "city": "belport", "month": "2028-01"},
        {"type": "launch_by", "city": "aston", "month": "2028-06"},
        {"type": "launch_fixed", "city": "belport", "stack": "beta", "month": "2028-02"},
        {"type": "force_deployment", "city": "belport", "stack": "beta"},
        {"type": "forbid_deployment", "city": "belport", "stack": "beta"},
        {"type": "fleet_cap", "vehicles": 30, "stack": "beta"},
        {"type": "fleet_floor", "vehicles": 20, "start": "2028-06"},
        {"type": "partner_share", "partner": "Beta", "max_share": 0.5},
        {"type": "stacks_per_city", "max": 1},
        {"type": "event_date", "event": "a-law", "month": "2027-08"},
        {"type": "service_level", "max_wait_min": 8},
        {"type": "minimum_trips", "trips_per_day": 100, "start": "2028-06"},
    ],
)
def test_every_constraint_has_words_and_a_patch_that_makes_it(constraint):
    after = apply_patch(BASE, {"constraints": {"c": constraint}})
    (change,) = input_changes(parse_request(BASE), parse_request(after))
    words = change_sentence(change, Names(WORLD))
    assert words[:1].isupper() or words.startswith("“")
    assert words.endswith(".")
    assert not {"belport", "aston", "2028-06", "2027-08"} & set(words.rstrip(".").split())
    assert parse_request(apply_patch(BASE, change.patch)) == parse_request(after)


# --- decisions kept ---


def before(plan: Plan, count: int) -> list[Any]:
    """Return a plan's decisions in its first periods, in a form that can be compared."""
    until = plan.periods[count]
    found: list[Any] = []
    for key, d in sorted(deployments_of(plan).items()):
        started = d.programme_start if d.programme_start < until else ""
        modes = {m: v[:count] for m, v in d.vehicles_by_mode.items() if any(v[:count])}
        if started:
            found.append((key, started, d.level[:count], modes))
    for city in plan.cities:
        found += [(d.site, d.ordered, d.stalls[:count]) for d in city.depots if d.ordered < until]
    found += [(s.stack, s.bought[:count]) for s in plan.stacks]
    return found


@pytest.mark.parametrize("until", ["2027-05", "2027-10", "2028-04"])
def test_freezing_keeps_every_earlier_decision(parent, until):
    child = again(parent, SCARCE | {"capital": {"per_quarter_usd": 1.2e7}}, freeze_until=until)
    count = parent.periods.index(until)
    assert before(child, count) == before(parent, count)
    assert child.certificate.checker == "passed"
    assert child.certificate.method.kept_until == until
    assert f"before {month_name(until)} are kept" in child.certificate.method.sentence


def test_later_decisions_may_move_when_earlier_ones_are_frozen(parent):
    child = again(parent, SCARCE, freeze_until="2027-04")
    assert changes_between(parent, child)[1] > 0


def test_freezing_never_raises_npv(parent):
    free, kept = again(parent, SCARCE), again(parent, SCARCE, freeze_until="2027-06")
    assert kept.objective <= free.bound + 1.0


def test_frozen_decisions_that_break_a_new_rule_are_named(parent):
    launch = deployments_of(parent)["beta@belport"].launch
    with pytest.raises(InfeasibleError) as caught:
        again(parent, LATE, freeze_until="2028-04")
    (clash,) = caught.value.clashes
    (party,) = clash.parties
    assert (party.kind, party.stack, party.city) == ("kept", "beta", "belport")
    assert party.kept is not None
    assert (party.kept.opens, party.kept.until) == (launch, "2028-04")
    assert party.kept.earliest > launch
    assert "permits now allow" in clash.sentence
    *others, repair = caught.value.repairs
    assert (repair.patch, repair.changes[0].kind, repair.changes[0].before) == ({}, "unfreeze", "2028-04")
    assert repair.sentence.startswith(
        "Nothing that the earlier plan decides before Apr 2028 has to stay: feasible, NPV "
    )
    free = again(parent, LATE)
    assert free.objective - 1.0 <= repair.bound_usd
    assert repair.npv_usd <= free.bound + 1.0
    assert not caught.value.searched  # not all others were looked for, and nobody is told that there are none
    later, closed = others
    assert [c.member for c in later.changes] == ["openings", "month"]
    assert [c.member for c in closed.changes] == ["openings", "openings"]
    assert "only openings have to stay" in later.sentence
    assert "Belport" in later.sentence
    for one in others:
        plan = again(parent, {"constraints": {**LATE["constraints"], **one.patch["constraints"]}})
        kept = {key: d.launch for key, d in deployments_of(parent).items() if d.launch and d.launch < "2028-04"}
        now = {key: d.launch for key, d in deployments_of(plan).items()}
        assert {key: now[key] for key in kept if key != "beta@belport"} == {
            key: month for key, month in kept.items() if key != "beta@belport"
        }
        assert plan.objective <= one.bound_usd + 1.0
    assert len({repr(one.patch) for one in caught.value.repairs}) == 3


def test_a_clash_without_the_frozen_decisions_is_told_as_ever(parent):
    patch = {"constraints": {"too much": {"type": "fleet_floor", "vehicles": 5000, "start": "2028-01"}}}
    with pytest.raises(InfeasibleError, match="too much"):
        again(parent, patch, freeze_until="2027-04")


def test_a_frozen_deployment_that_is_no_longer_admitted_is_a_fault(parent):
    with pytest.raises(RequestError, match="beta@belport"):
        again(parent, {"deployments": {"remove": {"beta@belport": {}}}}, freeze_until="2027-06")


def test_freezing_on_another_grid_is_a_fault(parent):
    with pytest.raises(RequestError, match="other periods"):
        again(parent, {"horizon": {"single_months": 3}}, freeze_until="2027-09")


def test_a_longer_horizon_may_keep_what_came_before(parent):
    child = again(parent, {"horizon": {"months": 30}}, freeze_until="2027-06")
    count = parent.periods.index("2027-06")
    assert [d.level[:count] for d in deployments_of(child).values()] == [
        d.level[:count] for d in deployments_of(parent).values()
    ]


@pytest.mark.parametrize("more", [{"freeze_until": "2027-06"}, {"change_price_usd": 1.0}])
def test_keeping_needs_a_parent(more):
    with pytest.raises(RequestError, match="without a parent"):
        planned(BASE, **more)


def test_rows_of_what_is_kept_carry_their_rule(parent):
    f = price_changes(freeze(written(BASE), parent, "2027-04"), parent, 10.0)
    rules = [label.rule for label in f.model.labels]
    assert FREEZE in rules
    assert CHANGE in rules
    assert len(rules) == f.model.rows


# --- odd parents ---


def shut(parent: Plan) -> Plan:
    """Return a plan whose programmes begin and never open, as searches returned them once."""
    data, periods = parent.model_dump(mode="json"), len(parent.periods)
    for city in data["cities"]:
        city["launch"] = None
        for row in city["deployments"]:
            row.update(launch="", driver_out=None, level=[0] * periods, vehicles=[0] * periods, mode=[""] * periods)
            row.update(vehicles_by_mode={}, wait_min=[None] * periods, deadhead_share=[None] * periods)
    return Plan.model_validate(data)


def empty(parent: Plan) -> Plan:
    """Return a plan that does nothing."""
    out = [c.model_copy(update={"deployments": [], "depots": [], "launch": None}) for c in parent.cities]
    return parent.model_copy(update={"cities": out, "stacks": []})


@pytest.mark.parametrize("odd", [shut, empty])
def test_a_rerun_of_a_plan_that_opens_nothing_finds_what_a_first_plan_finds(parent, odd):
    child = again(odd(parent), {})
    assert child.objective == pytest.approx(parent.objective, rel=1e-5)
    assert changes_between(odd(parent), child)[0] == sum(bool(c.deployments) for c in parent.cities)


def test_what_never_opened_may_open_after_the_month_until_which_all_is_kept(parent):
    child = again(shut(parent), {}, freeze_until="2027-07")
    assert all(d.launch >= "2027-07" for c in child.cities for d in c.deployments)


# --- the price of change ---


def test_a_price_of_nothing_is_the_free_rerun(parent):
    assert again(parent, SCARCE, change_price_usd=0.0).cities == again(parent, SCARCE).cities


def test_at_a_high_price_nothing_moves_where_that_can_be(parent):
    child = again(parent, LESS, change_price_usd=1e8)
    assert changes_between(parent, child) == (0, 0)
    assert again(parent, LESS).objective > child.objective


def test_the_objective_stays_npv_and_the_bound_holds_for_no_dearer_changes(parent):
    price = 20_000.0
    child = again(parent, LATE, change_price_usd=price)
    moved, shifted = changes_between(parent, child)
    assert child.objective == pytest.approx(child.kpis.npv_usd)
    assert child.bound >= child.objective
    assert child.gap <= 1e-2
    method = child.certificate.method
    assert method.change_price_usd == price
    assert method.change_cost_usd == pytest.approx(price * (moved + shifted), abs=1.0)
    free = again(parent, LATE)
    assert (
        child.objective - price * (moved + shifted) >= free.objective - price * sum(changes_between(parent, free)) - 1e4
    )


@pytest.mark.parametrize("price", [1e3, 1e5])
def test_a_dearer_change_never_means_more_changes(parent, price):
    cheap, dear = (again(parent, SCARCE, change_price_usd=p) for p in (price, price * 20))
    assert sum(changes_between(parent, dear)) <= sum(changes_between(parent, cheap))


def test_a_price_needs_the_parents_periods(parent):
    with pytest.raises(RequestError, match="other periods"):
        again(parent, {"horizon": {"months": 30}}, change_price_usd=1e5)


def test_a_negative_price_is_a_fault(parent):
    with pytest.raises(RequestError, match=r"/change_price_usd: is -1\.0; allowed: a number from 0"):
        again(parent, {}, change_price_usd=-1.0)


def test_stability_has_a_price_between_its_bounds(parent):
    price = stability_price(parent, SCARCE, exactly({"change_price_usd": 1e6}), HERE)
    assert price.least_usd - 1.0 <= price.price_usd <= price.most_usd + 1.0
    assert price.launches_moved_kept <= price.launches_moved_free
    assert price.sentence().startswith(f"Keeping costs {usd(price.price_usd)} of net present value")


# --- the start from the parent ---


def test_the_parent_starts_an_unchanged_request_and_the_same_optimum_is_found(parent):
    f = written(BASE)
    start = start_from(f, parent)
    x = start.plan
    assert x is not None
    assert start.reuse == "plan"
    assert f.model.worst_violation(x) < 1e-5
    assert f.model.value(x) == pytest.approx(parent.objective, rel=1e-6)
    assert again(parent, {}).objective == pytest.approx(parent.objective, rel=1e-4)


def test_openings_that_permits_put_off_are_put_off_in_the_start(parent):
    f = written(apply_patch(BASE, LATE))
    start = start_from(f, parent)
    x = start.plan
    assert x is not None
    assert start.reuse in {"launches", "openings", "remainder"}
    assert f.model.worst_violation(x) < 1e-5
    q = next(q for q, d in enumerate(f.instance.deployments) if d.key == "beta@belport")
    opened = int(np.argmax(x[f.columns.deployments[q].open[0]] > 0.5))
    assert f.instance.grid.labels()[opened] > deployments_of(parent)["beta@belport"].launch


def later_launch(parent) -> Formulation:
    """Return the request in which the parent's beta@belport may open three months after it did at the earliest."""
    month = month_text(month_number(deployments_of(parent)["beta@belport"].launch) + 3)
    later = {"type": "launch_not_before", "city": "belport", "stack": "beta", "month": month}
    return written(apply_patch(BASE, {"constraints": {"then": later}}))


def test_a_launch_that_must_come_later_starts_a_rerun_with_who_enters_in_the_parent(parent):
    f = later_launch(parent)
    start = start_from(f, parent)
    assert start.reuse == "entries"
    assert start.plan is not None
    assert f.model.worst_violation(start.plan) < 1e-5
    for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True):
        assert data.key in deployments_of(parent) or not start.plan[own.open].any()


def test_in_a_portfolio_all_else_is_no_sooner(parent, monkeypatch):
    monkeypatch.setattr("fleetplan.reruns.start.LARGE_COLUMNS", 0)
    f = later_launch(parent)
    start = start_from(f, parent)
    assert start.reuse == "later"
    assert start.plan is not None
    assert f.model.worst_violation(start.plan) < 1e-5
    for q, data in enumerate(f.instance.deployments):
        opened = np.flatnonzero(start.plan[f.columns.deployments[q].open[0]] > 0.5)
        before = deployments_of(parent).get(data.key)
        assert not opened.size or (before and before.launch <= f.instance.grid.labels()[opened[0]])


def test_whom_a_new_constraint_asks_for_enters_beside_whom_the_parent_has(parent):
    f = written(BASE)
    absent = next(d for d in f.instance.deployments if d.key not in deployments_of(parent))
    forced = {"type": "force_deployment", "city": absent.city, "stack": absent.stack}
    f = written(apply_patch(BASE, {"constraints": {"there": forced}}))
    start = start_from(f, parent)
    assert start.reuse == "entries"
    assert start.plan is not None
    q = next(q for q, d in enumerate(f.instance.deployments) if d.key == absent.key)
    assert start.plan[f.columns.deployments[q].open[0, -1]] == 1.0


def test_another_horizon_has_no_start_but_a_plan(parent):
    patch = {"horizon": {"months": 30}}
    start = start_from(written(apply_patch(BASE, patch)), parent)
    assert (start.plan, start.reuse) == (None, "other_periods")
    certificate = again(parent, patch).certificate
    assert certificate.checker == "passed"
    assert certificate.method.began_with == "other_periods"
    assert "the periods are not those of the earlier plan" in certificate.method.sentence


def test_what_a_rule_leaves_of_the_parent_starts_a_rerun(parent):
    patch = {"constraints": {"no": {"type": "forbid_deployment", "city": "belport", "stack": "beta"}}}
    start = start_from(written(apply_patch(BASE, patch)), parent)
    assert start.reuse in {"remainder", "launches", "openings"}
    assert start.plan is not None
    made = again(parent, patch)
    assert "beta@belport" not in deployments_of(made)
    assert made.certificate.method.began_with == start.reuse


def test_launches_that_break_a_rule_are_no_start(parent):
    patch = {"constraints": {"late": {"type": "fleet_floor", "vehicles": 5000, "start": "2028-10"}}}
    start = start_from(written(apply_patch(BASE, patch)), parent)
    assert (start.plan is None, start.reuse) == (True, "rules")


def test_a_provisional_value_is_told_before_the_search(parent):
    seen: list[Progress] = []
    again(parent, SCARCE, progress=seen.append)
    phases = [p.phase for p in seen]
    assert phases.index("provisional") < phases.index("searching")
    assert seen[phases.index("provisional")].best_usd is not None


def test_year_ends_are_the_last_periods_that_begin_in_a_year(parent):
    assert [parent.periods[t] for t in year_ends(parent.periods).values()] == ["2027-10", "2028-10"]


# --- bounds taken over ---


@pytest.mark.parametrize(
    "patch",
    [
        {"capital": {"per_quarter_usd": 4e6}},
        {"capital": {"per_quarter_usd": [8e6, 2e6]}},
        {"capital": {"cash_floor_usd": 2e7}},
        {"constraints": {"pace": {"max": 1}}},
        SCARCE,
        {"constraints": {"half": {"type": "supply_change", "stack": "alpha", "factor": 0.5}}},
        {"constraints": {"two": {"type": "markets_live", "count": 2, "by": "2028-06"}}},
        {"constraints": {"slow": {"type": "launch_not_before", "city": "belport", "month": "2028-01"}}},
        {"name": "another name"},
    ],
)
def test_a_request_that_only_tightens_is_known_and_is_worth_no_more(patch):
    a, b = parse_request(BASE), parse_request(apply_patch(BASE, patch))
    assert only_tightens(a, b)
    one, two = (solve(written(r.model_dump(mode="json")).model, gap=EXACT) for r in (a, b))
    assert one.value is not None
    assert two.value is not None
    assert two.value <= one.value + 1.0


@pytest.mark.parametrize(
    ("asked", "tighter"),
    [
        ({"type": "markets_live", "count": 1, "by": "2028-06"}, {"count": 2}),
        ({"type": "launch_not_before", "city": "belport", "month": "2027-09"}, {"month": "2028-01"}),
        ({"type": "launch_by", "city": "belport", "month": "2028-10"}, {"month": "2028-04"}),
        ({"type": "service_level", "max_wait_min": 12.0}, {"max_wait_min": 9.5}),
    ],
    ids=lambda entry: entry.get("type", ""),
)
def test_a_tighter_limit_is_known_for_one_and_finds_no_more(asked, tighter):
    one = apply_patch(BASE, {"constraints": {"it": asked}})
    a, b = parse_request(one), parse_request(apply_patch(one, {"constraints": {"it": tighter}}))
    assert only_tightens(a, b)
    assert not only_tightens(b, a)
    found = [solve(written(r.model_dump(mode="json")).model, gap=EXACT).value for r in (a, b)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1] <= found[0] + 1.0


@pytest.mark.parametrize(
    "patch",
    [
        {"capital": {"per_quarter_usd": 9e6}},
        {"capital": {"per_quarter_usd": [1e6, 2e7]}},
        {"constraints": {"pace": {"max": 3}}},
        {"constraints": {"pace": None}},
        LATE,
        MORE,
        {"constraints": {"much": {"type": "supply_change", "stack": "alpha", "factor": 1.5}}},
        {"constraints": {"any": {"type": "markets_live", "count": 1, "by": "2028-06", "counts": "public"}}},
        {"horizon": {"months": 18}},
        {"discount_rate": 0.2},
    ],
)
def test_any_other_change_is_not_taken_for_a_tightening(patch):
    assert not only_tightens(parse_request(BASE), parse_request(apply_patch(BASE, patch)))


def test_a_change_that_does_not_bind_needs_no_search(parent):
    seen: list[Progress] = []
    loose = {"constraints": {"cap": {"type": "fleet_cap", "vehicles": 500}}}
    child = rerun(parent, loose, PlanOptions(gap=0.01), Run(progress=seen.append, catalogue=WORLD)).plan
    assert child.objective == pytest.approx(parent.objective, rel=1e-6)
    assert child.bound == parent.bound
    assert child.certificate.method.inheritance == "inherited"
    assert child.certificate.method.bound_of == hashlib.sha256(plan_text(parent).encode()).hexdigest()
    assert "proven for the parent plan" in child.certificate.method.sentence


def test_the_parents_request_is_written_down_again_only_where_its_bound_ends_a_search_or_is_lower(parent, monkeypatch):
    ready = prepare(parse_request(BASE), Run(catalogue=WORLD))
    written_down: list[PlanRequest] = []

    def the_request_itself(request: PlanRequest, *_: Any) -> Prepared:
        written_down.append(request)
        return ready

    monkeypatch.setattr("fleetplan.reruns.inherit.prepare_again", the_request_itself)
    heir = Heir(parent, ready, PlanOptions(gap=0.01))
    assert heir.ending(0.5 * parent.bound) == float("inf")
    assert inherited_bound(parent, ready, parent.bound) == Inherited(float("inf"), "own_is_lower")
    assert not written_down
    assert heir.ending(0.995 * parent.bound) == parent.bound
    assert heir.inherited(0.0).why == "inherited", "once it is known it is not asked again"
    assert len(written_down) == 1


def test_a_bound_that_holds_for_some_plans_only_is_not_taken_over(parent):
    frozen = again(parent, {}, freeze_until="2027-10")
    ready = prepare(parse_request(BASE), Run(catalogue=WORLD))
    proof = parent.certificate
    assert inherited_bound(parent, ready) == Inherited(parent.bound, "inherited")
    assert frozen.certificate.method.inheritance == "inherited"
    assert inherited_bound(frozen, ready).bound_usd == parent.bound, "a bound that held for all plans still does"
    others: dict[Inheritance, dict[str, Any]] = {
        "catalogue": {"catalogue_sha256": "another catalogue"},
        "matrix": {"formulation_sha256": "another matrix"},
        "kept_decisions": {"method": Method(kept_until="2027-10", inheritance="loosens")},
        "priced_changes": {"method": Method(change_price_usd=5.0)},
    }
    for why, other in others.items():
        changed = parent.model_copy(update={"certificate": proof.model_copy(update=other)})
        assert inherited_bound(changed, ready) == Inherited(float("inf"), why)
    later = parent.model_copy(update={"certificate": proof.model_copy(update={"version": "another version"})})
    assert inherited_bound(later, ready).bound_usd == parent.bound, "the matrix decides, not the number of the version"


def test_an_interrupted_search_goes_on_from_what_it_had_found(parent):
    made = plan_with_context(parse_request(BASE), EXACTLY, HERE, so_far=parent).plan
    assert made.certificate.method.began_with == "so_far"
    assert "from the plan on that was found before the search was interrupted" in made.certificate.method.sentence
    assert made.objective >= parent.objective - 1.0


def test_what_was_found_under_other_periods_is_no_start_and_needs_no_word(parent):
    data = apply_patch(BASE, {"horizon": {"months": 12}})
    method = plan_with_context(parse_request(data), EXACTLY, HERE, so_far=parent).plan.certificate.method
    assert (method.began_with, "earlier plan" in method.sentence) == ("no_parent", False)
