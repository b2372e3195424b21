"""Scenario sets: what is drawn, what is decided for all, and that what is proven agrees with the extensive form solved whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr
from typer.testing import CliRunner

from fleetplan import cli
from fleetplan.catalogue import load_catalogue
from fleetplan.errors import RequestError
from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.tidy import whole_columns
from fleetplan.options import parse_options
from fleetplan.plans.check import check_plan
from fleetplan.prepare import prepare
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.making import Effort, made
from fleetplan.recourse.settled import settled_pairs
from fleetplan.recourse.solve import Solved, solve
from fleetplan.recourse.types import Recourse, Scenario
from fleetplan.request import FigureOverride, parse_request
from fleetplan.request.scenarios import Changes, SlipInCity
from fleetplan.reruns.commit import costs_of, priced
from fleetplan.reruns.patch import apply_patch
from fleetplan.reruns.rerun import rerun
from fleetplan.scope import judge_request
from fleetplan.scope.scenarios import scenario_request
from fleetplan.words.names import Names
from fleetplan.words.recourse import decided_sentences, recourse_sentences, regret_sentences, scenario_sentences
from tests.recourse_support import EXACT, HERE, LATE, NEAR, asked, extensive, in_all, solved_late
from tests.test_optimize import SERVICES, WORLD

AGREE = 1e-4


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@pytest.fixture(scope="module")
def solved() -> Solved:
    return solved_late()[0]


@pytest.fixture(scope="module")
def folder() -> Path:
    return solved_late()[1]


def truth(data: dict[str, Any]) -> float:
    """Return the best objective by the extensive form."""
    scope = judge_request(data, WORLD)
    one = set_of(scope.request)
    scenarios = scenarios_of(scope, one, WORLD)
    plain = scope.request.model_dump(mode="json")
    prepared = [prepare(apply_patch(plain, s.patch), HERE) for s in scenarios]
    settled = settled_pairs([p.scope for p in prepared], one.known_from)
    chances = [s.probability for s in scenarios]
    whole = extensive([p.formulation for p in prepared], chances, one, settled)
    answer = solve_with_ortools(whole, time_limit_s=120.0)
    assert answer.status == "optimal"
    assert answer.value is not None
    return answer.value


def test_the_extensive_form_lies_between_what_is_found_and_what_is_proven(solved: Solved):
    found, best = solved.recourse, truth(asked(LATE))
    size = max(abs(best), 1e6)
    assert found.chosen.objective_usd <= best + AGREE * size
    assert found.bound_usd >= best - AGREE * size
    assert found.best == "agreed"
    assert found.gap <= NEAR


def test_a_tail_agrees_with_the_extensive_form_too(solved: Solved, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The plans of single scenarios and within what is decided are those that the mean needed too: only prices are new."""
    monkeypatch.setattr("fleetplan.recourse.search.MOST_STEPS", 1)
    effort = Effort(options=EXACT, enough=NEAR, run=HERE, keep=folder)
    cautious = asked(LATE | {"objective": "cvar", "weight": 0.6, "tail": 0.4})
    found, best = solve(cautious, effort=effort, plan=solved.plan).recourse, truth(cautious)
    assert found.chosen.objective_usd < found.chosen.expected_usd
    assert found.chosen.objective_usd == pytest.approx(best, rel=AGREE)
    assert found.bound_usd >= best * (1.0 - AGREE)
    assert found.gap < 1e-2


@pytest.mark.parametrize("scenario", ["kept", "stopped"])
def test_a_bound_at_prices_is_no_lower_than_the_best_at_them_though_the_parents_is(solved: Solved, scenario: str):
    paid = [{"month": f"2027-0{month}", "stack": "beta", "city": "belport", "usd": 2.5e6} for month in range(1, 7)]
    options = parse_options({"gap": 1e-5, "prices": {"until": "2027-07", "prices": paid}})
    assert options.prices is not None
    parent = solved.perfect[scenario]
    method = rerun(parent, {}, options, HERE).plan.certificate.method
    f = prepare(parent.request, HERE).formulation
    best = solve_with_ortools(replace(priced(f, options.prices).model, whole=whole_columns(f))).value
    costs = in_all(costs_of(f, "2027-07"))["programme", "beta", "belport", 0]
    unused = parent.objective + sum(2.5e6 - cost for cost in costs)
    assert best is not None
    assert best >= unused - 1.0  # it may be committed where it is of no use, at what that costs
    assert method.weighed_bound_usd is not None
    assert method.weighed_bound_usd >= best - AGREE * abs(best)
    assert method.inheritance == "objective"


