"""A grid of two figures: the plan's value and that of its cities wherever the two may lie, at fixed launches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.doubt.books import Books
from fleetplan.doubt.ranges import Ranged
from fleetplan.doubt.spread import numbers_at
from fleetplan.doubt.tornado import figures_of
from fleetplan.doubt.types import Cell, Grid
from fleetplan.errors import Fault, RequestError, nearest

Array = NDArray[np.float64]
STEPS = 5
MOST_STEPS = 15


def grid(books: Books, first: str, second: str, steps: int = STEPS) -> Grid:
    """Return a plan over a grid of two figures, each from its low over its likely value to its high.

    Raises
    ------
    RequestError
        With every fault: a figure that the plan does not lean on, or without a range; the same one twice; too many steps.
    """
    one, two = _asked(books, first, second, steps)
    at = step_positions(steps)
    rows, columns = np.repeat(at, steps), np.tile(at, steps)
    changed = {one.key: numbers_at(one, rows), two.key: numbers_at(two, columns)}
    found = books.revalued(changed, steps * steps, {one.key: rows, two.key: columns})
    values = {key: _means(numbers) for key, numbers in changed.items()}
    trips = sum(t[:, -1] for t in found.trips.values())
    cells = [
        Cell(
            first=values[one.key][k],
            second=values[two.key][k],
            npv_usd=round(float(found.npv_usd[k]), 2),
            city_npv_usd={city: round(float(npv[k]), 2) for city, npv in found.city_npv_usd.items()},
            trips=round(float(np.broadcast_to(trips, (steps * steps,))[k]), 2),
        )
        for k in range(steps * steps)
    ]
    return Grid(
        first=one.key,
        second=two.key,
        first_unit=one.figure.unit,
        second_unit=two.figure.unit,
        first_values=values[one.key][::steps],
        second_values=values[two.key][:steps],
        npv_usd=round(float(books.likely.npv_usd[0]), 2),
        cells=cells,
    )


def step_positions(steps: int) -> Array:
    """Return where the steps lie between low (-1), likely (0) and high (1).

    >>> step_positions(5).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    return np.linspace(-1.0, 1.0, steps)


def _means(numbers: Array) -> list[float]:
    return [float(v) for v in (numbers.mean(axis=1) if numbers.ndim > 1 else numbers)]


def _asked(books: Books, first: str, second: str, steps: int) -> tuple[Ranged, Ranged]:
    known = {one.key: one for one in figures_of(books).ranged}
    faults = []
    for where, key in (("/first", first), ("/second", second)):
        if key not in known:
            near = nearest(key, known)
            remedy = f"did you mean {' or '.join(near)}?" if near else "see the bars of the tornado"
            faults.append(Fault(where, f"{key!r} is no figure with a range that this plan leans on", "its key", remedy))
    if first == second:
        faults.append(Fault("/second", "is the first one again", "another figure", "name two figures"))
    if not 3 <= steps <= MOST_STEPS or steps % 2 == 0:
        faults.append(Fault("/steps", f"is {steps}", f"an odd number from 3 to {MOST_STEPS}", f"ask for {STEPS}"))
    if faults:
        raise RequestError(faults)
    return known[first], known[second]
