"""The constraints that a rerun may add or edit, as fields of a form: read off the types' members and their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fleetplan.catalogue.lines import feeds
from fleetplan.catalogue.types import Catalogue
from fleetplan.request.constraints import CONSTRAINT_TYPES, Constraint
from fleetplan.request.members import Member, members_of
from fleetplan.words.constraints import CONSTRAINTS, MEMBERS
from fleetplan.words.names import Names

Input = Literal["whole", "number", "share", "millions", "month", "city", "stack", "partner", "line", "pair", "flag"]


MILLIONS = "M USD"


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a constraint; ``must`` when it cannot be left out. Shares are shown in per cent, money in millions."""

    name: str
    label: str
    kind: Input
    unit: str = ""
    must: bool = True
    least: float = 0
    most: float | None = None

    @property
    def editable(self) -> bool:
        """Whether an existing constraint may be given another value here: what it speaks of stays."""
        return self.kind in {"whole", "number", "share", "millions", "month"}


@dataclass(frozen=True, slots=True)
class ConstraintKind:
    """A type of constraint. ``offered`` when the form adds it; others only stand in requests and are edited there."""

    type: str
    title: str
    fields: tuple[Field, ...]
    hint: str = ""
    offered: bool = True


def _field(kind: type[Constraint], member: Member) -> Field | None:
    """Return a member as a field; None for what forms do not show."""
    words = CONSTRAINTS[kind.model_fields["type"].default]
    label, unit = {**MEMBERS, **words.labels}.get(member.name, ("", ""))
    shown: dict[str, Input] = {"city": "city", "stack": "stack", "partner": "partner", "line": "line"}
    if not label or member.kind == "choice":
        return None
    if member.kind == "name":
        return Field(member.name, label, shown[member.name], must=member.must) if member.name in shown else None
    if member.kind == "number" and unit == "%":
        most = None if member.most is None else 100 * member.most
        return Field(member.name, label, "share", unit, member.must, 100 * (member.least or 0), most)
    if member.kind == "number" and unit == MILLIONS:
        least, most = ((0.0 if end is None else end / 1e6) for end in (member.least, member.most))
        return Field(member.name, label, "millions", unit, member.must, least, most)
    return Field(member.name, label, member.kind, unit, member.must, member.least or 0, member.most)


def _fields(kind: type[Constraint]) -> Iterator[Field]:
    """Yield the fields of a type in the order of its members; a city and a stack that both must be named are one field."""
    members = members_of(kind)
    pair = all(name in members and members[name].must for name in ("city", "stack"))
    if pair:
        yield Field("pair", "Partner in a city", "pair")
    own = (m for m in members.values() if not (pair and m.name in {"city", "stack"}))
    yield from (field for m in own if (field := _field(kind, m)) is not None)


def _kind(name: str) -> ConstraintKind:
    kind, words = CONSTRAINT_TYPES[name], CONSTRAINTS[name]
    offered = kind.in_forms or not (kind.given or kind.in_text_only)
    fields = tuple(f for f in _fields(kind) if f.editable or offered)
    return ConstraintKind(name, words.title, fields, words.hint, offered=offered)


KINDS: tuple[ConstraintKind, ...] = tuple(_kind(name) for name in CONSTRAINTS)
BY_TYPE: Mapping[str, ConstraintKind] = {kind.type: kind for kind in KINDS}


def choices(cities: Iterable[str], stacks: Iterable[str], catalogue: Catalogue) -> dict[str, list[tuple[str, str]]]:
    """Return by kind of field what there is to choose, each with its name: no two partners' vehicles look alike."""
    names, placed = Names(catalogue), set(stacks)
    partners = sorted({catalogue.stacks[s].partner for s in placed})

    def own(line: str) -> bool:
        return any(not catalogue.stacks[s].rival for s in feeds(catalogue, line))

    return {
        "city": [(c, catalogue.cities[c].name) for c in cities],
        "stack": sorted(((s, names.stack(s)) for s in placed), key=lambda pair: pair[1]),
        "partner": [(name, name) for name in partners],
        "line": sorted(
            (name, name) for name, line in catalogue.supply_lines.items() if line.builds_vehicles and own(name)
        ),
    }


def shown_value(field: Field, constraint: Mapping[str, Any]) -> Any:
    """Return a constraint's value as its input shows it."""
    value = constraint.get(field.name)
    scale = {"share": 100.0, "millions": 1e-6}.get(field.kind)
    return value if scale is None or value is None else round(scale * value, 6)


def form_of(constraint: Mapping[str, Any]) -> list[tuple[Field, Any]]:
    """Return the fields of an existing constraint that may be given another value, with the values they have."""
    kind = BY_TYPE.get(str(constraint.get("type")))
    return [(field, shown_value(field, constraint)) for field in kind.fields if field.editable] if kind else []
