"""The doubly constrained gravity model and the calibration of its distance decay.

    T_ij = a_i O_i b_j D_j f(d_ij),     sum_j T_ij = O_i,     sum_i T_ij = D_j          (Wilson 1967; Furness 1965)
    f(d) = (1 - exp(-(d / d_walk)^2)) exp(-beta d)

The first factor leaves the shortest trips to walking (``d_walk`` assumed); beta is found so that the mean length of
trips matches the city's figure. The factors a, b are balanced by turns (iterative proportional fitting) and never
multiplied out until the end, so that a round costs two matrix-vector products.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fleetplan.demand.types import Period

Array = NDArray[np.float64]
Single = NDArray[np.float32]

WALK_KM = 1.2
ROUNDS = 20
TOLERANCE = 3e-4
BETA_RANGE = (-0.1, 1.5)
DEEPEST = np.float32(-30.0)
"""Exponents stop here: products of smaller numbers leave float32's normal range and become very slow."""


def deterrence(distance_km: Single, beta: float) -> Single:
    """Return f(d) for network distances in km, same shape."""
    walk = -np.expm1(-np.square(distance_km / np.float32(WALK_KM)))
    decay = np.exp(np.maximum(np.float32(-beta) * distance_km, DEEPEST))
    return np.asarray(walk * decay, dtype=np.float32)


def balance(kernel: Single, origins: Array, destinations: Array, start: Array | None = None) -> tuple[Array, Array]:
    """Return factors (a, b) so that ``a_i K_ij b_j`` has the given row and column sums, shapes (n,)."""
    o, d = origins.astype(np.float32), destinations.astype(np.float32)
    b: Single = np.ones(len(d), np.float32) if start is None else start.astype(np.float32)
    a: Single = np.zeros_like(o)
    for _ in range(ROUNDS):
        a = np.asarray(o / np.maximum(_by_rows(kernel, b), 1e-30), dtype=np.float32)
        column = _by_columns(a, kernel)
        off = float(np.abs(column * b - d).sum())
        b = np.asarray(d / np.maximum(column, 1e-30), dtype=np.float32)
        if off < TOLERANCE:
            break
    return a.astype(float), b.astype(float)


def mean_length(kernel: Single, distance_km: Single, a: Array, b: Array) -> float:
    """Return the mean length of trips ``a_i K_ij b_j`` in km."""
    af, bf = a.astype(np.float32), b.astype(np.float32)
    trips = float(af @ _by_rows(kernel, bf))
    return float(af @ _by_rows(kernel * distance_km, bf)) / trips


def _by_rows(kernel: Single, b: Single) -> Single:
    """Return ``kernel @ b`` on one thread: BLAS threads that wait for a busy core cost seconds here."""
    return np.asarray(np.einsum("ij,j->i", kernel, b), dtype=np.float32)


def _by_columns(a: Single, kernel: Single) -> Single:
    """Return ``a @ kernel`` on one thread."""
    return np.asarray(np.einsum("i,ij->j", a, kernel), dtype=np.float32)


def calibrate(
    distance_km: Single, ends: Mapping[Period, tuple[Array, Array]], shares: Mapping[Period, float], mean_km: float
) -> float:
    """Return beta (1/km) so that trips over the whole day are ``mean_km`` long in the mean.

    The search runs on the day's trip ends, then one correction on the periods brings the day's mean to the target.
    Where even the ends of the range cannot reach the target the nearer end is returned; :func:`reach` says what they can.
    """
    origins = np.asarray(sum(shares[p] * ends[p][0] for p in ends))
    destinations = np.asarray(sum(shares[p] * ends[p][1] for p in ends))
    target = mean_km
    beta = 0.0
    for _ in range(3):
        beta = _search(distance_km, origins, destinations, target)
        got = period_mean(distance_km, ends, shares, beta)
        if abs(got / mean_km - 1.0) < 0.003:
            break
        target *= mean_km / got
    return beta


def reach(
    distance_km: Single, ends: Mapping[Period, tuple[Array, Array]], shares: Mapping[Period, float]
) -> tuple[float, float]:
    """Return the shortest and the longest mean trips (km) that any beta of the range gives."""
    low, high = BETA_RANGE
    return period_mean(distance_km, ends, shares, high), period_mean(distance_km, ends, shares, low)


def period_mean(
    distance_km: Single, ends: Mapping[Period, tuple[Array, Array]], shares: Mapping[Period, float], beta: float
) -> float:
    """Return the mean trip length over periods weighted by their shares, km."""
    kernel = deterrence(distance_km, beta)
    total = 0.0
    start = None
    for period, (origins, destinations) in ends.items():
        a, start = balance(kernel, origins, destinations, start)
        total += shares[period] * mean_length(kernel, distance_km, a, start)
    return total / sum(shares[p] for p in ends)


def _search(distance_km: Single, origins: Array, destinations: Array, mean_km: float) -> float:
    """Return beta at which one table of trip ends has the wanted mean length; steps start from the last balance.

    So a length asked for twice may come out a little otherwise. Each is asked for once, or ends of the range whose length is the
    wanted one but for that little would change their side while the search goes on.
    """
    last = np.ones(len(origins))
    known: dict[float, float] = {}

    def excess(beta: float) -> float:
        if beta not in known:
            kernel = deterrence(distance_km, beta)
            a, last[:] = balance(kernel, origins, destinations, last)
            known[beta] = mean_length(kernel, distance_km, a, last) - mean_km
        return known[beta]

    low, high = BETA_RANGE
    centre = 1.5 / mean_km
    if excess(centre) > 0:
        low = centre
        if excess(high) > 0:
            return high
    else:
        high = centre
        if excess(low) < 0:
            return low
    from scipy.optimize import brentq  # noqa: PLC0415  # slow to import, and planning from cached cities does without

    return float(brentq(excess, low, high, xtol=2e-4, rtol=1e-3))
