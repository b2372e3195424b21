"""What events of law make of the caps in permits: from a month on another number, or none.

A cap at a time holds in every period that has a month from then on; a yearly one changes with the calendar year.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetplan.months import month_number
from fleetplan.permits.slips import event_slip
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import EventDate
from fleetplan.scope import Scope

if TYPE_CHECKING:
    from fleetplan.optimize.holdings import Array, Flags, Ints
    from fleetplan.optimize.instance import Instance


@dataclass(frozen=True, slots=True)
class CapChange:
    """From an absolute month on a permit allows so many vehicles, infinity: any number."""

    permit: str
    event: str
    month: int
    vehicles: float


def cap_changes(scope: Scope, constraints: Sequence[AnyConstraint]) -> tuple[CapChange, ...]:
    """Return what events make of caps, the first month first; one that may not come counts only where it is given a month."""
    given = {c.event: month_number(c.month) for c in constraints if isinstance(c, EventDate)}
    laws = dict.fromkeys(slug for city in scope.cities for slug in scope.catalogue.cities[city].jurisdictions)
    found = []
    for event in (e for slug in laws for e in scope.catalogue.jurisdictions[slug].events.values()):
        month = given.get(event.id)
        if month is None and event.chance >= 1.0:
            slip = event_slip(scope.catalogue, event, scope.request.permit_durations)
            month = month_number(event.likely) + slip
        if month is not None:
            found += [CapChange(permit, event.id, month, float(most) or math.inf) for permit, most in event.caps]
    return tuple(sorted(found, key=lambda c: (c.month, c.event, c.permit)))


def in_year(i: Instance, permit: str, cap: float, year: int) -> float:
    """Return the yearly cap of a permit in a calendar year: the last that was in force when it began."""
    begun = [c.vehicles for c in i.outlook.caps if c.permit == permit and c.month <= 12 * year]
    return begun[-1] if begun else cap


def from_month(i: Instance, month: int) -> Ints:
    """Return the periods that have a month from one on."""
    ends = i.grid.starts + np.asarray(i.grid.lengths)
    return np.flatnonzero(ends > month)


def lowered(i: Instance, q: int) -> Array:
    """Return what events leave of each mode's vehicles, infinity where they change nothing; shape (modes, periods)."""
    data = i.deployments[q]
    most = np.full((len(data.modes), i.periods), np.inf)
    for change in i.outlook.caps:
        permit = data.path.permits.get(change.permit)
        if permit is not None and permit.fleet_cap_kind == "concurrent":
            counted = [k for k, m in enumerate(data.modes) if m.name == permit.opens or m.name in permit.limits]
            here = np.ix_(np.array(counted, dtype=np.int64), from_month(i, change.month))
            most[here] = np.minimum(most[here], change.vehicles)
    return most


def alike_periods(most: Array) -> Iterator[tuple[Flags, Array]]:
    """Yield the periods in which events leave all modes the same vehicles, and these by mode; ``most`` is by mode and period."""
    columns = [tuple(column) for column in most.T.tolist()]
    for caps in dict.fromkeys(columns):
        yield np.array([column == caps for column in columns]), np.array(caps)
