"""Every sentence said otherwise: what is decided stays as it is.

All functions of the words' room that say something are replaced by ones that say gibberish, another one at every call, and every
sentence stored in a plan or a finding with them.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fleetplan.words
from api.pages.ended_view import ended
from fleetplan.catalogue import load_catalogue
from fleetplan.compare import causes_of, compare_plans
from fleetplan.compare.causes import Alone, causing_changes
from fleetplan.explain import answers, binding
from fleetplan.explain.constraints import constraint_outcomes
from fleetplan.explain.dates import impossible
from fleetplan.facts import Binding, Conflict, Kept, Party, PermitLimit, PermitWait
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.prepare import prepare
from fleetplan.request import parse_request
from fleetplan.reruns.inherit import inherited_bound
from fleetplan.reruns.levers import levers, presets
from fleetplan.reruns.patch import apply_patch
from fleetplan.run import Run
from fleetplan.scope import resolve_scope
from fleetplan.words.names import Names
from tests.api_support import answer, running
from tests.plan_builder import make_services
from tests.test_optimize import WORLD

GIBBERISH = "zqx"
DATA = {"last_month", "owner_of"}
"""Functions of the words' room that return a month or a slug, no words."""

NAMES = (
    "city",
    "event",
    "event_title",
    "figure_owner",
    "figure_title",
    "law",
    "partner",
    "permit",
    "place",
    "platform",
)
PROSE = {"because", "note", "sentence", "sentences", "summary"}
WISHES: list[dict[str, Any]] = [
    {"id": "munich-by-summer", "type": "launch_by", "city": "munich", "month": "2027-06"},
    {"id": "pace", "type": "launches_per_quarter", "max": 1},
    {"id": "cap", "type": "fleet_cap", "vehicles": 10},
    {"id": "slow", "type": "permit_delay", "city": "london", "months": 3},
]
PLAN = Plan.model_validate_json(answer())
SERVICES = make_services()
SMALL: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
    "capital": {"per_quarter_usd": 8e6},
    "constraints": [{"id": "cap", "type": "fleet_cap", "vehicles": 60}],
}
TIGHTER: dict[str, Any] = {"capital": {"per_quarter_usd": 6e6}, "constraints": {"cap": {"vehicles": 50}}}


def said_otherwise() -> Callable[..., str]:
    numbers = itertools.count()
    return lambda *_, **__: f"{GIBBERISH} {next(numbers)}"


def otherwise(say: Callable[..., Any], other: Callable[..., str]) -> Callable[..., Any]:
    """Return a function that says gibberish where the given one says something, and nothing where it says nothing."""

    def said(*given: Any, **named: Any) -> Any:
        told = say(*given, **named)
        return [other() for _ in told] if isinstance(told, list) else told and other()

    return said


def _says_something(thing: Any) -> bool:
    own = inspect.isfunction(thing) and thing.__module__.startswith("fleetplan.words")
    return own and thing.__annotations__.get("return") in {"str", "list[str]"}


def reword(monkeypatch: pytest.MonkeyPatch) -> int:
    """Replace whatever says something, wherever it was imported to; return how many functions say otherwise."""
    for found in pkgutil.iter_modules(fleetplan.words.__path__, "fleetplan.words."):
        importlib.import_module(found.name)
    other = said_otherwise()
    replaced: dict[Any, Callable[..., Any]] = {}
    ours = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] in {"fleetplan", "api"}]
    for module, name, thing in [(m, *item) for m in ours for item in list(vars(m).items())]:
        if name not in DATA and _says_something(thing):
            replaced.setdefault(thing, otherwise(thing, other))
            monkeypatch.setattr(module, name, replaced[thing])
    for name in NAMES:
        monkeypatch.setattr(Names, name, otherwise(getattr(Names, name), other))
    return len(replaced)


def reworded(data: Any, say: Callable[..., str]) -> Any:
    """Return plain data with every sentence in it said otherwise."""
    if isinstance(data, list):
        return [reworded(part, say) for part in data]
    if not isinstance(data, dict):
        return data
    out: dict[str, Any] = {}
    for key, value in data.items():
        if key in PROSE and isinstance(value, str):
            out[key] = value and say()
        elif key in PROSE and isinstance(value, list):
            out[key] = [say() for _ in value]
        else:
            out[key] = reworded(value, say)
    return out


def bound_plan() -> Plan:
    """Return a plan of four cities under wishes, with a constraint, a supply and a permit that bind."""
    wait = PermitWait(permit="p", title="Paid rides", authority="-", in_hand="2027-04", begun="2027-01")
    opening = {"city": "bay-area", "stack": "lucid-nuro-gravity", "period": "2027-04", "permit": wait, "source": ""}
    price = {"period": "2030-10", "price_usd": 900.0, "unit": "vehicle", "source": "the request"}
    binds = [
        Binding(rule="fleet_cap", kind="target", constraint="cap", sentence="At most ten.", **price),
        Binding(rule="permit_path", kind="law", sentence="It waits.", **opening),
        *PLAN.binds,
    ]
    asked = parse_request({"name": "x", "capital": {"per_quarter_usd": 125e6}, "constraints": WISHES})
    return PLAN.model_copy(update={"binds": binds, "request": asked})


