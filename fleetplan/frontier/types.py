"""What is told of a frontier. Money in USD; a point is a plan in whole vehicles."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fleetplan.facts import Conflict

Axis = Literal["capital", "markets"]
"""Capital that may be spent in all; markets that are live at the end at least."""

PointState = Literal["plan", "none", "open"]
"""A plan is found; no plan keeps the limit; neither is known yet."""


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(Model):
    """The best plan within a limit.

    ``limit`` is the most capital in USD, or the least number of markets. ``npv_usd`` is what the plan found is worth and
    ``bound_usd`` what no plan within the limit exceeds. ``own``: it is the plan that the frontier is of, which keeps the limit.
    ``patch`` makes a request of the limit, as a rerun takes it. ``gained_usd`` is value over the point before it, between the
    plans found, for each further dollar of capital or each further market, and lies between ``gained_least_usd`` and
    ``gained_most_usd`` for the best plans of both; None where one of both has no plan.
    """

    limit: float
    state: PointState
    own: bool = False
    npv_usd: float | None = None
    bound_usd: float | None = None
    capital_usd: float | None = None
    peak_funding_usd: float | None = None
    markets: int | None = None
    vehicles: int | None = None
    cities: list[str] = []
    gained_usd: float | None = None
    gained_least_usd: float | None = None
    gained_most_usd: float | None = None
    conflicts: list[Conflict] = []
    patch: dict[str, Any]
    sentence: str = ""


class Frontier(Model):
    """Points along one axis, the smallest limit first, and what the plan that they are of is worth, spends and opens itself."""

    axis: Axis
    own_npv_usd: float
    own_bound_usd: float
    own_capital_usd: float
    own_markets: int
    points: list[Point]
    sentences: list[str] = []
