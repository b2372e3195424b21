"""A grid of figures as the page of a plan's doubt draws it: a map for each slice, with a letter for who enters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from api.schemas import GridCellTold, GridTold
from fleetplan.doubt.types import CellAgain
from fleetplan.report.doubt import GridCell, grid_cells, shade_of
from fleetplan.words.cells import NOTHING, letters, portfolios, slice_words, who_words
from fleetplan.words.doubt import figure_name, short_number
from fleetplan.words.names import Names
from fleetplan.words.values import NO_PLAN, usd

MAKING = ("queued", "running")


@dataclass(frozen=True, slots=True)
class MapCell:
    """A cell of the map: a value with its shade, who enters (a letter, and in words), the plan behind it, a note below."""

    value: str
    shade: str
    likely: bool
    letter: str
    who: str
    plan: str
    note: str


def grid_view(told: GridTold, names: Names) -> dict[str, Any]:
    """Return a grid as it is drawn."""
    grid, again = told.grid, [one.again for one in told.cells]
    known = letters(again)
    top = max(
        [one.npv_usd for one in again if one and one.npv_usd is not None] + [c.npv_usd for c in grid.cells] + [1.0]
    )
    some = any(one is not None for one in again)
    flat = [cell for row in grid_cells(grid, names) for cell in row]
    cells = [
        _cell(here, one, known.get(one.again.who, "") if one.again else "", names, top, some=some)
        for here, one in zip(flat, told.cells, strict=True)
    ]
    columns, size = len(grid.second_values), len(grid.first_values) * len(grid.second_values)
    maps = [
        {
            "slice": " ".join(slice_words(grid, begin, names)),
            "rows": [
                (short_number(value), cells[begin + k * columns : begin + (k + 1) * columns])
                for k, value in enumerate(grid.first_values)
            ],
        }
        for begin in range(0, len(cells), size)
    ]
    asked = zip(("first", "second", "third"), grid.figures, strict=False)
    return {
        "sentences": told.sentences,
        "first": figure_name(grid.first, names),
        "second": figure_name(grid.second, names),
        "units": (grid.first_unit, grid.second_unit),
        "columns": [short_number(value) for value in grid.second_values],
        "maps": maps,
        "legend": [(known.get(who, "–"), who_words(who, names), times) for who, times in portfolios(again)],
        "known": some,
        "query": f"?{urlencode(dict(asked))}",
    }


def _cell(here: GridCell, one: GridCellTold, letter: str, names: Names, top: float, *, some: bool) -> MapCell:
    again = one.again
    if again is None and some:
        value = "being made" if one.state in MAKING else "not asked for" if one.fault else "not yet"
        return MapCell(value, "none", here.likely, "", one.fault, "", f"as planned {here.value}")
    if again is None:
        note = "being made" if one.state in MAKING else one.fault or f"worth it: {here.worth}"
        return MapCell(here.value, here.shade, here.likely, "", "", "", note)
    kept = f"as planned {here.value}"
    if again.npv_usd is None:
        return MapCell("no plan", "none", here.likely, "", f"{NO_PLAN.capitalize()}.", one.plan or "", kept)
    return MapCell(
        usd(again.npv_usd),
        _shade(again, top),
        here.likely,
        letter,
        who_words(again.who, names) if again.opened else NOTHING,
        one.plan or "",
        kept if again.opened else f"{NOTHING}; {kept}",
    )


def _shade(again: CellAgain, top: float) -> str:
    return shade_of(again.npv_usd or 0.0, top) if again.opened else "known-nothing"
