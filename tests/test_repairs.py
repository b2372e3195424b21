"""Conflicts and repairs on the small world: each against an enumeration of every subset, every amount, every month."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import InfeasibleError
from fleetplan.optimize.ending import StopSignal
from fleetplan.optimize.formulate import formulate, formulated_apart
from fleetplan.optimize.least import Limit, least_whole
from fleetplan.optimize.otherwise import Asked, asked_between
from fleetplan.optimize.rooted import Root, Roots, root_of
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import strict_model
from fleetplan.optimize.tidy import whole_columns
from fleetplan.optimize.trials import Deadline, Trials
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.remedies import Repair
from fleetplan.repair.find import _Search, seconds_for
from fleetplan.repair.options import candidates, smallest
from fleetplan.repair.verify import Near, Verified
from fleetplan.request import parse_request
from fleetplan.reruns.rerun import apply_patch
from fleetplan.run import Run
from fleetplan.words.repair import unfinished
from tests.plan_builder import make_services
from tests.test_optimize import WORLD, request, written

SERVICES = make_services()
HERE = Run(catalogue=WORLD)
MANY = {"id": "many", "type": "fleet_floor", "vehicles": 140, "start": "2028-07"}
FEW = {"id": "few", "type": "fleet_cap", "vehicles": 60}
SOON = {"id": "soon", "type": "launch_by", "city": "belport", "month": "2027-05"}
PACE = {"id": "pace", "type": "launches_per_quarter", "max": 2}
ODD = [
    {"id": "least", "type": "fleet_floor", "vehicles": 51, "start": "2028-10"},
    {"id": "most", "type": "fleet_cap", "vehicles": 51},
    {"id": "alpha", "type": "partner_share", "partner": "Alpha", "max_share": 0.5, "start": "2028-10"},
    {"id": "beta", "type": "partner_share", "partner": "Beta", "max_share": 0.5, "start": "2028-10"},
]
"""51 vehicles of two partners, each with half of them at most: in fractions only."""


def has_plan(constraints: Iterable[Mapping[str, Any]], **more: Any) -> bool:
    """Return whether a request has a plan in whole numbers, by the tight matrix and nothing of what is tested."""
    f = written(request(constraints=list(constraints), **more))
    model = replace(strict_model(f), whole=whole_columns(f), cost=np.zeros(f.model.columns))
    return solve(model, gap=1.0).status != "infeasible"


def minimal(constraints: list[dict[str, Any]]) -> set[frozenset[str]]:
    """Return every minimal conflict by trying every subset."""
    found: set[frozenset[str]] = set()
    for size in range(1, len(constraints) + 1):
        for some in itertools.combinations(constraints, size):
            names = frozenset(c["id"] for c in some)
            if not any(known <= names for known in found) and not has_plan(some):
                found.add(names)
    return found


def refused(constraints: list[dict[str, Any]], run: Run = HERE, **more: Any) -> InfeasibleError:
    """Return what planning says of a request without a plan."""
    asked = request(constraints=constraints, **more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        with pytest.raises(InfeasibleError) as caught:
            plan_with_context(asked, PlanOptions(time_limit_s=60), run)
    return caught.value


@pytest.fixture(scope="module")
def several() -> InfeasibleError:
    """A request with a conflict of one party and one of two."""
    return refused([MANY, FEW, SOON, PACE])


@pytest.fixture(scope="module")
def odd() -> InfeasibleError:
    """A request that fractions keep and whole numbers do not."""
    return refused(ODD)


def parties(error: InfeasibleError) -> set[frozenset[str]]:
    return {frozenset(p.constraint for p in clash.parties) for clash in error.clashes}


def number(told: Any) -> float:
    assert isinstance(told, int | float)
    return told


def only(repairs: Iterable[Repair], party: str, member: str) -> Any:
    """Return what the repair that changes one member of one party alone makes of it."""
    return next(r.changes[0].after for r in repairs if [(c.party, c.member) for c in r.changes] == [(party, member)])


def test_every_minimal_conflict_is_found_and_no_other(several: InfeasibleError) -> None:
    assert parties(several) == minimal([MANY, FEW, SOON, PACE])
    assert {frozenset({"soon"}), frozenset({"few", "many"})} == parties(several)
    assert several.settled
    assert all(c.narrowed and c.proof == "relaxation" for c in several.clashes)


def test_three_repairs_are_feasible_ranked_and_told_with_their_worth(several: InfeasibleError) -> None:
    asked = request(constraints=[MANY, FEW, SOON, PACE]).model_dump(mode="json")
    assert len(several.repairs) >= 3
    assert [r.given_up for r in several.repairs] == sorted(r.given_up for r in several.repairs)
    for repair in several.repairs:
        again = apply_patch(asked, repair.patch)
        assert has_plan(again["constraints"]), repair.sentence
        assert repair.bound_usd >= repair.npv_usd - 1.0
        assert {c.party for c in repair.changes} >= {"soon"}
        assert "NPV" in repair.sentence


def test_a_wish_for_an_early_month_is_put_off_no_further_than_permits_ask() -> None:
    error = refused([SOON])
    month = only(error.repairs, "soon", "month")
    labels = request().grid.labels()
    assert has_plan([SOON | {"month": month}])
    assert not has_plan([SOON | {"month": labels[labels.index(month) - 1]}])
    assert [c.kind for r in error.repairs for c in r.changes] == ["month", "month", "drop"]


def test_the_least_amount_is_given_up_and_one_less_is_too_little() -> None:
    error = refused([MANY, FEW])
    floor, cap = only(error.repairs, "many", "vehicles"), only(error.repairs, "few", "vehicles")
    assert has_plan([MANY | {"vehicles": floor}, FEW])
    assert not has_plan([MANY | {"vehicles": floor + 1}, FEW])
    assert has_plan([MANY, FEW | {"vehicles": cap}])
    assert not has_plan([MANY, FEW | {"vehicles": cap - 1}])


def test_more_money_is_a_repair_and_the_least_that_is_enough() -> None:
    poor = {"per_quarter_usd": 300_000}
    error = refused([MANY], capital=poor)
    amount = only(error.repairs, "capital", "per_quarter_usd")
    assert amount % 10_000 == 0
    assert has_plan([MANY], capital={"per_quarter_usd": amount})
    assert not has_plan([MANY], capital={"per_quarter_usd": amount - 20_000})


def test_what_is_hard_is_never_loosened() -> None:
    error = refused([MANY | {"firmness": "hard"}, FEW])
    assert {p.constraint: p.firmness for c in error.clashes for p in c.parties} == {"many": "hard", "few": "policy"}
    assert error.repairs
    assert {c.party for r in error.repairs for c in r.changes} == {"few"}
    both = refused([MANY | {"firmness": "hard"}, FEW | {"firmness": "hard"}])
    assert (both.repairs, both.searched) == ((), True)


def test_the_law_gives_way_only_where_the_request_says_so() -> None:
    assert not [c for r in refused([SOON]).repairs for c in r.changes if c.kind == "permits"]
    repairs = refused([SOON], law="policy").repairs
    (sooner,) = [r for r in repairs if r.changes[0].kind == "permits"]
    again = apply_patch(request(constraints=[SOON], law="policy").model_dump(mode="json"), sooner.patch)
    assert has_plan(again["constraints"])


def test_what_fractions_keep_and_whole_numbers_do_not_is_named(odd: InfeasibleError) -> None:
    assert (
        Trials(formulate(written(request(constraints=ODD)).instance, loose=True), Deadline.after(60)).relaxed()
        == "plan"
    )
    assert parties(odd) == minimal(ODD) == {frozenset(c["id"] for c in ODD)}
    (clash,) = odd.clashes
    assert (clash.proof, clash.narrowed) == ("whole", True)
    assert "In fractions" in clash.sentence
    assert only(odd.repairs, "least", "vehicles") == 50
    assert only(odd.repairs, "most", "vehicles") == 52


def test_a_conflict_that_time_does_not_narrow_says_so() -> None:
    from fleetplan.optimize.conflicts import clashes_of  # noqa: PLC0415

    trials = Trials(formulate(written(request(constraints=ODD)).instance, loose=True), Deadline.after(60))
    trials.deadline = Deadline.after(0.0)
    assert trials.whole(Asked()) == "unknown"
    assert not clashes_of(trials).settled
    known = clashes_of(trials, ["soon"])  # by permits alone: it stands however little time there is
    assert [(c.names, c.narrowed) for c in known.found] == [(frozenset({"soon"}), True)]
    assert not known.settled


def test_where_nothing_has_to_go_there_is_nothing_to_loosen() -> None:
    """What has a plan in fractions and was found to have none in whole numbers may leave nobody to blame in the time there is."""
    trials = Trials(formulate(written(request(constraints=ODD)).instance, loose=True), Deadline.after(60))
    assert candidates(trials, {}, [frozenset()]) == []


def test_conflicts_and_repairs_take_what_the_search_has_left() -> None:
    assert [seconds_for(s) for s in (-3.0, 8.0, 1e4)] == [5.0, 8.0, 30.0]


def test_the_smallest_is_found_among_many_and_few() -> None:
    for most, first in ((1, 1), (9, 4), (100, 100), (64, 65)):
        assert smallest(most, first.__le__) == (first if first <= most else None)


def test_firmness_moves_no_plan_and_is_read_like_any_member() -> None:
    plain, firm = (
        parse_request(request(constraints=[c]).model_dump(mode="json")) for c in (FEW, FEW | {"firmness": "hard"})
    )
    assert "firmness" not in plain.model_dump(mode="json")["constraints"][0]
    assert firm.constraints[0].stands == "hard"
    assert plain.constraints[0].stands == "policy"
    assert firm.constraints[0].model_copy(update={"vehicles": 50}).tightens(plain.constraints[0])


def test_less_from_later_on_is_a_repair_where_neither_alone_is_as_good() -> None:
    early = MANY | {"vehicles": 400, "start": "2027-10"}
    repairs = refused([early]).repairs
    (both,) = [r for r in repairs if len(r.changes) == 2]
    less_of, later = both.changes
    vehicles, start = number(less_of.after), later.after
    now = both.patch["constraints"]["many"]
    assert now == {"vehicles": vehicles, "start": start}
    assert has_plan([early | now])
    assert not has_plan([early | now | {"vehicles": vehicles + 1}])
    assert not has_plan([early | {"vehicles": vehicles}])
    assert f"At least {vehicles:.0f} vehicles" in both.sentence
    assert "instead of 400 vehicles and Oct 2027" in both.sentence
    half = [r for r in repairs if [c.member for c in r.changes] == ["vehicles"]]
    nearest, less = (number(r.changes[0].after) for r in half)
    assert abs(less - nearest / 2) <= 1
    assert len(repairs) >= 3


def test_the_least_that_gives_way_is_searched_for_only_as_long_as_there_is_time() -> None:
    trials = Trials(formulate(written(request(constraints=[MANY, FEW])).instance, loose=True), Deadline.after(60))
    c = next(c for c in trials.formulation.instance.scope.constraints if c.id == "many")
    limit = Limit(Asked(), c, c.model_copy(update={"vehicles": 139}))
    assert least_whole(trials, limit, 1, 140, Deadline.after(0.0)) is None
    found = least_whole(trials, limit, 1, 140, Deadline.after(60))
    assert found is not None
    assert has_plan([MANY | {"vehicles": 140 - found.units}, FEW])
    assert not has_plan([MANY | {"vehicles": 141 - found.units}, FEW])
    assert least_whole(trials, limit, 1, found.units - 1, Deadline.after(60)) is None


def test_two_ways_that_come_to_the_same_are_one_repair(several: InfeasibleError) -> None:
    prepared: Any = None
    search = _Search(prepared, prepared, Deadline.after(60), [])
    plan: Any = SimpleNamespace(objective=1.0, bound=2.0, kpis=SimpleNamespace(vehicles_end=3), cities=[])
    for given_up, patch in ((0.5, {"a": 1}), (0.6, {"a": 1}), (0.7, {"a": 2})):
        one: Any = SimpleNamespace(patch=patch, changes=several.repairs[0].changes, given_up=given_up)
        search._take(one, Verified("plan", plan))
    assert [(r.given_up, r.patch) for r in search.found] == [(0.5, {"a": 1}), (0.7, {"a": 2})]


def test_a_dial_is_turned_on_only_once_the_least_that_it_gives_is_known() -> None:
    prepared: Any = None
    least, more, other = (
        SimpleNamespace(fine=fine, plan=None, options=[SimpleNamespace(dial=dial)])
        for fine, dial in ((True, "vehicles"), (False, "vehicles"), (True, "budget"))
    )
    waiting: list[Any] = [least, more, other]
    search = _Search(prepared, prepared, Deadline.after(60), waiting)
    going: Any = [[], [least], [least], [other]]
    taken = [search._next(ones) for ones in going]
    assert taken == [least, other, None, more]


def test_nothing_is_called_firm_where_time_ran_out_before_all_was_known() -> None:
    assert unfinished(settled=True, searched=True, found=0)[0].endswith("what stands in the way is firm.")
    open_still = unfinished(settled=False, searched=True, found=0)
    assert not any("firm" in said for said in open_still)
    assert open_still[-1].startswith("There may be ways to make")
    assert unfinished(settled=True, searched=False, found=1)[-1].startswith("There may be further ways")
    assert unfinished(settled=True, searched=True, found=2) == []


PATCHES: list[dict[str, Any]] = [
    {"constraints": {"many": {"vehicles": 90}}},
    {"constraints": {"many": None, "pace": {"max": 1}}},
    {"capital": {"per_quarter_usd": 9_000_000}},
    {"constraints": {"later": {"type": "launch_not_before", "city": "belport", "month": "2028-01"}}},
    {"capital": {"cash_floor_usd": 90_000_000}},
    {"capital": {"cash_floor_usd": None}, "constraints": {"many": {"start": "2028-10"}}},
]


@pytest.mark.parametrize("patch", PATCHES, ids=str)
def test_a_repair_s_problem_is_the_one_that_would_be_written_anew(patch: dict[str, Any]) -> None:
    asked = request(
        constraints=[MANY, SOON, PACE], capital={"per_quarter_usd": 30_000_000, "cash_floor_usd": 80_000_000}
    )
    before = written(asked)
    trials = Trials(formulated_apart(before), Deadline.after(60))
    near = Near(trials, Roots(lambda: root_of(trials.formulation.model, trials.asked_rows)))
    anew = written(parse_request(apply_patch(asked.model_dump(mode="json"), patch)))
    one: Any = SimpleNamespace(scope=before.instance.scope)
    two: Any = SimpleNamespace(scope=anew.instance.scope)
    f = near.formulated(one, two)
    if "later" in patch.get("constraints", {}):  # it bounds when services can open: written anew it is tighter
        assert f is None
        return
    assert f is not None
    assert f.instance.scope is anew.instance.scope
    fresh = solve(anew.model, relax=True)
    for _ in range(2):  # from the problem that nothing is asked of, and from this one's own solution
        began = near.roots.solved(f.model, 60.0)
        assert isinstance(began, Root) == (fresh.status == "optimal")
        assert began == "none" or (isinstance(began, Root) and began.value == pytest.approx(fresh.value, abs=1.0))


def test_what_a_machine_has_no_time_for_is_looked_for_all_the_same_and_not_once_a_person_ends_it() -> None:
    told = {}
    for asked in ("time_is_up", "set"):
        stop = StopSignal()
        getattr(stop, asked)()
        told[asked] = len(refused([SOON], run=replace(HERE, stop=stop)).repairs)
    assert told["time_is_up"] >= 3
    assert told["set"] == 0


def test_a_delay_is_no_wish_whose_rows_could_be_written_beside_the_others() -> None:
    one = written(request(constraints=[MANY])).instance.scope
    delay = {"id": "late", "type": "permit_delay", "city": "belport", "months": 2}
    assert asked_between(one, written(request(constraints=[MANY, delay])).instance.scope) is None
    assert asked_between(one, written(request(constraints=[MANY], discount_rate=0.2)).instance.scope) is None
    assert asked_between(one, one) == Asked()
