"""What regulators and markets impose: areas by stages, caps on trips, quotas, duties, rivals, hours of the day."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fleetplan.request.constraint import Constraint, Limit
from fleetplan.request.values import NO_TRUTH, Count, Month, Name, NotNegative, Share


class AreaCap(Constraint):
    """At most so many km² of a city are open to riders in a window; several that end one after the other are its stages."""

    limit = Limit("km2", "less", "km²")
    type: Literal["area_cap"] = "area_cap"
    km2: NotNegative
    city: Name
    stack: Name | None = None
    start: Month | None = None
    end: Month | None = None


class TripsCap(Constraint):
    """At most so many trips a mean day, over the cities and stacks named (all when left out)."""

    limit = Limit("trips_per_day", "less", "trip a day")
    type: Literal["trips_cap"] = "trips_cap"
    trips_per_day: NotNegative
    city: Name | None = None
    stack: Name | None = None
    start: Month | None = None
    end: Month | None = None


class PermitQuota(Constraint):
    """At most so many vehicles serve, over all deployments together, in the mode that a permit opens."""

    limit = Limit("vehicles", "less", "vehicle")
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
