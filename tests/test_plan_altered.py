"""Nothing in a plan can be altered unseen: every field in turn, with its seal and by a forger who makes that anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError
from typer.testing import CliRunner

from benchmarks.altered import altered, field_of, leaves
from fleetplan import cli
from fleetplan.facts import BoundCheck
from fleetplan.plans.check import check_plan
from fleetplan.plans.files import sealed
from fleetplan.plans.types import Plan
from fleetplan.recheck import recheck_bound
from fleetplan.request import PlanRequest
from fleetplan.run import Run
from fleetplan.words.recheck import bound_sentences
from tests.test_constraint_properties import SERVICES, WORLD, asking, base, first_plan

RICH = first_plan(asking(base(0), {"type": "markets_live", "count": 1, "by": "2028-12"}))
DATA = RICH.model_dump(mode="json")

ONLY_SEALED = {
    "schema_version": "another one is another version's",
    "currency": "there is one",
    "cities.[].outcome.sentence": "words",
    "cities.[].outcome.earliest": "told by the law's dates before any rollout",
    "cities.[].depots.[].stalls_partner.[]": "the partner's own choice, where the stalls have no price",
    "certificate.formulation_sha256": "the search's",
    "certificate.version": "the search's",
    "certificate.seed": "the search's",
    "certificate.solver": "the search's",
    "certificate.gap_asked": "what the search was asked",
    "certificate.method": "how the search went",
    "certificate.exactness.root_usd": "proven anew by `fleetplan check`",
    "certificate.exactness.tolerance": "the solver's",
    "certificate.exactness.sentence": "words",
    "certificate.seal": "made anew here",
    "markets": "what is proven of a number, where markets come first",
}
"""Fields that rules alone cannot know, and why: a forger of these is found out by the seal, or by a search (tests below)."""
NOT_THERE = {
    *("cities.[].deployments.[].ended", "cities.[].outcome.lacks", "cities.[].outcome.against", "markets"),
    *("cities.[].outcome.kept_out", "certificate.method.weighing"),
}
"""Fields that the plan of these tests has nothing in."""


def first_places() -> dict[str, tuple[str | int, ...]]:
    """Return a place for every field, one with a number in it where there is one."""
    found: dict[str, tuple[tuple[str | int, ...], Any]] = {}
    for place, value in leaves(DATA):
        field = field_of(place)
        if place[0] != "request" and (field not in found or (not found[field][1] and value)):
            found[field] = place, value
    return {field: place for field, (place, _) in found.items()}


PLACES = first_places()


def alone(field: str) -> bool:
    return any(field == known or field.startswith(f"{known}.") for known in ONLY_SEALED)


def fields_of(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield every field of a schema that holds no other model."""
    for name, info in model.model_fields.items():
        inner = [part for part in _parts(info.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        listed = ".[]" if get_origin(info.annotation) is list else ""
        for part in inner:
            if part is not PlanRequest:
                yield from fields_of(part, f"{before}{name}{listed}.")
        if not inner:
            yield f"{before}{name}"


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation if get_origin(annotation) is None else None
    for part in get_args(annotation):
        yield from _parts(part)


def forged(field: str, index: int = 0) -> Plan | None:
    """Return the plan with a field altered; None where no plan can hold it."""
    try:
        return Plan.model_validate(altered(DATA, PLACES[field], index))
    except ValidationError:
        return None


def valid(plan: Plan) -> bool:
    return check_plan(plan, WORLD, SERVICES, delivered=True).valid


def test_every_field_of_the_schema_is_altered_here():
    altered_here = {field.removesuffix(".[]").removesuffix(".*") for field in PLACES}
    missing = {
        field
        for field in fields_of(Plan)
        if not any(known == field or known.startswith(f"{field}.") for known in altered_here)
    }
    assert {f for f in missing if not any(f == n or f.startswith(f"{n}.") for n in NOT_THERE)} == set()


def test_the_plan_as_it_was_delivered_is_valid():
    assert valid(RICH)
    assert sealed(RICH) == RICH


@pytest.mark.parametrize("field", sorted(PLACES))
def test_an_altered_field_does_not_go_with_the_seal(field: str):
    plan = forged(field)
    assert plan is None or sealed(plan).certificate.seal != plan.certificate.seal


@pytest.mark.parametrize("field", sorted(field for field in PLACES if not alone(field)))
def test_rules_see_an_altered_field_though_the_seal_is_made_anew(field: str):
    plan = forged(field, index=1)
    assert plan is None or not valid(sealed(plan)), PLACES[field]


def test_a_plan_without_a_seal_is_not_taken_as_delivered():
    bare = RICH.model_copy(update={"certificate": RICH.certificate.model_copy(update={"seal": ""})})
    assert not valid(bare)
    assert check_plan(bare, WORLD, SERVICES).valid


# --- the bound, which no rule knows ---


def recheck(plan: Plan, monkeypatch: pytest.MonkeyPatch, search_s: float = 20.0) -> BoundCheck:
    monkeypatch.delattr("fleetplan.prepare.city_service")  # the surfaces that the checker had are not made again
    return recheck_bound(plan, search_s, Run(catalogue=WORLD), SERVICES)


def claiming(plan: Plan, bound: float, **request: Any) -> Plan:
    """Return a plan that claims another bound, and perhaps to answer another request, with everything else made to go with it."""
    certificate = plan.certificate.model_copy(update={"bound_usd": bound})
    asked = PlanRequest.model_validate(plan.request.model_dump(mode="json") | request)
    return sealed(plan.model_copy(update={"bound": bound, "certificate": certificate, "request": asked}))


def test_what_a_search_proved_is_proven_again(monkeypatch: pytest.MonkeyPatch):
    check = recheck(RICH, monkeypatch)
    assert check.finding in {"searched", "proven"}
    assert check.relaxed_usd is not None
    assert check.relaxed_usd >= RICH.bound - 1.0
    assert "proven again" in bound_sentences(RICH, check)[-1]


def test_a_bound_as_wide_as_the_relaxation_is_proven_without_a_search(monkeypatch: pytest.MonkeyPatch):
    check = recheck(claiming(RICH, 2.0 * RICH.bound), monkeypatch, search_s=0.0)
    assert check.finding == "proven"


def test_a_bound_below_what_can_be_had_is_refuted(monkeypatch: pytest.MonkeyPatch):
    check = recheck(claiming(RICH, 0.9 * RICH.objective), monkeypatch)
    assert check.finding == "refuted"
    assert "is false" in bound_sentences(RICH, check)[-1]


def test_a_plan_passed_off_as_the_answer_to_more_capital_is_refuted(monkeypatch: pytest.MonkeyPatch):
    poor = first_plan(base(0, capital={"per_quarter_usd": 2e6}))
    check = recheck(claiming(poor, poor.bound, capital={"per_quarter_usd": 2e7}), monkeypatch)
    assert check.finding == "refuted"


def test_without_a_search_a_tighter_bound_is_left_as_a_claim(monkeypatch: pytest.MonkeyPatch):
    plan = claiming(RICH, 0.5 * RICH.objective)
    check = recheck(plan, monkeypatch, search_s=0.0)
    assert check.finding == "not_refuted"
    assert "no search was made here" in bound_sentences(plan, check)[-1]


def test_the_command_tells_of_an_altered_file(tmp_path: Path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(DATA | {"objective": 1e9}), encoding="utf-8")
    assert CliRunner().invoke(cli.app, ["check", str(path)]).exit_code != 0
