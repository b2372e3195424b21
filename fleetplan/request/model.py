"""The planning request: one schema for YAML and JSON files, the library and HTTP.

Unknown fields are refused, every fault is reported at once, and nothing is repaired silently.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fleetplan.months import Grid, month_number
from fleetplan.request.guess import month_remedy

REFUSED, IDS_TWICE = "refused", "ids_twice"
"""Types of the errors that our own validators raise; the context of the first holds ``what``, ``allowed``, ``remedy``."""

MAX_HORIZON_MONTHS = 120
MOST_NAMES = 500
"""Names are looked up with near misses, which takes a while for each."""

HORIZON_STARTS = ("2000-01", "2100-12")
"""The catalogue's figures are of these years; law and prices of others are nobody's to plan with."""


def _refusal(what: str, allowed: str = "", remedy: str = "") -> PydanticCustomError:
    """Return what a validator of ours has against a value, its parts apart for :mod:`fleetplan.request.faults`."""
    told = {"what": what, "allowed": allowed, "remedy": remedy}
    return PydanticCustomError(REFUSED, "{what}; allowed: {allowed}; remedy: {remedy}", told)


def _check_month(value: object) -> object:
    try:
        month_number(str(value))
    except ValueError:
        what = f"is {value!r}" if isinstance(value, str | int) else "is no month"
        refusal = _refusal(what, "a month as YYYY-MM", month_remedy(value))
        raise refusal from None
    return value


def _no_truth(value: object) -> object:
    """Refuse true and false where they would count as 1 and 0."""
    if isinstance(value, bool):
        refusal = _refusal(f"is {str(value).lower()}", remedy="write a number")
        raise refusal
    return value


_NO_TRUTH = BeforeValidator(_no_truth)
Month = Annotated[
    str,
    BeforeValidator(_check_month),
    Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="a month as YYYY-MM", examples=["2027-03"]),
]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")]
Positive = Annotated[float, Field(gt=0, le=1e13, allow_inf_nan=False), _NO_TRUTH]
NotNegative = Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False), _NO_TRUTH]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), _NO_TRUTH]
Count = Annotated[int, Field(ge=0, le=10_000_000), _NO_TRUTH]


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _within_years(month: str) -> str:
    first, last = HORIZON_STARTS
    if not month_number(first) <= month_number(month) <= month_number(last):
        refusal = _refusal(
            f"is {month}", f"{first} to {last}", "begin the horizon in these years, those of the catalogue"
        )
        raise refusal
    return month


class Horizon(Model):
    """The months that are planned, and how finely."""

    start: Annotated[Month, AfterValidator(_within_years)] = "2027-01"
    months: Annotated[int, Field(ge=1, le=MAX_HORIZON_MONTHS), _NO_TRUTH] = 48
    single_months: Annotated[int, Field(ge=0, le=MAX_HORIZON_MONTHS), _NO_TRUTH] = Field(
        default=12, description="leading months planned singly; the rest goes by quarter"
    )


class Capital(Model):
    """Capital that may be spent, in USD."""

    per_quarter_usd: NotNegative | list[NotNegative] = Field(
        examples=[25_000_000], description="one amount for every quarter, or a list by quarter (the last one repeats)"
    )
    cash_floor_usd: NotNegative | None = Field(
        default=None, description="cumulated net cash may not fall below minus this amount"
    )


class StackInCity(Model):
    """A stack in a city."""

    stack: Name = Field(examples=["weride-gxr"])
    city: Name = Field(examples=["zurich"])


class Deployments(Model):
    """Which stacks may be placed where."""

    deals: list[Literal["announced", "talks", "none"]] = Field(
        default=["announced", "talks"], description="deal statuses admitted by default"
    )
    add: list[StackInCity] = Field(
        default=[], max_length=MOST_NAMES, description="pairs admitted besides, if the law does not bar them"
    )
    remove: list[StackInCity] = Field(default=[], max_length=MOST_NAMES, description="pairs taken out")


class FigureOverride(Model):
    """Another value for a figure of the catalogue; the plan names it as the request's own."""

    figure: Name = Field(examples=["zurich/city.toml#market.mean_fare_local"])
    value: Annotated[float, Field(allow_inf_nan=False), _NO_TRUTH] | None = None
    values: list[Annotated[float, Field(allow_inf_nan=False), _NO_TRUTH]] | None = None
    factor: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False), _NO_TRUTH] | None = Field(
        default=None, description="multiplies the catalogue's value instead of replacing it"
    )
    why: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _one_of(self) -> FigureOverride:
        given = [key for key in ("value", "values", "factor") if getattr(self, key) is not None]
        if len(given) != 1:
            what = f"holds {' and '.join(given)}" if given else "says no value"
            remedy = "keep one of them" if given else "add value: with a number"
            refusal = _refusal(what, "exactly one of value, values, factor", remedy)
            raise refusal
        return self


class Constraint(Model):
    """Base of all constraints; ``id`` addresses it in reruns and in explanations."""

    id: Name


class MarketsLive(Constraint):
    """At least ``count`` markets are live by a month."""

    type: Literal["markets_live"] = "markets_live"
    count: Annotated[int, Field(ge=1, le=1000), _NO_TRUTH]
    by: Month
    counts: Literal["paid", "public"] = Field(
        default="paid", description="paid: riders pay; public: unpaid public rides count too"
    )
    include_existing: bool = Field(default=False, description="count the catalogue's live markets elsewhere too")


