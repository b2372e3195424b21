"""From one plan's value to another's in steps that add up: by money line, by city or by partner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from fleetplan.compare import Comparison
from fleetplan.plans.finance import GROUPS
from fleetplan.plans.types import Plan

SMALL_SHARE = 0.01
LEAST_USD = 5_000.0
CUT_ABOVE = 0.35
"""Where every bar would end above this share of the highest, the scale does not begin at nothing, so that steps are seen."""

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LINE_GROUPS = (*GROUPS, ("Value after the horizon", ("terminal",)))
Kind = Literal["total", "more", "less"]
Part = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of a bridge: a total, or a part from where the one before it ended; places in per cent of the width."""

    label: str
    usd: float
    kind: Kind
    left: float = 0.0
    width: float = 0.0
    ends: float = 0.0


@dataclass(frozen=True, slots=True)
class Bridge:
    """A waterfall from one value to another. ``begins_usd`` is where its scale begins."""

    key: str
    name: str
    about: str
    steps: list[Step]
    begins_usd: float
    zero: float


def bridges(a: Plan, b: Plan, comparison: Comparison) -> list[Bridge]:
    """Return the bridges from a plan's net present value to another's; the parts of each sum to the difference."""
    by_line = "Present worth of each group of money lines, over all cities."
    by_city = "Net present value of each city, with its share of what fleets are worth after the horizon."
    by_stack = "Net present value of each partner's deployments; city teams, depots and other shared costs apart."
    return [
        bridge("city", "City", by_city, (a, b), _city_parts(comparison), merge=True),
        bridge("line", "Income and cost", by_line, (a, b), _line_parts(comparison), merge=False),
        bridge("partner", "Partner", by_stack, (a, b), _partner_parts(a, b), merge=True),
    ]


def bridge(key: str, name: str, about: str, plans: tuple[Plan, Plan], parts: Iterable[Part], *, merge: bool) -> Bridge:
    """Return a bridge from the objective of one plan to that of another; what the parts leave over is told as such."""
    a, b = plans
    found = _sorted(parts) if merge else list(parts)
    left_over = b.objective - a.objective - sum(value for _, value in found)
    found = _merged(found)
    if abs(left_over) >= LEAST_USD:
        found.append(("Not put down to any of these", left_over))
    steps = [
        Step(a.name, a.objective, "total"),
        *(Step(label, value, "more" if value > 0 else "less") for label, value in found),
        Step(b.name, b.objective, "total"),
    ]
    begins, placed, zero = _placed(steps)
    return Bridge(key, name, about, placed, begins, zero)


def _sorted(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (-abs(part[1]), part[0]))


def _merged(parts: list[Part]) -> list[Part]:
    """Join parts too small to be seen, and leave out those that are nothing."""
    parts = [part for part in parts if abs(part[1]) >= 1.0]
    least = max(LEAST_USD, SMALL_SHARE * max((abs(v) for _, v in parts), default=0.0))
    small = [part for part in parts if abs(part[1]) < least]
    if len(small) < 2:
        return parts
    large = [part for part in parts if part not in small]
    total = sum(value for _, value in small)
    return [*large, (f"{len(small)} smaller steps", total)] if total else large


def _placed(steps: list[Step]) -> tuple[float, list[Step], float]:
    ends = [*accumulate(step.usd for step in steps[:-1]), steps[-1].usd]
    starts = [0.0, *ends[:-2], 0.0]
    begins, scale = _scale(ends)
    placed = []
    for step, start, end in zip(steps, starts, ends, strict=True):
        foot = max(start, begins) if step.kind == "total" else start
        low, high = sorted((foot, end))
        left = (low - begins) / scale
        placed.append(
            replace(
                step, left=_percent(left), width=_percent((high - low) / scale), ends=_percent((end - begins) / scale)
            )
        )
    return begins, placed, _percent((0.0 - begins) / scale)


def _percent(share: float) -> float:
    return round(100 * share, 3)


def _scale(ends: list[float]) -> tuple[float, float]:
    """Return where the scale begins and how wide it is."""
    low, high = min(ends), max(ends)
    span = max(high - low, 1.0)
    if high - low >= LEAST_USD and low > CUT_ABOVE * high:
        unit = _round_step(span / 4)
        begins = max(0.0, unit * ((low - 0.3 * span) // unit))
    else:
        begins = min(0.0, low)
    return begins, max(high - begins, 1.0)


def _round_step(rough: float) -> float:
    power = 10.0 ** (len(str(int(max(rough, 1.0)))) - 1)
    return next(m * power for m in STEPS if m * power >= rough)


def _city_parts(comparison: Comparison) -> list[Part]:
    return [(row.name, row.npv_difference_usd) for row in comparison.money_by_city]


def _line_parts(comparison: Comparison) -> list[Part]:
    by_line = {row.line: row.npv_difference_usd for row in comparison.money_by_line}
    named = {line for _, lines in LINE_GROUPS for line in lines}
    groups = [(name, sum(by_line.get(line, 0.0) for line in lines)) for name, lines in LINE_GROUPS]
    return [*groups, *((line.replace("_", " "), value) for line, value in by_line.items() if line not in named)]


def _partner_parts(a: Plan, b: Plan) -> list[Part]:
    one, two = _by_partner(a), _by_partner(b)
    return [(name, two.get(name, 0.0) - one.get(name, 0.0)) for name in dict.fromkeys([*one, *two])]


def _by_partner(plan: Plan) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for city in plan.cities:
        own = 0.0
        for d in city.deployments:
            found[d.partner] = found.get(d.partner, 0.0) + d.npv_usd
            own += d.npv_usd
        found["City teams, depots, shared costs"] = (
            found.get("City teams, depots, shared costs", 0.0) + city.npv_usd - own
        )
    return found
