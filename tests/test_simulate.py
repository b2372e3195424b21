"""The event simulation against what must hold of any, against bounds that know the future, and against a plain second one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from fleetplan.simulate import (
    Care,
    Depots,
    Energy,
    Fleet,
    Policy,
    Requests,
    Riders,
    Scenario,
    SimulationResult,
    Travel,
    simulate,
)
from fleetplan.simulate.assignment import match, transport
from tests.simulate_support import PLAIN, grid_travel, lopsided_travel, plain_simulation, scenario, some_requests

BATCHED = replace(PLAIN, dispatch="batched")


def everything(dispatch: str, seed: int = 3) -> Scenario:
    """Return a day with all that the engine knows: charging in a queue, shifts, cleaning, failures, repositioning, response."""
    given = scenario(cars=30, count=1500, seed=seed)
    depots = Depots(np.array([0, 77], np.int32), np.array([2, 1], np.int32), np.array([50.0, 22.0]))
    shift = np.repeat([18, 30, 22], 32)
    fleet = replace(
        given.fleet, on_shift=shift, energy=Energy(usable_kwh=25.0), depots=depots, care=Care(15, 600.0, 30.0, 1800.0)
    )
    policy = Policy(dispatch="batched" if dispatch == "batched" else "nearest", reposition_s=300)
    return replace(given, fleet=fleet, policy=policy, riders=Riders(elasticity=0.3, usual_wait_min=2.0))


@pytest.mark.parametrize("dispatch", ["nearest", "batched"])
def test_every_vehicle_hour_is_in_one_state_and_every_request_ends_in_one_way(dispatch):
    given = everything(dispatch)
    result = simulate(given, seed=1)
    assert result.state_h.sum(axis=1) == pytest.approx(len(given.fleet) * 0.25, abs=1e-9)
    totals = result.totals()
    ended = totals["served"] + totals["declined"] + totals["abandoned"] + totals["still_waiting"]
    assert totals["requests"] == ended == len(given.requests)
    assert min(totals["abandoned"], totals["charging_h"], totals["out_h"], totals["plug_queue_h"]) > 0
    assert totals["declined"] > 0
    assert sum(row["served"] or 0 for row in result.by_bin(3600)) == totals["served"]


@pytest.mark.parametrize("dispatch", ["nearest", "batched"])
def test_the_same_seed_gives_the_same_day_and_another_another(dispatch):
    given = everything(dispatch)
    one, two, other = simulate(given, seed=1), simulate(given, seed=1), simulate(given, seed=2)
    assert one.totals() == two.totals()
    assert np.array_equal(one.car, two.car)
    assert one.totals()["served"] != other.totals()["served"]


@pytest.mark.parametrize("seed", range(6))
def test_nearest_dispatch_does_what_a_plain_simulator_does(seed):
    rng = np.random.default_rng(seed)
    n, cars = (40, 6) if seed % 2 else (9, 12)
    travel = lopsided_travel(n, rng)
    asked = some_requests(n, 300, rng, hours=8)
    given = Scenario(travel, asked, Fleet(rng.integers(0, n, cars).astype(np.int32)), policy=PLAIN, horizon_s=8 * 3600)
    given = replace(given, riders=Riders(patience_s=500.0), policy=replace(PLAIN, pickup_fixed_s=20))
    result, plain = simulate(given), plain_simulation(given)
    waits = [
        pickup - int(np.floor(t * 1000)) if pickup >= 0 else -1
        for (_, pickup), t in zip(plain, asked.time_s, strict=True)
    ]
    mine = [round(1000 * w) if np.isfinite(w) else -1 for w in result.wait_s]
    assert mine == waits
    assert result.car.tolist() == [car for car, _ in plain]


def test_a_single_place_without_patience_is_erlangs_loss_system():
    cars, load, service = 8, 6.0, 600.0
    rng = np.random.default_rng(5)
    days = 60
    count = rng.poisson(load / service * 86_400 * days)
    zone = np.zeros(count, np.int32)
    asked = Requests(np.sort(rng.random(count)) * 86_400 * days, zone, zone)
    policy = replace(PLAIN, boarding_s=service)
    place = Travel.of(np.zeros((1, 1)))
    given = Scenario(
        place, asked, Fleet(np.zeros(cars, np.int32)), Riders(patience_s=0.0), policy, horizon_s=86_400 * days
    )
    lost = 1.0
    for c in range(1, cars + 1):
        lost = load * lost / (c + load * lost)
    assert simulate(given).served_share == pytest.approx(1.0 - lost, abs=0.01)


@pytest.mark.parametrize("policy", [PLAIN, BATCHED], ids=["nearest", "batched"])
def test_the_cars_used_are_no_fewer_than_the_path_cover_of_the_trips_served(policy):
    given = scenario(side=8, cars=10, count=350, policy=policy)
    result = simulate(given)
    served = np.flatnonzero(result.status == 1)
    starts = given.requests.time_s[served] + result.wait_s[served]
    o, d = given.requests.origin[served], given.requests.destination[served]
    ends = starts + 60.0 + given.travel.seconds[o, d]
    follows = ends[:, None] + given.travel.seconds[d[:, None], o[None, :]] <= starts[None, :] + 0.01
    matched = maximum_bipartite_matching(csr_matrix(follows), perm_type="column")
    least = len(served) - int((matched >= 0).sum())
    assert least <= len(np.unique(result.car[served])) <= 10


@pytest.mark.parametrize("policy", [PLAIN, BATCHED], ids=["nearest", "batched"])
def test_empty_km_are_no_fewer_than_the_earth_movers(policy):
    given = scenario(side=8, cars=10, count=350, policy=policy)
    result = simulate(given)
    served = np.flatnonzero(result.status == 1)
    beginnings = np.concatenate([given.fleet.start, given.requests.destination[served]])
    cost = given.travel.metres[beginnings[:, None], given.requests.origin[served][None, :]]
    rows, columns = linear_sum_assignment(cost)
    assert cost[rows, columns].sum() / 1000.0 <= result.totals()["pickup_km"] + 1e-6


@pytest.mark.parametrize("dispatch", ["nearest", "batched"])
def test_with_cars_everywhere_nobody_waits_longer_than_the_kerb_and_the_batch(dispatch):
    given = scenario(side=6, cars=36 * 60, count=400)
    every = np.repeat(np.arange(36), 60).astype(np.int32)
    policy = Policy(dispatch="batched" if dispatch == "batched" else "nearest", pickup_fixed_s=30, reposition_s=0)
    given = replace(given, travel=grid_travel(6, inside=0.52), fleet=Fleet(every), policy=policy)
    wait = simulate(given).totals()["wait_s_mean"]
    assert 30.0 < wait < 30.0 + 15.0 + (10.0 if dispatch == "batched" else 0.0)


def test_twin_zones_change_nothing():
    given = scenario(side=7, cars=12, count=500)
    twice = np.arange(49).repeat(2)
    travel = Travel.of(given.travel.seconds[np.ix_(twice, twice)], given.travel.metres[np.ix_(twice, twice)])
    rng = np.random.default_rng(9)

    def split(zones):
        return (2 * zones + rng.integers(0, 2, len(zones))).astype(np.int32)

    asked = Requests(given.requests.time_s, split(given.requests.origin), split(given.requests.destination))
    twin = replace(given, travel=travel, requests=asked, fleet=Fleet(split(given.fleet.start)))
    assert simulate(twin).wait_s == pytest.approx(simulate(given).wait_s, nan_ok=True)


def test_more_cars_serve_more_and_riders_wait_less():
    results = [simulate(scenario(side=16, cars=cars, count=3000)) for cars in (20, 40, 80, 160)]
    shares = [r.served_share for r in results]
    assert shares == sorted(shares)
    assert results[2].totals()["wait_s_mean"] > results[3].totals()["wait_s_mean"]


def lopsided_day(share_out: float, reposition_s: float) -> SimulationResult:
    """Return a day on which that share of trips goes from the west to the east, the rest back."""
    side, count = 14, 2500
    rng = np.random.default_rng(2)
    west = rng.integers(0, side, count) * side + rng.integers(0, 4, count)
    east = rng.integers(0, side, count) * side + rng.integers(side - 4, side, count)
    out = rng.random(count) < share_out
    asked = Requests(
        np.sort(rng.random(count) * 86_400),
        np.where(out, west, east).astype(np.int32),
        np.where(out, east, west).astype(np.int32),
    )
    start = rng.integers(0, side * side, 100).astype(np.int32)
    policy = replace(PLAIN, reposition_s=reposition_s)
    return simulate(Scenario(grid_travel(side), asked, Fleet(start), policy=policy))


def test_even_demand_needs_little_repositioning_and_uneven_demand_gains_by_it():
    even, uneven, without = lopsided_day(0.5, 600), lopsided_day(0.75, 600), lopsided_day(0.75, 0)
    assert even.totals()["repositioning_km"] < 0.5 * uneven.totals()["repositioning_km"]
    assert uneven.served_share > without.served_share + 0.3
    assert without.totals()["repositioning_km"] == 0.0


def test_batches_match_more_evenly_than_the_nearest_when_cars_are_scarce():
    nearest, batched = (simulate(scenario(side=16, cars=40, count=3200, policy=p)) for p in (PLAIN, BATCHED))
    assert batched.totals()["pickup_km_mean"] < 1.15 * nearest.totals()["pickup_km_mean"]
    assert abs(batched.served_share - nearest.served_share) < 0.08


def test_plugs_are_never_more_than_there_are_and_energy_is_conserved():
    given = everything("nearest")
    energy = Energy(usable_kwh=25.0, aux_kw=0.0, charge_below=0.4)
    given = replace(given, fleet=replace(given.fleet, energy=energy, care=Care()))
    result = simulate(given)
    assert (result.plugs_in_use <= given.fleet.depots.plugs + 1e-9).all()
    assert (result.load_kw <= given.fleet.depots.plugs * given.fleet.depots.kw + 1e-9).all()
    totals = result.totals()
    assert totals["least_energy_kwh"] > 0
    driven = sum(totals[f"{way}_km"] for way in ("pickup", "loaded", "repositioning", "depot")) * energy.kwh_per_km
    assert abs(driven - totals["charged_kwh"]) <= len(given.fleet) * energy.usable_kwh


def test_fewer_plugs_make_longer_queues_and_less_load():
    many, few = (
        simulate(replace(g, fleet=replace(g.fleet, depots=replace(g.fleet.depots, plugs=np.array(p, np.int32)))))
        for g, p in ((everything("nearest"), [20, 20]), (everything("nearest"), [1, 1]))
    )
    assert many.totals()["plug_queue_most"] < few.totals()["plug_queue_most"]
    assert few.totals()["load_kw_most"] <= 72.0


def test_shifts_are_kept_within_a_trip():
    given = scenario(cars=30, count=200)
    shift = np.repeat([10, 30, 20], 32)
    result = simulate(replace(given, fleet=replace(given.fleet, on_shift=shift)))
    on = [len(given.fleet) - (row["cars_off_shift"] or 0.0) for row in result.by_bin()]
    wanted = np.repeat([10, 30, 20], 32)
    settled = np.ones(96, bool)
    settled[[32, 33, 64, 65, 66, 67]] = False
    assert np.asarray(on)[settled] == pytest.approx(wanted[settled], abs=1e-9)


def test_riders_who_mind_the_wait_decline_more_the_longer_it_is():
    shares = []
    for cars in (45, 90):
        given = replace(scenario(cars=cars), riders=Riders(elasticity=0.2, usual_wait_min=1.0))
        totals = simulate(given).totals()
        shares.append((totals["declined"] + totals["abandoned"]) / totals["requests"])
    assert shares[0] > shares[1] > 0.0


def test_failures_and_cleaning_keep_cars_out_as_long_as_they_should():
    given = replace(scenario(cars=200, count=0), horizon_s=20 * 86_400)
    care = Care(clean_after_trips=0, hours_between_failures=20.0, repair_s=5 * 3600.0)
    result = simulate(replace(given, fleet=replace(given.fleet, care=care), policy=replace(PLAIN, reposition_s=0)))
    assert result.totals()["out_h"] == 0.0  # a car that stands fails when it next becomes free
    busy = replace(given, requests=some_requests(144, 60_000, np.random.default_rng(1), hours=480))
    share = simulate(replace(busy, fleet=replace(given.fleet, care=care))).totals()["out_h"] / (200 * 480)
    assert 0.1 < share < 0.25


def or_tools_optimum(supply: np.ndarray, demand: np.ndarray, allowed: np.ndarray, cost: np.ndarray) -> tuple[int, int]:
    """Return how much can be moved from rows to columns over the pairs allowed, and its least cost."""
    solver, m = min_cost_flow.SimpleMinCostFlow(), len(supply)
    source, sink = m + len(demand), m + len(demand) + 1
    for i, j in np.argwhere(allowed).tolist():
        solver.add_arc_with_capacity_and_unit_cost(i, m + j, int(min(supply[i], demand[j])), int(cost[i, j]))
    for i, amount in enumerate(supply.tolist()):
        solver.add_arc_with_capacity_and_unit_cost(source, i, amount, 0)
    for j, amount in enumerate(demand.tolist()):
        solver.add_arc_with_capacity_and_unit_cost(m + j, sink, amount, 0)
    amount = int(min(supply.sum(), demand.sum()))
    solver.set_nodes_supplies([source, sink], [amount, -amount])
    assert solver.solve_max_flow_with_min_cost() == solver.OPTIMAL
    return int(solver.maximum_flow()), int(solver.optimal_cost())


@pytest.mark.parametrize("seed", range(8))
def test_the_assignment_is_or_tools_optimum(seed):
    rng = np.random.default_rng(seed)
    rows, columns = (int(count) for count in rng.integers(1, 40, 2))
    allowed = rng.random((rows, columns)) < (1.0 if seed % 2 else 0.15)
    cost = rng.integers(0, 900 if seed % 4 else 9, (rows, columns))
    start = np.concatenate([[0], np.cumsum(allowed.sum(axis=1))])
    column_of = match(start, np.nonzero(allowed)[1], cost[allowed].astype(float), columns)
    mine = [(row, int(column)) for row, column in enumerate(column_of) if column >= 0]
    assert len({column for _, column in mine}) == len(mine)
    assert all(allowed[pair] for pair in mine)
    found = len(mine), int(sum(cost[pair] for pair in mine))
    assert found == or_tools_optimum(np.ones(rows, int), np.ones(columns, int), allowed, cost)


@pytest.mark.parametrize("seed", range(12))
def test_the_transport_is_or_tools_optimum(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 25, 2)
    supply, demand = rng.integers(0, 9, m), rng.integers(0, 9 if seed % 3 else 3, n)
    cost = rng.integers(0, 900 if seed % 4 else 5, (m, n))
    flow = transport(supply, demand, cost)
    assert (flow >= 0).all()
    assert (flow.sum(axis=1) <= supply).all()
    assert (flow.sum(axis=0) <= demand).all()
    optimum = or_tools_optimum(supply, demand, np.ones((m, n), bool), cost)
    assert (int(flow.sum()), int((flow * cost).sum())) == optimum


def test_nobody_asks_and_nothing_happens():
    given = scenario(cars=3, count=0)
    totals = simulate(given).totals()
    assert totals["requests"] == 0
    assert totals["served_share"] == 1.0
    assert totals["idle_h"] == pytest.approx(72.0)
    assert totals["wait_s_mean"] is None


@pytest.mark.parametrize("dispatch", ["nearest", "batched"])
def test_a_car_on_its_way_to_a_stand_takes_riders_from_where_it_is(dispatch):
    side = 30
    travel = grid_travel(side)
    row = travel.seconds[0, :side]
    start, stop = np.array([0], np.int32), side - 1
    asked = Requests(np.array([1.0, 600.0 + 0.5 * row[stop]]), np.array([0, side // 2]), np.array([0, side // 2]))
    expected = np.zeros((2, side * side))
    expected[0, 0] = expected[1, stop] = 1.0 / 60.0
    later = np.ones(96, np.int64)
    policy = Policy(dispatch="batched" if dispatch == "batched" else "nearest", reposition_s=600, regions=2)
    given = Scenario(travel, asked, Fleet(start), Riders(patience_s=7200.0), policy, demand=expected, demand_row=later)
    result = simulate(given)
    assert result.status.tolist() == [1, 1]
    assert result.wait_s[1] < 0.15 * row[stop] + 20.0  # halfway when asked for, not first to the end and back
    totals = result.totals()
    assert result.state_h.sum(axis=1) == pytest.approx(0.25, abs=1e-9)
    assert totals["repositioning_km"] >= 0.5 * travel.metres[0, stop] / 1000.0
