"""What nobody uses is taken out of a plan, and nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.unused import take_out_unused
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.check import check_plan
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.request import parse_request
from fleetplan.reruns.keep import freeze
from fleetplan.scope import resolve_scope
from tests.rule_builder import APRIL, BOUGHT, SERVICES, WORLD, Trial, instance, with_assumption
from tests.test_check import POOL, edited, put

ASTON: dict[str, Any] = {"cities": ["aston"]}
ROOM = 12  # stalls of Aston's yard


def left(trial: Trial) -> Trial:
    take_out_unused(trial.f, trial.x)
    return trial


def test_a_vehicle_that_is_placed_in_no_period_of_its_life_is_not_bought():
    trial = Trial(instance(BOUGHT)).opened(APRIL).serving(20, slice(APRIL, None))
    bought = trial.f.columns.bought["alpha"]
    trial.put(bought[0], 14.0).put(bought[APRIL], 13.0)
    assert left(trial).x[bought].tolist() == [14.0, 0, 0, 6.0] + [0.0] * 8, "the last bought go first"


def test_a_vehicle_in_tests_is_used_and_so_is_one_that_stands_still_later():
    trial = Trial(instance(BOUGHT)).opened(APRIL, begun=1).serving(10, APRIL)
    bought = trial.f.columns.bought["alpha"]
    trial.put(bought[1], 10.0)
    assert left(trial).x[bought].tolist() == [0.0, 10.0] + [0.0] * 10


def test_a_vehicle_that_replaces_one_at_the_end_of_its_life_is_used():
    world = with_assumption("fleet.life_years", 0.5)
    trial = Trial(instance(BOUGHT, world)).opened(APRIL).serving(10, slice(APRIL, None))
    bought = trial.f.columns.bought["alpha"]
    trial.put(bought[[APRIL, 9]], 10.0)
    assert left(trial).x[bought[[APRIL, 9]]].tolist() == [10.0, 10.0]


def stalled(vehicles: int, stalls: int, *, ordered: int = 0) -> Trial:
    """Return Aston's alpha with vehicles from April on, and stalls of the platform from then on at its yard."""
    trial = Trial(instance(ASTON)).opened(APRIL).serving(vehicles, slice(APRIL, None))
    own = trial.f.columns.depots["aston"]
    return trial.put(own.ordered[0, ordered:], 1.0).put(own.stalls[0, 0, APRIL:], float(stalls))


@pytest.mark.parametrize(("vehicles", "needed"), [(20, 4), (21, 5), (25, 5)])
def test_stalls_beyond_what_vehicles_need_are_not_built(vehicles: int, needed: int):
    own = (trial := left(stalled(vehicles, 9))).f.columns.depots["aston"]
    assert trial.x[own.stalls[0, 0]].tolist() == [0.0] * 3 + [float(needed)] * 9


def test_what_charges_in_public_needs_no_stall_and_a_yard_without_stalls_is_not_ordered():
    trial = stalled(20, 9)
    own = trial.f.columns.depots["aston"]
    trial.put(own.public[0], 20.0)
    left(trial)
    assert not trial.x[own.stalls].any()
    assert not trial.x[own.ordered].any()


def test_a_yard_is_ordered_so_that_it_is_live_when_its_first_stall_is_needed():
    trial = left(stalled(20, 9))
    own, reach = trial.f.columns.depots["aston"], trial.i.cities["aston"].depot_classes[0].reach
    assert trial.x[own.ordered[0]].tolist() == [0.0] * int(reach[APRIL]) + [1.0] * (12 - int(reach[APRIL]))


SMALL: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 18, "single_months": 6},
    "capital": {"per_quarter_usd": 9e6},
    "overrides": [{"figure": f"{c}/city.toml#market.mean_fare_local", "factor": 2.4} for c in ("aston", "belport")],
}


def planned(asked: dict[str, Any], parent: Plan | None = None, **options: Any) -> Plan:
    request = parse_request(asked)
    prepared = Prepared(request, WORLD, resolve_scope(request, WORLD), SERVICES)
    return plan_prepared(prepared, PlanOptions(time_limit_s=20, gap=1e-6, **options), parent=parent).plan


def test_what_is_kept_of_an_earlier_plan_is_no_fault_of_this_one():
    plan = edited(put(POOL, "bought", 11, 0))
    for until, found in (("", True), ("2027-07", True), ("2027-11", False)):
        method = plan.certificate.method.model_copy(update={"kept_until": until})
        kept = plan.model_copy(update={"certificate": plan.certificate.model_copy(update={"method": method})})
        broken = {v.rule for v in check_plan(kept, WORLD, SERVICES).violations}
        assert ("used_orders" in broken) == found


def test_columns_that_are_kept_are_not_touched():
    parent = planned(SMALL)
    i = instance(SMALL)
    f = freeze(Trial(i).f, parent, "2027-06")
    x = np.zeros(f.model.columns)
    bought = f.columns.bought["alpha"]
    x[bought] = 7.0
    take_out_unused(f, x)
    assert x[bought[:5]].tolist() == [7.0] * 5
    assert not x[bought[5:]].any()
