"""The objective "markets first, then NPV": how many markets are live, before what they are worth.

A market is a city that is live in the last period begun by the date of a ``markets_live`` target, open to paying riders
(or to any, where the target counts public rides); without such a target, a city with paying service at the end of the
horizon. With several dates a city counts once for each: ``sum over dates of the cities live by then``. Targets that count the
same riders in the same period are one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Instance, Ints
from fleetplan.optimize.matrix import PLAN, Builder, Model
from fleetplan.optimize.rules.constraints import new_markets_asked
from fleetplan.request.constraints import MarketsLive

MARKETS_FIRST = "markets_first"
SCALE = 1e6  # one market in the units of the matrix


@dataclass(frozen=True, slots=True)
class MarketGoal:
    """Cities counted in one period: those open to paying riders, or to any."""

    counts: Literal["paid", "public"]
    period: int


@dataclass(frozen=True, slots=True)
class MarketsProven:
    """What was found and proven of the number of markets: no plan has more than ``most``."""

    found: int
    most: int

    @property
    def closed(self) -> bool:
        """Whether no plan has more than was found."""
        return self.found >= self.most

    def with_plan(self, markets: int) -> MarketsProven:
        """Return what is known once a plan with so many markets is found."""
        found = max(self.found, markets)
        return MarketsProven(found, max(found, self.most))


def market_goals(instance: Instance) -> tuple[MarketGoal, ...]:
    """Return what the objective counts, in the order of the targets: what they ask for, else the end of the horizon.

    A target lies within the horizon (:mod:`fleetplan.scope.relevance`), so some period has begun by then.
    """
    return tuple(_asked(instance)) or (MarketGoal("paid", instance.periods - 1),)


def markets_asked(instance: Instance) -> int:
    """Return how many markets the targets together ask for: no plan has fewer."""
    return sum(_asked(instance).values())


def _asked(instance: Instance) -> dict[MarketGoal, int]:
    """Return how many markets targets ask for by goal."""
    asked: dict[MarketGoal, int] = {}
    for c in instance.scope.constraints:
        if isinstance(c, MarketsLive):
            goal = MarketGoal(c.counts, instance.grid.last_begun_by(c.by))
            asked[goal] = max(asked.get(goal, 0), new_markets_asked(c, instance))
    return asked


def market_steps(f: Formulation, goal: MarketGoal) -> dict[str, int]:
    """Return by city the column that is 1 only if the city counts for a goal."""
    steps = f.columns.live_now if goal.counts == "public" else f.columns.paying_live
    return {city: int(own[goal.period]) for city, own in steps.items()}


def market_columns(f: Formulation) -> Ints:
    """Return the columns whose sum is the number of markets, one for each city and goal."""
    goals = market_goals(f.instance)
    return np.array([column for goal in goals for column in market_steps(f, goal).values()], dtype=np.int64)


def counting(f: Formulation) -> Model:
    """Return the problem of having as many markets as can be; values are markets times :data:`SCALE`."""
    cost = np.zeros(f.model.columns)
    np.add.at(cost, market_columns(f), SCALE)
    return replace(f.model, cost=cost, constant=0.0)


def markets_at(f: Formulation, x: Array) -> int:
    """Return the number of markets of a solution in whole steps."""
    return round(float(x[market_columns(f)].sum()))


def with_markets(f: Formulation, least: int) -> Formulation:
    """Return the problem of the plans that have at least so many markets."""
    rows = Builder(size=f.model.columns)
    own = market_columns(f)
    rows.write(MARKETS_FIRST, PLAN, np.array([-1]), [(own[None, :], 1.0)], low=float(least))
    return replace(f, model=f.model.extended(rows, np.zeros(0)))
