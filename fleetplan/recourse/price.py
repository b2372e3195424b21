"""A bound on every common decision, by prices: each scenario planned by itself where what is common has a price.

The rows ``x[s,j,t] <= C[j,t]`` tie the scenarios together. Priced at ``l[s,j,t]`` with ``sum_s w[s] l[s,j,t] = 0`` (``w``: what a
scenario counts), they fall away, and for any such prices

    sum_s w[s] ( max over x[s] of NPV[s](x[s]) + sum_(j,t) min(l, c)[s,j,t] x[s,j,t]  +  sum_(j,t) max(0, l - c)[s,j,t] )

is no less than any policy's objective: a scenario would not commit more than it uses while a programme is worth no more to it
than it costs to leave undone (``c``); beyond, it would, once at most, whether or not it can use it. The prices asked for: who
leaves something undone of a good policy is paid what that costs it, and who uses it pays for that (Lagrangian relaxation of what
is common; Carøe and Schultz, Dual decomposition, 1999). Programmes have prices; purchases, sites and stalls have none, which
leaves the bound valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.options import CommonPrices, Price
from fleetplan.recourse.commitments import Counts, Key

Prices = Mapping[Key, NDArray[np.float64]]
"""By slot and period, USD for one."""


def written_prices(prices: Prices, labels: Sequence[str], until: str) -> CommonPrices:
    """Return prices as options of a rerun hold them; ``labels`` are the first months of the periods."""
    found = [
        Price(month=label, usd=round(float(usd), 6), city=city, stack=stack)
        for (_, stack, city, _), numbers in sorted(prices.items())
        for label, usd in zip(labels, numbers.tolist(), strict=False)
        if usd
    ]
    return CommonPrices(until=until, prices=found)


def prices_for(decided: Counts, own: Sequence[Counts], weights: NDArray[np.float64], costs: Prices) -> Sequence[Prices]:
    """Return prices by scenario: who leaves something undone is paid its cost, who uses it pays for them; together nothing.

    Parameters
    ----------
    decided
        By a good policy.
    own
        What each scenario decides by itself.
    weights
        What each scenario counts, together one.
    """
    found: list[dict[Key, NDArray[np.float64]]] = [{} for _ in own]
    for key, cost in costs.items():
        if key not in decided:
            continue
        most = decided[key].astype(float)
        table = np.array([counts[key] if key in counts else np.zeros_like(decided[key]) for counts in own], float)
        leaves = table < most[None, :]
        paid, paying = weights @ leaves, weights @ ~leaves
        both = (paid > 0.0) & (paying > 0.0) & (most > 0.0)
        toll = np.where(both, cost * paid / np.where(paying > 0.0, paying, 1.0), 0.0)
        for k, prices in enumerate(found):
            prices[key] = np.where(both, np.where(leaves[k], cost, -toll), 0.0)
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
    found = []
    for k, prices in enumerate(before):
        zero = {key: np.zeros(len(costs[key])) for key in away}
        moved = {key: prices.get(key, zero[key]) - step * away[key][k] * costs[key] for key in away}
        found.append({**prices, **moved})
    return found
