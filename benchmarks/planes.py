"""Hold plans against the service law: by how much the trips that a plan states exceed what the sampled law gives.

    python benchmarks/planes.py [--seconds 20] [--case NAME ...]

The optimizer reads curves as planes above the law. What that adds is told by every plan's certificate (``curve_error``); it may
be half a percent of the plan's trips and two percent anywhere. Cases: the example requests, two cities, dear fares, forced ones.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from fleetplan.errors import FleetplanError  # noqa: E402 - the path comes first
from fleetplan.options import parse_options  # noqa: E402
from fleetplan.planner import plan_with_context  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.request import read_data  # noqa: E402
from fleetplan.service.types import CityService  # noqa: E402

OVER_PLAN, ANYWHERE = 0.005, 0.02
EXAMPLES = ROOT / "examples"
FARE = "{}/city.toml#market.mean_fare_local"
FARES = {
    "bay-area": 26.0,
    "los-angeles": 26.0,
    "houston": 24.0,
    "madrid": 20.0,
    "munich": 24.0,
    "london": 24.0,
    "zurich": 40.0,
    "hong-kong": 130.0,
}


def dear() -> dict[str, Any]:
    """Return the reference request with dearer fares, under which many cities are worth their while."""
    given = dict(read_data(EXAMPLES / "uber-2027.yaml"))
    return {**given, "overrides": [{"figure": FARE.format(city), "value": fare} for city, fare in FARES.items()]}


def forced(*cities: str) -> dict[str, Any]:
    """Return the dear request with cities that must be open by autumn 2030."""
    rules = [{"id": f"open-{c}", "type": "launch_by", "city": c, "month": "2030-09"} for c in cities]
    given = dear()
    return {**given, "constraints": [*given["constraints"], *rules]}


def two_cities() -> dict[str, Any]:
    """Return the reference request for Houston and the Bay Area alone, with more capital."""
    given = dict(read_data(EXAMPLES / "uber-2027.yaml"))
    return {**given, "cities": ["houston", "bay-area"], "capital": {"per_quarter_usd": 120_000_000}}


def cases() -> dict[str, Mapping[str, Any]]:
    """Return the requests by name."""
    return {
        "reference": read_data(EXAMPLES / "uber-2027.yaml"),
        "tight budget": read_data(EXAMPLES / "tight-budget.yaml"),
        "ten markets": read_data(EXAMPLES / "ten-markets.yaml"),
        "two cities": two_cities(),
        "dear": dear(),
        "Madrid, Munich and London forced": forced("madrid", "munich", "london"),
        "London alone, dear": {**dear(), "cities": ["london"]},
    }


def beyond(plan: Plan, services: Mapping[str, CityService]) -> tuple[float, str, int]:
    """Return the largest share by which a deployment's trips of a period exceed the law, where, and of how many periods."""
    worst, where, count = 0.0, "-", 0
    for rollout in plan.cities:
        for row in rollout.deployments:
            for t, level in enumerate(row.level):
                if not level or not row.vehicles[t]:
                    continue
                surface = services[rollout.city].levels[level - 1].surface
                law = surface.evaluate(float(row.vehicles[t]), float(row.demand_per_day[t])).trips_per_day
                over, count = float(row.trips_per_day[t] / max(float(law), 1e-9) - 1.0), count + 1
                if over > worst:
                    worst, where = over, f"{rollout.city} {row.stack} {plan.periods[t]}, {row.vehicles[t]} vehicles"
    return worst, where, count


def main() -> None:
    """Print a row for each request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--gap", type=float, default=0.002)
    parser.add_argument("--case", action="append", choices=tuple(cases()))
    asked = parser.parse_args()
    options = parse_options({"time_limit_s": asked.seconds, "gap": asked.gap})
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"| request | value, M USD | cities | vehicles | trips beyond the law, of the plan (at most {OVER_PLAN:.1%}) "
        f"| anywhere (at most {ANYWHERE:.0%}) | where | gap | CPU s |\n|" + "---|" * 9
    )
    for name, request in cases().items():
        if asked.case and name not in asked.case:
            continue
        began = time.process_time()
        try:
            planned = plan_with_context(request, options)
        except FleetplanError as error:
            print(f"| {name} | {type(error).__name__}: {error} |" + " |" * 7, flush=True)
            continue
        plan = planned.plan
        worst, where, _ = beyond(plan, planned.services)
        live = [c for c in plan.cities if any(any(d.vehicles) for d in c.deployments)]
        vehicles = sum(d.vehicles[-1] for c in plan.cities for d in c.deployments)
        print(
            f"| {name} | {plan.certificate.objective_usd / 1e6:.1f} | {len(live)} | {vehicles:,} "
            f"| {plan.certificate.curve_error:.3%} | {worst:.2%} | {where} | {plan.certificate.gap:.2%} "
            f"| {time.process_time() - began:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
