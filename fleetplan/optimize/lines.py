"""Supply lines as a request has them: where a stack's vehicles are built, how many, when, and at what price."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fleetplan.catalogue.lines import rivals_served
from fleetplan.catalogue.types import Catalogue, SupplyLine
from fleetplan.economics import vehicle_price_usd
from fleetplan.months import Grid
from fleetplan.optimize.holdings import Array, Flags
from fleetplan.optimize.imposed import duty_factor
from fleetplan.request.constraints import Constraint
from fleetplan.request.imposed import NEVER, LineChange
from fleetplan.scope import Scope


def switched(stack: str, constraints: Sequence[Constraint]) -> LineChange | None:
    """Return where a request has a stack's vehicles built; nothing where it says nothing."""
    return next((c for c in constraints if isinstance(c, LineChange) and c.stack == stack), None)


def changed(line: str, constraints: Sequence[Constraint]) -> LineChange | None:
    """Return what a request says of all that a line builds; nothing where it says nothing."""
    return next((c for c in constraints if isinstance(c, LineChange) and c.stack is None and c.line == line), None)


def built_there(stack: str, line: str, catalogue: Catalogue, grid: Grid, constraints: Sequence[Constraint]) -> Flags:
    """Return in which periods a stack's vehicles are bought of a line, shape (periods,)."""
    moved = switched(stack, constraints)
    since = moved.built_from if moved else NEVER
    before = grid.starts < since
    own = np.full(len(grid), catalogue.stacks[stack].supply_line == line)
    return np.asarray(np.where(before, own, moved is not None and moved.line == line))


def room(line: SupplyLine, constraints: Sequence[Constraint]) -> float | None:
    """Return how many vehicles a line builds a year for the stacks that are planned; nothing where no number is known.

    Of one that is switched on what it does not build for others; no more than the request lets it build.
    """
    asked = [c for c in constraints if isinstance(c, LineChange) and c.line == line.line]
    added = [c for c in asked if c.stack is not None]
    most = line.capacity_per_year
    if added and most:
        most -= max(_others(c, line) for c in added)
    caps = [c.vehicles_per_year for c in asked if c.stack is None and c.vehicles_per_year is not None]
    if added and all(c.vehicles_per_year is not None for c in added):
        caps.append(sum(c.vehicles_per_year or 0 for c in added))
    least = [float(cap) for cap in caps] + ([max(0.0, most)] if line.capacity_per_year else [])
    return min(least) if least else None


def _others(c: LineChange, line: SupplyLine) -> float:
    return line.output_per_year if c.others_per_year is None else float(c.others_per_year)


def dearer(c: LineChange, line: SupplyLine, fixed_share: float) -> float:
    """Return what the car without its kit costs over its cost at break-even: fixed cost is spread over what the plant builds.

    ``1 + fixed_share * (break_even / utilisation - 1)`` below break-even, else 1; utilisation counts others' cars and those of
    the request. Where no break-even is published, or the plant builds nothing at all that is known, 1.
    """
    built = _others(c, line) + (c.vehicles_per_year or 0)
    if not (line.break_even and line.capacity_per_year and built):
        return 1.0
    return 1.0 + fixed_share * max(0.0, line.break_even * line.capacity_per_year / built - 1.0)


def bought_usd(scope: Scope, slug: str, month: int) -> float:
    """Return what a vehicle of a stack costs in an absolute month, without spares: duties, or the line that builds it, included.

    A vehicle of a line that the request switches on pays no duty; its price is the one that the request gives it, else the
    stack's, and the car without its kit is dearer while the plant builds less than it breaks even at.
    """
    stack, own = scope.catalogue.stacks[slug], scope.catalogue.assumptions
    moved = switched(slug, scope.constraints)
    price = vehicle_price_usd(own, stack, month)
    if moved is None or month < moved.built_from:
        return duty_factor(slug, month, scope.constraints) * price
    factor = dearer(moved, scope.catalogue.supply_lines[moved.line], own["supply.fixed_cost_share"].value)
    listed = stack.value("vehicle.price_usd")
    base = listed if moved.price_usd is None else moved.price_usd
    car = base * (1.0 - stack.value("vehicle.kit_share"))
    kit_and_cells = price - listed * (1.0 - stack.value("vehicle.kit_share"))
    return max(0.0, car * factor + kit_and_cells * base / listed)


def delay_of(stack: str, catalogue: Catalogue, constraints: Sequence[Constraint]) -> int:
    """Return the months by which what can be had of a stack comes later, by its own line."""
    own = changed(catalogue.stacks[stack].supply_line, constraints)
    return own.delay_months if own else 0


def further(stack: str, grid: Grid, constraints: Sequence[Constraint]) -> Array:
    """Return by period the vehicles that a line which is switched on adds to what can be had of a stack, evenly by month."""
    moved = switched(stack, constraints)
    if moved is None or moved.vehicles_per_year is None:
        return np.zeros(len(grid))
    return np.asarray(np.maximum(0.0, grid.starts - moved.built_from) / 12.0 * moved.vehicles_per_year)


def rivals_take(grid: Grid, city: str, catalogue: Catalogue, constraints: Sequence[Constraint]) -> Array:
    """Return the share of a city's riders that rivals take in the middle of each period, shape (periods,).

    It grows evenly from 0 to ``market.rival_share`` at the horizon's end. Of it ``rival.line_share`` rests on the line that
    builds the cars of a rival in the city: it comes later with that line, and is as large as the line's vehicles a year over
    ``rival.line_vehicles_per_year``.
    """
    months, own = float(sum(grid.lengths)), catalogue.assumptions
    middle = grid.starts - grid.start + np.asarray(grid.lengths) / 2.0
    share = catalogue.cities[city].value("market.rival_share")
    asked = [c for c in constraints if isinstance(c, LineChange) and c.stack is None]
    moved = next((c for c in asked if rivals_served(catalogue, c.line, city)), None)
    if moved is None:
        return np.asarray(share * middle / months)
    part, volume = own["rival.line_share"].value, own["rival.line_vehicles_per_year"].value
    built = volume if moved.vehicles_per_year is None else float(moved.vehicles_per_year)
    late = np.maximum(0.0, middle - moved.delay_months)
    return np.minimum(1.0, share * ((1.0 - part) * middle + part * built / volume * late) / months)
