"""What less capital or more markets would be worth, plans side by side, and ties told apart from what moves."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.alternatives.answer import Chain
from fleetplan.cli import app
from fleetplan.compare import compare_plans
from fleetplan.compare.several import side_by_side
from fleetplan.compare.ties import band, tie_groups, with_ties
from fleetplan.compare.types import DecisionMove
from fleetplan.errors import InfeasibleError, RequestError
from fleetplan.facts import Conflict
from fleetplan.frontier.points import best_within, capped, frontier, keeps, limits, paid_markets, patch_of, to_find
from fleetplan.frontier.search import find_frontier
from fleetplan.optimize.pair.race import Limits
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.report.frontier import NARROW, drawn, keys, rows, standing_alone
from fleetplan.request import Capital
from fleetplan.request.constraints import LaunchesPerQuarter
from fleetplan.run import Run
from fleetplan.words.comparison import band_briefly, band_words
from fleetplan.words.names import Names
from fleetplan.words.side_by_side import rows as table_rows
from fleetplan.words.values import usd
from tests.fake_plan import fake_plan
from tests.test_alternatives import SHORT
from tests.test_optimize import WORLD
from tests.test_rerun import EXACTLY, HERE, SERVICES, planned

NAMES = Names(WORLD)
CLASH = (Conflict(parties=[], sentence="Law and supply alone leave no plan."),)


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@pytest.fixture(scope="module")
def plan() -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        return planned(SHORT)


@pytest.fixture(scope="module")
def fake() -> Plan:
    return fake_plan()


# --- frontier ---


def test_points_of_capital_cap_what_may_be_spent_in_all_at_the_requests_own_pace(plan: Plan) -> None:
    spent = plan.kpis.capital_usd
    assert limits(plan, "capital", 4) == [pytest.approx(spent * k / 4, abs=0.01) for k in (1, 2, 3, 4)]
    assert capped(plan, 20e6) == [8e6, 8e6, 4e6, 0.0, 0.0, 0.0]
    listed = plan.model_copy(update={"request": plan.request.model_copy(update={"capital": _capital([1e6, 2e6])})})
    assert capped(listed, 4e6) == [1e6, 2e6, 1e6, 0.0, 0.0, 0.0]
    assert patch_of(plan, "capital", 20e6) == {"capital": {"per_quarter_usd": capped(plan, 20e6)}}


def _capital(amounts: list[float]) -> Any:
    return Capital(per_quarter_usd=amounts)


def test_the_plan_itself_is_the_last_point_and_less_capital_is_worth_no_more(plan: Plan) -> None:
    found = find_frontier(plan, "capital", 2, EXACTLY, HERE)
    (half,) = to_find(plan, "capital", 2)
    within = found[half]
    assert isinstance(within, Plan)
    assert within.kpis.capital_usd <= half + 1
    assert within.objective <= plan.bound + 1
    told = frontier(plan, "capital", found, 2, NAMES)
    first, last = told.points
    assert (last.own, last.npv_usd, last.state) == (True, plan.objective, "plan")
    assert last.gained_usd == pytest.approx((plan.objective - within.objective) / (last.limit - first.limit), abs=1e-3)
    step = last.limit - first.limit
    assert last.gained_least_usd == pytest.approx(max(0.0, plan.objective - within.bound) / step, abs=1e-3)
    assert last.gained_most_usd == pytest.approx((plan.bound - within.objective) / step, abs=1e-3)
    assert first.gained_least_usd is None
    assert first.sentence.startswith("With at most $")
    assert any("for each further dollar" in sentence for sentence in told.sentences)
    picture = str(drawn(told))
    assert picture.count("<circle") == 2
    assert 'class="band"' in picture
    assert standing_alone(told).startswith("<svg")
    assert len(rows(told, NAMES)) == 2


def test_a_plan_that_spends_no_more_than_a_smaller_limit_is_not_searched_for_again(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = plan.model_copy(update={"capital_usd": [0.0 for _ in plan.periods]})
    asked: list[Any] = []

    def again(*given: Any) -> Any:
        asked.append(given)
        return SimpleNamespace(plan=idle)

    monkeypatch.setattr("fleetplan.frontier.search.rerun", again)
    found = find_frontier(plan, "capital", 4, EXACTLY, HERE)
    assert list(found) == to_find(plan, "capital", 4)
    assert all(one is idle for one in found.values())
    assert len(asked) == 1


def test_points_of_markets_go_on_from_those_of_the_plan_and_end_where_no_more_can_be_had(fake: Plan) -> None:
    own = paid_markets(fake)
    steps = limits(fake, "markets", 20)
    assert steps[0] == own
    assert keeps(fake, "markets", own)
    fewer = fake.model_copy(
        update={"cities": [c.model_copy(update={"deployments": []}) for c in fake.cities[1:]] + fake.cities[:1]}
    )
    assert to_find(fewer, "markets", 20)[0] == 2
    worse = fake.model_copy(update={"objective": fewer.objective - 1e7})
    told = frontier(fewer, "markets", {2.0: worse, 3.0: CLASH, 4.0: ()}, 4, Names())
    assert [p.state for p in told.points] == ["plan", "plan", "none", "none"]
    assert told.points[1].gained_usd == -1e7
    assert told.points[2].sentence.endswith(CLASH[0].sentence)
    assert told.points[3].sentence.endswith("Fewer cannot be had either.")
    (cost,) = [s for s in told.sentences if s.startswith("Going from 1 to 2 markets costs $10.0 M")]
    assert " (the best plans of both: $" in cost
    assert told.sentences[-1] == "3 markets or more cannot be had."
    assert str(drawn(told)).count('class="none"') == 2
    assert [row.npv for row in rows(told, Names())][2:] == ["no plan", "no plan"]
    patch = patch_of(fewer, "markets", 2.0)
    taken = fewer.request.model_copy(update={"constraints": [_named(next(iter(patch["constraints"])))]})
    assert set(patch_of(fewer.model_copy(update={"request": taken}), "markets", 2.0)["constraints"]) == {
        "markets-at-least-2"
    }


def _named(name: str) -> Any:
    return LaunchesPerQuarter(id=name, max=3)


def test_where_so_many_markets_cannot_be_had_more_are_not_searched(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def none(_: Plan, patch: Any, *__: Any) -> Any:
        asked.append(patch)
        msg = "none"
        raise InfeasibleError(msg, CLASH)

    monkeypatch.setattr("fleetplan.frontier.search.rerun", none)
    monkeypatch.setattr("fleetplan.frontier.search.to_find", lambda *_: [2.0, 3.0])
    assert find_frontier(plan, "markets", 3, EXACTLY, HERE) == {2.0: CLASH, 3.0: ()}
    assert len(asked) == 1


def test_a_plan_with_more_markets_stands_in_for_a_worse_one_with_fewer(fake: Plan) -> None:
    fewer = fake.model_copy(update={"cities": [c.model_copy(update={"deployments": []}) for c in fake.cities]})
    one, two = limits(fewer, "markets", 20)[1:3]
    better = fake.model_copy(update={"objective": 8e6, "bound": 9e6})
    worse = fake.model_copy(update={"objective": 5e6, "bound": 8.5e6})
    assert paid_markets(better) >= two
    told = frontier(fewer, "markets", {one: worse, two: better}, 3, Names())
    assert best_within(fewer, "markets", {one: worse, two: better}) == {one: two, two: two}
    assert [p.npv_usd for p in told.points[1:]] == [8e6, 8e6]
    assert [p.bound_usd for p in told.points[1:]] == [8.5e6, 8.5e6]  # what holds for fewer holds for more
    assert told.points[2].gained_most_usd == 0.0
    (said,) = [s for s in told.sentences if s.startswith(f"Going from {one:.0f} to {two:.0f} market")]
    assert said.endswith("costs nothing that was found (the best plans of both: $0 to $500 k).")


def test_a_drawing_names_both_axes_and_says_what_its_signs_mean(fake: Plan) -> None:
    own = float(paid_markets(fake))
    far = fake.model_copy(update={"cities": [*fake.cities, *fake.cities]})
    told = frontier(far, "markets", {}, 4, Names())
    assert drawn(told) == ""  # one point is no line
    points = [told.points[0], told.points[0].model_copy(update={"limit": own + 3, "own": False})]
    apart = told.model_copy(
        update={"points": [points[0], told.points[1].model_copy(update={"limit": own + 1}), points[1]]}
    )
    for picture in (str(drawn(apart)), str(drawn(apart, NARROW))):
        assert "net present value of the best plan, USD" in picture
        assert "markets at the end, at least" in picture
        assert picture.count('class="found"') == 2  # nothing is drawn across a point that is not known
    assert [sign for sign, _ in keys(apart)] == ["found", "band", "own"]


def test_a_frontier_of_which_nothing_is_known_says_so_and_draws_nothing(plan: Plan) -> None:
    told = frontier(plan, "capital", {}, 2, NAMES)
    assert told.points[0].sentence.endswith("not known yet.")
    assert told.sentences[-1] == "1 point is not known yet."
    assert drawn(told) == ""
    assert standing_alone(told) == ""
    idle = plan.model_copy(update={"kpis": plan.kpis.model_copy(update={"capital_usd": 0.0})})
    assert frontier(idle, "capital", {}, 2, NAMES).sentences == [
        "The plan spends no capital, so there is no frontier of capital and value."
    ]


def test_a_point_at_which_nothing_opens_says_so_and_no_sentence_says_millions_of_nothing(plan: Plan) -> None:
    spent = plan.kpis.capital_usd
    shut = [c.model_copy(update={"launch": None, "deployments": []}) for c in plan.cities]
    kpis = plan.kpis.model_copy(update={"capital_usd": 0.0, "vehicles_end": 0})
    idle = plan.model_copy(update={"objective": 0.0, "bound": 0.4, "cities": shut, "kpis": kpis})
    maybe = idle.model_copy(update={"bound": 2.3e6})
    (third, two_thirds) = to_find(plan, "capital", 3)
    told = frontier(plan, "capital", {third: idle, two_thirds: maybe}, 3, NAMES)
    assert told.points[0].sentence.endswith(": nothing is worth opening; none can be worth more than $0.4.")
    assert told.points[1].sentence.endswith(": the plan found opens nothing; none can be worth more than $2.3 M.")
    every = [*told.sentences, *(p.sentence for p in told.points)]
    assert not any("$0.0 M" in sentence for sentence in every)
    assert told.sentences[0] == f"With no more than {usd(third)} of capital nothing is worth opening."
    gained = told.points[2].gained_least_usd
    assert gained == pytest.approx((plan.objective - 2.3e6) / (spent / 3), rel=1e-3)
    assert " (the best plans: $" in told.sentences[-1]


def test_what_less_capital_already_buys_is_told_as_a_share_between_bounds(plan: Plan) -> None:
    (half,) = to_find(plan, "capital", 2)
    near = plan.model_copy(update={"objective": 0.91 * plan.objective, "bound": 0.97 * plan.objective})
    told = frontier(plan, "capital", {half: near}, 2, NAMES)
    assert any(s.endswith(", 91 % to 97 % of the best.") for s in told.sentences)


def test_a_point_ends_with_its_time_though_doing_nothing_is_all_there_is(plan: Plan, monkeypatch: Any) -> None:
    heard: list[Run] = []

    def again(_: Plan, __: Any, ___: Any, run: Run) -> Any:
        heard.append(run)
        return SimpleNamespace(plan=plan)

    monkeypatch.setattr("fleetplan.frontier.search.rerun", again)
    find_frontier(plan, "capital", 2, EXACTLY, HERE)
    whole = heard[0].whole
    assert whole is not None
    assert (whole.seconds, whole.firm) == (EXACTLY.time_limit_s, True)
    assert Limits(0.0, 0.0, None, firm=True).more_s(20.0) == 0.0
    assert Limits(0.0, 0.0, None).more_s(20.0) == 20.0


# --- side by side ---


def test_plans_side_by_side_hold_money_launches_areas_and_risks_and_name_the_best(fake: Plan) -> None:
    less = fake.kpis.model_copy(update={"capital_usd": fake.kpis.capital_usd / 2})
    cheap = fake.model_copy(
        update={"name": "cheap", "objective": fake.objective - 5e7, "bound": fake.objective - 4e7, "kpis": less}
    )
    alike = fake.model_copy(update={"name": "alike", "objective": fake.objective - 1e5})
    found = side_by_side([fake, cheap, alike])
    assert found.alike == [(0, 2)]
    assert [c.name for c in found.plans] == [fake.name, "cheap", "alike"]
    assert found.same_catalogue
    assert found.same_horizon
    assert all(len(row.cells) == 3 for row in found.launches)
    table = {row.label: row for row in table_rows(found)}
    assert table["Net present value"].best == [0]
    assert table["Capital spent"].best == [1]
    assert table["Cities live"].best == []
    assert {row.group for row in table.values()} == {"Money", "Launches and areas", "Risks"}
    assert found.sentences[0].startswith(f"{fake.name} is worth most, $")
    assert "alike may be worth as much" in found.sentences[1]
    assert found.sentences[2].startswith("cheap spends least, ")
    for wrong in ([fake], [fake] * 21):
        with pytest.raises(RequestError):
            side_by_side(wrong)


def test_plans_on_other_figures_and_of_other_months_are_told_as_such(fake: Plan) -> None:
    other = fake.model_copy(
        update={
            "certificate": fake.certificate.model_copy(update={"catalogue_sha256": "0" * 64}),
            "period_months": [*fake.period_months[:-1], fake.period_months[-1] + 3],
            "cities": [],
        }
    )
    found = side_by_side([fake, other])
    assert (found.same_catalogue, found.same_horizon) == (False, False)
    assert (found.plans[1].partner_share, found.plans[1].kept) == (None, None)
    assert all(row.cells[1] is None for row in found.launches)
    assert sum("catalogue" in s or "horizons" in s for s in found.sentences) == 2


# --- ties ---


def _move(kind: str, a: Any, b: Any, **more: Any) -> DecisionMove:
    return DecisionMove.model_validate({"id": f"{kind}:{a}", "kind": kind, "a": a, "b": b, "direction": 1, **more})


def test_a_fleet_of_one_vehicle_more_is_a_tie_and_one_of_many_is_none(fake: Plan) -> None:
    moves = [
        _move("fleet", 10, 11),
        _move("fleet", 10, 12),
        _move("bought", 500, 505),
        _move("launch", None, "2027-01"),
    ]
    assert [m.tie for m in with_ties(moves, fake, fake)] == ["few_vehicles", "", "few_vehicles", ""]
    (group,) = tie_groups(with_ties(moves, fake, fake))
    assert (group.kind, group.most, len(group.ids)) == ("few_vehicles", 5, 2)


def test_depots_on_other_sites_alone_are_a_tie_told_in_a_sentence_of_its_own(fake: Plan) -> None:
    city = next(c for c in fake.cities if c.depots)
    first, *rest = city.depots

    def on(depot: Any) -> Plan:
        cities = [c.model_copy(update={"depots": [depot, *rest]}) if c is city else c for c in fake.cities]
        return fake.model_copy(update={"cities": cities})

    swapped = first.model_copy(update={"site": "Elsewhere"})
    found = compare_plans(fake, on(swapped))
    assert {m.tie for m in found.decisions} == {"site_swap"}
    assert found.summary == [
        "Both plans decide the same but for what is as good either way.",
        f"{city.name} builds as many depots in the same months on other sites: Elsewhere instead of {first.site}.",
    ]
    assert {m.tie for m in compare_plans(fake, on(swapped.model_copy(update={"ordered": "2029-12"}))).decisions} == {""}


def test_a_change_carries_what_the_best_plans_can_be_apart(fake: Plan) -> None:
    other = fake.model_copy(update={"objective": fake.objective - 2e6, "bound": fake.objective + 1e6})
    found = band(fake, other, None)
    assert found.most_usd == pytest.approx(1e6, abs=0.02)
    assert found.least_usd == pytest.approx(fake.objective - 2e6 - fake.bound, abs=0.02)
    assert not found.apart
    assert band_words(found).startswith(" (the best plans of both: from $")
    assert band_briefly(found).endswith(" to +$1.00 M)")
    assert band_words(None) == ""


# --- on the command line ---


def test_the_commands_write_the_plans_they_tell_of(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.catalogue.load_catalogue", lambda *_: WORLD)
    monkeypatch.setattr("fleetplan.alternatives.search.find_alternatives", _found_without_a_search)
    monkeypatch.setattr(
        "fleetplan.frontier.search.find_frontier",
        lambda plan, axis, points, *_: dict.fromkeys(to_find(plan, axis, points), plan),
    )
    file = tmp_path / "plan.json"
    file.write_text(plan_text(plan), encoding="utf-8")
    run = CliRunner().invoke
    told = run(app, ["alternatives", str(file), "--count", "1", "--within", "any", "--out", str(tmp_path / "a")])
    assert told.exit_code == 0, told.output
    assert "\n1. Worth $" in told.output
    assert (tmp_path / "a" / "alternative-1.json").is_file()
    told = run(app, ["frontier", str(file), "--points", "2", "--out", str(tmp_path / "f")])
    assert told.exit_code == 0, told.output
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["capital-1.json", "frontier-capital.svg"]
    several = [str(file), str(tmp_path / "a" / "alternative-1.json"), str(tmp_path / "f" / "capital-1.json")]
    told = run(app, ["compare", *several])
    assert told.exit_code == 0, told.output
    assert all(group in told.output for group in ("Money", "Launches and areas", "Risks", "* best of its row"))
    assert len(json.loads(run(app, ["compare", *several, "--json"]).output)["plans"]) == 3
    assert run(app, ["alternatives", str(file), "--within", "much"]).exit_code == 2


def _found_without_a_search(plan: Plan, asked: Any, *_: Any, **__: Any) -> Any:
    return Chain(plan, asked, [plan.model_copy(update={"objective": plan.objective - 1e6})])


def _the_plan_everywhere(plan: Plan, axis: Any, points: int, *_: Any) -> Any:
    return dict.fromkeys(to_find(plan, axis, points), plan)
