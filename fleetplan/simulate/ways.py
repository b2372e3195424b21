"""Fastest ways on a street network: time from each of some nodes to all, with the length of that very way (Dijkstra 1959)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.layout import Array, Ints, Shorts, Single


class Streets(NamedTuple):
    """Edges by the node where they begin: those of node i are ``first[i]`` to ``first[i + 1]``; seconds and metres of each."""

    first: Ints
    head: Shorts
    seconds: Array
    metres: Array


def streets(nodes: int, tail: Ints, head: Ints, seconds: Array, metres: Array) -> Streets:
    """Return edges sorted for searching."""
    order = np.argsort(tail, kind="stable")
    first = np.searchsorted(tail[order], np.arange(nodes + 1))
    return Streets(first.astype(np.int64), head[order].astype(np.int32), seconds[order], metres[order])


def fastest_ways(net: Streets, used: Ints) -> tuple[Single, Single]:
    """Return seconds and metres from each used node to each, shapes (u, u); inf where there is no way."""
    nodes = len(net.first) - 1
    seconds, metres = (np.full((len(used), len(used)), np.inf, np.float32) for _ in range(2))
    heap = np.zeros(len(net.head) + nodes + 1, np.int32)
    room = SearchRoom(np.empty(nodes), np.empty(nodes), np.empty(len(heap)), heap)
    _all_ways(net, used.astype(np.int64), seconds, metres, room)
    return seconds, metres


class SearchRoom(NamedTuple):
    """Room to work in: seconds and metres so far by node, and a heap of nodes with the times at which they were put there."""

    at: Array
    way: Array
    key: Array
    node: Shorts


@compiled
def _all_ways(net: Streets, used: Ints, seconds: Single, metres: Single, room: SearchRoom) -> None:
    for row in range(len(used)):
        _search(net, used[row], room)
        for column in range(len(used)):
            seconds[row, column] = room.at[used[column]]
            metres[row, column] = room.way[used[column]]


@compiled
def _search(net: Streets, start: int, room: SearchRoom) -> None:
    for node in range(len(room.at)):
        room.at[node] = np.inf
        room.way[node] = np.inf
    room.at[start] = 0.0
    room.way[start] = 0.0
    count = _sift_up(0, 0.0, start, room)
    while count > 0:
        time, node = room.key[0], room.node[0]
        count = _sift_down(count, room)
        if time > room.at[node]:
            continue
        for edge in range(net.first[node], net.first[node + 1]):
            there, arrives = net.head[edge], time + net.seconds[edge]
            if arrives < room.at[there]:
                room.at[there] = arrives
                room.way[there] = room.way[node] + net.metres[edge]
                count = _sift_up(count, arrives, there, room)


@compiled
def _sift_up(count: int, time: float, node: int, room: SearchRoom) -> int:
    i = count
    while i > 0 and room.key[(i - 1) >> 1] > time:
        room.key[i] = room.key[(i - 1) >> 1]
        room.node[i] = room.node[(i - 1) >> 1]
        i = (i - 1) >> 1
    room.key[i] = time
    room.node[i] = node
    return count + 1


@compiled
def _sift_down(count: int, room: SearchRoom) -> int:
    """Take the first off the heap; return how many are left."""
    last = count - 1
    time, node = room.key[last], room.node[last]
    i = 0
    while 2 * i + 1 < last:
        below = 2 * i + 1
        if below + 1 < last and room.key[below + 1] < room.key[below]:
            below += 1
        if room.key[below] >= time:
            break
        room.key[i] = room.key[below]
        room.node[i] = room.node[below]
        i = below
    room.key[i] = time
    room.node[i] = node
    return last
