"""The request's constraints, each on its rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.ledger import NOT_RUNNING
from fleetplan.optimize.rules.constraints import constraint_rule
from tests.rule_builder import APRIL, BOUGHT, DRIVEN, JULY, JUNE, Trial, asking, finer_services, instance, with_permit

LAST = 11
ASTON = {"cities": ["aston"]}
ALL: dict[str, Any] = {}
QUARTERS = {**DRIVEN, "horizon": {"start": "2027-01", "months": 12, "single_months": 6}}


def asked(scope: dict[str, Any], **constraint: Any) -> Trial:
    return Trial(instance(asking(scope, **constraint)), "it")


def paid(trial: Trial, q: int, at: int) -> Trial:
    """Open a deployment to paying riders, and its city with it."""
    city = trial.i.deployments[q].city
    trial.opened(at, q=q).put(trial.f.columns.deployments[q].paying[at:], 1.0)
    return trial.put(trial.f.columns.live[city][at:], 1.0).put(trial.f.columns.paying_live[city][at:], 1.0)


# --- markets_live ---


@pytest.mark.parametrize(("by", "opens", "allowed"), [("2027-07", JULY, True), ("2027-06", JULY, False)])
def test_so_many_markets_are_live_by_a_month(by: str, opens: int, allowed: bool):
    trial = asked(ALL, type="markets_live", count=2, by=by)
    paid(paid(trial, 0, APRIL), 2, opens)
    assert trial.kept == allowed


def test_markets_live_elsewhere_count_where_they_are_asked_to():
    trial = asked(ALL, type="markets_live", count=2, by="2027-12", include_existing=True)
    assert not trial.kept
    assert paid(trial, 0, LAST).kept


def test_an_unpaid_market_counts_only_where_public_service_does():
    world = with_permit("a-op", opens="unpaid_operator", fare_factor=0.0)
    for counts, allowed in (("paid", False), ("public", True)):
        constraint = {"type": "markets_live", "count": 1, "by": "2027-05", "counts": counts}
        trial = Trial(instance(asking(BOUGHT, **constraint), world), "it").opened(APRIL)
        assert trial.put(trial.f.columns.live["aston"][APRIL:], 1.0).kept == allowed


# --- launches ---


@pytest.mark.parametrize(("opens", "allowed"), [(JULY, False), (JULY + 1, True)])
def test_a_city_opens_no_earlier_than_the_month_asked(opens: int, allowed: bool):
    assert asked(DRIVEN, type="launch_not_before", city="belport", month="2027-08").opened(opens).kept == allowed


def test_not_before_a_month_within_a_quarter_is_from_the_next_quarter_on():
    trial = asked(QUARTERS, type="launch_not_before", city="belport", month="2027-08")
    assert trial.i.grid.labels()[6:8] == ["2027-07", "2027-10"]
    assert trial.opened(7).kept
    assert not trial.opened(6).kept


def test_openings_not_asked_for_yet_are_shut_and_open_where_the_constraint_is_dropped():
    i = instance(asking(ASTON, type="launch_not_before", city="aston", stack="alpha", month="2027-10"))
    tight, wide = formulate(i), formulate(i, without={"it"})
    alpha, beta = tight.columns.deployments
    assert (tight.model.upper[alpha.open[0, :9]] == 0).all()
    assert (wide.model.upper[alpha.open[0, APRIL:9]] == 1).all()
    assert tight.model.upper[beta.open[0, 8]] == 1


@pytest.mark.parametrize(("opens", "allowed"), [(JULY, True), (JULY + 1, False)])
def test_a_city_is_open_to_paying_riders_by_the_month_asked(opens: int, allowed: bool):
    trial = asked(ASTON, type="launch_by", city="aston", month="2027-07")
    assert paid(trial, 1, opens).kept == allowed


def test_a_launch_asked_of_one_stack_is_not_another_s():
    trial = asked(ASTON, type="launch_by", city="aston", stack="alpha", month="2027-07")
    assert not paid(trial, 1, APRIL).kept
    assert paid(trial, 0, APRIL).kept


@pytest.mark.parametrize(("opens", "allowed"), [(JULY, False), (JULY + 1, True), (JULY + 2, False)])
def test_a_fixed_launch_is_neither_earlier_nor_later(opens: int, allowed: bool):
    trial = asked(DRIVEN, type="launch_fixed", city="belport", stack="beta", month="2027-08")
    assert trial.opened(opens).kept == allowed


def test_a_fixed_launch_within_a_quarter_opens_with_the_quarter():
    trial = asked(QUARTERS, type="launch_fixed", city="belport", stack="beta", month="2027-08")
    assert trial.opened(6).kept


def test_a_deployment_asked_for_is_paid_by_the_end_of_the_horizon():
    trial = asked(DRIVEN, type="force_deployment", city="belport", stack="beta")
    assert not trial.kept
    assert paid(trial, 0, LAST).kept


def test_a_deployment_that_is_barred_never_begins_and_has_no_vehicles():
    trial = asked(DRIVEN, type="forbid_deployment", city="belport", stack="beta")
    assert trial.kept
    assert not trial.put(trial.f.columns.deployments[0].begun[-1], 1.0).kept
    assert (trial.f.model.upper[trial.f.columns.deployments[0].vehicles] == 0).all()
    free = formulate(trial.i, without={"forbid_deployment"})
    assert free.model.upper[free.columns.deployments[0].vehicles].max() > 0


@pytest.mark.parametrize(("months", "allowed"), [((JUNE, JULY), True), ((JULY, JULY + 2), False)])
def test_openings_of_one_quarter_are_counted_together(months: tuple[int, int], allowed: bool):
    trial = asked(ALL, type="launches_per_quarter", max=1)
    trial.opened(months[0], q=0).opened(months[1], q=2)
    assert trial.kept == allowed


def test_stacks_of_each_city_are_counted_apart():
    trial = asked(ALL, type="stacks_per_city", max=1)
    assert trial.opened(JULY, q=0).opened(JUNE, q=2).kept
    assert not trial.opened(LAST, q=1).kept
    one = asked(ALL, type="stacks_per_city", max=1, city="belport")
    assert one.opened(JULY, q=0).opened(JULY, q=1).opened(JUNE, q=2).kept


# --- fleets ---


@pytest.mark.parametrize(("first", "second", "allowed"), [(20, 10, True), (20, 11, False)])
def test_fleets_together_stay_within_a_cap(first: int, second: int, allowed: bool):
    trial = asked(ASTON, type="fleet_cap", vehicles=30, city="aston")
    assert trial.serving(first, JULY, q=0).serving(second, JULY, q=1).kept == allowed


def test_a_cap_holds_in_its_window_only():
    trial = asked(DRIVEN, type="fleet_cap", vehicles=10, start="2027-08", end="2027-09")
    assert trial.serving(99, JULY).serving(10, slice(7, 9)).serving(99, 9).kept
    assert not trial.serving(11, 8).kept


def test_a_cap_for_a_month_caps_its_quarter():
    trial = asked(QUARTERS, type="fleet_cap", vehicles=10, start="2027-08", end="2027-08")
    assert not trial.serving(11, 6).kept


def test_a_cap_bounds_fleets_in_its_window_and_no_longer_does_where_it_is_dropped():
    i = instance(asking(DRIVEN, type="fleet_cap", vehicles=10, start="2027-08"))
    tight, wide = formulate(i), formulate(i, without={"it"})
    own = tight.columns.deployments[0].vehicles[0]
    months = own[[JUNE, JULY, 7, LAST]]
    free = wide.model.upper[months]
    assert (free > 10).all()
    assert tight.model.upper[months].tolist() == [*free[:2], 10, 10]


@pytest.mark.parametrize(("vehicles", "allowed"), [(29, False), (30, True)])
def test_fleets_together_reach_a_floor(vehicles: int, allowed: bool):
    trial = asked(ASTON, type="fleet_floor", vehicles=30, city="aston", start="2027-08", end="2027-09")
    assert trial.serving(10, slice(7, 9), q=0).serving(vehicles - 10, slice(7, 9), q=1).kept == allowed


@pytest.mark.parametrize(
    ("theirs", "others", "allowed"), [(30, 20, True), (31, 20, False), (1, 0, False), (0, 0, True)]
)
def test_a_partner_has_at_most_its_share_of_all_vehicles(theirs: int, others: int, allowed: bool):
    trial = asked(ALL, type="partner_share", partner="Beta", max_share=0.6)
    assert trial.serving(others, JULY, q=0).serving(theirs, JULY, q=2).kept == allowed


@pytest.mark.parametrize(("first", "second", "allowed"), [(60.0, 40.0, True), (60.0, 39.9, False)])
def test_trips_together_reach_what_is_asked(first: float, second: float, allowed: bool):
    trial = asked(ASTON, type="minimum_trips", trips_per_day=100, start="2027-10")
    for q, trips in ((0, first), (1, second)):
        trial.put(trial.f.columns.deployments[q].trips[0, 9:], trips)
    assert trial.kept == allowed


# --- result_floor ---


def earning(usd: float, scope: dict[str, Any] = DRIVEN, **asks: Any) -> tuple[Trial, float]:
    """Return twenty vehicles in July with no trips, and what they earn; the floor lies at a multiple of that."""
    plain = Trial(instance(scope)).serving(20, JULY)
    result = sum(
        float(np.sum(amounts)) for lines in plain.f.ledger.lines(plain.x).values() for amounts in lines.values()
    )
    return asked(scope, type="result_floor", least_usd=usd * result, **asks).serving(20, JULY), result


@pytest.mark.parametrize(("share", "allowed"), [(1.0001, True), (0.9999, False)])
def test_a_quarter_earns_what_is_asked_and_a_loss_has_an_end(share: float, allowed: bool):
    trial, result = earning(share, BOUGHT)
    assert result < 0
    assert trial.kept == allowed


@pytest.mark.parametrize(
    ("asks", "allowed"),
    [({"end": "2027-06"}, True), ({"start": "2027-09"}, False), ({"start": "2027-10"}, True), ({"per": "year"}, False)],
)
def test_a_floor_holds_in_every_quarter_that_has_a_month_in_its_window(asks: dict[str, Any], allowed: bool):
    trial, _ = earning(0.9, BOUGHT, **asks)
    assert trial.kept == allowed


def test_capital_loans_and_what_is_left_are_no_result():
    trial = asked(BOUGHT, type="result_floor", least_usd=0)
    assert trial.put(trial.f.columns.bought["alpha"], 20.0).kept
    assert trial.opened(APRIL).put(trial.f.columns.depots["aston"].ordered[0], 1.0).x.any()
    trial.put(trial.f.columns.deployments[0].begun, 0.0)  # no team to pay
    assert trial.kept
    assert not trial.serving(1, APRIL).kept


def test_a_year_that_the_horizon_cuts_short_is_asked_for_its_part():
    scope = {**BOUGHT, "horizon": {"start": "2027-01", "months": 15, "single_months": 12}}
    for least, allowed in ((-4.01, True), (-3.99, False)):
        plain = Trial(instance(scope)).serving(20, 12)
        lines = [pair for booked in plain.f.ledger.lines(plain.x).values() for pair in booked.items()]
        spent = sum(float(np.sum(amounts)) for line, amounts in lines if line not in NOT_RUNNING)
        trial = asked(scope, type="result_floor", least_usd=-least * spent, per="year").serving(20, 12)
        assert trial.kept == allowed


# --- waits ---


def waiting(level: int = 1, **asks: Any) -> Trial:
    i = instance(asking(DRIVEN, type="service_level", **asks), services=finer_services())
    trial = Trial(i, "it").opened(JUNE, level=level)
    trial.put(trial.f.columns.deployments[0].demand[level - 1, JUNE:], 1000.0)
    return trial


def test_fleets_that_keep_the_wait_keep_the_rows():
    """The wait is 10 - 0.02 V + 0.0005 D minutes: at 1,000 riders, 9 minutes are kept by 75 vehicles and more."""
    trial = waiting(max_wait_min=9.0)
    assert trial.serving(75, slice(JUNE, None)).kept
    assert not trial.serving(70, slice(JUNE, None)).kept


@pytest.mark.parametrize("limit", [6.0, 7.0, 8.0, 9.0, 9.9])
def test_no_fleet_that_keeps_the_wait_is_cut_off_at_any_demand(limit: float):
    trial = waiting(max_wait_min=limit)
    surface = trial.i.levels_of(0)[0].surface
    own = trial.f.columns.deployments[0]
    for demand in np.linspace(0.0, 1600.0, 33):
        fleets = np.arange(10.0, 200.5, 1.0)
        short = fleets[surface.evaluate(fleets, demand).wait_min <= limit]
        if len(short):
            trial.put(own.demand[0, JUNE:], demand)
            assert trial.serving(float(short[0]), slice(JUNE, None)).kept


def test_a_wait_that_no_fleet_keeps_shuts_the_area():
    trial = waiting(max_wait_min=5.0)
    assert not trial.serving(200, slice(JUNE, None)).kept
    trial.x[:] = 0.0
    assert trial.kept


def test_a_wait_is_asked_of_the_city_named_and_of_no_other():
    asks = asking(ALL, type="service_level", max_wait_min=6.0, city="aston")
    here = Trial(instance(asks, services=finer_services()), "it")
    here.opened(JUNE, q=2).serving(20, slice(JUNE, None), q=2)
    assert here.kept
    here.opened(JULY, q=0).serving(20, slice(JULY, None), q=0)
    assert not here.kept


# --- what alters figures ---


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "permit_delay", "city": "belport", "months": 2},
        {"type": "supply_change", "stack": "beta", "factor": 0.25},
        {"type": "event_date", "event": "a-law", "month": "2027-09"},
    ],
)
def test_what_alters_figures_writes_no_rows_and_stands_in_the_outlook(constraint: dict[str, Any]):
    i = instance(asking({"stacks": ["beta"]}, **constraint))
    f = formulate(i)
    assert not len(f.model.rows_where(lambda b: b.place.constraint == "it"))
    plain = instance({"stacks": ["beta"]})
    now, before = (
        [*(m.milestone.possible for d in each.deployments for m in d.modes), each.ceilings["beta"]]
        for each in (i, plain)
    )
    assert any(not np.array_equal(a, b) for a, b in zip(now, before, strict=True))
    assert np.array_equal(f.domain.deployments[1].fleet, formulate(plain).domain.deployments[1].fleet)


def test_a_constraint_without_a_rule_is_no_silent_nothing():
    class Unheard:
        type = "unheard"

    with pytest.raises(KeyError):
        constraint_rule(Unheard())  # type: ignore[arg-type]