def test_every_plan_of_every_scenario_keeps_every_rule_of_its_request(solved: Solved):
    plans = [*solved.perfect.values(), *(plan for own in solved.followed.values() for plan in own.values())]
    reports = [check_plan(plan, WORLD, SERVICES, delivered=True) for plan in plans]
    assert [v for report in reports for v in report.violations] == []
    assert {plan.request.scenario_sets for plan in plans if plan.request.scenario_sets} == set()


def test_the_plan_decided_with_delays_in_mind_is_never_worse_than_the_plan_itself(solved: Solved):
    found = solved.recourse
    assert found.gained_usd is not None
    assert found.gained_usd >= 0.0
    assert found.chosen.objective_usd >= max(p.objective_usd for p in found.policies) - 1e-6
    assert found.knowing_most_usd >= found.knowing_usd - 1.0
    assert all(r.regret_usd >= -1e-4 * abs(found.perfect_usd) for r in found.regrets)
    assert sum(
        r.regret_usd * s.probability for r, s in zip(found.regrets, found.scenarios, strict=True)
    ) == pytest.approx(found.perfect_usd - found.chosen.expected_usd, abs=10.0)


def test_a_set_of_one_is_the_plan_itself(solved: Solved):
    alone = {"id": "one", "known_from": "2027-07", "cases": [{"id": "as asked", "probability": 1.0}]}
    plan = solved.plan.model_copy(update={"request": parse_request(asked(alone))})
    found = solve(asked(alone), effort=Effort(options=EXACT, run=HERE), plan=plan).recourse
    size = abs(plan.objective)
    assert found.chosen.expected_usd == pytest.approx(plan.objective, abs=2e-5 * size)
    assert found.bound_usd == pytest.approx(plan.bound, abs=2e-5 * size)
    assert found.gained_usd == pytest.approx(0.0, abs=2e-5 * size)
    assert recourse_sentences(found, Names(WORLD))[0].startswith("In its only scenario")


def test_what_was_made_before_an_end_is_not_made_again(solved: Solved, folder: Path, monkeypatch: pytest.MonkeyPatch):
    lost = next(folder.glob("late-known-*.json"))
    lost.write_text("cut off", encoding="utf-8")
    again: list[str] = []

    def once(*told: Any) -> Any:
        again.append(told[0].plan.name)
        return made(*told)

    monkeypatch.setattr("fleetplan.recourse.making.made", once)
    told: list[tuple[str, int, int]] = []
    effort = Effort(options=EXACT, enough=NEAR, run=HERE, keep=folder, told=lambda *step: told.append(step))
    assert solve(asked(LATE), effort=effort, plan=solved.plan).recourse == solved.recourse
    assert len(again) == 1
    assert told == [("scenarios", 3, 3)]
    assert (folder / lost.name).stat().st_size > len("cut off")


def test_it_is_told_in_words(solved: Solved):
    found, names = solved.recourse, Names(WORLD)
    said = recourse_sentences(found, names)
    assert "without knowing which of 3 scenarios comes" in said[0]
    assert any("opens in every scenario" in line for line in said)
    assert any("programme begins" in line for line in decided_sentences(found, names))
    assert regret_sentences(found, names)[0].startswith("Scenario ")
    changed = [scenario_sentences(s, solved.plan.request, names) for s in found.scenarios]
    assert changed[0] == ["All comes as the request has it."]
    assert "8 months later than promised" in changed[1][0]


