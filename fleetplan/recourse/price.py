"""A bound on every common decision, by prices: each scenario planned by itself where what is common has a price.

The rows ``x[s,j,t] <= C[j,t]`` tie the scenarios together. Priced at ``l[s,j,t]`` with ``sum_s w[s] l[s,j,t] = 0`` (``w``: what a
scenario counts), they fall away, and for any such prices

    sum_s w[s] ( max over x[s] of NPV[s](x[s]) + sum_(j,t) min(l, c)[s,j,t] x[s,j,t]  +  sum_(j,t) max(0, l - c)[s,j,t] )

is no less than any policy's objective: a scenario would not commit more than it uses while a programme is worth no more to it
than it costs to leave undone (``c``); beyond, it would, once at most, whether or not it can use it (Lagrangian relaxation of what
is common; Carøe and Schultz, Dual decomposition, 1999). Which prices are asked for: :mod:`fleetplan.recourse.cuts`. Programmes
have prices, with the vehicles that they test with, and sites and stalls, which cost something later too
(:func:`fleetplan.reruns.commit.priced`). Other purchases have none, which leaves the bound valid: who is paid for vehicles left
undone would buy hundreds of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.options import CommonPrices, Price
from fleetplan.recourse.commitments import Pair
from fleetplan.recourse.idle import Key

Array = NDArray[np.float64]
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
