"""What the law of a place asks: calendar events, permits, jurisdictions, and what of it a stack holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Confidence = Literal["high", "medium", "low", "assumed"]
Basis = Literal["promised", "judged"]
"""On what a likely month rests: ``promised``, somebody's own word or cases that came to an end, so that what keeps others
waiting is not in it; ``judged``, our judgement of a newcomer, the usual slip in it."""


@dataclass(frozen=True, slots=True)
class Event:
    """A calendar event such as a law coming into force; months as ``YYYY-MM``.

    ``bars`` names the countries whose stacks it bars from service under its law, from its month on; ``chance`` says how likely
    it is to come at all. What may or may not come counts only where a request says that it does. ``caps`` pairs permits with the
    vehicles that they allow from its month on, 0: any number. An event has come where its earliest and latest months are one.
    """

    id: str
    jurisdiction: str
    title: str
    earliest: str
    likely: str
    latest: str
    source: str
    confidence: Confidence
    note: str = ""
    date_is: Basis = "promised"
    chance: float = 1.0
    bars: tuple[str, ...] = ()
    caps: tuple[tuple[str, int], ...] = ()

    @property
    def has_come(self) -> bool:
        """Whether its month is no promise any more."""
        return self.earliest == self.latest


@dataclass(frozen=True, slots=True)
class Permit:
    """A node of a jurisdiction's permit graph; see ``cities/README.md`` for each field.

    ``airport`` names the gateways that it opens, set apart by semicolons where one permit opens several. ``needed_by`` says
    which vehicles meet it at all: every one, or those without a seat from which somebody could drive. ``months_are`` says on what
    the likely months rest, which counts where the permit opens rides to the public (:mod:`fleetplan.permits.slips`).
    ``limits`` names the modes whose vehicles its concurrent cap counts besides those of the mode that it opens, ``until`` the
    permits of which one in hand ends the cap. ``covers`` names the areas of a city that it adds.
    """

    id: str
    jurisdiction: str
    title: str
    permit: str
    authority: str
    scope: Literal["union", "state", "city"]
    holder: Literal["stack", "platform"]
    all_of: tuple[str, ...]
    any_of: tuple[str, ...]
    after_start: tuple[tuple[str, int], ...]
    event: str
    months_min: float
    months_likely: float
    months_max: float
    opens: str
    fare_factor: float
    operator_on_board: bool
    vehicles_per_remote_operator: float
    fleet_cap: int
    fleet_cap_kind: str
    area: str
    hours: str
    area_levels: int
    airport: str
    optional: bool
    fee: str
    notes: str
    source: str
    confidence: Confidence
    needed_by: Literal["every", "no_operator_seat"] = "every"
    months_are: Basis = "promised"
    limits: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()

    @property
    def manned(self) -> bool:
        """Whether it opens service to riders with an operator on board."""
        return self.opens in {"paid_operator", "unpaid_operator"}

    @property
    def airports(self) -> tuple[str, ...]:
        """Names of the gateways that the permit opens."""
        return tuple(name.strip() for name in self.airport.split(";") if name.strip())


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A body of law and its permits."""

    slug: str
    name: str
    level: Literal["union", "state", "city"]
    permits: Mapping[str, Permit]
    events: Mapping[str, Event]
    permissive: bool = False
    """Whether whoever runs without a driver elsewhere in the country is let in on his own statement."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A permit a stack already has (``held``) or has begun in month ``begun``.

    ``covers`` names the areas for which it was given; empty where it names none.
    """

    permit: str
    state: Literal["held", "begun"]
    begun: str
    source: str
    confidence: Confidence
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DriverOut:
    """Where a stack already runs without anybody on board, and what it does there.

    ``country`` is the code of the cities' ``country``; ``jurisdiction`` the slug of a law of the catalogue, empty elsewhere.
    """

    place: str
    country: str
    jurisdiction: str
    since: str
    service: Literal["paid", "free", "tests"]
    source: str
    confidence: Confidence


def permits_met(permits: Mapping[str, Permit], *, operator_seat: bool) -> dict[str, Permit]:
    """Return a city's permits as one stack meets them.

    Those of vehicles without an operator's seat concern no other. Where nobody can sit at the wheel, a permit that opens
    service with an operator opens none: what is optional falls away, what is on the way stands for its tests (which such
    makers drive with other cars).
    """
    if operator_seat:
        return {key: permit for key, permit in permits.items() if permit.needed_by == "every"}
    met = {key: permit for key, permit in permits.items() if not (permit.manned and permit.optional)}
    return {key: replace(p, opens="test_operator", fare_factor=0.0) if p.manned else p for key, p in met.items()}


def most_vehicles_per_remote_operator(permits: Iterable[Permit]) -> float:
    """Return how many vehicles one remote operator may mind: the least number in permits for driver-out riders, else inf."""
    out = (p for p in permits if p.opens in {"paid_driver_out", "unpaid_driver_out"})
    return min((p.vehicles_per_remote_operator for p in out if p.vehicles_per_remote_operator), default=math.inf)
