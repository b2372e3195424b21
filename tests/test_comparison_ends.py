"""Services that end, and what plans return, in comparisons and tables."""

from __future__ import annotations

import pytest

from fleetplan.compare import compare_plans
from fleetplan.compare.figures import returns_rows
from fleetplan.plans.types import Plan
from fleetplan.report.comparison_gantt import overlay
from fleetplan.report.tables import tables
from fleetplan.words.comparison import verdict
from tests.plan_builder import build_plan

PLAN = build_plan()


def ending(month: str | None, *, launch: str | None = None) -> Plan:
    """Return the plan with its first service of Aston ending in a month, or opening in none."""
    city = PLAN.cities[0]
    changed = {"ended": month} if launch is None else {"ended": month, "launch": launch}
    first = city.deployments[0].model_copy(update=changed)
    return PLAN.model_copy(
        update={"cities": [city.model_copy(update={"deployments": [first, *city.deployments[1:]]}), *PLAN.cities[1:]]}
    )


@pytest.mark.parametrize(
    ("before", "after", "direction", "told"),
    [
        (
            None,
            "2027-10",
            -1,
            "Aston with Alpha ends its service in Oct 2027, which went on to the end of the horizon before.",
        ),
        ("2027-10", None, 1, "Aston with Alpha no longer ends its service; it ended Oct 2027."),
        (
            "2027-07",
            "2027-10",
            1,
            "Aston with Alpha ends its service three months later, Oct 2027 instead of Jul 2027.",
        ),
    ],
)
def test_a_service_that_ends_otherwise_is_a_decision_of_its_own(
    before: str | None, after: str | None, direction: int, told: str
):
    a, b = ending(before), ending(after)
    found = compare_plans(a, b)
    (move,) = [m for m in found.decisions if m.kind == "ended"]
    assert (move.id, move.a, move.b, move.direction) == ("ended:alpha@aston", before, after, direction)
    assert move.sentence == told
    assert told in found.summary
    assert told in " ".join(verdict(a, b, found, []))
    row = next(r for r in overlay(a, b) if r.partner == "Alpha")
    assert "ends" in row.out


def test_what_no_longer_opens_is_not_told_to_end_as_well():
    assert [
        m.kind for m in compare_plans(ending(None), ending("2027-10", launch="")).decisions if m.kind == "ended"
    ] == []
    (new,) = [m for m in compare_plans(ending(None, launch=""), ending("2027-10")).decisions if m.kind == "ended"]
    assert new.sentence == "Aston with Alpha ends its service in Oct 2027."


def test_both_plans_returns_stand_side_by_side():
    better = PLAN.model_copy(update={"returns": PLAN.returns.model_copy(update={"irr": 0.5, "after_tax_npv_usd": 1e6})})
    found = compare_plans(PLAN, better).returns
    assert [r.city for r in found] == ["aston", "belport", ""]
    assert (found[-1].irr_a, found[-1].irr_b) == (PLAN.returns.irr, 0.5)
    assert found[-1].after_tax_npv_b_usd == 1e6
    rows = returns_rows(PLAN, better)
    assert [row["name"] for row in rows] == ["Aston", "Belport", "The plan"]
    assert rows[-1]["cells"][0][1] == "50.0 %"


def test_returns_are_a_table_by_city_with_the_plan_last():
    frame = tables(PLAN)["returns"]
    assert [c if isinstance(c, str) else "" for c in frame["city"]] == ["aston", "belport", ""]
    assert frame["npv_usd"].tolist()[-1] == PLAN.kpis.npv_usd
    assert frame["after_tax_npv_usd"].tolist()[0] == PLAN.cities[0].returns.after_tax_npv_usd
