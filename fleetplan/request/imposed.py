"""What regulators and markets impose: areas by stages, caps on trips, quotas, duties, rivals, hours of the day."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fleetplan.months import month_number
from fleetplan.request.constraint import Constraint, Limit
from fleetplan.request.values import NO_TRUTH, Count, Month, Name, NotNegative, Share, refusal

NEVER = 10**9


class AreaCap(Constraint):
    """At most so many km² of a city are open to riders in a window; several that end one after the other are its stages."""

    limit = Limit("km2", "less", "km²")
    imposed = True
    type: Literal["area_cap"] = "area_cap"
    km2: NotNegative
    city: Name
    stack: Name | None = None
    start: Month | None = None
    end: Month | None = None


class TripsCap(Constraint):
    """At most so many trips a mean day, over the cities and stacks named (all when left out)."""

    limit = Limit("trips_per_day", "less", "trip a day")
    imposed = True
    type: Literal["trips_cap"] = "trips_cap"
    trips_per_day: NotNegative
    city: Name | None = None
    stack: Name | None = None
    start: Month | None = None
    end: Month | None = None


class PermitQuota(Constraint):
    """At most so many vehicles serve, over all deployments together, in the mode that a permit opens."""

    limit = Limit("vehicles", "less", "vehicle")
    imposed = True
    type: Literal["permit_quota"] = "permit_quota"
    permit: Name
    vehicles: Count
    start: Month | None = None
    end: Month | None = None


class Tariff(Constraint):
    """A stack's vehicles cost so much more where they are bought from a month on: a tariff, a duty."""

    limit = Limit("duty", "more")
    given = True
    in_forms = True
    type: Literal["tariff"] = "tariff"
    stack: Name
    duty: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False), NO_TRUTH] = Field(
        description="share of the price that comes on top: 0.25 is a quarter"
    )
    start: Month
    end: Month | None = None


class RivalLaunch(Constraint):
    """A rival opens in a city in a month and, over so many months, takes a share of the riders there."""

    limit = Limit("share", "more")
    given = True
    in_forms = True
    type: Literal["rival_launch"] = "rival_launch"
    city: Name
    start: Month
    share: Share
    months: Annotated[int, Field(ge=0, le=120), NO_TRUTH] = Field(
        default=12, description="months until it has its share, evenly; 0: from the first"
    )

    @property
    def only_forbids(self) -> bool:
        """True: fewer riders are left, and nothing else changes."""
        return True


class LineChange(Constraint):
    """A supply line is switched on for a stack, comes later, or builds at most so many vehicles a year.

    With a stack: from ``start`` on (and ``delay_months``) all its vehicles are built there, ``vehicles_per_year`` more of them a
    year than can be had otherwise. Without one: whatever the line builds. A rival's line moves what rivals take of riders.
    """

    given = True
    in_forms = True
    type: Literal["supply_line"] = "supply_line"
    line: Name = Field(description="as in supply_lines.csv", examples=["Ford Valencia (Almussafes)"])
    stack: Name | None = Field(default=None, description="whose vehicles are built there from start on")
    start: Month | None = Field(default=None, description="given with a stack")
    delay_months: Annotated[int, Field(ge=0, le=120), NO_TRUTH] = Field(
        default=0, description="so much later comes what the line builds"
    )
    vehicles_per_year: Count | None = Field(
        default=None, description="that the line builds, for the stack where one is named, else in all"
    )
    others_per_year: Count | None = Field(
        default=None, description="that the plant builds for others; the catalogue's output of today where left out"
    )
    price_usd: Annotated[float, Field(ge=1_000, le=2e6, allow_inf_nan=False), NO_TRUTH] | None = Field(
        default=None, description="of a vehicle built there while the plant breaks even; the stack's own where left out"
    )

    @model_validator(mode="after")
    def _something(self) -> LineChange:
        if (self.stack is None) != (self.start is None):
            given, lacking = ("stack", "start") if self.stack else ("start", "stack")
            refused = refusal(
                f"has a {given} and no {lacking}", "both, or neither", f"add {lacking}, or take {given} out"
            )
            raise refused
        if self.stack is None and (self.others_per_year is not None or self.price_usd is not None):
            refused = refusal("prices vehicles of no stack", "a stack that is built there", "add stack: and start:")
            raise refused
        if self.stack is None and not self.delay_months and self.vehicles_per_year is None:
            allowed = "at least one of stack, delay_months, vehicles_per_year"
            refused = refusal("changes nothing", allowed, "add delay_months: 12, for example")
            raise refused
        return self

    @property
    def built_from(self) -> int:
        """The absolute month from which on the stack's vehicles are built there; beyond all where no stack is named."""
        return month_number(self.start) + self.delay_months if self.start else NEVER


class ServiceHours(Constraint):
    """Riders are carried only in some hours of the day; over midnight where the last hour is the smaller."""

    given = True
    in_forms = True
    type: Literal["service_hours"] = "service_hours"
    city: Name
    stack: Name | None = None
    from_hour: Annotated[int, Field(ge=0, le=23), NO_TRUTH]
    to_hour: Annotated[int, Field(ge=1, le=24), NO_TRUTH] = Field(
        description="the hour before which it ends: 24 is midnight"
    )
    start: Month | None = None
    end: Month | None = None

    @property
    def only_forbids(self) -> bool:
        """True: fewer trips are made, and nothing else changes."""
        return True

    @property
    def hours(self) -> tuple[int, ...]:
        """The hours of the day in which riders are carried, each by its beginning."""
        last = self.to_hour if self.to_hour > self.from_hour else self.to_hour + 24
        return tuple(h % 24 for h in range(self.from_hour, last))
