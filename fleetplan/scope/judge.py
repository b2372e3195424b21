"""The one judgement of a request: fields, names, months and figures, every fault at once, for whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.request import PlanRequest, parse_request, readable
from fleetplan.scope.resolve import Scope, look_up

_FIELDS = tuple(PlanRequest.model_fields)


def judge_request(data: Any, catalogue: Catalogue, others: Iterable[Fault] = ()) -> Scope:
    """Return what a request, given as plain data or parsed already, plans; ``scope.request`` is the request.

    Parameters
    ----------
    others
        Faults found on the way to the data, which are reported with those of the request.

    Raises
    ------
    RequestError
        With every fault, in the order of the fields: those of the schema, and those of names, months and figures wherever
        the part concerned can be read.
    """
    scope, faults = _judged(data, catalogue)
    if every := [*others, *sorted(faults, key=_place)]:
        raise RequestError(every)
    return scope


def _judged(data: Any, catalogue: Catalogue) -> tuple[Scope, list[Fault]]:
    try:
        request = data if isinstance(data, PlanRequest) else parse_request(data)
    except RequestError as error:
        scope, more = look_up(readable(data), catalogue, {_field(fault) for fault in error.faults})
        return scope, [*error.faults, *more]
    return look_up(request, catalogue)


def _field(fault: Fault) -> str:
    return fault.where.split("/")[1]


def _place(fault: Fault) -> tuple[int, int, str]:
    """Return where a fault stands: the rank of its field, the place in that field's list, and what is within."""
    _, name, *inner = [*fault.where.split("/"), ""]
    rank = _FIELDS.index(name) if name in _FIELDS else -1
    return rank, int(inner[0]) if inner[0].isdecimal() else -1, fault.where
