"""The made-up world where a dear fare makes a city worth having, with a grid over it; a process that is killed as it fans out."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from fleetplan.doubt.books import Books
from fleetplan.doubt.fanout import Effort, World, planned
from fleetplan.doubt.grid import grid
from fleetplan.doubt.resolve import cell_patches
from fleetplan.doubt.types import Grid
from tests.plan_builder import build_plan, make_catalogue, make_services
from tests.test_doubt import with_ranges

FARE, YEARS = "aston/city.toml#market.mean_fare_local", "assumptions.toml#terminal.years"
PERMIT = "jurisdictions/aston.toml#a-out.months"
PLAN, SERVICES = build_plan(), make_services()


def dear_world() -> World:
    """Return the world with a fare in Aston that may be high."""
    known = with_ranges(make_catalogue())
    aston = known.cities["aston"]
    fare = replace(aston.figures["market.mean_fare_local"], high=100.0)
    city = replace(aston, figures={**aston.figures, "market.mean_fare_local": fare})
    return World(replace(known, cities={**known.cities, "aston": city}), SERVICES)


def small_grid(world: World) -> Grid:
    """Return a grid of three by three."""
    return grid(Books.of(PLAN, world.catalogue, world.services), FARE, YEARS, steps=3)


def main(folder: Path) -> None:
    """Fan the grid out over two processes, and be killed as soon as a plan is made."""
    world = dear_world()
    patches = cell_patches(small_grid(world), world)
    effort = Effort(workers=2, keep=folder, told=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    list(planned(PLAN, patches, effort, world))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
