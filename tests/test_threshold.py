"""Thresholds on the small world: what is bracketed is what planning at every value finds, and what is said of it is true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.errors import RequestError
from fleetplan.options import PlanOptions, Weigh, parse_options
from fleetplan.planner import plan_with_context
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.proven import Proofs, Watch
from fleetplan.reruns.again import Again
from fleetplan.reruns.patch import apply_patch
from fleetplan.run import Run
from fleetplan.threshold import dials
from fleetplan.threshold.answer import Made, Search, worth_along
from fleetplan.threshold.dials import Question, dial_of, patch_at
from fleetplan.threshold.find import thresholds
from fleetplan.threshold.held import held_steps
from fleetplan.threshold.ranking import matter_most
from fleetplan.threshold.shape import Watched, changes, tie_usd
from fleetplan.threshold.steps import MOST_POINTS, bracket, next_step
from fleetplan.threshold.types import Change, Dial, Side, Threshold, Tried
from fleetplan.words.names import Names
from fleetplan.words.threshold import changes_words, dial_name, share_of_range, threshold_rows, threshold_sentences
from tests.plan_builder import make_services
from tests.test_optimize import WORLD, request

SERVICES = make_services()
FARE = "belport/city.toml#market.mean_fare_local"
SEARCH = PlanOptions(time_limit_s=30, gap=1e-3, node_limit=400)
STEPS = 6


@pytest.fixture(scope="module")
def world() -> Iterator[Plan]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        patch.setattr(dials, "FINE", STEPS)
        yield plan_with_context(request(cities=["belport"]), SEARCH, Run(catalogue=WORLD)).plan


def turned(plan: Plan, **more: Any) -> Dial:
    return dial_of(Question(**more), plan, WORLD)


# --- which value next ---


@pytest.mark.parametrize("steps", [1, 2, 7, 32])
@pytest.mark.parametrize("guess", [None, "right", "end"])
def test_every_place_of_a_change_is_bracketed_by_two_neighbours(steps: int, guess: str | None):
    for place in range(1, steps + 2):
        known: dict[int, Tried] = {}

        def crossing(inner: int, outer: int, place: int = place) -> int | None:
            return {None: None, "right": max(inner + 1, min(place, outer)), "end": outer}[guess]

        while (step := next_step(steps, known, crossing)) is not None:
            assert step not in known
            moved = [Change(move="leaves", city="c", stack="s", before="2027-01", after="")] if step >= place else []
            known[step] = Tried(step=step, value=float(step), npv_usd=1.0, bound_usd=1.0, changes=moved)
        found = bracket(known)
        assert found.inner < place <= (found.outer or steps + 1)
        assert (found.outer or steps + 1) - found.inner == 1 or len(known) == MOST_POINTS
        assert len(known) <= (3 if guess == "right" else MOST_POINTS)


# --- the small world ---


def test_what_is_bracketed_is_what_every_value_planned_finds(world: Plan):
    dial = turned(world, key=FARE, low=5.0, high=60.0)
    (found,) = thresholds(world, [dial], SERVICES, Watched("entry"), SEARCH, Run(catalogue=WORLD), workers=1)
    side = found.lower
    assert side is not None
    assert side.changes is not None
    again = Again(world, WORLD, SERVICES, SEARCH, Run(catalogue=WORLD))
    every = [
        changes(world, again.made(patch_at(dial, -k, world, WORLD)), Watched("entry")) for k in range(1, STEPS + 1)
    ]
    first = next(k for k, moved in enumerate(every, start=1) if moved)
    assert (-side.changes.step, -side.stays.step) == (first, first - 1)
    assert [c.model_dump() for c in side.changes.changes] == [c.model_dump() for c in every[first - 1]]
    assert len(side.points) < STEPS
    assert side.kept_proof in {"bound", "none"}
    assert side.proven_change
    assert side.changes.weighed
    assert side.open_usd == max(0.0, (side.stays.other_usd or 0.0) - (side.stays.npv_usd or 0.0))
    names = Names(WORLD, (world,))
    told = " ".join(threshold_sentences(found, names))
    assert "Turned down, it changes between" in told
    assert "Belport leaves" in told
    assert "as is proven" in told
    assert len(threshold_rows(found, names)) == len(side.points) + len(found.higher.points if found.higher else [])
    assert share_of_range(dial, dial.low).startswith("−")


def test_revalued_decisions_are_worth_the_plan_where_it_stands(world: Plan):
    dial = turned(world, key=FARE, low=20.0, high=60.0)
    worth = worth_along(dial, WORLD, SERVICES, world)
    assert worth is not None
    at = worth(world, [-1, 0, 1])
    assert at[1] == pytest.approx(world.objective, rel=1e-6)
    assert at[0] < at[1] < at[2]
    assert worth_along(turned(world, kind="capital"), WORLD, SERVICES, world) is None


def test_money_supply_and_months_are_turned_as_requests_say_them(world: Plan):
    capital = turned(world, kind="capital", low=0.5, high=1.0)
    assert (capital.steps_down, capital.steps_up) == (10, 0)
    assert patch_at(capital, -10, world, WORLD) == {"capital": {"per_quarter_usd": 4e6}}
    supply = turned(world, kind="supply", stack="beta")
    asked = patch_at(supply, supply.steps_up, world, WORLD)["constraints"]["threshold-supply"]
    assert asked == {"type": "supply_change", "stack": "beta", "factor": 2.0}
    months = turned(world, kind="permit-date", city="belport", low=-2, high=3)
    late = patch_at(months, 3, world, WORLD)["constraints"]["threshold-permits"]
    assert late == {"type": "permit_delay", "city": "belport", "months": 3}
    permit = turned(world, key="jurisdictions/aston.toml#a-out.months", low=0, high=4)
    assert (permit.likely, permit.steps_up) == (1.0, 3)
    shares = turned(world, kind="vehicle-price", stack="beta", low=50_000, high=200_000)
    assert patch_at(shares, STEPS, world, WORLD)["overrides"][shares.key]["value"] == 200_000
    names = Names(WORLD, (world,))
    assert dial_name(supply, names) == "What can be had of Beta"
    assert dial_name(months, names) == "Months of the permit for paid service in Belport"
    assert dial_name(capital, names) == "The capital of every quarter"
    assert share_of_range(months, 3) == ""


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({}, "/figure"),
        ({"kind": "fare", "key": FARE}, "/figure"),
        ({"kind": "luck"}, "/kind"),
        ({"key": "nothing.toml#at.all"}, "/figure"),
        ({"key": "belport/city.toml#speed.offpeak_kmh"}, "/figure"),
        ({"key": FARE}, "/low"),
        ({"key": FARE, "low": -1.0, "high": 1e9}, "/low"),
        ({"kind": "displacement", "city": "belport", "low": 0.1, "high": 0.2}, "/low"),
        ({"kind": "fare", "city": "atlantis"}, "/city"),
        ({"kind": "supply", "stack": "nobody"}, "/stack"),
        ({"kind": "fare", "city": "aston"}, "/city"),
        ({"kind": "supply", "stack": "beta", "low": 1.5}, "/low"),
        ({"kind": "permit-date", "city": "belport", "low": 0.5}, "/low"),
    ],
)
def test_every_fault_of_a_question_says_where(world: Plan, asked: dict[str, Any], where: str):
    with pytest.raises(RequestError) as caught:
        turned(world, **asked)
    assert caught.value.faults[0].where == where


def test_where_nothing_is_named_the_figures_that_move_the_plan_most_are_turned(world: Plan):
    found = matter_most(world, WORLD, SERVICES)
    assert {dial.kind for dial in found} == {"permit_months"}  # nothing else of this world has a range
    assert all(dial.steps_down or dial.steps_up for dial in found)
    assert matter_most(world, WORLD, SERVICES, most=1) == found[:1]
    assert turned(world, kind="supply").stack == "beta"  # the only one that runs


def test_what_is_only_found_is_not_called_proven():
    dial = Dial(kind="capital", unit="times", likely=1.0, low=0.5, high=2.0, steps_down=10, steps_up=20)
    moved = [Change(move="later", city="c", stack="s", before="2027-01", after="2027-04")]
    near = Tried(step=-1, value=0.95, npv_usd=9e6, bound_usd=9.5e6)
    far = Tried(step=-2, value=0.9, npv_usd=8e6, bound_usd=8.5e6, changes=moved)
    none = far.model_copy(update={"npv_usd": None, "bound_usd": None})
    told = []
    for more in (
        {"changes": far},
        {"changes": far, "kept_proof": "bound", "kept_bound_usd": 8.2e6},
        {"changes": far, "kept_proof": "bound", "kept_bound_usd": 7.9e6},
        {"changes": far, "kept_proof": "none"},
        {"changes": none},
        {"changes": None},
    ):
        side = Side.model_validate({"points": [near, far], "stays": near, **more})
        found = Threshold(dial=dial, watch="launches", city="c", lower=side, higher=None)
        told.append(threshold_sentences(found, Names())[-1])
    assert "found by a search, not proven" in told[0]
    assert "is found and not proven" in told[1]
    assert "is worth more than $7.90 M there, as is proven" in told[2]
    assert "keeps every rule there, as is proven" in told[3]
    assert "at 0.9 times no plan keeps every rule" in told[4]
    assert "no city or partner enters, leaves or opens in another month" in told[5]
    assert all("another could be worth at most $500 k more" in text for text in told)
    wide = [
        Change(move="wider", city="c", stack="s", before="1", after="2"),
        Change(move="enters", city="d", stack="s", before="", after="2027-04"),
        *moved,
        *moved,
    ]
    assert changes_words(wide, Names()).endswith("and 1 more such change")


def test_the_command_tells_it_and_refuses_what_cannot_be_asked(
    world: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fleetplan.cli_threshold.context", lambda _: (WORLD, SERVICES))
    path = tmp_path / "plan.json"
    path.write_text(plan_text(world), encoding="utf-8")
    months = ["--kind", "permit-date", "--city", "belport", "--low", "0", "--high", "1", "--of", "belport"]
    done = CliRunner().invoke(app, ["threshold", str(path), *months])
    assert done.exit_code == 0, done.output
    assert "Months of the permit for paid service in Belport: no months later in this plan" in done.output
    monkeypatch.setattr("fleetplan.reruns.beside.WORKERS", 1)  # two processes and one come to the same
    as_json = CliRunner().invoke(app, ["threshold", str(path), *months, "--json"])
    assert json.loads(as_json.output)[0]["sentences"][0] in done.output.replace("\n", " ")
    monkeypatch.setattr("fleetplan.threshold.ranking.tornado", lambda _: SimpleNamespace(bars=[]))
    assert "nothing to turn" in CliRunner().invoke(app, ["threshold", str(path)]).output
    assert CliRunner().invoke(app, ["threshold", str(path), "--kind", "fare"]).exit_code == 2


@pytest.mark.parametrize("what", ["entry", "launches", "areas"])
@pytest.mark.parametrize("step", [-1, 0])
def test_plans_weighed_are_those_that_both_sides_planned_apart_come_to(world: Plan, what: Watch, step: int):
    dial, watched = turned(world, key=FARE, low=5.0, high=60.0), Watched(what)
    search = Search(world, WORLD, dial, watched)
    again = Again(world, WORLD, SERVICES, SEARCH, Run(catalogue=WORLD))
    plan, told = again.weighed(search.patch(step), partial(held_steps, plan=world, watched=watched), tie_usd)
    ordinary, (held, bound) = again.made(search.patch(step)), again.most(search.holding_patch(step), -1e12)
    assert plan is not None
    assert ordinary is not None
    assert told is not None
    assert told.weighed
    assert bool(changes(world, plan, watched)) == bool(changes(world, ordinary, watched))
    assert bool(changes(world, plan, watched)) == (step < 0 and what != "entry")
    near = SEARCH.gap * max(abs(ordinary.objective), abs(plan.objective)) + tie_usd(plan.objective)
    assert plan.objective == pytest.approx(ordinary.objective, abs=near + 0.01 * abs(ordinary.objective))
    assert plan.bound >= ordinary.objective - 1.0
    if held is not None and bound is not None and what != "areas":  # no constraint asks for areas
        assert told.held_usd is not None
        assert told.held_bound_usd is not None
        assert held.objective - 1.0 <= told.held_bound_usd
        assert told.held_usd <= bound + 1.0
    if changes(world, ordinary, watched):
        assert told.other_bound_usd is not None
        assert told.other_bound_usd >= ordinary.objective - 1.0
        assert changes(world, plan, watched) == changes(world, ordinary, watched)


def test_where_no_plan_has_what_is_watched_the_best_other_one_is_told(world: Plan):
    again = Again(world, WORLD, SERVICES, SEARCH, Run(catalogue=WORLD))
    late = {"constraints": {"late": {"type": "permit_delay", "city": "belport", "months": 3}}}
    held = partial(held_steps, plan=world, watched=Watched())
    plan, told = again.weighed(late, held, tie_usd)
    assert plan is not None
    assert told == Proofs()
    assert {c.move for c in changes(world, plan, Watched())} <= {"later", "leaves"}
    elsewhere = again.weighed({"cities": ["aston"]}, held, tie_usd)[1]
    assert elsewhere == Proofs()


def test_a_rerun_weighs_what_its_parent_opens_as_its_options_ask_and_says_what_was_proven(
    world: Plan, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
    options = SEARCH.model_copy(update={"weigh": Weigh(watch="entry")})
    late = {"constraints": {"late": {"type": "permit_delay", "city": "belport", "months": 3}}}
    asked = apply_patch(world.request.model_dump(mode="json"), late)
    made = plan_with_context(asked, options, Run(catalogue=WORLD), parent=world).plan
    weighed = made.certificate.method.weighing
    assert weighed is not None
    entry = partial(held_steps, plan=world, watched=Watched("entry"))
    assert (
        weighed.proofs == Again(world, WORLD, SERVICES, SEARCH, Run(catalogue=WORLD)).weighed(late, entry, tie_usd)[1]
    )
    assert "Weighed apart: plans that open the partners" in made.certificate.method.sentence
    with pytest.raises(RequestError, match="without a parent plan"):
        plan_with_context(asked, options, Run(catalogue=WORLD))
    with pytest.raises(RequestError, match="node_limit"):
        parse_options({"weigh": {}})


def test_the_next_value_is_where_a_line_between_two_weighed_says(world: Plan):
    dial = Dial(kind="capital", unit="times", likely=1.0, low=0.5, high=2.0, steps_down=10, steps_up=20)
    search, ahead = Search(world, WORLD, dial, Watched()), {4: -3e6, 16: 1e6}
    for step, usd in ahead.items():
        best = world.model_copy(update={"objective": 5e6 + max(0.0, usd)})
        search.found[step] = Made(
            best, proofs=Proofs(held_usd=5e6, held_bound_usd=5e6, other_bound_usd=5e6 + usd, weighed=True)
        )
    assert search._crossing(1, 4, 16) == 4 + 9
    search.found[4] = Made(world, proofs=Proofs())
    assert search._crossing(1, 4, 16) is None


def test_a_bound_is_enough_where_it_lies_below_what_was_found(world: Plan, monkeypatch: pytest.MonkeyPatch):
    again = Again(world, WORLD, SERVICES, SEARCH, Run(catalogue=WORLD))
    made, bound = again.most({}, world.objective)
    assert made is not None
    assert bound == made.bound
    none = {"constraints": {"many": {"type": "fleet_floor", "vehicles": 100_000, "start": "2028-01"}}}
    assert again.most(none, 0.0) == (None, None)
    monkeypatch.setattr(Again, "_planned", lambda *_: pytest.fail("a plan was made"))
    left_out, most = again.most({}, 1e12)
    assert left_out is None
    assert most is not None
    assert world.objective - 1.0 <= most < 1e12
