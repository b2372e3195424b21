"""Policies and geographies of MDS 2 as they are published: flat files or what the endpoints answer, checked field by field.

Names and types are those of the specification's Policy and Geography APIs (openmobilityfoundation/mobility-data-specification,
release 2.1; the machine-readable models stand in openmobilityfoundation/mds-openapi). A member that the specification does not
name is kept aside, not passed over: it may change what a rule means.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import shapely
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from fleetplan.errors import Fault, InputError

EARLIEST_MS: Final = 1_514_764_800_000
"""Timestamps are milliseconds since 1970, none of them before 2018: a smaller one is in seconds."""

MOST_BYTES: Final = 64_000_000
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_VERSION: Final = r"^2\.\d+\.\d+$"
_MODELS: Final = "the fields of MDS 2.1"

Uuid = Annotated[str, Field(pattern=_UUID)]
Text = Annotated[str, Field(max_length=255)]
Timestamp = Annotated[int, Field(ge=EARLIEST_MS)]
Time = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")]
Day = Literal["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
State = Literal[
    "removed",
    "available",
    "non_operational",
    "reserved",
    "on_trip",
    "stopped",
    "non_contactable",
    "missing",
    "elsewhere",
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Rule(_Model):
    """A rule of a policy. ``states`` maps states of a vehicle to events; empty lists, and none at all, mean all of them."""

    name: Text
    rule_id: Uuid
    rule_type: Literal["count", "time", "speed", "user"]
    geographies: Annotated[list[Uuid], Field(min_length=1)]
    states: dict[State, list[str]] | None = None
    rule_units: Literal["seconds", "minutes", "hours", "days", "mph", "kph", "devices"] | None = None
    vehicle_types: list[str] | None = None
    propulsion_types: list[str] | None = None
    minimum: int | None = None
    maximum: int | None = None
    inclusive_minimum: bool | None = None
    inclusive_maximum: bool | None = None
    rate_amount: int | None = None
    rate_recurrence: str | None = None
    rate_applies_when: Literal["in_bounds", "out_of_bounds"] | None = None
    start_time: Time | None = None
    end_time: Time | None = None
    days: list[Day] | None = None
    messages: dict[str, str] | None = None
    value_url: str | None = None

    @property
    def unknown(self) -> list[str]:
        """Members that the specification does not name."""
        return sorted(self.model_extra or {})


class Policy(_Model):
    """A policy: whom it concerns, from when to when, its rules from the most specific to the most general."""

    name: Text
    mode_id: str
    policy_id: Uuid
    description: str
    start_date: Timestamp
    published_date: Timestamp
    rules: Annotated[list[Rule], Field(min_length=1)]
    provider_ids: list[Uuid] | None = None
    currency: str | None = None
    end_date: Timestamp | None = None
    prev_policies: list[Uuid] | None = None


def _collection(given: dict[str, Any]) -> dict[str, Any]:
    """Refuse what is no collection of GeoJSON features with sound shapes."""
    if given.get("type") != "FeatureCollection" or not isinstance(given.get("features"), list):
        msg = "is no GeoJSON FeatureCollection"
        raise ValueError(msg)
    try:
        shapes = [shape(feature["geometry"]) for feature in given["features"]]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        msg = f"holds a shape that cannot be read: {error}"
        raise ValueError(msg) from error
    if not all(one.is_valid for one in shapes):
        msg = "holds a shape that crosses itself"
        raise ValueError(msg)
    return given


class Geography(_Model):
    """A geography: shapes under an id, never changed once published."""

    name: Text
    geography_id: Uuid
    geography_json: Annotated[dict[str, Any], AfterValidator(_collection)]
    published_date: Timestamp
    description: str | None = None
    geography_type: str | None = None
    effective_date: Timestamp | None = None
    retire_date: Timestamp | None = None
    prev_geographies: list[Uuid] | None = None

    @property
    def area(self) -> BaseGeometry:
        """Every polygon of it together, lon-lat; empty where it has points and lines alone."""
        shapes = [shape(feature["geometry"]) for feature in self.geography_json["features"]]
        return shapely.union_all([one for one in shapes if one.area > 0])


Read = TypeVar("Read", Policy, Geography)


def read_policies(path: Path) -> tuple[Policy, ...]:
    """Return the policies of a file.

    Raises
    ------
    InputError
        With every field that is not as the specification has it.
    """
    return _read(path, "policies", Policy)


def read_geographies(path: Path) -> dict[str, Geography]:
    """Return the geographies of a file by their ids; see :func:`read_policies`."""
    return {one.geography_id: one for one in _read(path, "geographies", Geography)}


def _read(path: Path, member: str, model: type[Read]) -> tuple[Read, ...]:
    data = _json(path)
    version = str(data.get("version", ""))
    inner = data.get("data")
    held = inner if isinstance(inner, dict) else data
    entries = held.get(member)
    if not version.startswith("2."):
        what = f"the file says version {version!r}" if version else "the file says no version"
        raise InputError([Fault(f"{path}#/version", what, "MDS 2, for example 2.1.0", "publish it as MDS 2")])
    if not isinstance(entries, list):
        what = f"there is no list of {member}"
        raise InputError([Fault(f"{path}#/{member}", what, f"a file as /{member} answers", "export it again")])
    found: list[Read] = []
    faults: list[Fault] = []
    for number, entry in enumerate(entries):
        try:
            found.append(model.model_validate(entry, strict=True))
        except ValidationError as error:
            faults += [_fault(path, f"{member}/{number}", dict(one)) for one in error.errors()]
    faults += _twice(path, member, found)
    if faults:
        raise InputError(faults)
    return tuple(found)


def _twice(path: Path, member: str, found: Sequence[Policy | Geography]) -> list[Fault]:
    """Return a fault for every id that stands twice: of a policy, a rule or a geography."""
    ids = [one.geography_id if isinstance(one, Geography) else one.policy_id for one in found]
    ids += [rule.rule_id for one in found if isinstance(one, Policy) for rule in one.rules]
    twice = sorted(key for key, count in Counter(ids).items() if count > 1)
    return [
        Fault(f"{path}#/{member}", f"the id {key} stands twice", "each id once", "give one a new id") for key in twice
    ]


def _json(path: Path) -> Mapping[str, Any]:
    try:
        raw = path.read_bytes()
        data = json.loads(raw.decode("utf-8-sig")) if len(raw) <= MOST_BYTES else None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            [Fault(str(path), f"the file cannot be read: {error}", "UTF-8 JSON", "export it again")]
        ) from error
    if not isinstance(data, dict):
        what = "the file holds no JSON object" if len(raw) <= MOST_BYTES else f"the file has {len(raw):,} bytes"
        raise InputError([Fault(str(path), what, f"an object of at most {MOST_BYTES:,} bytes", "export it again")])
    return data


def _fault(path: Path, where: str, error: Mapping[str, Any]) -> Fault:
    place = "/".join(str(part) for part in error["loc"])
    given = str(error.get("input"))[:60]
    return Fault(
        f"{path}#/{where}/{place}",
        f"{error['msg']} (here: {given})",
        _MODELS,
        "mend the field, or ask whoever publishes it",
    )
