"""From a scenario to its result: lay out the records, run the compiled loop, read the tallies."""

from __future__ import annotations

from typing import Any

import numpy as np

from fleetplan.simulate import layout
from fleetplan.simulate.layout import MS, NONE, Array, Book, Ints, Records, Shorts
from fleetplan.simulate.loop import run
from fleetplan.simulate.result import SimulationResult
from fleetplan.simulate.scenario import Energy, Riders, Scenario
from fleetplan.simulate.travel import regions_of

NEVER = 2**60
MOST_REGIONS = 150
CARS_PER_REGION = 6
LANDINGS = 64
REGION_ROWS = 12
LOOK_S = 600
"""Without repositioning idle cars are still sent to charge, every ten minutes."""


def simulate(scenario: Scenario, *, seed: int = 0) -> SimulationResult:
    """Run a scenario once; the same scenario and seed give the same result to the last bit.

    The seed decides who accepts which wait, when cars fail and with how much energy they begin. Requests are the scenario's own.
    """
    book = lay_out(scenario, seed)
    run(book.desk)
    return SimulationResult.of(scenario, book, seed)


def lay_out(scenario: Scenario, seed: int) -> Book:
    """Return the book before the first event."""
    travel, depots = scenario.travel, _depots(scenario)
    cars = np.zeros(len(scenario.fleet), layout.CAR)
    cars["zone"] = scenario.fleet.start
    cars["next"] = cars["prev"] = cars["depot"] = cars["mark"] = NONE
    zones = np.zeros(len(travel), layout.ZONE)
    zones["idle_head"] = zones["waiting_head"] = zones["waiting_tail"] = NONE
    regions, zones["region"] = _regions(scenario)
    given: dict[str, Any] = {
        "seconds": travel.seconds,
        "into": travel.into,
        "metres": travel.metres,
        "near": travel.near,
        "near_into": travel.near_into,
        "slow": _by_bin(travel.slow, travel.bin_s, scenario),
        "shift": _shift(scenario),
        "cars": cars,
        "riders": _riders(scenario, seed),
        "zones": zones,
        "depots": depots,
        **regions,
    }
    sizes = {
        "zones_n": len(travel),
        "near_n": travel.near.shape[1],
        "bins_n": scenario.bins,
        "cars_n": len(cars),
        "riders_n": len(scenario.requests),
        "depots_n": len(depots),
        "regions_n": len(regions["landing"]),
        "landings_n": LANDINGS,
        "rows_n": len(cars) + 1,
        "entries_n": len(cars) * scenario.policy.candidates,
        "states_n": len(layout.STATES),
        "counts_n": len(layout.RIDER_COUNTS),
        "ways_n": len(layout.WAYS),
        "region_rows_n": REGION_ROWS,
    }
    return Book.of(given, {**_rules(scenario, seed), **_counts_now(scenario)}, sizes)


def _counts_now(scenario: Scenario) -> dict[str, float]:
    energy = scenario.fleet.energy
    return {
        "first": NONE,
        "last": NONE,
        "least_energy": energy.usable_kwh if energy else 0.0,
    }


def _by_bin(values: Array, width_s: int, scenario: Scenario) -> Array:
    """Return what holds in each bin of a run, the last value holding on."""
    row = np.arange(scenario.bins) * scenario.bin_s // width_s
    return np.ascontiguousarray(np.asarray(values, float)[np.minimum(row, len(values) - 1)])


def _shift(scenario: Scenario) -> Ints:
    count = len(scenario.fleet)
    if scenario.fleet.on_shift is None:
        return np.full(scenario.bins, count, np.int64)
    shift = np.asarray(scenario.fleet.on_shift, np.int64)
    return np.ascontiguousarray(np.minimum(shift[np.minimum(np.arange(scenario.bins), len(shift) - 1)], count))


def _depots(scenario: Scenario) -> Records:
    given = scenario.fleet.depots
    depots = np.zeros(len(given), layout.DEPOT)
    depots["zone"], depots["plugs"], depots["kw"] = given.zone, given.plugs, given.kw
    depots["head"] = depots["tail"] = NONE
    return depots


def _riders(scenario: Scenario, seed: int) -> Records:
    given = scenario.requests
    riders = np.zeros(len(given), layout.RIDER)
    riders["time"] = np.floor(given.time_s * MS).astype(np.int64)
    riders["origin"], riders["destination"] = given.origin, given.destination
    riders["pickup"] = riders["car"] = riders["mark"] = NONE
    riders["limit"] = _limits_ms(scenario.riders, len(given), seed)
    return riders


def _limits_ms(riders: Riders, count: int, seed: int) -> Ints:
    """Return the longest wait that each rider accepts, so that the share of :class:`Riders` accepts any one wait."""
    if riders.elasticity <= 0.0:
        return np.full(count, NEVER)
    chance = np.random.default_rng([seed, 1]).random(count)
    limit = 60.0 * MS * riders.usual_wait_min * np.sqrt(1.0 - 2.0 / riders.elasticity * np.log1p(-chance))
    return np.asarray(np.minimum(limit, NEVER), np.int64)


