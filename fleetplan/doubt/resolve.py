"""Plan again at both ends of the figures that matter most, and in every cell of a grid: which launches and partners change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fleetplan.doubt.changes import cell_again, cell_patch, patch_of, resolved
from fleetplan.doubt.fanout import Effort, World, planned
from fleetplan.doubt.ranges import Ranged, ranged_by_key
from fleetplan.doubt.types import Bar, CellAgain, Grid, Resolved
from fleetplan.plans.types import Plan

EFFORT = Effort()


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to make: a request's patch for one end of a bar."""

    bar: Bar
    at_high: bool
    patch: dict[str, Any]


def tasks(bars: Sequence[Bar], ranges: Sequence[Ranged]) -> list[Task]:
    """Return what to plan for some bars: both ends of each, where the end is not the likely value itself."""
    known = {one.key: one for one in ranges}
    found = []
    for bar in bars:
        one = known[bar.key]
        for at_high, end in ((False, one.low), (True, one.high)):
            if end != one.likely:
                patch = patch_of(bar, list(one.low), list(one.high), at_high=at_high)
                found.append(Task(bar, at_high, patch))
    return found


def resolve(plan: Plan, todo: Sequence[Task], world: World, effort: Effort = EFFORT) -> Iterator[Resolved]:
    """Yield what each end makes of the plan, in the order of the tasks; see :func:`fleetplan.doubt.fanout.planned`."""
    made = planned(plan, [task.patch for task in todo], effort, world)
    for task, found in zip(todo, made, strict=True):
        yield resolved(task.bar, plan, found, at_high=task.at_high)


def cell_patches(cells: Grid, world: World) -> list[dict[str, Any]]:
    """Return what makes a request of every cell of a grid."""
    ranges = [ranged_by_key(world.catalogue, key) for key in cells.figures]
    return [cell_patch(ranges, cells, k) for k in range(len(cells.cells))]


def resolve_cells(plan: Plan, cells: Grid, world: World, effort: Effort = EFFORT) -> list[CellAgain]:
    """Return what is best in every cell of a grid, in their order; see :func:`fleetplan.doubt.fanout.planned`."""
    return [cell_again(plan, found) for found in planned(plan, cell_patches(cells, world), effort, world)]