def test_the_command_says_and_writes_it(solved: Solved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fleetplan.recourse.solve.solve", lambda *_, **__: solved)
    said = CliRunner().invoke(cli.app, ["recourse", "--out", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "Decided for all" in said.output
    assert Recourse.model_validate_json((tmp_path / "recourse.json").read_bytes()) == solved.recourse
    rows = (tmp_path / "recourse-scenarios.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == ["scenario", "kept", "late", "stopped"]
    plain = CliRunner().invoke(cli.app, ["recourse", "--json"])
    assert Recourse.model_validate_json(plain.output) == solved.recourse


# --- drawing ---

DRAWN: dict[str, Any] = {"id": "drawn", "known_from": "2027-07", "sample": {"count": 40, "seed": 3}}


def drawn(one: dict[str, Any], **figures: float) -> list[Scenario]:
    slips = {"nowhere_kept": 0.1, "nowhere_median": 6, "nowhere_p90": 20, "nowhere_never": 0.1} | figures
    overrides = [{"figure": f"assumptions.toml#slip.{key}", "value": value} for key, value in slips.items()]
    scope = judge_request(asked(one, overrides=overrides), WORLD)
    return scenarios_of(scope, set_of(scope.request), WORLD)


def months(found: list[Scenario], stack: str, city: str) -> list[int]:
    return [slip.months for s in found for slip in s.slips if (slip.stack, slip.city) == (stack, city)]


def test_the_same_seed_draws_the_same_and_the_shares_are_those_of_the_class():
    found = drawn(DRAWN)
    assert found == drawn(DRAWN)
    assert found != drawn(DRAWN | {"sample": {"count": 40, "seed": 4}})
    late = months(found, "beta", "belport")
    assert sum(one == 0 for one in late) == pytest.approx(4, abs=3)
    assert sum(one <= 6 for one in late) == pytest.approx(20, abs=6)
    assert sum(slip.never for s in found for slip in s.slips) == pytest.approx(4 * len(found[0].slips), abs=8)


def test_services_of_one_partner_are_late_together():
    def together(correlation: float) -> float:
        found = drawn(
            DRAWN | {"sample": {"count": 100, "seed": 3}}, partner_correlation=correlation, jurisdiction_correlation=0.0
        )
        return float(spearmanr(months(found, "beta", "aston"), months(found, "beta", "belport")).statistic)

    assert together(0.5) > 0.3
    assert abs(together(0.0)) < 0.25


def test_shocks_and_laws_come_by_their_chance():
    shock = {
        "id": "war",
        "chance": 0.25,
        "overrides": [{"figure": "aston/city.toml#market.mean_fare_local", "factor": 0.5}],
    }
    found = drawn(DRAWN | {"sample": {"count": 40, "permits": False, "shocks": [shock]}})
    hit = [s for s in found if s.shocks]
    assert len(hit) == 10
    assert all("overrides" in s.patch for s in hit)
    assert {law.event for s in found for law in s.laws} == {"a-law"}
    assert scenario_sentences(hit[0], parse_request(asked()), Names(WORLD))[0] == "war."


# --- what is refused ---


def test_every_fault_of_a_set_is_told_where_it_stands():
    wrong = {
        "id": "wrong",
        "known_from": "2029-01",
        "cases": [
            {"id": "a", "probability": 0.5, "slips": [{"stack": "beta", "city": "atlantis", "months": 3}]},
            {
                "id": "b",
                "probability": 0.5,
                "constraints": [{"id": "x", "type": "supply_change", "stack": "gamma", "factor": 0.5}],
                "overrides": [{"figure": "no/figure", "factor": 2.0}],
            },
        ],
    }
    with pytest.raises(RequestError) as refused:
        judge_request(asked(wrong, wrong), WORLD)
    assert {fault.where for fault in refused.value.faults} == {
        *(
            f"/scenario_sets/{k}/{where}"
            for k in (0, 1)
            for where in (
                "known_from",
                "cases/0/slips/0/city",
                "cases/1/constraints/0/stack",
                "cases/1/overrides/0/figure",
            )
        ),
        "/scenario_sets/1/id",
    }


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"cases": [{"id": "a", "probability": 0.4}]}, "/scenario_sets/0"),
        ({"cases": [{"id": "a", "probability": 0.5}] * 2}, "/scenario_sets/0"),
        ({}, "/scenario_sets/0"),
        ({"sample": {"permits": False, "laws": False}}, "/scenario_sets/0/sample"),
        ({"sample": {"shocks": [{"id": "none", "chance": 0.5}]}}, "/scenario_sets/0/sample/shocks/0"),
        ({"cases": [{"id": "a", "probability": 1, "constraints": [{"id": "t", "type": "launch_by"}]}]}, None),
    ],
)
def test_sets_that_say_nothing_whole_are_refused(change: dict[str, Any], where: str | None):
    with pytest.raises(RequestError) as refused:
        parse_request(asked({"id": "x", "known_from": "2027-07"} | change))
    assert where is None or where in {fault.where for fault in refused.value.faults}


