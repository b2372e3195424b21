"""What can be read off the members of a constraint's type: which are months, numbers and names, and where numbers end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from fleetplan.request.constraints import Constraint
from fleetplan.request.values import A_MONTH

MemberKind = Literal["whole", "number", "month", "flag", "choice", "name"]
COMMON = frozenset({"id", "type", "firmness"})
WINDOW = ("start", "end")
"""Members that are a window of months, both ends included; open where one is left out."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a constraint; ``must`` when it cannot be left out, ``least`` and ``most`` of a number (None: no bound)."""

    name: str
    kind: MemberKind
    must: bool
    least: float | None = None
    most: float | None = None


@cache
def members_of(kind: type[Constraint]) -> Mapping[str, Member]:
    """Return the members of a type by name, in its order; what every constraint has (``id``, ``type``, ``firmness``) apart.

    >>> from fleetplan.request.constraints import MarketsLive
    >>> [(m.name, m.kind) for m in members_of(MarketsLive).values()]
    [('count', 'whole'), ('by', 'month'), ('counts', 'choice'), ('include_existing', 'flag')]
    """
    schema = kind.model_json_schema()
    needed, named = schema.get("required", ()), schema["properties"].items()
    return {name: _member(name, node, needed) for name, node in named if name not in COMMON}


def _member(name: str, schema: Mapping[str, Any], needed: Collection[str]) -> Member:
    node = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    least = node.get("minimum", node.get("exclusiveMinimum"))
    return Member(name, _kind(node), name in needed, least, node.get("maximum"))


def _kind(node: Mapping[str, Any]) -> MemberKind:
    if "enum" in node:
        return "choice"
    if node.get("description") == A_MONTH:
        return "month"
    plain: dict[str, MemberKind] = {"integer": "whole", "number": "number", "boolean": "flag"}
    return plain.get(node["type"], "name")


def has_window(kind: type[Constraint]) -> bool:
    """Return whether a type holds for a window of months only.

    >>> from fleetplan.request.constraints import FleetCap, LaunchBy, PartnerShare
    >>> has_window(FleetCap), has_window(PartnerShare), has_window(LaunchBy)
    (True, True, False)
    """
    return any(name in members_of(kind) for name in WINDOW)


def planned_months(kind: type[Constraint]) -> list[str]:
    """Return the members of a type that are months of the plan; a window is apart, and an event may fall in any month.

    >>> from fleetplan.request.constraints import EventDate, FleetCap, MarketsLive
    >>> planned_months(MarketsLive), planned_months(FleetCap), planned_months(EventDate)
    (['by'], [], [])
    """
    if kind.given:
        return []
    return [m.name for m in members_of(kind).values() if m.kind == "month" and m.name not in WINDOW]


def number_of(constraint: Constraint) -> float | None:
    """Return the number that a constraint limits something by; None where it has none, or a month.

    >>> from fleetplan.request.constraints import FleetCap, LaunchBy
    >>> number_of(FleetCap(id="x", vehicles=5)), number_of(LaunchBy(id="x", city="zurich", month="2028-01"))
    (5.0, None)
    """
    value = getattr(constraint, constraint.limit.member) if constraint.limit else None
    return float(value) if isinstance(value, int | float) else None
