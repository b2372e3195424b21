"""Hold the service law against the event simulation, and fit its free constants to it.

    python benchmarks/curves.py [--city zurich ...] [--seed 1] [--share 0.2] [--json FILE]     the error table
    python benchmarks/curves.py --fit [--write]                                                 the constants anew
    python benchmarks/curves.py --times                                                         seconds a city

The table has a row for every city, level of its ladder (those that only add an airport's zone apart), five fleets and two day
types: what the law says of riders served, wait, pickup, empty km and trips a car, and what the simulation does. The law is asked
to be within two points of riders served where nine tenths are, four below down to 65 %, and 15 % of wait and pickup.

``--fit`` prints the constants that come nearest; ``--write`` puts them into the cities' files and their median into
``assumptions.toml``. Simulations run on as many processes as there are cores; a fit is made with one seed, and the table of
another seed and another share of riders says how well it holds elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, astuple
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the path comes first

from fleetplan.catalogue import load_catalogue  # noqa: E402
from fleetplan.service import city_service  # noqa: E402
from fleetplan.simulate.fitting import (  # noqa: E402
    HIGH_FROM,
    LEAST_SERVED,
    Fitted,
    Observed,
    figures_text,
    fit,
    with_figures,
)
from fleetplan.simulate.trials import SHARE, Constants, trials  # noqa: E402

CITIES = ("bay-area", "hong-kong", "houston", "london", "los-angeles", "madrid", "munich", "zurich")
FIGURES = ("served", "wait_min", "pickup_min", "empty_share", "trips_per_car")
COLD_S, CACHED_S = 1.0, 0.02


def observed(city: str, share: float, seed: int) -> tuple[list[Observed], float]:
    """Return the trials of a city with what came of them, and the processor seconds that took."""
    catalogue = load_catalogue()
    service = city_service(catalogue, city)
    began, found = time.process_time(), []
    for trial in trials(catalogue, service, share):
        vehicles = trial.fleets()
        found.append(Observed(trial, vehicles, trial.simulated(vehicles, seed)))
    return found, time.process_time() - began


def rows_of(city: str, found: list[Observed]) -> list[dict[str, Any]]:
    """Return the rows of the table of a city."""
    rows = []
    for one in found:
        law = one.trial.law(one.vehicles, one.trial.place.parameters)
        for day_type, simulated in one.outcome.items():
            for k, vehicles in enumerate(one.vehicles.tolist()):
                row: dict[str, Any] = {
                    "city": city,
                    "level": one.trial.level.name,
                    "day": day_type,
                    "vehicles": vehicles,
                }
                for name in FIGURES:
                    row[name] = (float(getattr(law[day_type], name)[k]), float(getattr(simulated, name)[k]))
                rows.append(row)
    return rows


def city_rows(city: str, share: float, seed: int) -> tuple[list[dict[str, Any]], float]:
    """Return a city's rows, and the processor seconds of its simulations."""
    found, seconds = observed(city, share, seed)
    return rows_of(city, found), seconds


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print the table: each figure by the law and as simulated."""
    head = ("city", "level", "day", "fleet", "served", "wait min", "pickup min", "empty km", "trips a car-day")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        served, wait, pickup, empty, trips = (row[name] for name in FIGURES)
        print(
            f"| {row['city']} | {row['level']} | {row['day']} | {row['vehicles']:,} | {served[0]:.1%} / {served[1]:.1%} "
            f"| {wait[0]:.1f} / {wait[1]:.1f} | {pickup[0]:.1f} / {pickup[1]:.1f} | {empty[0]:.0%} / {empty[1]:.0%} "
            f"| {trips[0]:.1f} / {trips[1]:.1f} |"
        )


def print_errors(rows: list[dict[str, Any]]) -> None:
    """Print by city, and of all, how far the law is off: typical and largest, and how many rows are within what is asked."""
    head = ("city", "rows", "served, points", "below 90 %, points", "wait", "pickup", "empty km, points", "within")
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for city in (*dict.fromkeys(row["city"] for row in rows), "all"):
        own = [row for row in rows if city in (row["city"], "all")]
        table = {name: np.array([row[name] for row in own]) for name in FIGURES}
        served = table["served"][:, 1]
        high, counts = served >= HIGH_FROM, served >= LEAST_SERVED
        points = 100.0 * (table["served"][:, 0] - served)
        longer = {name: np.log(table[name][:, 0] / table[name][:, 1]) for name in ("wait_min", "pickup_min")}
        near = (np.abs(points) <= np.where(high, 2.0, 4.0)) & (np.abs(longer["pickup_min"]) <= np.log(1.15))
        empty = 100.0 * (table["empty_share"][:, 0] - table["empty_share"][:, 1])
        cells = [
            _spread(points[high], "{:+.1f}"),
            _spread(points[counts & ~high], "{:+.1f}"),
            *(_spread(100.0 * np.expm1(longer[name][counts]), "{:+.0f} %") for name in longer),
            _spread(empty[counts], "{:+.1f}"),
        ]
        print(f"| {city} | {counts.sum()} | " + " | ".join(cells) + f" | {np.mean(near[counts]):.0%} |")


def _spread(values: np.ndarray, shape: str) -> str:
    if not len(values):
        return "-"
    low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
    return " ".join(shape.format(value) for value in (low, middle, high))


def fitted(city: str, share: float, seed: int) -> Fitted:
    """Return the constants of a city."""
    return fit(observed(city, share, seed)[0])


def write_city(city: str, found: Fitted, seed: int) -> None:
    """Put a city's constants into its file."""
    path = ROOT / "cities" / city / "city.toml"
    figures = figures_text(found, _source("the city's streets and riders", seed, "leaving out one level"))
    path.write_text(with_figures(path.read_text(encoding="utf-8"), figures), encoding="utf-8")


