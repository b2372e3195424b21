"""What a link asks to be set for a rerun: read, matched with what the plan has, and the rest told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, Field

from fleetplan.reruns.levers import Levers
from fleetplan.words.changes import DURATION_NAMES

MOST_GIVEN, LONGEST_GIVEN = 20, 300
Some = Annotated[list[Annotated[str, Field(max_length=LONGEST_GIVEN)]], Field(max_length=MOST_GIVEN)]


class Given(BaseModel):
    """The parameters of the link's address.

    ``slip=CITY:MONTHS``, ``supply=STACK:FACTOR``, ``force=CITY:STACK``, ``forbid=CITY:STACK``, ``figure=KEY:FACTOR``;
    ``capital`` is a factor, ``durations`` one of min, promised, median, careful, max.
    """

    slip: Some = []
    supply: Some = []
    force: Some = []
    forbid: Some = []
    figure: Some = []
    capital: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    durations: Annotated[str, Field(max_length=20)] | None = None


@dataclass(slots=True)
class Prefilled:
    """Values of levers as their controls show them, constraints and figures to add, and what the plan does not have."""

    sets: dict[str, Any] = field(default_factory=dict)
    adds: list[dict[str, str]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def prefill(given: Given, found: Levers) -> Prefilled:
    """Match what a link asks with what a plan has."""
    out = Prefilled()
    _levers(out, found, "slip", given.slip, 1.0)
    _levers(out, found, "supply", given.supply, 100.0)
    pairs = {(pair.city, pair.stack): pair.admitted for pair in found.pairs}
    for kind, texts in (("force", given.force), ("forbid", given.forbid)):
        for text in texts:
            city, _, stack = text.partition(":")
            if pairs.get((city, stack)) is None or (kind == "forbid" and not pairs[city, stack]):
                out.unknown.append(f"{kind} {text}")
            else:
                out.adds.append({"type": f"{kind}_deployment", "city": city, "stack": stack})
    _figures(out, found, given.figure)
    if given.capital is not None:
        out.sets["capital"] = round(100 * given.capital, 6)
    if given.durations in DURATION_NAMES:
        out.sets["durations"] = given.durations
    return out


def _levers(out: Prefilled, found: Levers, kind: str, texts: list[str], scale: float) -> None:
    known = found.specs()
    for text in texts:
        name, _, value = text.rpartition(":")
        number = _number(value)
        if number is None or f"{kind}:{name}" not in known:
            out.unknown.append(f"{kind} {text}")
        else:
            out.sets[f"{kind}:{name}"] = round(number * scale, 6)


def _figures(out: Prefilled, found: Levers, texts: list[str]) -> None:
    known = {figure["key"] for _, group in found.figures for figure in group}
    for text in texts:
        key, _, factor = text.rpartition(":") if text not in known else (text, "", "")
        if key not in known:
            out.unknown.append(f"figure {text}")
        else:
            out.figures.append({"key": key, "factor": _number(factor)})


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None
