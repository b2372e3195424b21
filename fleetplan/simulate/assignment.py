"""Least-cost assignment on sparse candidates, and least-cost transport between regions; both exact, both compiled.

Assignment: shortest augmenting paths with prices (Jonker & Volgenant 1987, Computing 38:325-340, on lists instead of a full
matrix). As many rows as the candidates allow are matched, and among such matchings the cheapest is found: a row may stay alone at
a price above any path's cost. Transport: the same idea with amounts (successive shortest paths; Ahuja, Magnanti & Orlin 1993,
section 9.7).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleetplan.simulate.compiled import compiled

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]

ALONE = 1e9
"""Cost of a row without a column, in the unit of the costs: above the cost of any augmenting path."""
FAR = 1e18


class MatchRoom(NamedTuple):
    """Room to work in, as long as there are columns, and ``worth`` as long as there are rows."""

    row_of: Shorts
    came_from: Shorts
    done: Shorts
    seen: Shorts
    price: Array
    far: Array
    worth: Array


@compiled
def match_into(start: Shorts, column: Shorts, cost: Array, column_of: Shorts, columns: int, room: MatchRoom) -> None:
    """Write the column of each row to ``column_of``, -1 where it stays alone; :func:`match` says the rest."""
    for there in range(columns):
        room.row_of[there] = -1
        room.done[there] = 0
        room.price[there] = 0.0
        room.far[there] = FAR
    for row in range(len(column_of)):
        column_of[row] = -1
        room.worth[row] = 0.0
    for row in range(len(column_of)):
        _augment(row, start, column, cost, column_of, room)


def match(start: NDArray[np.integer], column: NDArray[np.integer], cost: Array, columns: int) -> Shorts:
    """Return the column of each row, -1 where it stays alone.

    Parameters
    ----------
    start, column, cost
        Row r may have columns ``column[start[r]:start[r + 1]]`` at their cost (0 or more).
    columns
        How many columns there are.
    """
    rows = len(start) - 1
    row_of, came_from, done, seen = (np.empty(columns, np.int32) for _ in range(4))
    room = MatchRoom(row_of, came_from, done, seen, np.empty(columns), np.empty(columns), np.empty(rows))
    column_of = np.empty(rows, np.int32)
    match_into(
        np.asarray(start, np.int32), np.asarray(column, np.int32), np.asarray(cost, float), column_of, columns, room
    )
    return column_of


@compiled
def _augment(first: int, start: Shorts, column: Shorts, cost: Array, column_of: Shorts, room: MatchRoom) -> None:
    """Give one more row a column along the cheapest path; ``worth`` and ``price`` stay feasible."""
    count, row, at = 0, first, 0.0
    alone_row, alone_at = first, ALONE - room.worth[first]
    end = -1
    while end < 0:
        count = _offer(start[row], start[row + 1], row, at, column, cost, count, room)
        best = _lowest(count, room)
        if best < 0 or room.far[best] >= alone_at:
            break
        room.done[best] = 1
        at = room.far[best]
        row = room.row_of[best]
        if row < 0:
            end = best
        elif at + ALONE - room.worth[row] < alone_at:
            alone_row, alone_at = row, at + ALONE - room.worth[row]
    _new_prices(first, at if end >= 0 else alone_at, count, room)
    if end < 0 and alone_row != first:
        end = column_of[alone_row]
        column_of[alone_row] = -1
    while end >= 0:
        row = room.came_from[end]
        before = column_of[row]
        column_of[row] = end
        room.row_of[end] = row
        end = before if row != first else -1
    for i in range(count):
        room.far[room.seen[i]] = FAR
        room.done[room.seen[i]] = 0


@compiled
def _offer(
    begin: int, stop: int, row: int, at: float, column: Shorts, cost: Array, count: int, room: MatchRoom
) -> int:  # fmt: skip
    """Shorten the ways to the columns of a row that is reached at a length; return how many columns have been seen."""
    for k in range(begin, stop):
        there = column[k]
        offer = at + cost[k] - room.worth[row] - room.price[there]
        if room.done[there] == 0 and offer < room.far[there]:
            if room.far[there] == FAR:
                room.seen[count] = there
                count += 1
            room.far[there] = offer
            room.came_from[there] = row
    return count


@compiled
def _lowest(count: int, room: MatchRoom) -> int:
    """Return the nearest column that is not done, a free one where lengths are equal; -1 if none is left."""
    best, best_at = -1, FAR
    for i in range(count):
        there = room.seen[i]
        at = room.far[there]
        if room.done[there] == 0 and (at < best_at or (at == best_at and room.row_of[there] < 0)):
            best, best_at = there, at
    return best


@compiled
def _new_prices(first: int, length: float, count: int, room: MatchRoom) -> None:
    room.worth[first] += length
    for i in range(count):
        there = room.seen[i]
        if room.done[there] != 0 and room.row_of[there] >= 0:
            room.price[there] -= length - room.far[there]
            room.worth[room.row_of[there]] += length - room.far[there]


class TransportRoom(NamedTuple):
    """Room to work in: prices and lengths of ways of m sources and n sinks, where ways come from, what is done."""

    price_m: Array
    price_n: Array
    far_m: Array
    far_n: Array
    from_m: Ints
    from_n: Ints
    done_m: Ints
    done_n: Ints


def transport(supply: Ints, demand: Ints, cost: NDArray[np.number]) -> Ints:
    """Return the cheapest amounts from sources to sinks, shape (m, n), that move as much as both sides allow.

    Parameters
    ----------
    supply, demand
        Whole amounts, shapes (m,) and (n,).
    cost
        Per unit, 0 or more, shape (m, n).
    """
    m, n = cost.shape
    flow = np.zeros((m, n), np.int64)
    real_m, real_n, real_m2, real_n2 = (np.zeros(k) for k in (m, n, m, n))
    whole_m, whole_n, whole_m2, whole_n2 = (np.zeros(k, np.int64) for k in (m, n, m, n))
    room = TransportRoom(real_m, real_n, real_m2, real_n2, whole_m, whole_n, whole_m2, whole_n2)
    transport_into(supply.astype(np.int64), demand.astype(np.int64), cost.astype(float), flow, room)
    return flow


@compiled
def transport_into(left: Ints, wanted: Ints, cost: Array, flow: Ints, room: TransportRoom) -> None:
    """Write the amounts to ``flow``, all 0 at first; ``left`` and ``wanted`` are used up."""
    supplied, asked = 0, 0
    for i in range(len(left)):
        supplied += left[i]
        room.price_m[i] = 0.0
    for j in range(len(wanted)):
        asked += wanted[j]
        room.price_n[j] = 0.0
    still = min(supplied, asked)
    while still > 0:
        end = _cheapest(left, wanted, cost, flow, room)
        amount = min(wanted[end], still)
        j = end
        while True:
            i = room.from_n[j]
            if room.from_m[i] < 0:
                amount = min(amount, left[i])
                break
            j = room.from_m[i]
            amount = min(amount, flow[i, j])
        still -= amount
        wanted[end] -= amount
        j = end
        while True:
            i = room.from_n[j]
            flow[i, j] += amount
            if room.from_m[i] < 0:
                left[i] -= amount
                break
            j = room.from_m[i]
            flow[i, j] -= amount


@compiled
def _cheapest(left: Ints, wanted: Ints, cost: Array, flow: Ints, room: TransportRoom) -> int:
    """Find the cheapest way from any source with something left to a sink that wants more; update the prices."""
    m, n = len(left), len(wanted)
    for i in range(m):
        room.done_m[i] = 0
        room.far_m[i] = 0.0 if left[i] > 0 else FAR
        room.from_m[i] = -1
    for j in range(n):
        room.done_n[j] = 0
        room.far_n[j] = FAR
    while True:
        i, at_m = _nearest_open(room.far_m, room.done_m, m)
        j, at_n = _nearest_open(room.far_n, room.done_n, n)
        if i >= 0 and at_m <= at_n:
            _from_source(i, n, cost, room)
        elif wanted[j] > 0:
            break
        else:
            _from_sink(j, m, cost, flow, room)
    for i in range(m):
        room.price_m[i] += min(room.far_m[i], at_n)
    for k in range(n):
        room.price_n[k] += min(room.far_n[k], at_n)
    return j


@compiled
def _nearest_open(far: Array, done: Ints, count: int) -> tuple[int, float]:
    best, at = -1, FAR
    for i in range(count):
        if done[i] == 0 and far[i] < at:
            best, at = i, far[i]
    return best, at


@compiled
def _from_source(i: int, n: int, cost: Array, room: TransportRoom) -> None:
    room.done_m[i] = 1
    for j in range(n):
        offer = room.far_m[i] + max(cost[i, j] + room.price_m[i] - room.price_n[j], 0.0)
        if room.done_n[j] == 0 and offer < room.far_n[j]:
            room.far_n[j] = offer
            room.from_n[j] = i


@compiled
def _from_sink(j: int, m: int, cost: Array, flow: Ints, room: TransportRoom) -> None:
    room.done_n[j] = 1
    for i in range(m):
        offer = room.far_n[j] + max(-cost[i, j] - room.price_m[i] + room.price_n[j], 0.0)
        if flow[i, j] > 0 and room.done_m[i] == 0 and offer < room.far_m[i]:
            room.far_m[i] = offer
            room.from_m[i] = j