class LaunchNotBefore(Constraint):
    """A city, or one stack in it, opens to riders no earlier than a month."""

    type: Literal["launch_not_before"] = "launch_not_before"
    city: Name
    stack: Name | None = None
    month: Month


class LaunchBy(Constraint):
    """A city, or one stack in it, is open to paying riders by a month."""

    type: Literal["launch_by"] = "launch_by"
    city: Name
    stack: Name | None = None
    month: Month


class LaunchFixed(Constraint):
    """A stack opens in a city in the period that holds this month, neither earlier nor later."""

    type: Literal["launch_fixed"] = "launch_fixed"
    city: Name
    stack: Name
    month: Month


class ForceDeployment(Constraint):
    """A stack is open to paying riders in a city within the horizon."""

    type: Literal["force_deployment"] = "force_deployment"
    city: Name
    stack: Name


class ForbidDeployment(Constraint):
    """A stack is not placed in a city."""

    type: Literal["forbid_deployment"] = "forbid_deployment"
    city: Name
    stack: Name


class FleetCap(Constraint):
    """At most so many vehicles in service, over the cities and stacks named (all when left out)."""

    type: Literal["fleet_cap"] = "fleet_cap"
    vehicles: Count
    city: Name | None = None
    stack: Name | None = None
    start: Month | None = None
    end: Month | None = None


class FleetFloor(Constraint):
    """At least so many vehicles in service, over the cities and stacks named (all when left out)."""

    type: Literal["fleet_floor"] = "fleet_floor"
    vehicles: Count
    city: Name | None = None
    stack: Name | None = None
    start: Month
    end: Month | None = None


class PartnerShare(Constraint):
    """One partner's vehicles are at most a share of all vehicles in service."""

    type: Literal["partner_share"] = "partner_share"
    partner: Name
    max_share: Share
    start: Month | None = None


class LaunchesPerQuarter(Constraint):
    """At most so many first openings (a stack in a city) a quarter."""

    type: Literal["launches_per_quarter"] = "launches_per_quarter"
    max: Annotated[int, Field(ge=0, le=1000), _NO_TRUTH]


class StacksPerCity(Constraint):
    """At most so many stacks open in one city (in every city when none is named)."""

    type: Literal["stacks_per_city"] = "stacks_per_city"
    max: Annotated[int, Field(ge=0, le=100), _NO_TRUTH]
    city: Name | None = None


class PermitDelay(Constraint):
    """Permits take longer (or shorter) by whole months. At least one of permit, jurisdiction, city is named."""

    type: Literal["permit_delay"] = "permit_delay"
    months: Annotated[int, Field(ge=-60, le=120), _NO_TRUTH]
    permit: Name | None = None
    jurisdiction: Name | None = None
    city: Name | None = Field(default=None, description="delays the permit that opens paid service in that city")
    stack: Name | None = None

    @model_validator(mode="after")
    def _some_target(self) -> PermitDelay:
        if not (self.permit or self.jurisdiction or self.city):
            refusal = _refusal(
                "delays nothing", "at least one of permit, jurisdiction, city", "add city: with a city's name"
            )
            raise refusal
        return self


class EventDate(Constraint):
    """A calendar event (a law coming into force) falls in another month than the catalogue's likely one."""

    type: Literal["event_date"] = "event_date"
    event: Name
    month: Month


class SupplyChange(Constraint):
    """The vehicles that can be had of a stack are multiplied by a factor."""

    type: Literal["supply_change"] = "supply_change"
    stack: Name
    factor: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), _NO_TRUTH]
    start: Month | None = None
    end: Month | None = None


class ServiceLevel(Constraint):
    """The mean wait of a rider stays at or below so many minutes wherever service is open."""

    type: Literal["service_level"] = "service_level"
    max_wait_min: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False), _NO_TRUTH]
    city: Name | None = None


class MinimumTrips(Constraint):
    """At least so many trips a mean day, in a city or over all, from a month on."""

    type: Literal["minimum_trips"] = "minimum_trips"
    trips_per_day: NotNegative
    start: Month
    city: Name | None = None


AnyConstraint = Annotated[
    MarketsLive
    | LaunchNotBefore
    | LaunchBy
    | LaunchFixed
    | ForceDeployment
    | ForbidDeployment
    | FleetCap
    | FleetFloor
    | PartnerShare
    | LaunchesPerQuarter
    | StacksPerCity
    | PermitDelay
    | EventDate
    | SupplyChange
    | ServiceLevel
    | MinimumTrips,
    Field(discriminator="type"),
]


class PlanRequest(Model):
    """What is asked: where may we go, what may we spend, what must hold."""

    name: Name = "plan"
    note: str = Field(default="", max_length=4000)
    horizon: Horizon = Horizon()
    objective: Literal["npv", "markets_then_npv"] = "npv"
    discount_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), _NO_TRUTH] = 0.10
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
    permit_durations: Literal["min", "likely", "max"] = "likely"
    overrides: list[FigureOverride] = Field(default=[], max_length=500)
    constraints: list[AnyConstraint] = Field(default=[], max_length=500)

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
        """The periods of the horizon."""
        return Grid.default(self.horizon.start, self.horizon.months, self.horizon.single_months)
