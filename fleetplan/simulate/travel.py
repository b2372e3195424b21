"""Travel times between zones or nodes, with the order in which a search for the nearest goes through them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.simulate.layout import Array, Ints, Shorts, Single

LONGEST_LIST = 512
"""Zones in a list of the nearest; beyond it every idle car is looked at, which is rare and exact too."""
BLOCK = 256


@dataclass(frozen=True, eq=False)
class Travel:
    """Ways between n zones or nodes.

    Attributes
    ----------
    seconds, metres
        From row to column, shape (n, n), float32. The diagonal is the mean way inside a zone, 0 for a node.
    slow
        Factor on all times by bin of the day or of the whole run, shape (bins,); the last one holds on.
    bin_s
        Length of such a bin.
    """

    seconds: Single
    metres: Single
    slow: Array
    bin_s: int

    @staticmethod
    def of(seconds: NDArray[np.floating], metres: NDArray[np.floating] | None = None, *, kmh: float = 25.0) -> Travel:
        """Return travel with the same times at all hours; without distances they follow from a speed.

        >>> travel = Travel.of(np.array([[0.0, 60.0], [60.0, 0.0]]), kmh=36.0)
        >>> float(travel.metres[0, 1])
        600.0
        """
        times = np.ascontiguousarray(seconds, np.float32)
        ways = times * np.float32(kmh / 3.6) if metres is None else np.ascontiguousarray(metres, np.float32)
        return Travel(times, ways, np.ones(1), 3600)

    def __len__(self) -> int:
        """Return the number of zones or nodes."""
        return len(self.seconds)

    @cached_property
    def both_ways(self) -> bool:
        """Whether every way takes as long as its way back."""
        return bool(np.array_equal(self.seconds, self.seconds.T))

    @cached_property
    def into(self) -> Single:
        """The transpose of ``seconds``; the same array where ways are alike both ways."""
        return self.seconds if self.both_ways else np.ascontiguousarray(self.seconds.T)

    @cached_property
    def near(self) -> Shorts:
        """For each zone the nearest ones, nearest first, by time from it, shape (n, k)."""
        return nearest_first(self.seconds)

    @cached_property
    def near_into(self) -> Shorts:
        """For each zone the nearest ones by time to it."""
        return self.near if self.both_ways else nearest_first(self.into)

    @cached_property
    def near_s(self) -> Single:
        """Seconds of the ways in :attr:`near`, shape (n, k)."""
        return np.take_along_axis(self.seconds, self.near, axis=1)

    @cached_property
    def near_into_s(self) -> Single:
        """Seconds of the ways in :attr:`near_into`, shape (n, k)."""
        return self.near_s if self.both_ways else np.take_along_axis(self.into, self.near_into, axis=1)


def nearest_first(seconds: Single) -> Shorts:
    """Return for each row the columns in order of time, the lower number first where times are equal; at most 512.

    >>> nearest_first(np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 2.0], [1.0, 2.0, 0.0]], np.float32)).tolist()
    [[0, 2, 1], [1, 0, 2], [2, 0, 1]]
    """
    n = len(seconds)
    k = min(n, LONGEST_LIST)
    found = np.empty((n, k), np.int32)
    for row in range(0, n, BLOCK):
        block = seconds[row : row + BLOCK]
        if k < n:
            chosen = np.sort(np.argpartition(block, k - 1, axis=1)[:, :k], axis=1)
            times = np.take_along_axis(block, chosen, axis=1)
            order = np.argsort(times, axis=1, kind="stable")
            found[row : row + BLOCK] = np.take_along_axis(chosen, order, axis=1)
        else:
            found[row : row + BLOCK] = np.argsort(block, axis=1, kind="stable")
    return found


def regions_of(seconds: Single, weight: Array, count: int) -> tuple[Ints, Ints]:
    """Return the region of each zone and the centre of each region: farthest points first, the heaviest zone to begin with.

    No zone is farther from its centre than twice the best possible (Gonzalez 1985, Theoretical Computer Science 38:293-306).

    >>> regions_of(np.array([[0, 1, 9], [1, 0, 9], [9, 9, 0]], np.float32), np.array([1.0, 2.0, 1.0]), 2)[0].tolist()
    [0, 0, 1]
    """
    centre = [int(np.argmax(weight))]
    off = np.minimum(seconds[centre[0]], seconds[:, centre[0]])
    off[centre[0]] = 0.0
    region = np.zeros(len(seconds), np.int64)
    used = weight > 0
    while len(centre) < count:
        far = int(np.argmax(np.where(used, off, -1.0)))
        if off[far] <= 0.0:
            break
        way = np.minimum(seconds[far], seconds[:, far])
        way[far] = 0.0
        nearer = way < off
        region[nearer] = len(centre)
        off = np.where(nearer, way, off)
        centre.append(far)
    return region, np.array(centre)
