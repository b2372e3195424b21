"""Time told by branch-and-bound nodes: a search that reads this clock ends at the same place under any load."""

from __future__ import annotations

import math

NODES_PER_S = 128  # a power of two: shares of seconds are whole nodes again
"""So many nodes count as a second: limits of stages, given in seconds, hold in nodes as well."""


class NodeClock:
    """Counts the nodes of a search, all its stages together; the root of every problem is one."""

    def __init__(self) -> None:
        self.used = 0

    def now(self) -> float:
        """Return the nodes used so far, as seconds."""
        return self.used / NODES_PER_S

    def spend(self, nodes: int) -> None:
        """Count the nodes of a problem that was solved; at least one, so that every search ends."""
        self.used += max(1, nodes)


def nodes_in(seconds: float) -> int:
    """Return how many nodes a stage may take that is given so many seconds, at least one.

    >>> nodes_in(6.0), nodes_in(0.0)
    (768, 1)
    """
    return max(1, math.floor(seconds * NODES_PER_S))
