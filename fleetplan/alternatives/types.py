"""What is told of alternatives: months as ``YYYY-MM``, money in USD; ``best`` is the plan that they are alternatives to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fleetplan.compare.types import DecisionMove

Differ = Literal["launches", "places"]
"""What makes a structure: who opens where in which quarter; who opens where alone."""

Ended = Literal["enough", "proven", "searched", "unknown"]
"""As many as were asked for; no further one is near enough, proven; none was found and some may be; the search is not over."""

StrengthKind = Literal["earlier", "markets", "capital", "funding", "partner", "cash", "vehicles"]
"""Riders sooner; more markets; less capital; less funding at the deepest; less in one partner's hands; more cash within the
horizon; a larger fleet in the end."""


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Opens(Model):
    """A stack that opens in a city: its month, and the widest level of the area that it ever has."""

    stack: str
    city: str
    month: str
    level: int


class Strength(Model):
    """In what an alternative is stronger: what it has (``here``) and what the best plan has (``best``).

    ``unit``: month (as absolute months), market, USD, share (of all vehicles in the last period), vehicle.
    """

    kind: StrengthKind
    here: float
    best: float
    unit: Literal["month", "market", "USD", "share", "vehicle"]


class Alternative(Model):
    """A plan of another structure.

    ``bound_usd``: no plan that differs in structure from the best one and from those found before it is worth more.
    ``least_usd`` and ``most_usd`` are what choosing it gives up at least and at most, by the bounds of both plans; ``cost_usd``
    lies between the plans found, and is negative where this one is worth more. ``moves`` are the launches (of plans for one
    city also the areas at the end) that differ from the best plan's. ``patch`` finds it again as a rerun of the best plan;
    ``pins`` asks for its launches themselves, and for no other stack to open.
    """

    rank: int
    npv_usd: float
    bound_usd: float
    cost_usd: float
    least_usd: float
    most_usd: float
    within: bool
    markets: int
    capital_usd: float
    peak_funding_usd: float
    cash_usd: float
    vehicles: int
    payback: str | None
    opens: list[Opens]
    moves: list[DecisionMove]
    strengths: list[Strength]
    patch: dict[str, Any]
    pins: dict[str, Any]
    sentences: list[str] = []


class CoreLaunch(Model):
    """A launch that all share: its first and last month among them, when it is begun, and fleets that all have at year ends."""

    stack: str
    city: str
    first: str
    last: str
    begins: str
    begins_last: str
    vehicles: dict[str, int]


class Core(Model):
    """What the best plan and every alternative near enough have in common.

    ``cities`` open in all of them, with whomever; ``launches`` are stacks in cities that open in all; ``depots`` are sites that
    get stalls in all; ``capital_usd`` is the least that any of them spends within the first year.
    """

    plans: int
    cities: list[str]
    launches: list[CoreLaunch]
    depots: list[tuple[str, str]]
    capital_usd: float


class Alternatives(Model):
    """The plans nearest to the best one that differ from it and from one another.

    ``slack_usd`` is what an alternative may give up at most (None: any amount). ``best_bound_usd`` is the best plan's own bound.
    ``others`` are those near enough, best first; ``nearest`` is the first one found that is not. ``most_usd``: no plan of any
    further structure is worth more, None while that is not known; minus infinity is told as ``none_left``.
    """

    differ: Differ
    city: str
    asked: int
    slack_usd: float | None
    best_usd: float
    best_bound_usd: float
    ended: Ended
    most_usd: float | None
    none_left: bool
    others: list[Alternative]
    nearest: Alternative | None
    core: Core
    sentences: list[str] = []
