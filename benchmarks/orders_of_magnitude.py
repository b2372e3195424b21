"""Print, for every city, what the service law gives at a usual load, beside the published spread.

    python benchmarks/orders_of_magnitude.py

Published (facts behind the catalogue): 24-26 paid trips a car-day, 41-44 % of km empty, waits of 3-6 minutes.
"""

from __future__ import annotations

import numpy as np

from fleetplan.catalogue import load_catalogue
from fleetplan.service import CityService, LadderLevel, city_service

ADOPTION = 0.3
SERVED = 0.93


def usual_level(service: CityService) -> LadderLevel:
    """Return the level called half, or the second largest."""
    return next((level for level in service.levels if level.name == "half"), service.levels[-2])


def main() -> None:
    """Print two Markdown tables."""
    catalogue = load_catalogue()
    head = ("city", "zones", "land km²", "fleet", "trips a car-day", "empty km", "wait min", "km a car-day", "hull gap")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    ladders = []
    for slug in sorted(catalogue.cities):
        service = city_service(catalogue, slug)
        surface = usual_level(service).surface
        demand = ADOPTION * surface.demand_trips_per_day
        fleets = np.linspace(surface.sample_vehicles[1], surface.sample_vehicles[-1], 4000)
        law = surface.evaluate(fleets, np.full_like(fleets, demand))
        at = int(np.argmax(law.trips_per_day >= SERVED * demand))
        fleet, trips, km = fleets[at], law.trips_per_day[at], law.km_per_day[at]
        top = max(level.surface.hull_gap for level in service.levels)
        print(
            f"| {slug} | {len(service.zones.cells):,} | {service.levels[-1].area_km2:,.0f} | {fleet:,.0f} "
            f"| {trips / fleet:.0f} | {law.deadhead_share[at]:.0%} | {law.wait_min[at]:.1f} | {km / fleet:.0f} | {top:.1%} |"
        )
        whole = service.levels[-1].surface.demand_trips_per_day
        steps = "; ".join(
            f"{level.area_km2:,.0f} km² {level.surface.demand_trips_per_day / whole:.0%}" for level in service.levels
        )
        ladders.append(f"| {slug} | {steps} |")
    print("\n| city | ladder: area and share of addressable trips within it |\n|---|---|")
    print("\n".join(ladders))


if __name__ == "__main__":
    main()
