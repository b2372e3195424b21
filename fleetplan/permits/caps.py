"""How many vehicles a mode may have at a time: the least cap of every permit in force that counts them.

A cap is in force until a permit named in ``until`` is in hand. So a permit that opens a mode lets few vehicles run first and
more later, each number once certain further permits are in hand.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

from fleetplan.catalogue.types import Catalogue, Permit

TESTS = frozenset({"test_operator", "test_driver_out"})
"""What permits for tests open: drives without riders."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many vehicles at a time, once these further permits are in hand."""

    vehicles: float
    after: frozenset[str]


def concurrent_cap(permit: Permit) -> float:
    """Return how many vehicles may run at once under a permit, infinity if it names no number."""
    return float(permit.fleet_cap) if permit.fleet_cap and permit.fleet_cap_kind == "concurrent" else math.inf


def vehicles_in_tests(catalogue: Catalogue, stack: str, city: str) -> int:
    """Return the vehicles of a stack's programme in a city in tests: no more than any permit for tests on its way allows."""
    met = catalogue.permits_of(stack, city).values()
    allowed = (concurrent_cap(p) for p in met if p.opens in TESTS and not p.optional)
    return int(min(round(catalogue.assumptions["fleet.test_fleet"].value), *allowed, math.inf))


def allowances(opener: Permit, permits: Iterable[Permit]) -> list[Allowance]:
    """Return what a permit that opens a mode allows, the fewest vehicles first; none is without use beside the others.

    Parameters
    ----------
    permits
        All that the stack meets on its way.
    """
    known = {p.id: p for p in permits}
    limiting = [p for p in known.values() if p.id == opener.id or opener.opens in p.limits]
    steps = [_steps(p, known) for p in limiting if math.isfinite(concurrent_cap(p))]
    found: list[Allowance] = []
    for chosen in itertools.product(*steps):
        after = frozenset().union(*(step.after for step in chosen))
        found.append(Allowance(min((step.vehicles for step in chosen), default=math.inf), after))
    useful = [a for a in found if not any(_better(other, a) for other in found)]
    return sorted(set(useful), key=lambda a: (a.vehicles, sorted(a.after)))


def _steps(permit: Permit, known: dict[str, Permit]) -> list[Allowance]:
    first = Allowance(concurrent_cap(permit), frozenset())
    return [first, *(Allowance(math.inf, frozenset({u})) for u in permit.until if u in known)]


def _better(one: Allowance, other: Allowance) -> bool:
    """Return whether one asks for no more permits than the other and allows no fewer vehicles, and is another."""
    return one != other and one.after <= other.after and one.vehicles >= other.vehicles
