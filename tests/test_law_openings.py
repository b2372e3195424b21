"""Why a city stays closed: permits that cover no area of it, rules that leave nothing to open; and from when permits allow it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.catalogue.types import Catalogue, Hold
from fleetplan.explain.dates import earliest_words, impossible
from fleetplan.facts import AreaLack, CityOutcome, PermitWait, RuleLimit
from fleetplan.months import month_text
from fleetplan.optimize.at_once import ruled_out_by_permits
from fleetplan.optimize.gather import gather
from fleetplan.options import PlanOptions
from fleetplan.permits import first_paid_month, permit_path
from fleetplan.permits.openings import least_needs, level_needs
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report.catalogue import arrival
from fleetplan.request import parse_request
from fleetplan.run import Run
from fleetplan.scope import resolve_scope
from fleetplan.words.conflict import said
from fleetplan.words.context import context_of
from fleetplan.words.outcome import outcome_sentence
from tests.plan_builder import build_plan, make_services
from tests.rule_builder import WORLD, with_new_permit

JANUARY = 2027 * 12
SERVICES = make_services()
BASE: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
    "capital": {"per_quarter_usd": 8e6},
    "cities": ["belport"],
}


def elsewhere(world: Catalogue = WORLD) -> Catalogue:
    """Return the world in which beta holds a permit of Belport's that was given for other towns."""
    beta = world.stacks["beta"]
    held = Hold("b-type", "held", "", "made up", "assumed", ("Northport", "Eastport"))
    return replace(world, stacks={**world.stacks, "beta": replace(beta, holds=(*beta.holds, held))})


def extended(months: float) -> Catalogue:
    """Return that world with a permit that adds Belport."""
    more = {
        "id": "b-area",
        "title": "Extension",
        "opens": "area",
        "fleet_cap": 0,
        "optional": True,
        "all_of": ("b-out",),
    }
    return with_new_permit("b-out", elsewhere(), months_likely=months, months_min=months, months_max=months, **more)


@pytest.mark.parametrize("months", [4, 9])
def test_what_the_dates_of_permits_rule_out_the_matrix_rules_out_too(months: int) -> None:
    """A request is ended by the dates when it is posted: they must never say more than the rows do."""
    seen = 0
    for by in (month_text(JANUARY + k) for k in range(0, 24, 2)):
        wishes = [
            {"id": "by", "type": "launch_by", "city": "belport", "month": by},
            {"id": "who", "type": "launch_by", "city": "belport", "stack": "beta", "month": by},
            {"id": "at", "type": "launch_fixed", "city": "belport", "stack": "beta", "month": by},
            {"id": "count", "type": "markets_live", "count": 2, "by": by},
        ]
        late = {"id": "late", "type": "permit_delay", "city": "belport", "months": months}
        scope = resolve_scope(parse_request(BASE | {"constraints": [*wishes, late]}), WORLD)
        dates = {party.constraint for found in impossible(scope) for party in found.parties}
        rows = set(ruled_out_by_permits(gather(scope, {"belport": SERVICES["belport"]})))
        assert dates <= rows, by
        seen += len(dates)
    assert seen


def planned(monkeypatch: pytest.MonkeyPatch, world: Catalogue, **more: Any) -> tuple[Plan, CityRollout]:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
    plan = plan_with_context(parse_request(BASE | more), PlanOptions(gap=1e-3), Run(catalogue=world)).plan
    return plan, plan.cities[0]


def test_a_permit_for_other_towns_and_none_that_adds_the_city_is_what_keeps_it_closed(monkeypatch: pytest.MonkeyPatch):
    plan, city = planned(monkeypatch, elsewhere())
    assert (city.outcome.kind, city.outcome.earliest) == ("no_area", "")
    assert city.outcome.lacks == [AreaLack(stack="beta", areas=["Belport"], given_for=["Eastport", "Northport"])]
    assert city.outcome.sentence == (
        "Belport is not launched: what Beta holds was given for Eastport and Northport, and no permit of the city's laws adds "
        "Belport."
    )
    late, city = planned(monkeypatch, extended(60))
    (lack,) = city.outcome.lacks
    assert lack.permit is not None
    assert lack.permit.permit == "b-area"
    assert city.outcome.earliest == lack.permit.in_hand > late.periods[-1]
    assert "Extension (Office), which adds Belport, cannot be in hand before" in city.outcome.sentence
    assert plan.objective == 0.0