def _source(what: str, seed: int, spread: str) -> str:
    today = datetime.now(UTC).date().isoformat()
    return (
        f"derived: fitted to simulation of {what} (benchmarks/curves.py --fit), {today}, seed {seed}; range: {spread}"
    )


def write_joint(found: dict[str, Fitted], seed: int) -> None:
    """Put the median of the cities' constants into assumptions.toml, for cities that have none of their own."""
    table = np.array([astuple(own.best) for own in found.values()])
    low, middle, high = (Constants.of(np.quantile(table, q, axis=0).tolist()) for q in (0.0, 0.5, 1.0))
    source = _source(f"{len(found)} cities: their median", seed, "least and largest of them")
    _write_joint(figures_text(Fitted(middle, low, high), source).replace("[law.", "[service."))


def _write_joint(figures: str) -> None:
    path = ROOT / "cities" / "assumptions.toml"
    text = path.read_text(encoding="utf-8")
    for block in figures.strip("\n").split("\n\n"):
        key = block.splitlines()[0]
        start = text.index(key + "\n")
        end = text.find("\n\n[", start)
        text = text[:start] + block + text[end if end >= 0 else len(text) :]
    path.write_text(text, encoding="utf-8")


def times() -> None:
    """Print seconds a city: all that a cold one takes, its curves alone, and reading it from the cache; processor seconds."""
    from fleetplan.demand import build_demand  # noqa: PLC0415
    from fleetplan.geography import build_geography  # noqa: PLC0415
    from fleetplan.service.area import area_demand  # noqa: PLC0415
    from fleetplan.service.build import Ground, ladder  # noqa: PLC0415
    from fleetplan.service.parameters import ServiceParameters  # noqa: PLC0415
    from fleetplan.service.surface import response_surface  # noqa: PLC0415

    catalogue = load_catalogue()
    curves_head = f"curves of all levels, s (at most {COLD_S:g})"
    print(f"| city | zones and trips, s | ladder, s | {curves_head} | cached, ms (at most {1000 * CACHED_S:g}) |")
    print("|---|---|---|---|---|")
    for slug in CITIES:
        city = catalogue.cities[slug]
        marks = [time.process_time()]
        geography = build_geography(city)
        demand = build_demand(city, geography, catalogue.assumptions)
        marks.append(time.process_time())
        parameters = ServiceParameters.of(city, catalogue.assumptions, catalogue.economics)
        steps = ladder(city, geography, demand, parameters)
        marks.append(time.process_time())
        ground = Ground.of(geography, demand)
        areas = [area_demand(step.cells, geography, demand, ground.group) for step in steps]
        marks.append(time.process_time())
        for index, area in enumerate(areas):
            response_surface(area, parameters, city=slug, level=index)
        marks.append(time.process_time())
        with tempfile.TemporaryDirectory() as folder:
            city_service(catalogue, slug, cache_dir=Path(folder))
            city_service(catalogue, slug, cache_dir=Path(folder))
            began = time.process_time()
            city_service(catalogue, slug, cache_dir=Path(folder))
            cached = time.process_time() - began
        made, stepped, area_s, curves = np.diff(marks)
        print(
            f"| {slug} | {made:.2f} | {stepped:.2f} | {curves:.2f} (areas {area_s:.2f}) | {1000 * cached:.0f} |",
            flush=True,
        )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--city", action="append", choices=CITIES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--times", action="store_true")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    cities = tuple(asked.city or CITIES)
    if asked.times:
        times()
        return
    given = (cities, (asked.share,) * len(cities), (asked.seed,) * len(cities))
    with ProcessPoolExecutor(min(asked.processes, len(cities)), mp_context=get_context("spawn")) as pool:
        if asked.fit:
            constants: dict[str, Fitted] = {}
            for city, found in zip(cities, pool.map(fitted, *given), strict=True):
                best = constants.setdefault(city, found).best
                told = "  ".join(f"{name} {value:.3f}" for name, value in asdict(best).items())
                print(f"{city:12s} {told}", flush=True)
            for city, found in constants.items() if asked.write else ():
                write_city(city, found, asked.seed)
            if asked.write and len(constants) == len(CITIES):
                write_joint(constants, asked.seed)
            return
        rows: list[dict[str, Any]] = []
        for city, (own, seconds) in zip(cities, pool.map(city_rows, *given), strict=True):
            rows += own
            print(f"{city}: {len(own)} rows in {seconds:.1f} processor seconds", flush=True)
    print_rows(rows)
    print_errors(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows), encoding="utf-8")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"load {os.getloadavg()[0]:.1f}, memory {memory:,.0f} MB")


if __name__ == "__main__":
    main()
