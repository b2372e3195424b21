"""Cuts follow from other rules in whole steps, go with them, and bring the relaxation nearer to the plans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.rules import Rule
from fleetplan.optimize.rules.cuts import CUT_RULES
from fleetplan.optimize.solve import solve
from tests.rule_builder import APRIL, BOUGHT, JUNE, Trial, asking, instance, written

BOTH = {"stacks": ["beta"]}
SCARCE = asking(BOTH, type="supply_change", stack="beta", factor=0.1)


@pytest.mark.parametrize("cut", CUT_RULES, ids=lambda rule: rule.key)
def test_a_cut_goes_with_each_rule_that_implies_it(cut: Rule):
    scarce = instance(SCARCE)
    assert written(scarce, cut.key) > 0
    for key in (*cut.implied_by, cut.key):
        assert written(scarce, cut.key, without={key}) == 0
    assert written(scarce, cut.key, loose=True) == 0


@pytest.mark.parametrize(("vehicles", "allowed"), [(10, True), (9, False), (0, False)])
def test_the_minimum_fleet_serves_in_the_area_in_force(vehicles: int, allowed: bool):
    trial = Trial(instance(BOUGHT), "min_fleet_level").opened(APRIL, begun=0)
    assert trial.serving(10, slice(APRIL, None)).kept
    trial.put(trial.f.columns.deployments[0].fleet[0, JUNE], vehicles)
    assert trial.kept == allowed


def test_half_an_area_holds_half_a_minimum_fleet_of_its_own():
    trial = Trial(instance(BOUGHT), "min_fleet_level").opened(APRIL, begun=0).serving(10, slice(APRIL, None))
    own, last = trial.f.columns.deployments[0], trial.i.periods - 1
    assert trial.f.reach.deployments[0].possible[1, last]
    assert not trial.put(own.open[1, last], 0.5).kept, "all ten vehicles serve in the inner area"
    assert trial.put(own.fleet[0, last], 5.0).put(own.fleet[1, last], 5.0).kept


def supplied(vehicles: int) -> Instance:
    """Return the world with two cities of a stack, of which so many vehicles can be had throughout."""
    scarce = instance(SCARCE)
    at = np.full_like(scarce.ceilings["beta"], vehicles)
    return replace(scarce, outlook=replace(scarce.outlook, ceilings={**scarce.ceilings, "beta": at}))


@pytest.mark.parametrize("ceiling", [10, 14, 19])
def test_with_vehicles_for_one_test_fleet_one_programme_runs(ceiling: int):
    trial = Trial(supplied(ceiling), "programme_room")
    first, second = (trial.f.columns.deployments[q].begun[JUNE] for q in trial.i.of_stack("beta"))
    assert trial.put(first, 1.0).kept
    assert not trial.put(second, 1.0).kept
    assert not trial.put(second, 0.4).kept, "nor a fraction of a further one"


def test_with_vehicles_for_no_test_fleet_none_runs_and_with_enough_both_do():
    none = Trial(supplied(9), "programme_room")
    assert not none.put(none.f.columns.deployments[0].begun[JUNE], 1.0).kept
    assert written(supplied(20), "programme_room") == 0


def test_where_whole_test_fleets_suffice_for_all_programmes_there_is_no_row():
    assert written(instance(BOTH), "programme_room") == 0


def test_what_keeps_the_rules_that_imply_the_cuts_keeps_the_cuts():
    scarce = instance(SCARCE)
    keys = {rule.key for rule in CUT_RULES}
    with_cuts, without = formulate(scarce), formulate(scarce, without=keys)
    best, anew = solve(with_cuts.model, gap=1e-9), solve(without.model, gap=1e-9)
    assert best.value is not None
    assert anew.x is not None
    assert best.value == pytest.approx(anew.value, rel=1e-6)
    assert with_cuts.model.worst_violation(anew.x) < 1e-5
    assert solve(with_cuts.model, relax=True).bound <= solve(without.model, relax=True).bound + 1.0
