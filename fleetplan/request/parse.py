"""Make a request of plain data, or say everything that is wrong with it and keep what can be read all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from fleetplan.errors import Fault, RequestError
from fleetplan.request.constraints import CONSTRAINT_TYPES
from fleetplan.request.faults import faults_of
from fleetplan.request.model import (
    IDS_TWICE,
    MOST_NAMES,
    Capital,
    Deployments,
    Horizon,
    PlanRequest,
    StackClass,
)
from fleetplan.request.parts import FigureOverride, StackInCity
from fleetplan.request.values import Name

Fields = TypeVar("Fields", bound=BaseModel)
_NAME: TypeAdapter[Any] = TypeAdapter(Name)


def parse_request(data: Any) -> PlanRequest:
    """Return the request held by plain data.

    Raises
    ------
    RequestError
        With every fault of its fields. :func:`fleetplan.scope.judge_request` finds those of names and months besides.
    """
    try:
        return PlanRequest.model_validate(data)
    except ValidationError as error:
        found = [*faults_of(PlanRequest, error, leave_out={IDS_TWICE}), *_twice(data)]
        raise RequestError(found) from error


_PAIRS = {"add": StackInCity, "remove": StackInCity, "classes": StackClass}


def _twice(data: Any) -> list[Fault]:
    """Return a fault for every constraint whose id an earlier one has."""
    faults, first = [], dict[str, int]()
    for i, entry in enumerate(_entries(data, "constraints")):
        name = entry.get("id") if isinstance(entry, Mapping) else None
        if isinstance(name, str) and first.setdefault(name, i) != i:
            what = f"{name!r} is the id of /constraints/{first[name]} already"
            faults.append(Fault(f"/constraints/{i}/id", what, "an id of its own", f"write {name}-2, for example"))
    return faults


def readable(data: Any) -> PlanRequest:
    """Return what can be read of data that is no valid request, so that the rest of it can be judged at once.

    Fields that hold a fault have their default, where they have one; entries of lists that hold one, and members of a
    constraint, are None or missing. Nothing but a judgement may be made of it.
    """
    given = data if isinstance(data, Mapping) else {}
    pairs = given.get("deployments")
    found: dict[str, Any] = {
        "capital": valid_fields(Capital, given.get("capital")),
        "horizon": valid_fields(Horizon, given.get("horizon")),
        "deployments": valid_fields(Deployments, pairs).model_copy(
            update={key: [_entry(kind, e) for e in _entries(pairs, key)] for key, kind in _PAIRS.items()}
        ),
        "overrides": [_entry(FigureOverride, e) for e in _entries(given, "overrides")],
        "constraints": [_constraint(e) for e in _entries(given, "constraints")],
    }
    for key in ("exclude_cities", "exclude_stacks", "cities", "stacks"):
        if isinstance(given.get(key), list):
            found[key] = [_valid(_NAME, name) for name in _entries(given, key)]
    return PlanRequest.model_construct(**found)


def _entries(data: Any, key: str) -> Sequence[Any]:
    """Return a list of a request, empty where none stands or where it is longer than any may be."""
    entries = data.get(key) if isinstance(data, Mapping) else None
    return entries if isinstance(entries, list) and len(entries) <= MOST_NAMES else []


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    info = model.model_fields[name]
    kind: Any = Annotated[(info.annotation, Field(), *info.metadata)]
    return TypeAdapter(kind)


def _valid(adapter: TypeAdapter[Any], value: Any) -> Any:
    """Return a value as it is read, nothing where it is not valid by itself."""
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def _entry(model: type[BaseModel], data: Any) -> Any:
    return valid_fields(model, data) if isinstance(data, Mapping) else None


def valid_fields(model: type[Fields], data: Any) -> Fields:
    """Return a model with those fields that are valid by themselves; the others have their default, or are missing."""
    given = data if isinstance(data, Mapping) else {}
    found = {name: _valid(_adapter(model, name), given[name]) for name in model.model_fields if name in given}
    return model.model_construct(**{name: value for name, value in found.items() if value is not None})


def _constraint(data: Any) -> Any:
    """Return a constraint with those members that are valid, nothing where its type is not to be known."""
    kind = CONSTRAINT_TYPES.get(str(data.get("type"))) if isinstance(data, Mapping) else None
    return None if kind is None else valid_fields(kind, data)
