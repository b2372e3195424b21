"""What a request carries over from what was done before: permits in hand, programmes begun, and what is left of its budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from fleetplan.months import Grid
from fleetplan.optimize.holdings import Array
from fleetplan.permits.paths import CITY
from fleetplan.request import PlanRequest
from fleetplan.scope import Scope


def cumulated_budget(grid: Grid, request: PlanRequest) -> Array:
    """Return the budget of all quarters begun by the start of each period, shape (periods,).

    Where periods are done (0 in them) what was spent before is taken off: what the request says, or all that was there to spend.
    """
    given, state = request.capital.per_quarter_usd, request.starting_state
    quarters = given if isinstance(given, list) else [given]

    def begun_by(month: int) -> float:
        return sum(quarters[min(k, len(quarters) - 1)] for k in range((month - grid.start) // 3 + 1))

    out = np.array([begun_by(int(start)) for start in grid.starts])
    if state is None or not grid.done:
        return out
    spent = begun_by(grid.today - 1) if state.capital_spent_usd is None else state.capital_spent_usd
    return np.where(np.arange(len(grid)) < grid.done, 0.0, np.maximum(0.0, out - spent))


class StandingPermits(TypedDict, total=False):
    """What a starting state says of a deployment's permits, as :func:`~fleetplan.permits.permit_path` takes it."""

    in_hand: Mapping[str, int]
    not_before: int
    programmes: Mapping[str, int]


def standing_permits(scope: Scope, stack: str, city: str) -> StandingPermits:
    """Return which permits are in hand, before which month no other is, and what has begun; empty without a state."""
    started, cities = scope.started, scope.catalogue.cities
    if started is None:
        return {}
    begun: dict[str, int] = {}
    for (other, where), service in started.services.items():
        for law in cities[where].jurisdictions if other == stack else ():
            if law in cities[city].jurisdictions:
                begun[law] = min(service.programme, begun.get(law, service.programme))
    if (stack, city) in started.services:
        begun[CITY] = started.services[stack, city].programme
    return {"in_hand": started.in_hand(stack, city), "not_before": started.month, "programmes": begun}
