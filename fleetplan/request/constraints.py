"""The constraints of a request: one class for each type, with its members and what else the type declares.

How to add one: docs/extending.md. What can be read off the members (months, windows, numbers) is read off them, by
:mod:`fleetplan.request.members`; the rest is declared here and read by whatever handles constraints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from fleetplan.request.constraint import Constraint, Limit
from fleetplan.request.imposed import AreaCap, LineChange, PermitQuota, RivalLaunch, ServiceHours, Tariff, TripsCap
from fleetplan.request.values import NO_TRUTH, Amount, Count, Model, Month, Name, NotNegative, Share, refusal

__all__ = ["CONSTRAINT_TYPES", "AnyConstraint", "Constraint", "Limit", "constraint_from"]


class MarketsLive(Constraint):
    """At least ``count`` markets are live by a month."""

    limit = Limit("count", "more", "market")
    type: Literal["markets_live"] = "markets_live"
    count: Annotated[int, Field(ge=1, le=1000), NO_TRUTH]
    by: Month
    counts: Literal["paid", "public"] = Field(
        default="paid", description="paid: riders pay; public: unpaid public rides count too"
    )
    include_existing: bool = Field(default=False, description="count the catalogue's live markets elsewhere too")

    @property
    def only_forbids(self) -> bool:
        """False where unpaid rides count: modes are let in that no plan had before."""
        return self.counts == "paid"


class LaunchNotBefore(Constraint):
    """A city, or one stack in it, opens to riders no earlier than a month."""

    limit = Limit("month", "more")
    type: Literal["launch_not_before"] = "launch_not_before"
    city: Name
    stack: Name | None = None
    month: Month


class LaunchBy(Constraint):
    """A city, or one stack in it, is open to paying riders by a month."""

    limit = Limit("month", "less")
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

    limit = Limit("vehicles", "less", "vehicle")
    type: Literal["fleet_cap"] = "fleet_cap"
    vehicles: Count
    city: Name | None = None
    stack: Name | None = None
    start: Month | None = None
    end: Month | None = None


class FleetFloor(Constraint):
    """At least so many vehicles in service, over the cities and stacks named (all when left out)."""

    limit = Limit("vehicles", "more", "vehicle")
    type: Literal["fleet_floor"] = "fleet_floor"
    vehicles: Count
    city: Name | None = None
    stack: Name | None = None
    start: Month
    end: Month | None = None


class AreaFloor(Constraint):
    """At least so many km² of a city are open to riders, by one partner's service, from a month on."""

    limit = Limit("km2", "more", "km²")
    type: Literal["area_floor"] = "area_floor"
    km2: NotNegative
    city: Name
    stack: Name | None = None
    start: Month
    end: Month | None = None


class PartnerShare(Constraint):
    """One partner's vehicles are at most a share of all vehicles in service."""

    limit = Limit("max_share", "less", "share of all vehicles", priced="vehicle")
    type: Literal["partner_share"] = "partner_share"
    partner: Name
    max_share: Share
    start: Month | None = None


class LaunchesPerQuarter(Constraint):
    """At most so many first openings (a stack in a city) a quarter."""

    limit = Limit("max", "less", "launch")
    type: Literal["launches_per_quarter"] = "launches_per_quarter"
    max: Annotated[int, Field(ge=0, le=1000), NO_TRUTH]


class StacksPerCity(Constraint):
    """At most so many stacks open in one city (in every city when none is named)."""

    limit = Limit("max", "less", "stack")
    type: Literal["stacks_per_city"] = "stacks_per_city"
    max: Annotated[int, Field(ge=0, le=100), NO_TRUTH]
    city: Name | None = None


class PermitDelay(Constraint):
    """Permits take longer (or shorter) by whole months. At least one of permit, jurisdiction, city is named."""

    given = True
    type: Literal["permit_delay"] = "permit_delay"
    months: Annotated[int, Field(ge=-60, le=120), NO_TRUTH]
    permit: Name | None = None
    jurisdiction: Name | None = None
    city: Name | None = Field(default=None, description="delays the permit that opens paid service in that city")
    stack: Name | None = None

    @model_validator(mode="after")
    def _some_target(self) -> PermitDelay:
        if not (self.permit or self.jurisdiction or self.city):
            refused = refusal(
                "delays nothing", "at least one of permit, jurisdiction, city", "add city: with a city's name"
            )
            raise refused
        return self


class EventDate(Constraint):
    """A calendar event (a law coming into force) falls in this month; one that may bar partners comes at all."""

    given = True
    type: Literal["event_date"] = "event_date"
    event: Name
    month: Month


class SupplyChange(Constraint):
    """The vehicles that can be had of a stack are multiplied by a factor."""

    limit = Limit("factor", "less")
    given = True
    type: Literal["supply_change"] = "supply_change"
    stack: Name
    factor: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), NO_TRUTH]
    start: Month | None = None
    end: Month | None = None

    @property
    def only_forbids(self) -> bool:
        """True where it leaves fewer vehicles, or as many."""
        return self.factor <= 1.0


