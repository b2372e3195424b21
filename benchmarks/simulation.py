"""Measure the event simulation: requests a second by dispatch, a day on a network, eight cities for a month with ten seeds.

    python benchmarks/simulation.py [--part speed|network|cities] [--days 30] [--seeds 10] [--processes 2]

Speeds are of the compiled loop in CPU seconds of one core, laying out included apart ("whole run"); compilation comes before.
Cities are replayed at level "half" with 30 % of the addressable trips and the fleet that the service law gives 93 % of them,
batched, charging at the city's depot sites; building zones and trips (once a city) is told apart, both in processor seconds.
Times need a quiet machine; the load is printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the path comes first

from fleetplan.catalogue import load_catalogue  # noqa: E402
from fleetplan.catalogue.types import Catalogue  # noqa: E402
from fleetplan.simulate import Fleet, Policy, Requests, Scenario, Travel, simulate  # noqa: E402
from fleetplan.simulate.engine import lay_out  # noqa: E402
from fleetplan.simulate.loop import run  # noqa: E402

CITIES = ("bay-area", "hong-kong", "houston", "london", "los-angeles", "madrid", "munich", "zurich")
REPEATS = 5
SHARE, SERVED = 0.30, 0.93


def square(side: int, cars: int, count: int, days: int, policy: Policy, *, cell_km: float = 0.8) -> Scenario:
    """Return days on a square of side x side zones with trips of about five kilometres, denser in the middle."""
    rng = np.random.default_rng(0)
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * cell_km
    km = np.empty((side * side, side * side), np.float32)
    for row, point in enumerate(xy):
        km[row] = 1.3 * np.hypot(*(xy - point).T)
    np.fill_diagonal(km, 0.52 * 1.3 * cell_km)
    middle = np.exp(-(((xy - xy.mean(axis=0)) ** 2).sum(axis=1)) / (0.6 * side * cell_km) ** 2 * 2)
    weight = middle / middle.sum()
    origin = rng.choice(side * side, count, p=weight)
    step = rng.normal(0.0, 4.0 / cell_km, (2, count)).round().astype(int)
    x, y = np.clip(origin % side + step[0], 0, side - 1), np.clip(origin // side + step[1], 0, side - 1)
    horizon = 86_400 * days
    asked = Requests(np.sort(rng.random(count) * horizon), origin.astype(np.int32), (y * side + x).astype(np.int32))
    start = rng.choice(side * side, cars, p=weight).astype(np.int32)
    travel = Travel.of(km / 25.0 * 3600.0, km * 1000.0)
    return Scenario(travel, asked, Fleet(start), policy=policy, horizon_s=horizon).prepared()


def measure(name: str, scenario: Scenario) -> float:
    """Print and return requests per CPU second of the compiled loop, the best of a few runs."""
    result = simulate(scenario)
    loop, whole = [], []
    for _ in range(REPEATS):
        book = lay_out(scenario, 0)
        began = time.process_time()
        run(book.desk)
        loop.append(time.process_time() - began)
        began = time.process_time()
        simulate(scenario)
        whole.append(time.process_time() - began)
    count = len(scenario.requests)
    totals = result.totals()
    print(
        f"{name:44s} {count / min(loop):12,.0f} requests/s  loop {min(loop):6.3f} s  whole run {min(whole):6.3f} s  "
        f"served {totals['served_share']:.3f}  wait {totals['wait_s_mean']:.0f} s"
    )
    return count / min(loop)


def speed() -> None:
    """Print requests a second for 400 cars over 1,024 zones, by dispatch, at three loads, and for more cars."""
    plain, steered = Policy(reposition_s=0), Policy(reposition_s=600)
    rates = {}
    for trips in (12, 20, 30):
        count = 400 * trips * 10
        for policy, name in ((plain, "nearest"), (steered, "nearest, repositioned")):
            rates[name, trips] = measure(
                f"{name}, 400 cars, {trips} requests a car-day", square(32, 400, count, 10, policy)
            )
        batched = Policy(dispatch="batched", reposition_s=0)
        rates["batched", trips] = measure(
            f"batched, 400 cars, {trips} requests a car-day", square(32, 400, count, 10, batched)
        )
    measure("nearest, 5,000 cars, 20 requests a car-day", square(32, 5000, 100_000, 1, plain))
    print(
        f"nearest: at least 1,000,000 requests/s at every load: {min(v for k, v in rates.items() if k[0] == 'nearest'):,.0f}"
    )
    print(f"batched: at least 50,000 requests/s: {min(v for k, v in rates.items() if k[0] == 'batched'):,.0f}")


def network() -> None:
    """Print a 20,000-request day on 4,096 nodes: repositioned, 500 cars."""
    scenario = square(64, 500, 20_000, 1, Policy(reposition_s=600), cell_km=0.2)
    began = time.process_time()
    _ = scenario.travel.near
    print(f"lists of the nearest for 4,096 nodes: {time.process_time() - began:.2f} s, once a network")
    measure("20,000 requests on 4,096 nodes, 500 cars", scenario)


@cache
def read_once() -> Catalogue:
    """Return the catalogue, read once a process."""
    return load_catalogue()


def city_month(city: str, days: int, seeds: int) -> tuple[str, float]:
    """Return a line on a city, with figures and standard errors, and the processor seconds to build and to run it."""
    from fleetplan.service import city_service  # noqa: PLC0415
    from fleetplan.simulate.city_days import CityPlace, ServiceArea, Stalls, policy_of  # noqa: PLC0415

    began = time.process_time()
    catalogue = read_once()
    level = city_service(catalogue, city).levels[2]
    place = CityPlace.at(catalogue, city, 3)
    surface = level.surface
    demand = SHARE * surface.demand_trips_per_day
    fleets = np.linspace(10.0, surface.vehicles_max, 400)
    law = surface.evaluate(fleets, np.full(len(fleets), demand))
    enough = int(np.argmax(law.trips_per_day >= SERVED * demand * place.parameters.serving_days_share))
    vehicles = int(fleets[enough])
    inside = {place.zone_number[cell] for cell in level.cells}
    busiest = int(place.demand.mean_day().sum(axis=1).argmax())
    sites = np.array(sorted({site.index for site in place.geography.depots} & inside) or [busiest])
    plugs = np.full(len(sites), int(np.ceil(vehicles / place.parameters.cars_per_stall / len(sites))))
    area = ServiceArea.of(place, level.cells, sites)
    kinds = ["weekday", "weekday", "weekday", "weekday", "weekday", "weekend", "weekend"]
    policy = policy_of(place.parameters, "batched")
    month = [kinds[day % 7] for day in range(days)]
    share = demand / area.trips_per_day
    stalls = Stalls(sites, plugs)
    upkeep = area.upkeep(vehicles, share, stalls, policy)
    scenario = area.scenario(month, vehicles, share, stalls, policy, upkeep).prepared()
    built = time.process_time() - began
    began = time.process_time()
    rows = []
    for seed in range(seeds):
        asked = scenario.with_requests(area.requests(month, share, seed))
        rows.append(simulate(asked, seed=seed).totals())
    spent = time.process_time() - began
    served = np.array([row["served_share"] for row in rows])
    wait = np.array([row["wait_s_mean"] for row in rows]) / 60
    error = [float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0 for values in (served, wait)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = (
        f"{city:12s} {area.inside:5d} zones {vehicles:5d} vehicles {rows[0]['requests'] / days:8,.0f} requests a day  "
        f"served {served.mean():.4f} +- {error[0]:.4f} (law {SERVED})  wait {wait.mean():.2f} +- {error[1]:.2f} min "
        f"(law {law.wait_min[enough]:.1f})  built in {built:.1f} s, run in {spent:.1f} s  {memory:,.0f} MB"
    )
    return line, built + spent


def cities(days: int, seeds: int, processes: int) -> None:
    """Print the eight cities and how long all runs took together."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(city_month, ("zurich",) * processes, (1,) * processes, (1,) * processes))  # compiled and imported
        began, worked = time.perf_counter(), 0.0
        for line, seconds in pool.map(city_month, CITIES, (days,) * len(CITIES), (seeds,) * len(CITIES)):
            worked += seconds
            print(line, flush=True)
    print(
        f"{len(CITIES)} cities x {days} days x {seeds} seeds on {processes} processes: {time.perf_counter() - began:.1f} s, "
        f"{worked:.1f} processor seconds"
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("speed", "network", "cities"))
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if asked.part in (None, "speed"):
        speed()
    if asked.part in (None, "network"):
        network()
    if asked.part in (None, "cities"):
        cities(asked.days, asked.seeds, asked.processes)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
