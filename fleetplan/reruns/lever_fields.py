"""The constraints that a rerun may add or edit, as fields of a form: one table for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Input = Literal["whole", "number", "share", "month", "city", "stack", "partner", "pair", "flag"]


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a constraint; ``must`` when it cannot be left out. Shares are shown in per cent."""

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
        return self.kind in {"whole", "number", "share", "month"}


@dataclass(frozen=True, slots=True)
class ConstraintKind:
    """A type of constraint. ``offered`` when the form adds it; others only stand in requests and are edited there."""

    type: str
    title: str
    fields: tuple[Field, ...]
    hint: str = ""
    offered: bool = True


def _city(label: str = "City", *, must: bool = True) -> Field:
    return Field("city", label, "city", must=must)


def _stack(*, must: bool = False) -> Field:
    return Field("stack", "Partner", "stack", must=must)


def _month(name: str, label: str, *, must: bool = True) -> Field:
    return Field(name, label, "month", must=must)


_VEHICLES = Field("vehicles", "Vehicles", "whole", "vehicles")
_PAIR = Field("pair", "Partner in a city", "pair")
_WINDOW = (_month("start", "From", must=False), _month("end", "To", must=False))

KINDS: tuple[ConstraintKind, ...] = (
    ConstraintKind(
        "force_deployment", "A partner must open in a city", (_PAIR,), "Only partners that the law admits are offered."
    ),
    ConstraintKind("forbid_deployment", "A partner must not open in a city", (_PAIR,)),
    ConstraintKind(
        "launch_by",
        "A city is open by a month",
        (_city(), _stack(), _month("month", "Open to paying riders by")),
    ),
    ConstraintKind(
        "launch_not_before",
        "A city opens no earlier than a month",
        (_city(), _stack(), _month("month", "Not before")),
    ),
    ConstraintKind(
        "markets_live",
        "So many markets are live by a month",
        (
            Field("count", "Markets", "whole", "markets", least=1, most=1000),
            _month("by", "Live by"),
            Field("include_existing", "Count markets that are live elsewhere today", "flag", must=False),
        ),
        "A market counts once riders pay.",
    ),
    ConstraintKind(
        "launches_per_quarter",
        "So many launches a quarter at most",
        (Field("max", "Launches a quarter", "whole", "launches", most=1000),),
        "What the launch teams can carry: each partner in a city is one launch.",
    ),
    ConstraintKind(
        "stacks_per_city",
        "So many partners in one city at most",
        (Field("max", "Partners", "whole", "partners", most=100), _city("City", must=False)),
    ),
    ConstraintKind(
        "fleet_cap",
        "At most so many vehicles",
        (_VEHICLES, _city(must=False), _stack(), *_WINDOW),
    ),
    ConstraintKind(
        "fleet_floor",
        "At least so many vehicles",
        (_VEHICLES, _month("start", "From"), _city(must=False), _stack(), _month("end", "To", must=False)),
    ),
    ConstraintKind(
        "partner_share",
        "A partner's share of all vehicles at most",
        (
            Field("partner", "Partner", "partner"),
            Field("max_share", "Share", "share", "%", most=100),
            _month("start", "From", must=False),
        ),
    ),
    ConstraintKind(
        "minimum_trips",
        "At least so many trips a day",
        (Field("trips_per_day", "Trips a day", "number", "trips"), _month("start", "From"), _city(must=False)),
    ),
    ConstraintKind(
        "service_level",
        "Riders wait so long at most",
        (Field("max_wait_min", "Mean wait", "number", "minutes", least=1, most=120), _city(must=False)),
    ),
    ConstraintKind(
        "launch_fixed",
        "A partner opens in a city in one month",
        (_PAIR, _month("month", "Opens in")),
    ),
    ConstraintKind(
        "permit_delay",
        "Permits come later",
        (Field("months", "Months later", "whole", "months", least=-60, most=120),),
        offered=False,
    ),
    ConstraintKind("event_date", "A law comes into force", (_month("month", "In force"),), offered=False),
    ConstraintKind(
        "supply_change",
        "Supply of a partner",
        (Field("factor", "Of the catalogue's supply", "share", "%", most=10000), *_WINDOW),
        offered=False,
    ),
)
BY_TYPE: Mapping[str, ConstraintKind] = {kind.type: kind for kind in KINDS}


def shown_value(field: Field, constraint: Mapping[str, Any]) -> Any:
    """Return a constraint's value as its input shows it."""
    value = constraint.get(field.name)
    return round(100 * value, 6) if field.kind == "share" and value is not None else value


def form_of(constraint: Mapping[str, Any]) -> list[tuple[Field, Any]]:
    """Return the fields of an existing constraint that may be given another value, with the values they have."""
    kind = BY_TYPE.get(str(constraint.get("type")))
    return [(field, shown_value(field, constraint)) for field in kind.fields if field.editable] if kind else []
