"""What policies of the Mobility Data Specification come to for a city, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from fleetplan.mds.takeover import Left, Taken, Takeover, Why
from fleetplan.words.constraints import constraint_words
from fleetplan.words.names import Names
from fleetplan.words.values import several

_WHY: Final[Mapping[Why, str]] = {
    "other_mode": "it is a policy for another mode ({})",
    "other_provider": "it is for named providers; say which one the platform is (--provider)",
    "superseded": "a later policy replaces it",
    "over": "it ended in {}",
    "not_a_count": "a rule of type {} limits single vehicles or informs riders; a plan counts fleets",
    "fee": "it charges {} instead of forbidding; book what it comes to as market.av_local_charge_usd_month",
    "dynamic": "its limit is told hour by hour at {}",
    "unknown_member": "it has members that MDS 2.1 does not name ({}), which may change what it means",
    "other_vehicles": "it is for other vehicles ({})",
    "states": "it counts vehicles in some states only ({}); a plan knows a fleet in service",
    "days": "it holds on some days of the week only ({}); a plan has hours of the day, the same every day",
    "least_fleet": "it asks for at least {} vehicles of whoever operates; a plan's floor would force it to",
    "no_limit": "it sets no limit",
    "geography_missing": "the geographies have no {}",
    "elsewhere": "it lies outside the city's outline",
    "too_small": "it covers {} km² of the city, less than half a zone of the plan",
    "part_capped": "it caps the vehicles in a part of the city at {}; a plan counts a fleet over its whole area",
    "capped_by_hours": "it caps vehicles in some hours; a plan's fleet is the same all day",
    "no_whole_hour": "it leaves no whole hour open ({} is closed)",
    "closed_for_a_time": "it closes a part of the city from {}; closed areas of the catalogue have no dates",
    "part_by_hours": "it closes a part of the city in some hours; hours of service hold for all of it",
    "uncounted_before": "what an earlier rule of the policy allows ({}) is not known, and would count on top",
}


def takeover_lines(found: Takeover, names: Names) -> list[str]:
    """Return what was taken over, as what, and what was not, as lines for a person."""
    asked = {c.id: c for c in found.constraints}
    lines = []
    for taken in found.taken:
        if taken.constraint:
            said = constraint_words(asked[taken.constraint].model_dump(exclude_none=True), names)
        else:
            said = "a closed area: no vehicle there at any hour"
        lines.append(f"taken over: {_rule(taken)}: {said}{_reservations(taken)}")
    lines += [f"left: {_rule(left)}: {left_words(left)}" for left in found.left]
    return lines or ["the file holds no policy"]


def takeover_data(found: Takeover) -> dict[str, Any]:
    """Return a takeover as plain data, what was left with its reason in words."""
    return {
        "city": found.city,
        "constraints": [c.model_dump(exclude_none=True) for c in found.constraints],
        "closed": [{"name": one.name, "source": one.source} for one in found.closed],
        "taken": [asdict(one) for one in found.taken],
        "left": [{**asdict(one), "sentence": left_words(one)} for one in found.left],
    }


def left_words(left: Left) -> str:
    """Return why a rule is not taken over.

    >>> left_words(Left("Caps", "Downtown", "part_capped", "40"))
    'it caps the vehicles in a part of the city at 40; a plan counts a fleet over its whole area'
    """
    return _WHY[left.why].format(left.detail)


def _rule(told: Taken | Left) -> str:
    return f"{told.policy}, {told.rule}" if told.rule else told.policy


def _reservations(taken: Taken) -> str:
    parts = ["; closed hours are widened to whole ones"] if taken.rounded else []
    if taken.added:
        parts.append(f"; {several(taken.added, 'vehicle')} that earlier rules allow on parts of the city are added")
    return "".join(parts)
