"""Better prices on what is common, from all plans that are known of every scenario.

At prices ``l[s]`` a scenario is worth at least what any plan known of it is, so the bound is at least

    sum_s w[s] z[s],    z[s] >= NPV(x) + l[s] . x  for every plan x known of s,    sum_s w[s] l[s] = 0,    l[s] <= c

Where that is least, prices are best by all that is known (cutting planes, a cut for every plan of every scenario; Kelley, The
cutting-plane method for solving convex programs, 1960). Of prices that are equally good, those nearest the ones so far: moving a
price costs a little. No price exceeds what one left undone costs (``c``): whoever got more would commit any number.

A site or a stall that is left undone costs something after the month too, until a plan has as many
(:func:`fleetplan.reruns.commit.priced`). So a price beyond what it costs by then is paid on what a plan has later, and one that
builds many later is paid for all of them: it is a part of its own, ``x`` the mean of what the plan has later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import block_diag, csr_matrix, hstack, vstack

from fleetplan.optimize.matrix import Model
from fleetplan.optimize.solve import attempted
from fleetplan.plans.types import Plan
from fleetplan.recourse.commitments import Counts, decided_by, ended_by
from fleetplan.recourse.idle import IdleCosts, Key
from fleetplan.recourse.price import Array, Prices

MOVING = 1e-3
"""What it costs to move a price by a dollar, in dollars of the bound."""

SCALE_USD = 1e6


@dataclass(frozen=True, eq=False)
class _Known:
    """A plan that is known of a scenario: its worth without what prices pay, what it decides by the month and by its end."""

    npv_usd: float
    decided: Counts
    ended: Counts


class _Part(Protocol):
    """A part of the prices of one slot, each with the most that it may be."""

    @property
    def key(self) -> Key:
        """The slot."""

    @property
    def most_usd(self) -> Array:
        """What one left undone costs, shape (prices,)."""

    @property
    def periods(self) -> Sequence[int]:
        """The period before the month that each price is of."""

    def of(self, prices: Array) -> Array:
        """Return what of a slot's prices by period is of this part, shape (prices,)."""

    def used(self, plan: _Known) -> Array:
        """Return for how many a plan is paid, shape (prices,)."""


@dataclass(frozen=True, eq=False)
class _Before:
    """What is lost by the month: a price for every period."""

    key: Key
    most_usd: Array

    @property
    def periods(self) -> Sequence[int]:
        """Every period before the month."""
        return range(len(self.most_usd))

    def of(self, prices: Array) -> Array:
        """Return the prices as far as that much is lost by the month."""
        return np.asarray(np.minimum(prices, self.most_usd), float)

    def used(self, plan: _Known) -> Array:
        """Return how many there are in each period."""
        return np.asarray(plan.decided.get(self.key, np.zeros(len(self.most_usd))), float)


@dataclass(frozen=True, eq=False)
class _After:
    """What is lost of one that is there by the month and not used from then on: a price in all."""

    key: Key
    lost_usd: Array
    """By period from the month on, shape (periods after,)."""
    before: _Before

    @property
    def most_usd(self) -> Array:
        """What is lost in all."""
        return np.array([float(self.lost_usd.sum())])

    @property
    def periods(self) -> Sequence[int]:
        """The last period before the month: it is paid on top of that one's price."""
        return (len(self.before.most_usd) - 1,)

    def of(self, prices: Array) -> Array:
        """Return what the last price is beyond what is lost by the month."""
        return np.asarray(np.maximum(0.0, prices[-1:] - self.before.most_usd[-1:]), float)

    def used(self, plan: _Known) -> Array:
        """Return how many there are later, on average by what is lost in each period."""
        ended = plan.ended.get(self.key)
        later = np.zeros(len(self.lost_usd)) if ended is None else ended[-len(self.lost_usd) :]
        return np.array([float(self.lost_usd @ later) / float(self.lost_usd.sum())])


