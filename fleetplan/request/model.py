"""The planning request: one schema for YAML and JSON files, the library and HTTP.

Unknown fields are refused, every fault is reported at once, and nothing is repaired silently.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from fleetplan.months import Grid, month_number
from fleetplan.request.constraints import AnyConstraint
from fleetplan.request.parts import FigureOverride, StackInCity
from fleetplan.request.scenarios import MOST_SETS, ScenarioSet
from fleetplan.request.started import StartingState
from fleetplan.request.values import NO_TRUTH, Firmness, Model, Month, Name, NotNegative, none_given, not_said, refusal

IDS_TWICE = "ids_twice"
"""Type of the error that two constraints have one id."""

MAX_HORIZON_MONTHS = 120
MOST_NAMES = 500
"""Names are looked up with near misses, which takes a while for each."""

HORIZON_STARTS = ("2000-01", "2100-12")
"""The catalogue's figures are of these years; law and prices of others are nobody's to plan with."""


def _within_years(month: str) -> str:
    first, last = HORIZON_STARTS
    if not month_number(first) <= month_number(month) <= month_number(last):
        refused = refusal(
            f"is {month}", f"{first} to {last}", "begin the horizon in these years, those of the catalogue"
        )
        raise refused
    return month


def _word_of_old(given: object) -> object:
    """Return the word of today for how long permits take: plans made before promises slipped say ``likely``."""
    return "promised" if given == "likely" else given


class Horizon(Model):
    """The months that are planned, and how finely."""

    start: Annotated[Month, AfterValidator(_within_years)] = "2027-01"
    months: Annotated[int, Field(ge=1, le=MAX_HORIZON_MONTHS), NO_TRUTH] = 48
    single_months: Annotated[int, Field(ge=0, le=MAX_HORIZON_MONTHS), NO_TRUTH] = Field(
        default=12, description="leading months planned singly; the rest goes by quarter"
    )
    cuts: Annotated[list[Month], Field(max_length=MAX_HORIZON_MONTHS)] | None = Field(
        default=None,
        examples=[["2028-11"]],
        exclude_if=not_said,
        description="months in which a period begins besides, so that quarters are cut there; left out: where that spares "
        "services the most waiting for a quarter to begin once permits let them open, six at most; an empty list: nowhere",
    )


class Capital(Model):
    """Capital that may be spent, in USD."""

    per_quarter_usd: NotNegative | list[NotNegative] = Field(
        examples=[25_000_000], description="one amount for every quarter, or a list by quarter (the last one repeats)"
    )
    cash_floor_usd: NotNegative | None = Field(
        default=None, description="cumulated net cash may not fall below minus this amount"
    )
    firmness: Firmness | None = Field(
        default=None,
        exclude_if=not_said,
        description="hard: no repair of an infeasible request asks for more money; policy, or left out: repairs may",
    )


class StackClass(StackInCity):
    """What a stack counts as in a city: how its promises slip, what its deal is."""

    slips: Literal["here", "elsewhere", "nowhere"] | None = Field(
        default=None,
        description="how late its driverless permits come: as of a stack that carries riders without a driver under the same law "
        "(here), that runs without one elsewhere, or nowhere yet",
    )
    deal: Literal["announced", "talks", "none"] | None = Field(default=None, description="in place of the catalogue's")
    slip_months: Annotated[int, Field(ge=0, le=240), NO_TRUTH] | None = Field(
        default=None,
        exclude_if=not_said,
        description="so many months later than promised come its driverless permits, and those of its pilots no later, whatever "
        "its class says; with permit_durations median or careful, which let promises slip",
    )

    @model_validator(mode="after")
    def _something(self) -> StackClass:
        if self.slips is None and self.deal is None and self.slip_months is None:
            allowed = "at least one of slips, deal, slip_months"
            refused = refusal("changes nothing", allowed, "add slips: elsewhere, for example")
            raise refused
        return self


class Deployments(Model):
    """Which stacks may be placed where."""

    deals: list[Literal["announced", "talks", "none"]] = Field(
        default=["announced", "talks"], description="deal statuses admitted by default"
    )
    add: list[StackInCity] = Field(
        default=[], max_length=MOST_NAMES, description="pairs admitted besides, if the law does not bar them"
    )
    remove: list[StackInCity] = Field(default=[], max_length=MOST_NAMES, description="pairs taken out")
    classes: list[StackClass] = Field(
        default=[], max_length=MOST_NAMES, description="what pairs count as, in place of the catalogue's class"
    )


class PlanRequest(Model):
    """What is asked: where may we go, what may we spend, what must hold."""

    name: Name = "plan"
    note: str = Field(default="", max_length=4000)
    horizon: Horizon = Horizon()
    objective: Literal["npv", "markets_then_npv"] = Field(
        default="npv",
        description="npv: the greatest net present value; markets_then_npv: as many markets as can be by the dates of the "
        "markets_live targets (without one by the end of the horizon), then the greatest value",
    )
    value: Literal["incremental", "gross"] = Field(
        default="incremental",
        description="incremental: less what the platform loses on drivers' trips that robotaxis replace; gross: robotaxi trips "
        "count whole. Plans tell both",
    )
    discount_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NO_TRUTH] = 0.10
    capital: Capital
    cities: list[Name] | None = Field(
        default=None, max_length=MOST_NAMES, description="cities to consider; all of the catalogue when left out"
    )
    exclude_cities: list[Name] = Field(default=[], max_length=MOST_NAMES)
    stacks: list[Name] | None = Field(
        default=None, max_length=MOST_NAMES, description="stacks to consider; all admitted when left out"
    )
    exclude_stacks: list[Name] = Field(default=[], max_length=MOST_NAMES)
    deployments: Deployments = Deployments()
    permit_durations: Annotated[
        Literal["min", "promised", "median", "careful", "max"], BeforeValidator(_word_of_old)
    ] = Field(
        default="median",
        description="promised: as the catalogue has them; median, careful: with the slip that half, or nine in ten, of such "
        "promises stay within; min, max: the shortest and longest thinkable. likely, the word of earlier versions, is promised",
    )
    overrides: list[FigureOverride] = Field(default=[], max_length=500)
    constraints: list[AnyConstraint] = Field(default=[], max_length=500)
    scenario_sets: list[ScenarioSet] = Field(
        default=[],
        max_length=MOST_SETS,
        exclude_if=none_given,
        description="futures in which permits slip, partners stop or prices move; `fleetplan recourse` and its page read them, "
        "and a plan made of the request is the same without them",
    )
    starting_state: StartingState | None = Field(
        default=None,
        exclude_if=not_said,
        description="what stands at a month of the horizon: the plan goes on from there, and what was done before is given",
    )
    law: Firmness | None = Field(
        default=None,
        exclude_if=not_said,
        description="hard, or left out: permits take as long as they take; policy: repairs of an infeasible request may ask "
        "for permits that come sooner",
    )

    @model_validator(mode="after")
    def _unique_ids(self) -> PlanRequest:
        ids = [c.id for c in self.constraints]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            msg = "constraint ids stand twice: {twice}; give each constraint an id of its own"
            raise PydanticCustomError(IDS_TWICE, msg, {"twice": ", ".join(twice)})
        return self

    @property
    def grid(self) -> Grid:
        """The periods of the horizon; those before the month of the starting state are done."""
        asked = self.horizon
        cuts = [month_number(month) for month in asked.cuts or ()]
        whole = Grid.default(asked.start, asked.months, asked.single_months, cuts)
        state = getattr(self, "starting_state", None)  # missing where it holds a fault
        if state is None or not whole.start < month_number(state.month) < whole.end:
            return whole
        today = month_number(state.month)
        left = max(0, asked.single_months - (today - whole.start))
        single = left if state.single_months is None else state.single_months
        return whole.begun(today, state.marks, single, cuts)