class Suspension(Constraint):
    """A service is held at so many vehicles from a month to another: it pauses and returns, or ends.

    At least one of stack, city, jurisdiction is named; without ``end`` it is for good, and where no vehicle is left the service
    ends.
    """

    limit = Limit("vehicles_left", "less", "vehicle")
    imposed = True
    type: Literal["suspension"] = "suspension"
    start: Month
    end: Month | None = None
    vehicles_left: Count = Field(description="that may serve meanwhile, over all that is suspended together")
    stack: Name | None = None
    city: Name | None = None
    jurisdiction: Name | None = Field(default=None, description="every city under this law")

    @property
    def only_forbids(self) -> bool:
        """False: while it lasts no least fleet is asked for, and what is suspended may end."""
        return False

    @model_validator(mode="after")
    def _some_target(self) -> Suspension:
        if not (self.stack or self.city or self.jurisdiction):
            refused = refusal(
                "suspends nothing", "at least one of stack, city, jurisdiction", "add stack: with a partner's stack"
            )
            raise refused
        return self


class ServiceLevel(Constraint):
    """The mean wait of a rider stays at or below so many minutes wherever service is open."""

    limit = Limit("max_wait_min", "less", "min", priced="vehicle")
    type: Literal["service_level"] = "service_level"
    max_wait_min: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False), NO_TRUTH]
    city: Name | None = None


class MinimumTrips(Constraint):
    """At least so many trips a mean day, in a city or over all, from a month on."""

    limit = Limit("trips_per_day", "more", "trip a day")
    type: Literal["minimum_trips"] = "minimum_trips"
    trips_per_day: NotNegative
    start: Month
    city: Name | None = None


class ResultFloor(Constraint):
    """The operating result of each quarter, or year, of the horizon is at least so much.

    Operating result is all that a period earns and costs but capital, loans, vehicles sold, exits and what is left in the end.
    A quarter, or year, that the horizon cuts short is asked for its part.
    """

    limit = Limit("least_usd", "more", "USD")
    type: Literal["result_floor"] = "result_floor"
    least_usd: Amount = Field(description="the least operating result of each; negative: the most that may be lost")
    per: Literal["quarter", "year"] = Field(
        default="quarter", description="quarters and years of the horizon, counted from its start"
    )
    start: Month | None = None
    end: Month | None = None


class PartnerParticipation(Constraint):
    """The partner need not earn its money back, over the cities and stacks named (all when left out)."""

    given = True
    in_forms = True
    type: Literal["partner_participation"] = "partner_participation"
    city: Name | None = None
    stack: Name | None = None


class Opening(Model):
    """A stack that opens in a city: whenever, or in the quarter that holds a month; to whatever level, or to one."""

    stack: Name
    city: Name
    month: Month | None = Field(
        default=None, description="in the quarter of the horizon that holds it; left out: whenever"
    )
    level: Annotated[int, Field(ge=1, le=1000), NO_TRUTH] | None = Field(
        default=None, description="the widest area that is ever open, as a level of the ladder; left out: any"
    )


class OtherLaunches(Constraint):
    """The plan has other launches than these: one opens besides, one does not open, or not in that quarter or to that level."""

    in_text_only = True
    type: Literal["other_launches"] = "other_launches"
    launches: list[Opening] = Field(
        max_length=500, description="what the plan may not have exactly; empty: it may not open nothing"
    )
    city: Name | None = Field(default=None, description="only what opens in this city is compared")


WorldChange = (
    PermitDelay
    | EventDate
    | SupplyChange
    | Suspension
    | AreaCap
    | TripsCap
    | PermitQuota
    | Tariff
    | RivalLaunch
    | LineChange
    | ServiceHours
)
"""The types of constraints that say what the world does."""

AnyConstraint = Annotated[
    MarketsLive
    | LaunchNotBefore
    | LaunchBy
    | LaunchFixed
    | ForceDeployment
    | ForbidDeployment
    | FleetCap
    | FleetFloor
    | AreaFloor
    | PartnerShare
    | LaunchesPerQuarter
    | StacksPerCity
    | WorldChange
    | ServiceLevel
    | MinimumTrips
    | ResultFloor
    | PartnerParticipation
    | OtherLaunches,
    Field(discriminator="type"),
]

CONSTRAINT_TYPES: Mapping[str, type[Constraint]] = {
    member.model_fields["type"].default: member for member in get_args(get_args(AnyConstraint)[0])
}
"""Every type of constraint by its name."""


def constraint_from(entry: Mapping[str, Any]) -> Constraint:
    """Return the constraint that plain data of a valid request holds."""
    return CONSTRAINT_TYPES[entry["type"]].model_validate(entry)
