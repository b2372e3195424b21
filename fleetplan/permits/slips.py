"""How much later than promised services come: the class of a stack in a city, and the months that it adds.

What is promised of a robotaxi service is rarely kept. Published promises fall into five classes, by who keeps whom waiting:

    here        the stack carries paying riders without a driver under the same law, or elsewhere in a permissive country
    elsewhere   it runs without a driver elsewhere: a new country, or a new legal route
    nowhere     it does not run without a driver anywhere yet
    pilot       a first service with an operator on board; never later than the stack's own class
    law         a regulator's own date for a law

Each has a median and a 90 % month. Months that are judged, not promised, have the usual slip of a newcomer in them already; of
these only what goes beyond it is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from fleetplan.catalogue.law import Basis, Event, Permit
from fleetplan.catalogue.types import Catalogue, Figure

Durations = Literal["min", "promised", "median", "careful", "max"]
SlipClass = Literal["here", "elsewhere", "nowhere", "law", "pilot"]


@dataclass(frozen=True, slots=True)
class Slip:
    """How late the promises of a class come: months in the middle and at nine in ten, shares kept and never kept."""

    kind: SlipClass
    median: int
    p90: int
    kept: float
    never: float

    def months(self, durations: Durations) -> int:
        """Return the months that a plan on these durations adds to a promise."""
        return {"median": self.median, "careful": self.p90}.get(durations, 0)


def slip_of(figures: Mapping[str, Figure], kind: SlipClass) -> Slip:
    """Return a class by the assumptions of a catalogue."""

    def figure(name: str) -> float:
        return figures[f"slip.{kind}_{name}"].value

    return Slip(kind, round(figure("median")), round(figure("p90")), figure("kept"), figure("never"))


def slip_class(catalogue: Catalogue, stack: str, city: str) -> SlipClass:
    """Return the class of a stack's driverless service in a city: the request's, else by where it runs without a driver today."""
    fact = catalogue.deployments.get((stack, city))
    if fact is not None and fact.slips:
        return fact.slips
    place, there = catalogue.cities[city], catalogue.stacks[stack].driver_out
    laws = [catalogue.jurisdictions[slug] for slug in place.jurisdictions if slug in catalogue.jurisdictions]
    permissive = any(law.permissive for law in laws)
    paid = [d for d in there if d.service == "paid"]
    if any(d.jurisdiction in place.jurisdictions or (permissive and d.country == place.country) for d in paid):
        return "here"
    return "elsewhere" if there else "nowhere"


def mode_slip(catalogue: Catalogue, stack: str, city: str, *, operator: bool) -> Slip:
    """Return how late a stack's service comes in a city: with an operator on board never later than without.

    Where a request says by how many months, that is the slip; a pilot's own then only where it is shorter.
    """
    own, fact = (
        slip_of(catalogue.assumptions, slip_class(catalogue, stack, city)),
        catalogue.deployments.get((stack, city)),
    )
    months = None if fact is None else fact.slip_months
    pilot = slip_of(catalogue.assumptions, "pilot")
    if not operator or pilot.median > own.median:
        return own if months is None else replace(own, median=months, p90=months)
    return pilot if months is None else replace(pilot, median=min(months, pilot.median), p90=min(months, pilot.p90))


def permit_slip(catalogue: Catalogue, stack: str, city: str, permit: Permit, durations: Durations) -> int:
    """Return the months that a permit which opens rides to the public comes later than its months say."""
    operator = permit.opens.endswith("operator")
    slip = mode_slip(catalogue, stack, city, operator=operator)
    newcomer: SlipClass = "pilot" if operator else "elsewhere"
    return _beyond(catalogue, slip, newcomer, permit.months_are, durations)


def event_slip(catalogue: Catalogue, event: Event, durations: Durations) -> int:
    """Return the months that a law comes later than its likely month; none where it has come."""
    if event.has_come:
        return 0
    return _beyond(catalogue, slip_of(catalogue.assumptions, "law"), "law", event.date_is, durations)


def _beyond(catalogue: Catalogue, slip: Slip, judged_as: SlipClass, basis: Basis, durations: Durations) -> int:
    inside = slip_of(catalogue.assumptions, judged_as).median if basis == "judged" else 0
    return max(0, slip.months(durations) - inside)
