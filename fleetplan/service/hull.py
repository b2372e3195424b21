"""The response surface as planes: the upper concave hull of the sampled law, thinned.

SciPy's geometry and optimization are slow to import: the functions that use them do so, and planning from cached cities mostly
needs neither.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PLANES = 12


def concave_planes(vehicles: Array, demand: Array, trips: Array, count: int = PLANES) -> tuple[Array, float]:
    """Return at most ``count`` planes (alpha, beta, gamma) above every sample, and their greatest height over a sample.

    Parameters
    ----------
    vehicles, demand, trips
        A grid of samples, shapes (n,), (m,), (n, m).

    Returns
    -------
    planes, gap
        ``trips <= alpha V + beta D + gamma`` for each row; the gap is a share of the largest trips.

    Notes
    -----
    All facets of the hull lie above all samples, so leaving some out keeps the promise. Facets are taken by turns: the
    one that is lowest where the chosen ones lie highest above the law.
    """
    scale = np.array([vehicles[-1], demand[-1], trips.max()])
    v, d = np.meshgrid(vehicles / scale[0], demand / scale[1], indexing="ij")
    points = np.stack([v.ravel(), d.ravel(), trips.ravel() / scale[2]], axis=1)
    facets, height = _upper_facets(points)
    chosen = _thin(height, points[:, 2], count)
    gap = float((height[chosen].min(axis=0) - points[:, 2]).max())
    planes = facets[chosen] * scale[2] / np.array([scale[0], scale[1], 1.0])
    return planes[np.lexsort(planes.T)], gap


def split_kilometres(vehicles: Array, trips: Array, km: Array) -> tuple[float, float]:
    """Return (km per trip, km per vehicle-day), both non-negative, by least squares over the samples with vehicles."""
    from scipy.optimize import nnls  # noqa: PLC0415 - as the module says

    v = np.broadcast_to(vehicles[:, None], trips.shape)
    used = (v > 0) & (trips > 0)
    table = np.stack([trips[used], v[used]], axis=1)
    weight = 1.0 / km[used]
    split, _ = nnls(table * weight[:, None], km[used] * weight)
    return float(split[0]), float(split[1])


def _upper_facets(points: Array) -> tuple[Array, Array]:
    """Return the upper facets of the hull as rows (a, b, c) of z = a x + b y + c, without doubles, and how high they lie."""
    from scipy.spatial import ConvexHull  # noqa: PLC0415 - as the module says

    equations = ConvexHull(points).equations
    upper = equations[equations[:, 2] > 1e-9]
    facets = -upper[:, [0, 1, 3]] / upper[:, [2]]
    facets[:, :2] = np.maximum(facets[:, :2], 0.0)
    facets = np.unique(np.round(facets, 9), axis=0)
    slopes = facets[:, :2] @ points[:, :2].T
    lift = (points[:, 2] - slopes).max(axis=1)
    facets[:, 2] = np.maximum(facets[:, 2], lift)
    slopes += facets[:, 2:]
    return facets, slopes


def _thin(height: Array, law: Array, count: int) -> list[int]:
    first = int((height - law).sum(axis=1).argmin())
    chosen = [first]
    lowest = height[first].copy()
    while len(chosen) < min(count, len(height)):
        worst = int((lowest - law).argmax())
        candidates = np.flatnonzero(height[:, worst] <= height[:, worst].min() + 1e-9)
        after = (np.minimum(lowest, height[candidates]) - law).max(axis=1)
        pick = int(candidates[after.argmin()])
        if pick in chosen:
            break
        chosen.append(pick)
        lowest = np.minimum(lowest, height[pick])
    return chosen
