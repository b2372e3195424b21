"""What limits are worth, as plain typed facts; sentences are made last by :mod:`fleetplan.words.limits`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fleetplan.facts import Fact
from fleetplan.threshold.types import Change

ProbeKind = Literal["budget", "supply", "permit", "growth", "first_year", "permit_cap", "constraint", "partners"]
"""Which limit is moved: the budget of every quarter; what can be had of a stack; the month of a city's permit for a stack; how
fast fleets grow; the fleet of a service's first year; a permit's cap on vehicles; a limit of the request; whether partners must
earn their money back."""


class Probe(Fact):
    """A limit moved by a step.

    Attributes
    ----------
    change
        By how much: a share (0.1: a tenth more), or months of a permit (-3: sooner); 0 of ``partners``, who are excused.
    city, stack, permit, constraint
        Whose limit it is; empty: everybody's.
    before, after
        What a limit of the request is, and what it becomes in whole units; None of the others.
    loosens
        Whether every plan of the request stays one and is worth what it was (True), every plan with the step is one of the
        request's (False), or neither is sure (None): what widens the reach of fleets bends the response curves.
    """

    kind: ProbeKind
    change: float
    city: str = ""
    stack: str = ""
    permit: str = ""
    constraint: str = ""
    before: float | None = None
    after: float | None = None
    loosens: bool | None = None


class Probed(Fact):
    """What a moved limit is worth.

    Attributes
    ----------
    npv_usd, bound_usd
        Of the best plan found with it, and what none exceeds; None where no plan keeps every rule.
    least_usd, most_usd
        Between what the best plans of both requests lie apart, by both bounds: the worth of the step.
    vehicles
        Vehicles more at the end of the horizon.
    changes
        What the plan found does otherwise: who enters, leaves, opens in another month or reaches another area.
    plan
        Its id where it is stored.
    """

    probe: Probe
    npv_usd: float | None
    bound_usd: float | None
    found_usd: float | None
    least_usd: float | None
    most_usd: float | None
    vehicles: int = 0
    changes: list[Change] = Field(default_factory=list)
    plan: str = ""