def _rules(scenario: Scenario, seed: int) -> dict[str, Any]:
    policy, riders, care = scenario.policy, scenario.riders, scenario.fleet.care
    energy = scenario.fleet.energy or Energy(usable_kwh=0.0)
    values: dict[str, Any] = {
        "horizon": scenario.horizon_s * MS,
        "bin": scenario.bin_s * MS,
        "mode": layout.NEAREST if policy.dispatch == "nearest" else layout.BATCHED,
        "batch": policy.batch_s * MS,
        "candidates": policy.candidates,
        "epoch": (policy.reposition_s or (LOOK_S if energy.usable_kwh > 0 else 0)) * MS,
        "level": policy.reposition_s > 0,
        "ahead": policy.ahead_s * MS,
        "patience": min(riders.patience_s * MS, NEVER),
        "reach": min(policy.reach_s * MS, NEVER),
        "fixed": policy.pickup_fixed_s * MS,
        "boarding": policy.boarding_s * MS,
        "capacity": energy.usable_kwh,
        "charge_below": energy.charge_below,
        "top_up_below": energy.top_up_below,
        "charge_to": energy.charge_to,
        "kwh_per_m": energy.kwh_per_km / 1000.0,
        "kwh_per_ms": energy.aux_kw / (3600.0 * MS),
        "plug_in": energy.plug_in_s * MS,
        "clean_after": care.clean_after_trips,
        "clean": care.clean_s * MS,
        "between_failures": care.hours_between_failures * 3600.0 * MS,
        "repair": care.repair_s * MS,
        "seed": seed,
        "within_zone": policy.within_zone,
    }
    whole = {name for name, kind in layout.RULES if kind is np.int64}
    return {name: round(value) if name in whole else value for name, value in values.items()}


def expected(scenario: Scenario) -> Array:
    """Return requests per second by bin and zone, shape (bins, n): as given, or as they come in the run, by the hour."""
    if scenario.demand is not None:
        rows = np.minimum(np.arange(scenario.bins), len(scenario.demand) - 1)
        return np.asarray(scenario.demand, float)[rows]
    asked = scenario.requests
    hours = -(-scenario.horizon_s // 3600)
    table = np.zeros((hours, len(scenario.travel)))
    np.add.at(table, (np.minimum(asked.time_s // 3600, hours - 1).astype(int), asked.origin), 1.0 / 3600.0)
    return np.asarray(table[np.arange(scenario.bins) * scenario.bin_s // 3600])


def _regions(scenario: Scenario) -> tuple[dict[str, Any], Ints]:
    """Return the arrays of repositioning, and the region of each zone."""
    n = len(scenario.travel)
    demand = expected(scenario)
    weight = demand.sum(axis=0)
    wanted = scenario.policy.regions or max(1, min(MOST_REGIONS, round(len(scenario.fleet) / CARS_PER_REGION)))
    if scenario.policy.reposition_s <= 0 or weight.sum() <= 0:
        wanted = 1
    region, centre = regions_of(scenario.travel.seconds, weight, min(wanted, n))
    count = len(centre)
    area = np.ones(n) if scenario.area_km2 is None else scenario.area_km2
    spread = np.cbrt(demand) ** 2 * np.cbrt(area)
    rate, stand = (_by_region(table, region, count) for table in (demand / MS, spread))
    stand /= np.maximum(stand.sum(axis=1, keepdims=True), 1e-12)
    landing = np.zeros((count, LANDINGS), np.int32)
    for r in range(count):
        landing[r] = _landing(np.flatnonzero(region == r), weight)
    seconds = np.ascontiguousarray(scenario.travel.seconds[np.ix_(centre, centre)], np.float64)
    arrays = {"region_seconds": np.minimum(seconds, 1e9), "rate": rate, "stand_share": stand, "landing": landing}
    return arrays, region


def _by_region(table: Array, region: Ints, count: int) -> Array:
    order = np.argsort(region, kind="stable")
    first = np.searchsorted(region[order], np.arange(count))
    return np.ascontiguousarray(np.add.reduceat(table[:, order], first, axis=1))


def _landing(zones: Ints, weight: Array) -> Shorts:
    """Return where to stand in a region, turn by turn: each zone as often as its share of requests, well mixed."""
    share = np.cumsum(weight[zones])
    if share[-1] <= 0:
        return np.full(LANDINGS, zones[0], np.int32)
    turns = (0.5 + np.arange(LANDINGS) * 0.6180339887498949) % 1.0
    return np.asarray(zones[np.searchsorted(share / share[-1], turns, side="right").clip(0, len(zones) - 1)], np.int32)