def better_prices(
    before: Sequence[Prices], known: Sequence[Sequence[Plan]], weights: Array, costs: IdleCosts, until: str
) -> tuple[Sequence[Prices], float]:
    """Return the prices that are best by all plans known of every scenario, and what the bound at them is at least, USD.

    Parameters
    ----------
    before
        The best prices so far, by scenario; empty ones, or none of a slot: zeros.
    weights
        What each scenario counts, together one.
    """
    plans = [[_Known(p.objective, decided_by(p, until), ended_by(p)) for p in own] for own in known]
    decided = {key for own in plans for one in own for key in one.decided}
    keys = sorted(decided.union(*before) & costs.before.keys())
    parts = _parts(costs, keys)
    if not parts:
        return before, -np.inf
    best, bound_usd = _best(parts, before, plans, weights)
    tables = {key: np.zeros((len(best), len(costs.before[key]))) for key in keys}
    for part, usd in zip(parts, np.split(best, _cuts(parts), axis=1), strict=True):
        tables[part.key][:, part.periods] += usd
    whole = {key: table - weights @ table for key, table in tables.items()}  # less what a solver's tolerance leaves
    return [{key: table[s] for key, table in whole.items()} for s in range(len(best))], bound_usd


def _parts(costs: IdleCosts, keys: Sequence[Key]) -> list[_Part]:
    found: list[_Part] = []
    for key in keys:
        by_then = _Before(key, costs.before[key])
        found.append(by_then)
        if key in costs.later and costs.later[key].any():
            found.append(_After(key, costs.later[key], by_then))
    return found


def _cuts(parts: Sequence[_Part]) -> Array:
    return np.cumsum([len(part.most_usd) for part in parts])[:-1]


def _best(
    parts: Sequence[_Part], before: Sequence[Prices], plans: Sequence[Sequence[_Known]], weights: Array
) -> tuple[Array, float]:
    """Return the best prices, shape (scenarios, prices), and the least bound at them, USD.

    A scenario's columns: what it is worth, then by how much each price rises and by how much it falls.
    """
    at = np.array([np.concatenate([part.of(_of(part, own)) for part in parts]) for own in before])
    most = np.concatenate([part.most_usd for part in parts])
    count, later = len(most), np.concatenate([np.full(len(p.most_usd), isinstance(p, _After)) for p in parts])
    cuts, ties, worths, together = [], [], [], _together(parts)
    for own, weight, known in zip(at, weights.tolist(), plans, strict=True):
        used = np.array([np.concatenate([part.used(one) for part in parts]) for one in known])
        worths.append((np.array([one.npv_usd for one in known]) + used @ own) / SCALE_USD)
        cuts.append(np.hstack([np.ones((len(known), 1)), -used, used]))
        ties.append(hstack([csr_matrix((together.shape[0], 1)), weight * together, -weight * together]))
    lower, upper = np.zeros((len(at), 1 + 2 * count)), np.full((len(at), 1 + 2 * count), np.inf)
    lower[:, 0] = -np.inf
    upper[:, 1 : 1 + count] = np.maximum(0.0, most - at) / SCALE_USD
    upper[:, 1 + count :][:, later] = at[:, later] / SCALE_USD  # what is paid later is paid, never asked for
    least, none = np.concatenate(worths), np.zeros(together.shape[0])
    each = np.concatenate([[1.0], np.full(2 * count, MOVING)])
    model = Model(
        cost=-np.outer(weights, each).ravel(),
        constant=0.0,
        lower=lower.ravel(),
        upper=upper.ravel(),
        whole=np.zeros(lower.size, bool),
        matrix=csr_matrix(vstack([block_diag(cuts), hstack(ties)])),
        row_lower=np.concatenate([least, none]),
        row_upper=np.concatenate([np.full(len(least), np.inf), none]),
        blocks=(),
    )
    answer = attempted(model, relax=True)
    if answer is None or answer.x is None:
        return at, -np.inf
    table = answer.x.reshape(len(at), -1) * SCALE_USD
    return at + table[:, 1 : 1 + count] - table[:, 1 + count :], float(weights @ table[:, 0])


def _of(part: _Part, prices: Prices) -> Array:
    """Return a slot's prices by period before the month; zeros where it has none."""
    return prices.get(part.key, np.zeros(part.periods[-1] + 1))


def _together(parts: Sequence[_Part]) -> csr_matrix:
    """Return which prices are of one slot and period, so that they cancel out together; shape (slots and periods, prices)."""
    names = [(part.key, t) for part in parts for t in part.periods]
    of = {name: k for k, name in enumerate(dict.fromkeys(names))}
    rows = [of[name] for name in names]
    return csr_matrix((np.ones(len(names)), (rows, range(len(names)))), shape=(len(of), len(names)))