def test_a_rule_that_leaves_nothing_to_open_is_named(monkeypatch: pytest.MonkeyPatch):
    _, city = planned(monkeypatch, WORLD, constraints=[{"id": "few", "type": "fleet_cap", "vehicles": 1}])
    assert city.outcome.kind == "shut"
    assert [a.rule for a in city.outcome.against] == ["fleet_cap"]
    assert (
        "nothing can open there within the horizon; against it stands: at most so many vehicles"
        in city.outcome.sentence
    )


def test_months_of_permits_count_the_areas_that_these_cover():
    asked = {k: v for k, v in BASE.items() if k != "cities"} | {"cities": ["belport"]}
    bare, late = (resolve_scope(parse_request(asked), world) for world in (elsewhere(), extended(12)))
    assert earliest_words(bare) == "No permit within the horizon covers an area of Belport."
    path, free = (permit_path(w, "beta", "belport", horizon_start=JANUARY) for w in (extended(12), WORLD))
    needs = least_needs(path, {"Belport"})
    assert needs == (("b-area",),)
    first = first_paid_month(path)
    assert first is not None
    assert first_paid_month(path, needs) == first + 12
    assert least_needs(path, {"Belport", "Northport"}) == (), "some area of the city may be served"
    assert least_needs(free, {"Belport"}) == ()
    assert earliest_words(late).startswith("Belport ")
    fact = WORLD.deployments["beta", "belport"]
    assert arrival(elsewhere(), fact).paid is None
    assert arrival(extended(12), fact).paid > arrival(WORLD, fact).paid  # type: ignore[operator]


def test_what_is_asked_of_a_city_that_no_permit_covers_is_told_so_before_anything_is_solved():
    asked = BASE | {"constraints": [{"id": "go", "type": "launch_by", "city": "belport", "month": "2028-06"}]}
    scope = resolve_scope(parse_request(asked), elsewhere())
    (conflict,) = said(impossible(scope), context_of(scope))
    assert conflict.parties[0].permits is not None
    assert conflict.parties[0].permits.uncovered
    assert "none of them covers an area there" in conflict.sentence


def test_levels_ask_for_places_areas_and_a_larger_area():
    path = permit_path(extended(12), "beta", "belport", horizon_start=JANUARY)
    belport = frozenset({"Belport"})
    assert level_needs(path, ["paid_driver_out"], [(), ("b-gate",)], [belport, belport]) == (
        (("b-area",),),
        ((), ("b-area",)),
    )


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (CityOutcome(kind="not_worth", more_at_most_usd=0.0), "is not launched: no plan that opens it is worth more"),
        (CityOutcome(kind="shut", against=[RuleLimit(rule="x", kind="law", says="So it is")]), "stands: so it is."),
        (CityOutcome(kind="shut"), "under this request's limits together."),
        (
            CityOutcome(
                kind="no_area",
                lacks=[
                    AreaLack(
                        stack="s",
                        areas=[],
                        given_for=[],
                        permit=PermitWait(
                            permit="p", title="Bridge", authority="Port", in_hand="2040-01", begun="2027-01"
                        ),
                    )
                ],
            ),
            "Bridge (Port), which opens a place in s's smallest area, cannot be in hand before Jan 2040, after the horizon.",
        ),
    ],
)
def test_what_keeps_a_city_closed_is_said(outcome: CityOutcome, told: str):
    plan = build_plan()
    city = plan.cities[0].model_copy(update={"outcome": outcome, "deployments": []})
    assert told in outcome_sentence(city, plan)


def test_the_months_of_a_launch_wait_for_the_permit_of_its_area(monkeypatch: pytest.MonkeyPatch):
    forced = [{"id": "go", "type": "force_deployment", "city": "belport", "stack": "beta"}]
    _, city = planned(monkeypatch, extended(3), constraints=forced)
    (d,) = city.deployments
    steps = {s.permit: s for s in d.permits}
    assert d.launch_months is not None
    assert d.launch_months.promised == steps["b-area"].promised > steps["b-out"].promised
