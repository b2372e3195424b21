"""Scenario sets of a request: futures by name, written out or drawn from what the catalogue knows of slips and laws.

A scenario changes what law, regulators, partners and the world do, never what the request itself asks for.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fleetplan.request.constraints import WorldChange
from fleetplan.request.parts import FigureOverride, StackInCity
from fleetplan.request.values import NO_TRUTH, Model, Month, Name, Share, refusal

MOST_SETS, MOST_CASES, MOST_CHANGES = 10, 100, 100
SUM_TOLERANCE = 1e-6
"""By which probabilities may miss one."""

Chance = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), NO_TRUTH]


class SlipInCity(StackInCity):
    """By how many months the permits of a stack's driverless service in a city come later than promised."""

    months: Annotated[int, Field(ge=0, le=240), NO_TRUTH]


class Changes(Model):
    """What is otherwise in a future; what is left out stays as the request and the catalogue have it."""

    slips: list[SlipInCity] = Field(default=[], max_length=MOST_CHANGES)
    constraints: list[Annotated[WorldChange, Field(discriminator="type")]] = Field(
        default=[],
        max_length=MOST_CHANGES,
        description="suspensions, laws, supply, partners' exits (a suspension without end), rivals, tariffs",
    )
    overrides: list[FigureOverride] = Field(
        default=[],
        max_length=MOST_CHANGES,
        description="figures: fares in a price war, rates of exchange; a factor multiplies what the request itself says",
    )


class ScenarioCase(Changes):
    """A future that is written out."""

    id: Name
    probability: Chance


class Shock(Changes):
    """What comes upon a drawn future with a chance, each shock by itself."""

    id: Name
    chance: Chance

    @model_validator(mode="after")
    def _something(self) -> Shock:
        if not (self.slips or self.constraints or self.overrides):
            refused = refusal("changes nothing", "slips, constraints or overrides", "write what it changes")
            raise refused
        return self


class ScenarioSample(Model):
    """So many futures, drawn from the catalogue's slips and the chances of its laws; each as probable as any other."""

    count: Annotated[int, Field(ge=1, le=MOST_CASES), NO_TRUTH] = 20
    seed: Annotated[int, Field(ge=0, le=2**31 - 1), NO_TRUTH] = 0
    permits: bool = Field(
        default=True,
        description="draw how late each stack's permits come, by its class, correlated by partner and by jurisdiction",
    )
    laws: bool = Field(default=True, description="draw when laws come into force, and whether those come that may not")
    shocks: list[Shock] = Field(default=[], max_length=MOST_CHANGES)

    @model_validator(mode="after")
    def _something(self) -> ScenarioSample:
        if not (self.permits or self.laws or self.shocks):
            refused = refusal("draws nothing", "permits, laws or shocks", "set permits: true, or add a shock")
            raise refused
        return self


class ScenarioSet(Model):
    """Futures by name, the month from which on each is known, and how their values are weighed.

    Until ``known_from`` no future begins, orders, buys or opens what is not decided for all of them.
    """

    id: Name
    known_from: Month = Field(description="from this month on plans adapt; what is decided before is common to all")
    objective: Literal["expected", "cvar"] = Field(
        default="expected",
        description="expected: the greatest mean value; cvar: a share `weight` of the mean of the worst `tail` counts instead",
    )
    weight: Share = Field(default=0.5, description="of the worst futures in the objective cvar, 1: they alone count")
    tail: Chance = Field(default=0.2, description="share of probability that the worst futures have together")
    cases: list[ScenarioCase] = Field(default=[], max_length=MOST_CASES)
    sample: ScenarioSample | None = None

    @model_validator(mode="after")
    def _whole(self) -> ScenarioSet:
        if bool(self.cases) == (self.sample is not None):
            what = "has both cases and a sample" if self.cases else "has neither cases nor a sample"
            remedy = "keep one of them" if self.cases else "add sample: with count: 20"
            refused = refusal(what, "one of cases, sample", remedy)
            raise refused
        ids = [one.id for one in (self.cases or (self.sample.shocks if self.sample else []))]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            refused = refusal(f"has {', '.join(twice)} twice", "each id once", "give each an id of its own")
            raise refused
        total = sum(one.probability for one in self.cases)
        if self.cases and abs(total - 1.0) > SUM_TOLERANCE:
            refused = refusal(
                f"has probabilities that sum to {total:g}", "probabilities that sum to 1", "divide each by their sum"
            )
            raise refused
        return self
