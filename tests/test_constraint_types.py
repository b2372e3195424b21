"""What types of constraints declare of themselves, and that nothing declared is forgotten or wrong."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fleetplan.explain.constraints import constraint_outcomes
from fleetplan.months import month_number, month_text
from fleetplan.optimize.rules import CONSTRAINT_RULES
from fleetplan.plans.check.targets import MEASURES
from fleetplan.request.constraints import CONSTRAINT_TYPES, Constraint, constraint_from
from fleetplan.request.members import has_window, members_of, planned_months
from fleetplan.reruns.lever_fields import BY_TYPE
from fleetplan.words.constraints import CONSTRAINTS
from tests.plan_builder import build_plan, default_request
from tests.test_check import KEPT_OR_BROKEN, WORLD, checked

KINDS = sorted(CONSTRAINT_TYPES.values(), key=lambda kind: kind.__name__)


def _subclasses(kind: type[Constraint]) -> set[type[Constraint]]:
    return {kind, *(below for own in kind.__subclasses__() for below in _subclasses(own))}


def test_every_class_of_constraint_can_be_asked_for():
    assert _subclasses(Constraint) - {Constraint} == set(CONSTRAINT_TYPES.values())


@pytest.mark.parametrize("name", CONSTRAINT_TYPES)
def test_every_type_has_its_rows_its_check_and_its_words(name: str):
    kind = CONSTRAINT_TYPES[name]
    assert kind in CONSTRAINT_RULES, "its rows are missing: fleetplan/optimize/rules/constraints.py"
    assert (kind in MEASURES) != kind.given, "its check is missing: fleetplan/plans/check/targets.py"
    assert name in CONSTRAINTS, "its words are missing: fleetplan/words/constraints.py"
    shown = {f.name for f in BY_TYPE[name].fields} - {"pair"}
    assert all(f.label for f in BY_TYPE[name].fields)
    assert shown <= set(members_of(kind))
    if kind.limit is not None:
        assert kind.limit.member in shown, "its limit has no label: fleetplan/words/constraints.py"


def test_nothing_is_written_checked_or_said_for_a_type_that_is_not_there():
    assert set(CONSTRAINT_RULES) == set(CONSTRAINT_TYPES.values())
    assert set(MEASURES) <= set(CONSTRAINT_TYPES.values())
    assert set(CONSTRAINTS) == set(CONSTRAINT_TYPES)


@pytest.mark.parametrize("kept", [kept for kept, _ in KEPT_OR_BROKEN], ids=lambda entry: entry["type"])
def test_what_a_plan_does_about_a_constraint_is_measured_and_told(kept: dict[str, Any]):
    plan = build_plan(request=default_request(constraints=[{"id": "it"} | kept]))
    found, excuse = constraint_outcomes(plan, WORLD)
    assert excuse.tightness == "given"
    assert found.told.endswith(".")
    assert found.tightness in {"limit", "room", "kept"}


@pytest.mark.parametrize("kind", [k for k in KINDS if k.limit], ids=lambda k: k.__name__)
def test_a_limit_is_a_number_or_a_month_that_is_always_given(kind: type[Constraint]):
    assert kind.limit is not None
    member = members_of(kind)[kind.limit.member]
    assert member.must
    assert member.kind in {"whole", "number", "month"}
    assert bool(kind.limit.unit) == (member.kind != "month" and not kind.given)


def _looser(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a constraint whose limit leaves more plans."""
    limit = CONSTRAINT_TYPES[entry["type"]].limit
    assert limit is not None
    value, way = entry[limit.member], -1 if limit.tighter == "more" else 1
    if isinstance(value, str):
        return {**entry, limit.member: month_text(month_number(value) + way)}
    return {**entry, limit.member: value + way * (1 if value > 1 else 0.05)}


def _can_be_asked(entry: dict[str, Any]) -> bool:
    try:
        constraint_from(entry)
    except ValidationError:
        return False
    return True


LIMITED = [{"id": "it"} | kept for kept, _ in KEPT_OR_BROKEN if CONSTRAINT_TYPES[kept["type"]].limit]
PAIRS = [(kept, _looser(kept)) for kept in LIMITED if _can_be_asked(_looser(kept))]


def test_every_limit_is_tried():
    assert {kept["type"] for kept, _ in PAIRS} == {k for k, t in CONSTRAINT_TYPES.items() if t.limit and not t.given}


@pytest.mark.parametrize(("kept", "looser"), PAIRS, ids=lambda entry: entry["type"])
def test_a_looser_limit_is_kept_by_what_keeps_a_tighter_one(kept: dict[str, Any], looser: dict[str, Any]):
    assert checked(build_plan(request=default_request(constraints=[looser]))).violations == ()
    one, other = constraint_from(kept), constraint_from(looser)
    assert one.tightens(other)
    assert not other.tightens(one)
    assert not one.tightens(one)


def test_a_limit_on_something_else_is_no_tighter_one():
    cap = {"id": "cap", "type": "fleet_cap", "vehicles": 9, "city": "aston"}
    for other in ({"city": "belport"}, {"city": None}, {"stack": "alpha"}, {"id": "another"}):
        assert not constraint_from({**cap, "vehicles": 8, **other}).tightens(constraint_from(cap))
    assert constraint_from({**cap, "vehicles": 8}).tightens(constraint_from(cap))


def test_what_forbids_only_and_what_lets_in():
    delay = {"id": "x", "type": "permit_delay", "city": "aston", "months": 1}
    supply = {"id": "x", "type": "supply_change", "stack": "alpha", "factor": 0.5}
    markets = {"id": "x", "type": "markets_live", "count": 1, "by": "2028-01"}
    told = {
        "delay": constraint_from(delay).only_forbids,
        "less": constraint_from(supply).only_forbids,
        "more": constraint_from(supply | {"factor": 1.5}).only_forbids,
        "paid": constraint_from(markets).only_forbids,
        "public": constraint_from(markets | {"counts": "public"}).only_forbids,
    }
    assert told == {"delay": False, "less": True, "more": False, "paid": True, "public": False}


@pytest.mark.parametrize(
    ("name", "months", "windowed"),
    [
        ("markets_live", ["by"], False),
        ("launch_fixed", ["month"], False),
        ("event_date", [], False),
        ("fleet_cap", [], True),
        ("partner_share", [], True),
        ("supply_change", [], True),
        ("forbid_deployment", [], False),
    ],
)
def test_months_and_windows_are_read_off_the_members(name: str, months: list[str], windowed: bool):
    kind = CONSTRAINT_TYPES[name]
    assert planned_months(kind) == months
    assert has_window(kind) == windowed
