"""Place a small graph in columns from left to right: few crossings, short lines, nothing on top of anything else.

The classic three steps (Sugiyama): a column for each node, dummies where a line passes a column, an order within columns by
barycentres, then heights that pull every node to its neighbours as far as the gaps allow (least squares, pooled).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

NODE: Final = 118.0
LANE: Final = 16.0
GAP: Final = 18.0
SWEEPS: Final = 8
Pair = tuple[str, str]


@dataclass
class Placed:
    """Columns and heights: ``middle`` is the y of each node's middle, ``lanes`` the dummies that a line passes."""

    column: Mapping[str, int]
    middle: Mapping[str, float]
    lanes: Mapping[Pair, Sequence[str]]
    height: float


@dataclass
class _Layers:
    order: list[list[str]]
    above: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)


def place(nodes: Sequence[str], lines: Iterable[Pair]) -> Placed:
    """Place nodes (in the order in which they are told) and the lines between them; the graph holds no circle."""
    pairs = list(dict.fromkeys(lines))
    column = _columns(nodes, pairs)
    layers, lanes = _with_lanes(nodes, pairs, column)
    _untangle(layers)
    middle = _heights(layers)
    lowest = max((y + _size(key) / 2 for key, y in middle.items()), default=0.0)
    return Placed(column, middle, lanes, lowest)


def is_lane(key: str) -> bool:
    """Return whether a key stands for a line that passes a column."""
    return key.startswith("\0")


def _columns(nodes: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
    """Return a column for each node: after all it waits for; what waits for nothing stands as late as it may."""
    before: dict[str, list[str]] = {key: [] for key in nodes}
    after: dict[str, list[str]] = {key: [] for key in nodes}
    for a, b in pairs:
        before[b].append(a)
        after[a].append(b)
    column: dict[str, int] = {}

    def layer(key: str) -> int:
        if key not in column:
            column[key] = 1 + max((layer(other) for other in before[key]), default=-1)
        return column[key]

    for key in nodes:
        layer(key)
    for key in nodes:
        if not before[key] and after[key]:
            column[key] = min(column[other] for other in after[key]) - 1
    return column


def _with_lanes(
    nodes: Sequence[str], pairs: Sequence[Pair], column: Mapping[str, int]
) -> tuple[_Layers, dict[Pair, list[str]]]:
    layers = _Layers([[] for _ in range(max(column.values(), default=-1) + 1)])
    for key in nodes:
        layers.order[column[key]].append(key)
    lanes: dict[Pair, list[str]] = {}
    for a, b in pairs:
        passed = [f"\0{a}>{b}>{i}" for i in range(column[a] + 1, column[b])]
        lanes[a, b] = passed
        for i, key in enumerate(passed, start=column[a] + 1):
            layers.order[i].append(key)
        chain = [a, *passed, b]
        for left, right in pairwise(chain):
            layers.above.setdefault(right, []).append(left)
            layers.below.setdefault(left, []).append(right)
    return layers, lanes


def _untangle(layers: _Layers) -> None:
    best, fewest = [list(row) for row in layers.order], _crossings(layers)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        rows = range(1, len(layers.order)) if forward else range(len(layers.order) - 2, -1, -1)
        for i in rows:
            beside = layers.order[i - 1 if forward else i + 1]
            _sort_by(layers.order[i], beside, (layers.above if forward else layers.below).get)
        if (found := _crossings(layers)) < fewest:
            best, fewest = [list(row) for row in layers.order], found
    layers.order[:] = best


def _sort_by(row: list[str], beside: Sequence[str], neighbours: Callable[[str], list[str] | None]) -> None:
    at = {key: float(i) for i, key in enumerate(beside)}
    own = {key: float(i) for i, key in enumerate(row)}

    def barycentre(key: str) -> float:
        near = [at[other] for other in neighbours(key) or [] if other in at]
        return sum(near) / len(near) if near else own[key]

    row.sort(key=lambda key: (barycentre(key), own[key]))


def _crossings(layers: _Layers) -> int:
    total = 0
    for left, right in pairwise(layers.order):
        at = {key: i for i, key in enumerate(right)}
        ends = [(i, at[b]) for i, a in enumerate(left) for b in layers.below.get(a, []) if b in at]
        total += sum(a < c and b > d for a, b in ends for c, d in ends)
    return total


def _size(key: str) -> float:
    return LANE if is_lane(key) else NODE


def _heights(layers: _Layers) -> dict[str, float]:
    middle: dict[str, float] = {}
    for row in layers.order:
        middle.update(_spaced(row, dict.fromkeys(row, 0.0)))
    for sweep in range(2 * SWEEPS):
        rows = layers.order if sweep % 2 == 0 else list(reversed(layers.order))
        for row in rows:
            middle.update(_spaced(row, {key: _wish(key, layers, middle) for key in row}))
    top = min((y - _size(key) / 2 for key, y in middle.items()), default=0.0)
    return {key: y - top for key, y in middle.items()}


def _wish(key: str, layers: _Layers, middle: Mapping[str, float]) -> float:
    near = [middle[other] for other in (*layers.above.get(key, []), *layers.below.get(key, []))]
    return sum(near) / len(near) if near else middle[key]


def _spaced(row: Sequence[str], wishes: Mapping[str, float]) -> dict[str, float]:
    """Return heights in the row's order, each as near to its wish as the gaps allow (pool adjacent violators)."""
    offsets, total = [], 0.0
    for i, key in enumerate(row):
        total += (_size(row[i - 1]) + _size(key)) / 2 + GAP if i else 0.0
        offsets.append(total)
    pools: list[tuple[float, int]] = []
    for key, offset in zip(row, offsets, strict=True):
        mean, count = wishes[key] - offset, 1
        while pools and pools[-1][0] >= mean:
            other, many = pools.pop()
            mean, count = (mean * count + other * many) / (count + many), count + many
        pools.append((mean, count))
    flat = [mean for mean, count in pools for _ in range(count)]
    return {key: mean + offset for key, mean, offset in zip(row, flat, offsets, strict=True)}
