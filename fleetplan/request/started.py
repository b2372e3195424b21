"""What stands today: services, vehicles, permits, depots and money from which a plan goes on.

Everything is told by months before ``month``: an entry holds from its month on, until the next one of the same service, mode or
site. What is done is not planned again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from fleetplan.months import month_number
from fleetplan.request.values import NO_TRUTH, Amount, Count, Model, Month, Name, NotNegative, not_said

MOST_ENTRIES = 5000
ServiceMode = Literal["paid_driver_out", "paid_operator", "unpaid_driver_out", "unpaid_operator"]
Entries: Any = Field(default=[], max_length=MOST_ENTRIES)


class BegunProgramme(Model):
    """A permit programme that has begun."""

    city: Name
    stack: Name
    month: Month


class OpenArea(Model):
    """Area open to riders from a month on: the smallest of the city's areas that has so many km², or the largest."""

    city: Name
    stack: Name
    month: Month
    km2: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), NO_TRUTH]


class FleetSince(Model):
    """Vehicles in service in a mode from a month on."""

    city: Name
    stack: Name
    month: Month
    mode: ServiceMode
    vehicles: Count


class VehiclesBought(Model):
    """Vehicles that the platform bought in a month, of a stack whose contract has it buy them; their age is counted from it."""

    stack: Name
    month: Month
    vehicles: Count


class PermitInHand(Model):
    """A permit that is in hand since a month; for every stack or city where none is named."""

    permit: Name
    month: Month
    stack: Name | None = Field(default=None, exclude_if=not_said)
    city: Name | None = Field(default=None, exclude_if=not_said)


class OrderedDepot(Model):
    """A depot site ordered in a month."""

    city: Name
    site: Name
    month: Month


class StallsSince(Model):
    """Charger stalls in place at a site from a month on."""

    city: Name
    site: Name
    month: Month
    stalls: Count
    payer: Literal["platform", "partner"] = "platform"


class StartingState(Model):
    """What stands at a month of the horizon. Everything before it is done: it is neither planned nor valued again."""

    month: Month = Field(description="first month that is planned; what is told of earlier ones is done")
    single_months: Annotated[int, Field(ge=0, le=120), NO_TRUTH] | None = Field(
        default=None,
        exclude_if=not_said,
        description="months from month on planned singly; those left of horizon.single_months when left out",
    )
    capital_spent_usd: NotNegative | None = Field(
        default=None,
        exclude_if=not_said,
        description="capital spent before month: it counts against the budgets of the quarters begun by then; left out, these "
        "are spent, and nothing of them carries over",
    )
    cash_usd: Amount = Field(
        default=0.0, description="cumulated net cash before month, which capital.cash_floor_usd counts on from"
    )
    programmes: list[BegunProgramme] = Entries
    areas: list[OpenArea] = Entries
    fleets: list[FleetSince] = Entries
    bought: list[VehiclesBought] = Entries
    permits: list[PermitInHand] = Entries
    depots: list[OrderedDepot] = Entries
    stalls: list[StallsSince] = Entries

    @property
    def marks(self) -> Iterator[int]:
        """The absolute months from which on something stands, in no order; permits come between them as they like."""
        for entries in (self.programmes, self.areas, self.fleets, self.bought, self.depots, self.stalls):
            yield from (month_number(entry.month) for entry in entries)