CONFLICTS = [
    Conflict(
        parties=[
            Party(
                kind="constraint",
                constraint="munich-by-summer",
                type="launch_by",
                city="munich",
                permits=PermitLimit(by="2027-06", earliest="2027-12"),
            )
        ],
        sentence="Too soon.",
    ),
    Conflict(parties=[Party(kind="capital"), Party(kind="constraint", constraint="cap")], sentence="Not together."),
]
FROZEN = [
    Conflict(parties=[Party(kind="kept", city="munich", kept=Kept(what="depots", until="2027-09"))], sentence="No.")
]


def of_plan(plan: Plan) -> dict[str, Any]:
    """Return what answers, levers, constraints and groups of limits decide about a plan."""
    catalogue = load_catalogue()
    scope = resolve_scope(plan.request, catalogue)
    offered = levers(scope, plan, CONFLICTS)
    why = next(a for a in answers.answers(plan) if a.key == "why")
    return {
        "answers": [(a.key, len(a.sentences)) for a in answers.answers(plan)],
        "why": [b.permit for b in plan.binds if b.sentence == why.sentences[0]],
        "stand": [(s.id, s.tightness) for s in constraint_outcomes(plan, catalogue)],
        "kinds": [(k.rule, [(b.month, bool(b.worth)) for b in k.items]) for k in binding.kinds(plan)],
        "clashing": [(c.id, c.clashes) for c in offered.asked],
        "levers": {key: (spec["path"][0], spec["exists"]) for key, spec in offered.specs().items()},
        "figures": sorted(row["key"] for _, rows in offered.figures for row in rows),
        "presets": [preset["sets"] for preset in presets(offered, plan.request)],
        "impossible": [c.parties for c in impossible(scope)],
    }


def of_ended(folder: Path, conflicts: list[Conflict], say: Callable[..., str] | None) -> list[Any]:
    """Return what the page of a plan that ended without one is made of."""
    folder.mkdir()
    with running(folder) as site:
        asked = {"name": "x", "capital": {"per_quarter_usd": 125e6}, "constraints": WISHES}
        plan = site.queued(asked)
        site.runner.begin(plan)
        clashes = [c.model_dump() for c in conflicts]
        told = reworded(clashes, say) if say else clashes
        site.store.finish(plan, "infeasible", problem={"code": "infeasible", "clashes": told})
        row = site.store.get(plan)
        assert row is not None
        page = ended(site.service, row)
    parties = [[(p.id, bool(p.fact)) for p in clash.parties] for clash in page["clashes"]]
    return [parties, [clash.earlier for clash in page["clashes"]], sorted(page["others"])]


def of_pair(first: Plan, second: Plan, *, left: int) -> list[Any]:
    """Return what a comparison and its causes find."""
    compared = compare_plans(first, second)
    changes = causing_changes(first.request, second.request)
    causes = causes_of(first, second, [Alone(changes[0], second)], left=left)
    effects = [(e.pointer, e.outcome, e.moves, e.npv_usd) for e in causes.alone]
    moved = [(m.id, m.causes, m.joint, m.open) for m in causes.moves]
    return [[(m.id, m.a, m.b) for m in compared.decisions], [i.pointer for i in compared.inputs], effects, moved]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def planned(data: dict[str, Any]) -> Plan:
    options = PlanOptions(gap=1e-6, time_limit_s=60)
    return plan_with_context(parse_request(data), options, Run(catalogue=WORLD)).plan


def other_words(plan: Plan) -> Plan:
    return Plan.model_validate(reworded(plan.model_dump(mode="json"), said_otherwise()))


def test_the_gibberish_reaches_what_people_read(monkeypatch: pytest.MonkeyPatch):
    assert reword(monkeypatch) > 60
    plan = other_words(bound_plan())
    assert all(GIBBERISH in b.sentence for b in plan.binds)
    assert all(GIBBERISH in m.sentence for m in compare_plans(PLAN, bound_plan()).decisions)
    assert all(GIBBERISH in s.asks.lower() for s in constraint_outcomes(plan, load_catalogue()))


def test_reworded_sentences_change_no_answer_lever_or_constraint(monkeypatch: pytest.MonkeyPatch):
    before = of_plan(bound_plan())
    assert before["why"][0] is not None
    assert before["clashing"] == [("munich-by-summer", True), ("pace", False), ("cap", True)]
    assert ("cap", "binds") in before["stand"]
    reword(monkeypatch)
    assert of_plan(other_words(bound_plan())) == before


@pytest.mark.parametrize("conflicts", [CONFLICTS, FROZEN], ids=["asked", "kept"])
def test_reworded_sentences_change_nothing_of_the_page_without_a_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, conflicts: list[Conflict]
):
    before = of_ended(tmp_path / "before", conflicts, None)
    reword(monkeypatch)
    assert of_ended(tmp_path / "after", conflicts, said_otherwise()) == before


def test_reworded_sentences_change_no_bound_no_move_and_no_cause(monkeypatch: pytest.MonkeyPatch):
    tight = apply_patch(SMALL, TIGHTER)
    first, second = planned(SMALL), planned(tight)
    ready = prepare(parse_request(tight), Run(catalogue=WORLD))
    before = [of_pair(first, second, left=left) for left in (0, 1)]
    taken = inherited_bound(first, ready)
    assert taken.why == "inherited"
    assert before[0][0]
    reword(monkeypatch)
    one, two = other_words(first), other_words(second)
    assert [of_pair(one, two, left=left) for left in (0, 1)] == before
    assert inherited_bound(one, ready) == taken
    assert planned(tight).model_dump(exclude={"binds", "cities", "certificate"}) == second.model_dump(
        exclude={"binds", "cities", "certificate"}
    )
