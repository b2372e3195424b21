"""Groups of neighbouring zones: the pieces from which service areas are put together."""

from __future__ import annotations

from dataclasses import dataclass

import h3
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fleetplan.demand.types import CityDemand
from fleetplan.geography.types import CityGeography

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

GROUP_RESOLUTION = 7


@dataclass(frozen=True, eq=False)
class Clusters:
    """Connected groups of zones, m of them, about 5 km2 each.

    Attributes
    ----------
    of_cell
        Group of each zone, shape (n,); -1 for zones left out.
    area_km2
        Shape (m,).
    trips, hours
        Trips of a mean day at full adoption, and the vehicle hours riding takes, between groups, shapes (m, m).
    links
        Pairs of groups that touch, shape (l, 2).
    neighbours
        For each group, those that touch it.
    """

    of_cell: Ints
    area_km2: Array
    trips: Array
    hours: Array
    links: Ints
    neighbours: tuple[Ints, ...]

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.area_km2)


def groups(geography: CityGeography, left_out: frozenset[int] = frozenset()) -> Ints:
    """Return the group of each zone, shape (n,): H3 parents, split where water divides them; -1 for zones left out."""
    parents = np.unique([h3.cell_to_parent(c, GROUP_RESOLUTION) for c in geography.cells], return_inverse=True)[1]
    kept = np.ones(len(geography), bool)
    kept[list(left_out)] = False
    same = geography.links[
        (parents[geography.links[:, 0]] == parents[geography.links[:, 1]]) & kept[geography.links].all(axis=1)
    ]
    shape = (len(geography), len(geography))
    _, label = connected_components(
        csr_matrix((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=shape), directed=False
    )
    label = np.where(kept, label, -1)
    found = np.unique(label[kept])
    return np.where(kept, np.searchsorted(found, label), -1).astype(np.int64)


def cluster(geography: CityGeography, demand: CityDemand, of_cell: Ints) -> Clusters:
    """Return zones grouped by ``of_cell`` with the trips between groups."""
    count = int(of_cell.max()) + 1
    kept = of_cell >= 0
    trips = demand.mean_day()
    pairs = np.unique(np.sort(of_cell[geography.links], axis=1), axis=0)
    pairs = pairs[(pairs[:, 0] >= 0) & (pairs[:, 0] != pairs[:, 1])]
    neighbours = [[] for _ in range(count)]  # type: list[list[int]]
    for a, b in pairs:
        neighbours[a].append(int(b))
        neighbours[b].append(int(a))
    return Clusters(
        of_cell=of_cell,
        area_km2=np.bincount(of_cell[kept], geography.area_km2[kept], count).astype(float),
        trips=_between(trips, of_cell, count),
        hours=_between(trips * geography.hours["offpeak"], of_cell, count),
        links=pairs,
        neighbours=tuple(np.array(n, dtype=np.int64) for n in neighbours),
    )


def connected(chosen: Flags, clusters: Clusters) -> list[Ints]:
    """Return the connected parts of a choice of groups, largest area first."""
    inside = clusters.links[chosen[clusters.links].all(axis=1)]
    shape = (len(clusters), len(clusters))
    graph = csr_matrix((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=shape)
    _, label = connected_components(graph, directed=False)
    parts = [np.flatnonzero(chosen & (label == k)) for k in np.unique(label[chosen])]
    return sorted(parts, key=lambda part: -clusters.area_km2[part].sum())


def _between(table: NDArray[np.float32], of_cell: Ints, count: int) -> Array:
    kept = np.flatnonzero(of_cell >= 0)
    fold = csr_matrix((np.ones(len(kept)), (of_cell[kept], kept)), shape=(count, len(of_cell)))
    return np.asarray(fold @ (fold @ table.T.astype(float)).T)
