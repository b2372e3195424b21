"""Which value to try next, and what is known once nothing is left to try: of plans as they are found, whoever makes them.

A side of a dial is a row of steps from the plan outward. Its end is tried first. Where something changes there, the first step at
which the plan found outward, its decisions as they are, is worth as much as the plan inward comes next, then the one before it;
where that does not say, the middle. So a search and a service that reads stored plans come to the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fleetplan.threshold.types import Tried

MOST_POINTS = 9
"""Of a side; then the interval stays as wide as it is."""

Crossing = Callable[[int, int], int | None]
"""Of the steps of two plans found, the inner and the outer: the first step beyond the inner one at which the decisions of the
outer plan are worth at least those of the inner one; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Between which steps of a side something changes first, as far as it was tried; ``outer`` is None where nothing did."""

    inner: int
    outer: int | None


def bracket(points: Mapping[int, Tried]) -> Bracket:
    """Return the steps, counted from the plan outward, between which something changes first; ``points`` by such steps."""
    changed = [step for step, point in points.items() if point.changes]
    outer = min(changed, default=None)
    inner = max((step for step, p in points.items() if not p.changes and (outer is None or step < outer)), default=0)
    return Bracket(inner, outer)


def next_step(steps: int, points: Mapping[int, Tried], crossing: Crossing) -> int | None:
    """Return the step of a side to try next; None where nothing is left to try.

    Parameters
    ----------
    steps
        How many steps the side has.
    points
        What was found, by steps from 1.
    """
    if not steps or len(points) >= MOST_POINTS:
        return None
    if steps not in points:
        return steps
    found = bracket(points)
    if found.outer is None or found.outer - found.inner <= 1:
        return None
    middle = (found.inner + found.outer) // 2
    crossed = crossing(found.inner, found.outer)
    misled = (
        found.inner > 0 and crossed == found.inner + 1
    )  # the plan outward may be worth more there, and break a rule
    if crossed is not None and found.inner < crossed < found.outer and not misled:
        return crossed
    crept = found.outer + 1 in points and found.outer + 1 != steps  # one step at a time could go on for long
    if crossed == found.outer and not crept:
        return found.outer - 1
    return middle
