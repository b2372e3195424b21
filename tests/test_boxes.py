"""What is left without some structures, cut into boxes, against enumeration; plans found by boxes against those of other rows."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fleetplan.alternatives.structure import key_of, unlike
from fleetplan.errors import SolverError
from fleetplan.optimize.aside import PutAside
from fleetplan.optimize.boxes import Box, Known, boxes_of, by_boxes, loosened, structures, without
from fleetplan.optimize.rules.others import Step
from fleetplan.optimize.solve import Solution, Watch
from fleetplan.planner import plan_prepared
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare, prepare_again
from fleetplan.request import parse_request
from fleetplan.reruns.rerun import apply_patch
from tests.test_alternatives import SHORT
from tests.test_rerun import EXACTLY, HERE, SERVICES, planned

DEPLOYMENTS, LEVELS, PERIODS = 2, 2, 3
Opened = tuple[tuple[int, ...], ...]
"""By deployment, the period in which each level opens; ``PERIODS``: never. A wider one opens no sooner."""


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def every() -> Iterator[Opened]:
    one = [(a, b) for a in range(PERIODS + 1) for b in range(a, PERIODS + 1)]
    return itertools.product(one, repeat=DEPLOYMENTS)


def has(opened: Opened, box: Box) -> bool:
    return all((opened[s.deployment][s.level] <= s.period) == s.taken for s in box)


FIRST: Box = (Step(0, 0, 1, taken=True), Step(0, 0, 0, taken=False), Step(1, 0, 2, taken=False))
SECOND: Box = (Step(0, 0, 1, taken=True), Step(0, 0, 0, taken=False), Step(1, 0, 2, taken=True))
WIDE: Box = (Step(0, 0, 2, taken=True), Step(0, 1, 2, taken=True), Step(1, 1, 2, taken=False))


@pytest.mark.parametrize("cut", [[FIRST], [FIRST, SECOND], [WIDE, FIRST], [FIRST, SECOND, WIDE]])
def test_boxes_hold_every_plan_but_the_structures_once_and_only_once(cut: list[Box]) -> None:
    boxes: list[Box] = [()]
    for structure in cut:
        boxes = [part for box in boxes for part in without(box, structure)]
    for opened in every():
        inside = sum(has(opened, box) for box in boxes)
        assert inside == (0 if any(has(opened, structure) for structure in cut) else 1)


def test_a_box_that_has_nothing_of_a_structure_stays_whole() -> None:
    box: Box = (Step(0, 0, 1, taken=False),)
    assert list(without(box, FIRST)) == [box]
    assert list(without(FIRST, FIRST)) == []


def test_what_bounds_a_box_bounds_those_in_it() -> None:
    known = Known()
    known.note(FIRST[:1], 7.0)
    known.of(FIRST[:2]).bound = 5.0
    assert known.of(FIRST).bound == 5.0
    assert known.of((FIRST[2], FIRST[0])).bound == 7.0
    assert known.of(SECOND[2:]).bound == np.inf
    known.of(FIRST[:1]).x = np.zeros(2)
    assert known.begun_with(FIRST) is known.of(FIRST[:1]).x
    assert known.begun_with(FIRST[:1]) is None


@pytest.fixture(scope="module")
def best() -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        return planned(SHORT)


def asked(best: Plan, found: list[Plan], **more: Any) -> Prepared:
    data = best.request.model_dump(mode="json") | more
    request = parse_request(apply_patch(data, unlike(best, found, "launches")))
    return prepare_again(request, prepare(best.request, HERE))


def test_boxes_find_what_a_search_with_rows_finds_and_what_is_kept_of_them_changes_nothing(
    best: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, found = Known(), list[Plan]()
    for _ in range(2):
        problem = asked(best, found)
        assert by_boxes(problem.formulation)
        found.append(plan_prepared(problem, EXACTLY, HERE, bare=True, boxes=known).plan)
    known.end()
    assert not known.searches
    last = asked(best, found[:1])
    afresh = plan_prepared(last, EXACTLY, HERE, bare=True).plan
    monkeypatch.setattr("fleetplan.optimize.search.by_boxes", lambda _: False)
    by_rows = plan_prepared(last, EXACTLY, HERE, bare=True).plan
    assert len({key_of(plan, "launches") for plan in (best, *found)}) == 3
    for other in (afresh, by_rows):
        assert other.objective == pytest.approx(found[1].objective, rel=1e-4, abs=200)
        assert found[1].objective <= other.bound + 1


def test_where_markets_come_first_boxes_are_of_plans_with_as_many(best: Plan) -> None:
    first = planned({**SHORT, "objective": "markets_then_npv"})
    other = plan_prepared(asked(first, []), EXACTLY, HERE, bare=True).plan
    assert key_of(other, "launches") != key_of(first, "launches")
    assert other.markets is not None
    assert first.markets is not None
    assert other.markets.found <= first.markets.found
    if other.markets.found == first.markets.found:
        assert other.objective <= first.bound + 1


def test_in_fractions_those_who_do_not_open_are_free_unless_that_sets_the_box_apart(best: Plan) -> None:
    formulation = asked(best, []).formulation
    (structure,) = structures(formulation)
    last = formulation.instance.periods - 1
    for box in boxes_of(formulation):
        loose = loosened(formulation, box)
        assert loose[-1] == box[-1]
        assert set(loose) <= set(box)
        assert all(step.taken or step.period < last for step in loose[:-1])
    assert all(step.taken or step.period <= last for step in structure)


def test_a_search_that_is_put_aside_goes_on_where_it_stood() -> None:
    over, begun = threading.Event(), list[int]()

    def search(watch: Watch, stop: threading.Event) -> Solution:
        begun.append(1)
        while not over.is_set() and not stop.is_set():
            watch(3.0, 9.0, 0.0)
        watch(2.0, 7.0, 0.0)
        return Solution("stopped" if stop.is_set() else "optimal", None, 3.0, 7.0, 0.0)

    aside = PutAside(search)
    assert aside.go_on(lambda: True) is None
    assert (aside.best, aside.bound) == (3.0, 9.0)
    over.set()
    answer = aside.go_on(lambda: False)
    assert answer is not None
    assert (answer.status, aside.best, aside.bound, len(begun)) == ("optimal", 3.0, 7.0, 1)
    assert PutAside(search).end() is None  # never begun
    over.clear()
    other = PutAside(search)
    assert other.go_on(lambda: True) is None
    ended = other.end()
    assert ended is not None
    assert ended.status == "stopped"


def test_a_search_that_fails_says_so_to_whoever_goes_on_with_it() -> None:
    def fails(*_: object) -> Solution:
        raise SolverError

    with pytest.raises(SolverError):
        PutAside(fails).go_on(lambda: False)
