"""From a scenario to its result: lay out the records, run the compiled loop, read the tallies."""

from __future__ import annotations

from typing import Any

import numpy as np

from fleetplan.simulate import layout
from fleetplan.simulate.layout import MS, NONE, Array, Book, Ints, Records
from fleetplan.simulate.loop import run
from fleetplan.simulate.regions import LANDINGS, Regions
from fleetplan.simulate.result import SimulationResult
from fleetplan.simulate.scenario import Energy, Riders, Scenario

NEVER = 2**60
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
    regions = _regions(scenario)
    zones["region"] = regions.of_zone
    row_of_bin = scenario.expected()[1]
    given: dict[str, Any] = {
        "seconds": travel.seconds,
        "into": travel.into,
        "metres": travel.metres,
        "near": travel.near,
        "near_into": travel.near_into,
        "near_s": travel.near_s,
        "near_into_s": travel.near_into_s,
        "slow": _by_bin(travel.slow, travel.bin_s, scenario),
        "shift": _shift(scenario),
        "at_plugs": _at_plugs(scenario),
        "reach": _reach(scenario),
        "cars": cars,
        "riders": _riders(scenario, seed),
        "zones": zones,
        "depots": depots,
        "region_first": regions.first,
        "region_zone": regions.zone,
        "region_seconds": regions.seconds,
        "rate": np.ascontiguousarray(regions.rate[row_of_bin]),
        "stand_share": np.ascontiguousarray(regions.stand_share[row_of_bin]),
        "landing": regions.landing,
    }
    sizes = {
        "zones_n": len(travel),
        "near_n": travel.near.shape[1],
        "bins_n": scenario.bins,
        "cars_n": len(cars),
        "riders_n": len(scenario.requests),
        "depots_n": len(depots),
        "regions_n": len(regions),
        "region_ends_n": len(regions) + 1,
        "landings_n": LANDINGS,
        "rows_n": len(cars) + 1,
        "entries_n": len(cars) * scenario.policy.candidates,
        "states_n": len(layout.STATES),
        "counts_n": len(layout.RIDER_COUNTS),
        "ways_n": len(layout.WAYS),
        "region_rows_n": REGION_ROWS,
    }
    return Book.of(given, {**_rules(scenario, seed), **_counts_now(scenario)}, sizes)


def _regions(scenario: Scenario) -> Regions:
    found = scenario.prepared().regions
    if found is None:
        message = "a prepared scenario has regions"
        raise AssertionError(message)
    return found


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


def _at_plugs(scenario: Scenario) -> Ints:
    if scenario.fleet.at_plugs is None:
        return np.zeros(scenario.bins, np.int64)
    planned = np.asarray(scenario.fleet.at_plugs, np.int64)
    return np.ascontiguousarray(planned[np.minimum(np.arange(scenario.bins), len(planned) - 1)])


def _reach(scenario: Scenario) -> Ints:
    """Return the dispatcher's reach in each bin, ms."""
    if scenario.reach_s is None:
        return np.full(scenario.bins, round(min(scenario.policy.reach_s * MS, NEVER)), np.int64)
    given = np.minimum(np.asarray(scenario.reach_s, float) * MS, NEVER).astype(np.int64)
    return np.ascontiguousarray(given[np.minimum(np.arange(scenario.bins), len(given) - 1)])


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
        "own_limits": riders.elasticity > 0.0,
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
