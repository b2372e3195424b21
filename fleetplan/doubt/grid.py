"""A grid of two or three figures: the plan's value and that of its cities wherever they may lie, at fixed launches."""

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
STEPS, SLICES = 5, 3
MOST_STEPS = 15
PLACES = ("/first", "/second", "/third")


def grid(books: Books, first: str, second: str, third: str = "", *, steps: int = STEPS) -> Grid:
    """Return a plan over a grid of two figures, each from its low over its likely value to its high.

    With a third figure, such a grid at its low, its likely value and its high.

    Raises
    ------
    RequestError
        With every fault: a figure that the plan does not lean on, or without a range; the same one twice; too many steps.
    """
    asked = _asked(books, [first, second, *([third] if third else [])], steps)
    one, two, *more = asked
    axes = [step_positions(more[0], SLICES) if more else np.zeros(1), *(step_positions(f, steps) for f in (one, two))]
    cube = np.meshgrid(*axes, indexing="ij")
    slices, rows, columns = (axis.ravel() for axis in cube)
    many = len(rows)
    at = dict(zip((f.key for f in asked), (rows, columns, slices), strict=False))
    changed = {figure.key: numbers_at(figure, at[figure.key]) for figure in asked}
    found = books.revalued(changed, many, at)
    values = {key: _means(numbers) for key, numbers in changed.items()}
    trips = np.broadcast_to(sum(t[:, -1] for t in found.trips.values()), (many,))
    cells = [
        Cell(
            first=values[one.key][k],
            second=values[two.key][k],
            third=values[more[0].key][k] if more else None,
            npv_usd=round(float(found.npv_usd[k]), 2),
            city_npv_usd={city: round(float(npv[k]), 2) for city, npv in found.city_npv_usd.items()},
            trips=round(float(trips[k]), 2),
        )
        for k in range(many)
    ]
    return Grid(
        first=one.key,
        second=two.key,
        first_unit=one.figure.unit,
        second_unit=two.figure.unit,
        first_values=values[one.key][: steps * steps : steps],
        second_values=values[two.key][:steps],
        npv_usd=round(float(books.likely.npv_usd[0]), 2),
        cells=cells,
        likely=tuple(int(np.argmin(np.abs(axis))) for axis in axes),
        third=more[0].key if more else "",
        third_unit=more[0].figure.unit if more else "",
        third_values=tuple(values[more[0].key][:: steps * steps]) if more else (),
    )


def step_positions(one: Ranged, steps: int) -> Array:
    """Return where a figure's steps lie between low (-1), likely (0) and high (1): half of them on either side of likely.

    Where the likely value is an end of the range itself, all of them lie on its other side, so that no two are the same.
    """
    if one.likely == one.high:
        return np.linspace(-1.0, 0.0, steps)
    return np.linspace(0.0 if one.likely == one.low else -1.0, 1.0, steps)


def cell_position(found: Grid, number: int, which: int, one: Ranged) -> float:
    """Return where a figure of a grid, the first, the second or the third (``which``: 0, 1, 2), lies in a cell."""
    at, row, column = found.place(number)
    k, values = ((row, found.first_values), (column, found.second_values), (at, found.third_values))[which]
    return float(step_positions(one, len(values))[k])


def _means(numbers: Array) -> list[float]:
    return [float(v) for v in (numbers.mean(axis=1) if numbers.ndim > 1 else numbers)]


def _asked(books: Books, keys: list[str], steps: int) -> list[Ranged]:
    known = {one.key: one for one in figures_of(books).ranged}
    faults = []
    for where, key in zip(PLACES, keys, strict=False):
        if key not in known:
            near = nearest(key, known)
            remedy = f"did you mean {' or '.join(near)}?" if near else "see the bars of the tornado"
            faults.append(Fault(where, f"{key!r} is no figure with a range that this plan leans on", "its key", remedy))
    for k, key in enumerate(keys):
        if key in keys[:k]:
            before = ("the first", "the second")[keys.index(key)]
            faults.append(Fault(PLACES[k], f"is {before} one again", "another figure", "name different figures"))
    if not 3 <= steps <= MOST_STEPS or steps % 2 == 0:
        faults.append(Fault("/steps", f"is {steps}", f"an odd number from 3 to {MOST_STEPS}", f"ask for {STEPS}"))
    if faults:
        raise RequestError(faults)
    return [known[key] for key in keys]