def test_slips_need_durations_on_which_promises_slip():
    with pytest.raises(RequestError) as refused:
        judge_request(asked(LATE, DRAWN, permit_durations="promised"), WORLD)
    wheres = {fault.where for fault in refused.value.faults}
    assert {"/scenario_sets/0/cases/1/slips/0/months", "/scenario_sets/1/sample/permits"} <= wheres


def test_a_request_without_a_set_has_one_that_is_drawn_and_others_are_named():
    request = parse_request(asked())
    assert set_of(request).id == "drawn"
    assert set_of(request).known_from == "2027-10"
    assert set_of(parse_request(asked(permit_durations="min"))).sample.permits is False  # type: ignore[union-attr]
    for other in (asked(LATE), asked(horizon={"months": 1}), asked(objective="markets_then_npv")):
        with pytest.raises(RequestError):
            set_of(parse_request(other), "lat")


@pytest.mark.parametrize("city", ["bay-area", "munich", "hong-kong"])
def test_what_is_drawn_for_a_city_alone_is_what_a_request_for_it_may_say(city: str):
    catalogue = load_catalogue()
    request = parse_request({
        "cities": [city], "horizon": {"start": "2027-01", "months": 24}, "capital": {"per_quarter_usd": 1e7}
    })  # fmt: skip
    scope = judge_request(request, catalogue)
    found = scenarios_of(scope, set_of(request), catalogue)
    assert len(found) > 1
    for scenario in found:
        assert judge_request(apply_patch(request.model_dump(mode="json"), scenario.patch), catalogue).cities == (city,)


def test_commitments_are_of_what_is_planned_and_nothing_else_is_kept(solved: Solved):
    one = {
        "until": "2027-07",
        "decisions": [{"what": "programme", "month": "2027-02", "stack": "gamma", "city": "aston"}],
    }
    two = {"until": "2027-07", "decisions": [{"what": "purchase", "month": "2026-02", "stack": "alpha"}]}
    for commit, where in ((one, "/commit/decisions/0"), (two, "/commit/decisions/0/month")):
        with pytest.raises(RequestError) as refused:
            rerun(solved.plan, {}, parse_options({"commit": commit}), HERE)
        assert refused.value.faults[0].where == where
    with pytest.raises(RequestError):
        parse_options({"commit": one, "freeze_until": "2027-07"})


def test_a_factor_counts_on_top_of_what_the_request_says():
    keys = [f"aston/city.toml#market.{name}" for name in ("mean_fare_local", "fare_tax", "displaced_share_by_year")]
    own = [{"figure": keys[0], "factor": 2.0}, {"figure": keys[1], "value": 0.1}]
    own += [{"figure": keys[2], "values": [0.4] * len(WORLD.cities["aston"].series("market.displaced_share_by_year"))}]
    changes = Changes(overrides=[FigureOverride(figure=key, factor=0.5) for key in keys])
    slips = Changes(slips=[SlipInCity(stack="Beta", city="Aston", months=4)], constraints=[])
    base = asked(overrides=own, deployments={"classes": [{"stack": "beta", "city": "aston", "slips": "here"}]})
    found = scenario_request(parse_request(base), [changes, slips], WORLD, "scenario")
    assert [(o.factor, o.value) for o in found.overrides][:2] == [(1.0, None), (None, 0.05)]
    assert found.overrides[2].values is not None
    assert set(found.overrides[2].values) == {0.2}
    assert [(c.slips, c.slip_months) for c in found.deployments.classes] == [("here", 4)]
