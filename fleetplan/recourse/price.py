"""A bound on every common decision, by prices: each scenario planned by itself where what is common has a price.

The rows ``x[s,j,t] <= C[j,t]`` tie the scenarios together. Priced at ``l[s,j,t]`` with ``sum_s w[s] l[s,j,t] = 0`` (``w``: what a
scenario counts), they fall away, and for any such prices

    sum_s w[s] ( max over x[s] of NPV[s](x[s]) + sum_(j,t) min(l, c)[s,j,t] x[s,j,t]  +  sum_(j,t) max(0, l - c)[s,j,t] )

is no less than any policy's objective: a scenario would not commit more than it uses while a programme is worth no more to it
than it costs to leave undone (``c``); beyond, it would, once at most, whether or not it can use it. The prices asked for: who
leaves something undone of a good policy is paid what that costs it, and who uses it pays for that (Lagrangian relaxation of what
is common; Carøe and Schultz, Dual decomposition, 1999). Programmes have prices, with the vehicles that they test with, and sites
and stalls, which cost something later too (:func:`fleetplan.reruns.commit.priced`). Other purchases have none, which leaves the
bound valid: who is paid for vehicles left undone would buy hundreds of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.options import CommonPrices, Price
from fleetplan.recourse.commitments import Counts, Key, Pair

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
LATER = frozenset({"site", "stalls"})
"""What is of use though it is ordered later."""
Prices = Mapping[Key, Array]
"""By slot and period, USD for one."""


def written_prices(prices: Prices, labels: Sequence[str], until: str, tests: Mapping[Pair, int]) -> CommonPrices:
    """Return prices as options of a rerun hold them.

    Parameters
    ----------
    labels
        First months of the periods.
    tests
        By stack and city the vehicles that a programme tests with in every scenario.
    """
    found = [
        Price(
            what=what,
            month=label,
            usd=round(float(usd), 6),
            city=city or None,
            stack=stack or None,
            tests=tests.get((stack, city), 0),
        )
        for (what, stack, city, _), numbers in sorted(prices.items())
        for label, usd in zip(labels, numbers.tolist(), strict=False)
        if usd
    ]
    return CommonPrices(until=until, prices=found)


ROUNDS, HALVINGS = 30, 60


def prices_for(
    decided: Counts,
    own: Sequence[Counts],
    ends: Sequence[Counts],
    weights: Array,
    costs: Prices,
    worth: Array,
) -> Sequence[Prices]:
    """Return prices by scenario: who leaves something undone is paid its cost, who uses it pays for them; together nothing.

    Who uses it pays in equal parts, though no more in all than the scenario is worth: a scenario that pays more would rather
    decide otherwise, and bound less. Who orders a site later anyway neither pays nor is paid.

    Parameters
    ----------
    decided
        By a good policy.
    own, ends
        What each scenario decides by itself before the month, and ends with.
    weights
        What each scenario counts, together one.
    worth
        Of each scenario by itself, USD, shape (scenarios,).
    """
    sides = {key: _sides(key, decided[key], own, ends) for key in costs if key in decided}
    able = np.ones(len(own))
    for _ in range(ROUNDS):
        found = _tolls(sides, costs, weights, able)
        asked = np.array(
            [sum(float(-table[k].clip(max=0.0).sum()) for table in found.values()) for k in range(len(own))]
        )
        able = able * np.minimum(1.0, np.maximum(worth, 0.0) / np.maximum(asked, 1.0))
    found = _tolls(sides, costs, weights, able)
    return [{key: table[k] for key, table in found.items()} for k in range(len(own))]


def _sides(key: Key, most: NDArray[np.int64], own: Sequence[Counts], ends: Sequence[Counts]) -> tuple[Flags, Flags]:
    """Return which scenarios leave undone what is decided, and which use it, by period; shape (scenarios, periods) each."""
    table = np.array([counts.get(key, np.zeros_like(most)) for counts in own])
    wanted, uses = most[None, :] > 0, table >= most[None, :]
    leaves = ~uses
    if key[0] in LATER:
        last = np.array([int(counts[key][-1]) if key in counts else 0 for counts in ends])
        leaves &= last[:, None] < most[None, :]
    return leaves & wanted, uses & wanted


def _tolls(sides: Mapping[Key, tuple[Flags, Flags]], costs: Prices, weights: Array, able: Array) -> dict[Key, Array]:
    """Return prices by slot, shape (scenarios, periods): costs to who leaves, and from who uses in proportion to ``able``."""
    found = {}
    for key, (leaves, uses) in sides.items():
        paid, shares = weights @ leaves, (weights * able) @ uses
        both = (paid > 0.0) & (shares > 1e-9)
        toll = np.where(both, costs[key] * paid / np.where(both, shares, 1.0), 0.0)
        found[key] = np.where(leaves & both, costs[key], 0.0) - uses * able[:, None] * toll
    return found


def stepped(
    before: Sequence[Prices], own: Sequence[Counts], weights: NDArray[np.float64], costs: Prices, open_usd: float
) -> Sequence[Prices]:
    """Return prices a step on: dearer for who used more than the mean, cheaper for who used less (a Polyak step).

    Parameters
    ----------
    own
        What each scenario decided at the prices before.
    open_usd
        What is open between the bound and the best policy.
    """
    away: dict[Key, NDArray[np.float64]] = {}
    for key, cost in costs.items():
        if any(key in counts for counts in own):
            table = np.array([counts[key] if key in counts else np.zeros(len(cost)) for counts in own], float)
            away[key] = (table - weights @ table) * cost[None, :]
    length = sum(float((weights @ (table * table)).sum()) for table in away.values())
    if not length:
        return [dict(prices) for prices in before]
    step = open_usd / length
    moved = {}
    for key, table in away.items():
        zero = np.zeros(len(costs[key]))
        prices = np.array([known.get(key, zero) for known in before]) - step * table * costs[key]
        moved[key] = _no_dearer(prices, weights, costs[key]) if key[0] in LATER else prices
    return [{**known, **{key: prices[k] for key, prices in moved.items()}} for k, known in enumerate(before)]


def _no_dearer(prices: Array, weights: Array, costs: Array) -> Array:
    """Return prices no higher than what one left undone costs, shape (scenarios, periods); together nothing, as before.

    Whoever gets more would commit any number of them.
    """
    low, high = np.zeros(prices.shape[1]), prices.max(axis=0, initial=0.0) - prices.min(axis=0, initial=0.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        short = weights @ np.minimum(prices + middle, costs) < 0.0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(np.minimum(prices + high, costs))
