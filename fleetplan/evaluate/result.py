"""What is found of a plan made elsewhere: rules broken, money, the best plan, the nearest plan that keeps every rule."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fleetplan.facts import RuleKind

BreachKind = RuleKind | Literal["record"]
"""Who sets the rule; ``record``: the file says something else than what follows from its own decisions."""


class Result(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Breach(Result):
    """A rule that a plan breaks.

    Attributes
    ----------
    rule, title
        Key of the rule as in docs/model.md, or the type of the request's constraint; and what it asks.
    places
        How often it is broken: places and periods.
    where
        The first of them: city, stack and period as far as they apply.
    amount
        By how much at most, in the unit of ``sentence``.
    sentence
        The worst of them, with its figures.
    place
        Where that is, in words.
    """

    rule: str
    title: str
    kind: BreachKind
    places: int
    where: str
    amount: float
    sentence: str
    place: str


class PlanMoney(Result):
    """What a plan is worth and needs; ``npv_usd`` is the value that the request asks for."""

    npv_usd: float
    capital_usd: float
    peak_funding_usd: float
    vehicles_end: int
    cities: list[str]


class Nearest(Result):
    """The plan nearest to one made elsewhere of those that keep every rule.

    ``vehicle_years`` is how far it lies away: vehicles more or fewer, times years, where a city open or closed otherwise counts
    as 20 vehicles (our judgement: a small launch fleet); ``proven``: none lies nearer, to a hundredth.
    ``changes`` says what it does otherwise. ``patch`` asks for its launches in their months and for no other: a rerun takes it as
    it is, and plans areas and fleets as well as can be.
    """

    money: PlanMoney
    vehicle_years: float
    proven: bool
    changes: list[str]
    patch: dict[str, Any] = {}


class Evaluation(Result):
    """A plan made elsewhere, put to the test.

    Attributes
    ----------
    source
        ``plan``: a plan.json of this very request, judged as it is. ``decisions``: areas and fleets alone, of a table or of a
        plan of another request; depots, purchases, riders and modes are those that go with them best.
    valid
        Whether it keeps every rule.
    money
        What it is worth as it is, whatever it breaks.
    best, best_bound_usd
        The best plan found for the same request, and what no plan of it exceeds; None where none was found in time or there is
        none.
    gap_usd, gap_most_usd
        What the best plan found is worth more (negative where this one is worth more), and any plan at most, by the proven bound.
    nearest
        None where it keeps every rule, and where no plan was found in time or there is none.
    """

    name: str
    source: Literal["plan", "decisions"]
    valid: bool
    breaches: list[Breach]
    money: PlanMoney
    best: PlanMoney | None = None
    best_bound_usd: float | None = None
    gap_usd: float | None = None
    gap_most_usd: float | None = None
    nearest: Nearest | None = None
    infeasible: bool = False
    sentences: list[str] = []
