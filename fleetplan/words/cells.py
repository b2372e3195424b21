"""What a grid of figures says once every cell is planned anew: who enters where, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fleetplan.doubt.types import CellAgain, Grid
from fleetplan.words.doubt import figure_name, short_number, within
from fleetplan.words.names import Names
from fleetplan.words.values import NO_PLAN, listed, percent, several, usd

Who = tuple[tuple[str, tuple[str, ...]], ...]
PROMISED_GAP = 0.02
SURE = 1e-3
NOTHING = "nothing opens"
UNKNOWN = "not planned yet"


def who_words(who: Who, names: Names) -> str:
    """Return who enters: cities with their partners."""
    parts = [f"{names.city(city)} ({listed([names.partner(stack) for stack in stacks])})" for city, stacks in who]
    return listed(parts) if parts else NOTHING


def portfolios(again: Sequence[CellAgain | None]) -> list[tuple[Who, int]]:
    """Return who enters in how many cells, the most frequent first; cells without a plan apart."""
    counted = Counter(one.who for one in again if one is not None and one.npv_usd is not None)
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def letters(again: Sequence[CellAgain | None]) -> dict[Who, str]:
    """Return a letter for each who enters anywhere, the most frequent first; where nothing opens there is none."""
    entering = [who for who, _ in portfolios(again) if who]
    return {who: chr(ord("A") + k % 26) * (1 + k // 26) for k, who in enumerate(entering)}


def cells_sentences(grid: Grid, again: Sequence[CellAgain | None], names: Names) -> list[str]:
    """Return what planning anew in every cell says: who enters where, where that is worth most, how well it is proven."""
    known = [(k, one) for k, one in enumerate(again) if one is not None]
    if not known:
        return []
    if len(known) < len(again):
        return [f"{len(known)} of {several(len(again), 'cell')} are planned anew so far."]
    found = portfolios(again)
    said = []
    if found:
        parts = [f"{who_words(who, names)} in {_share(times, len(again))}" for who, times in found]
        said.append(f"Decided anew in every cell: {'; '.join(parts)}.")
    without = sum(one.npv_usd is None for _, one in known)
    if without:
        said.append(f"In {several(without, 'cell')} {NO_PLAN}.")
    return [*said, *_gain(grid, known, names), *_broken(grid, known), *_proof([one for _, one in known])]


def _share(times: int, of: int) -> str:
    return "every cell" if times == of else f"{times} of {several(of, 'cell')}"


def _gain(grid: Grid, known: Sequence[tuple[int, CellAgain]], names: Names) -> list[str]:
    gains = [(one.npv_usd - grid.cells[k].npv_usd, k) for k, one in known if one.npv_usd is not None]
    most, where = max(gains, default=(0.0, 0))
    if most < 1.0:
        return []
    return [f"To decide anew is worth most, {usd(most)} more than these launches, with {place(grid, where, names)}."]


def _broken(grid: Grid, known: Sequence[tuple[int, CellAgain]]) -> list[str]:
    """Say where the plan's launches are worth more than any plan that keeps the rules could be: they would break one there."""
    over = sum(
        one.bound_usd is not None and grid.cells[k].npv_usd > one.bound_usd + SURE * abs(one.bound_usd) + 1.0
        for k, one in known
    )
    if not over:
        return []
    return [f"In {several(over, 'cell')} the plan's own launches, worked as they are, would break a rule."]


def slice_words(grid: Grid, number: int, names: Names) -> list[str]:
    """Return the slice of a cell, in a list of one; of a grid without a third figure nothing."""
    at = grid.place(number)[0]
    if not grid.third:
        return []
    likely = ", its likely value" if at == grid.likely[0] else ""
    return [f"{figure_name(grid.third, names)} at {short_number(grid.third_values[at])} {grid.third_unit}{likely}"]


def place(grid: Grid, number: int, names: Names) -> str:
    """Return where a cell lies, as it is said within a sentence."""
    cell = grid.cells[number]
    values = (cell.first, cell.second, cell.third)
    return listed(
        [
            f"{within(figure_name(key, names), key)} at {short_number(value)}"
            for key, value in zip(grid.figures, values, strict=False)
            if value is not None
        ]
    )


def _proof(again: Sequence[CellAgain]) -> list[str]:
    made = [one for one in again if one.npv_usd is not None]
    if not made:
        return []
    wide = [one.gap for one in made if one.gap > PROMISED_GAP]
    if not wide:
        return [f"No cell's plan could be worth more by over {percent(max(one.gap for one in made))}."]
    return [
        f"In {several(len(wide), 'cell')} the proof is wider than {percent(PROMISED_GAP)}, at most {percent(max(wide))}."
    ]
