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
        if not _take_free(row, start, column, cost, column_of, room):
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
def _take_free(row: int, start: Shorts, column: Shorts, cost: Array, column_of: Shorts, room: MatchRoom) -> bool:
    """Give a row its cheapest column if nobody has that; return whether it did: a path of one step, as most are."""
    best, least = -1, ALONE
    for k in range(start[row], start[row + 1]):
        there = column[k]
        offer = cost[k] - room.price[there]
        if offer < least or (offer == least and room.row_of[there] < 0):
            best, least = there, offer
    if best < 0 or room.row_of[best] >= 0:
        return False
    column_of[row] = best
    room.row_of[best] = row
    room.worth[row] = least
    return True


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
    """Room to work in: prices of m rows and n columns, lengths of ways to them, where ways come from, what is done."""

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
    if supply.sum() > demand.sum():
        return np.ascontiguousarray(transport(demand, supply, cost.T).T)
    m, n = cost.shape
    flow = np.zeros((n, m), np.int64)
    real_m, real_n, real_m2, real_n2 = (np.zeros(k) for k in (m, n, m, n))
    whole_m, whole_n, whole_m2, whole_n2 = (np.zeros(k, np.int64) for k in (m, n, m, n))
    room = TransportRoom(real_m, real_n, real_m2, real_n2, whole_m, whole_n, whole_m2, whole_n2)
    transport_into(supply.astype(np.int64), demand.astype(np.int64), np.ascontiguousarray(cost, np.float64), flow, room)
    return np.ascontiguousarray(flow.T)


@compiled
def transport_into(left: Ints, wanted: Ints, cost: Array, flow: Ints, room: TransportRoom) -> None:
    """Write the amounts by column and row to ``flow``, all 0 at first; ``left``, no more in all than ``wanted``, is used up.

    Row by row along cheapest ways, as in :func:`match_into`: a way begins in one row alone, and of full columns only those on it
    are looked at.
    """
    for i in range(len(left)):
        room.price_m[i] = 0.0
    for j in range(len(wanted)):
        room.price_n[j] = 0.0
    for i in range(len(left)):
        while left[i] > 0:
            end = _cheapest(i, len(left), wanted, cost, flow, room)
            amount = min(left[i], wanted[end])
            j, row = end, room.from_n[end]
            while row != i:
                j = room.from_m[row]
                amount = min(amount, flow[j, row])
                row = room.from_n[j]
            left[i] -= amount
            wanted[end] -= amount
            j, row = end, room.from_n[end]
            while row != i:
                flow[j, row] += amount
                j = room.from_m[row]
                flow[j, row] -= amount
                row = room.from_n[j]
            flow[j, i] += amount


@compiled
def _cheapest(first: int, m: int, wanted: Ints, cost: Array, flow: Ints, room: TransportRoom) -> int:
    """Find the cheapest way from a row to a column that wants more; update the prices."""
    n = len(wanted)
    room.done_m[:m] = 0
    room.done_n[:n] = 0
    room.far_n[:n] = FAR
    room.done_m[first] = 1
    room.far_m[first] = 0.0
    _offer_columns(first, n, cost, room)
    while True:
        j = _nearest_open(n, wanted, room)
        room.done_n[j] = 1
        if wanted[j] > 0:
            break
        for i in range(m):
            if flow[j, i] > 0 and room.done_m[i] == 0:
                room.done_m[i] = 1
                room.far_m[i] = room.far_n[j]
                room.from_m[i] = j
                _offer_columns(i, n, cost, room)
    length = room.far_n[j]
    for i in range(m):
        if room.done_m[i] != 0:
            room.price_m[i] += length - room.far_m[i]
    for k in range(n):
        if room.done_n[k] != 0:
            room.price_n[k] -= length - room.far_n[k]
    return j


@compiled
def _nearest_open(n: int, wanted: Ints, room: TransportRoom) -> int:
    """Return the nearest column that is not done, of equal ones the first that wants more."""
    best, at = -1, 2.0 * FAR
    for j in range(n):
        far = room.far_n[j]
        if room.done_n[j] == 0 and (far < at or (far == at and wanted[best] <= 0 and wanted[j] > 0)):
            best, at = j, far
    return best


@compiled
def _offer_columns(i: int, n: int, cost: Array, room: TransportRoom) -> None:
    """Shorten the ways to columns by those over a row."""
    base = room.far_m[i] - room.price_m[i]
    for j in range(n):
        offer = base + cost[i, j] - room.price_n[j]
        if room.done_n[j] == 0 and offer < room.far_n[j]:
            room.far_n[j] = offer
            room.from_n[j] = i
