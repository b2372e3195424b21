"""What a request is made of: its base, months, names and numbers, and how a validator of ours refuses a value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from fleetplan.months import month_number
from fleetplan.request.guess import POINT_OF_THOUSANDS, month_remedy, two_readings

REFUSED = "refused"
"""Type of the errors that our own validators raise; its context holds ``what``, ``allowed``, ``remedy``."""

A_MONTH = "a month as YYYY-MM"
"""What the published schema says of a month, and by what it is known there."""


def refusal(what: str, allowed: str = "", remedy: str = "") -> PydanticCustomError:
    """Return what a validator of ours has against a value, its parts apart for :mod:`fleetplan.request.faults`."""
    told = {"what": what, "allowed": allowed, "remedy": remedy}
    return PydanticCustomError(REFUSED, "{what}; allowed: {allowed}; remedy: {remedy}", told)


def _check_month(value: object) -> object:
    try:
        month_number(str(value))
    except ValueError:
        what = f"is {value!r}" if isinstance(value, str | int) else "is no month"
        refused = refusal(what, A_MONTH, month_remedy(value))
        raise refused from None
    return value


def _no_truth(value: object) -> object:
    """Refuse true and false where they would count as 1 and 0, and a text whose point may stand for thousands."""
    if isinstance(value, bool):
        refused = refusal(f"is {str(value).lower()}", remedy="write a number")
        raise refused
    if isinstance(value, str) and POINT_OF_THOUSANDS.fullmatch(value.strip()):
        refused = refusal(f"is {value!r}, whose point may stand for thousands or decimals", remedy=two_readings(value))
        raise refused
    return value


NO_TRUTH = BeforeValidator(_no_truth)
Month = Annotated[
    str,
    BeforeValidator(_check_month),
    Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description=A_MONTH, examples=["2027-03"]),
]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$")]
FigureKey = Annotated[str, Field(min_length=1, max_length=160, pattern=r"^[^\x00-\x1f]+$")]
"""A figure of the catalogue: its file and what stands in it, which together are longer than a name may be."""

NotNegative = Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False), NO_TRUTH]
Amount = Annotated[float, Field(ge=-1e13, le=1e13, allow_inf_nan=False), NO_TRUTH]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NO_TRUTH]
Count = Annotated[int, Field(ge=0, le=10_000_000), NO_TRUTH]

Firmness = Literal["hard", "policy"]


def not_said(value: object) -> bool:
    """Return whether a member is left out, and so is not written: a request reads as it did before there was one."""
    return value is None


def none_of_it(value: int) -> bool:
    """Return whether a number is zero, and so is not written."""
    return not value


def none_given(value: list[object]) -> bool:
    """Return whether a list is empty, and so is not written."""
    return not value


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
