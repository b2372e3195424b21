"""What a request asks and the form of a new plan does not show, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetplan.reruns.patch import InputChange
from fleetplan.words.changes import sentence, told
from fleetplan.words.constraints import constraint_words
from fleetplan.words.names import Names
from fleetplan.words.values import usd

FEW, MANY = 6, 20
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
"""What the library's words raise for entries that are no constraints, pairs or overrides yet."""


def also_asked(request: Mapping[str, Any], shown: set[int], names: Names) -> list[dict[str, str]]:
    """Return what a request asks besides the form, each with its pointer; faulty entries are named, not left out.

    ``shown`` are the places of constraints that the form shows.
    """
    found = [
        (f"constraints/{i}", _constraint(entry, names))
        for i, entry in enumerate(_entries(request, "constraints"))
        if i not in shown
    ]
    amounts = _member(request, "capital").get("per_quarter_usd")
    if isinstance(amounts, list):
        found.append(("capital/per_quarter_usd", _by_quarter(amounts)))
    for kind in ("add", "remove", "classes"):
        for i, entry in enumerate(_entries(_member(request, "deployments"), kind)):
            found.append((f"deployments/{kind}/{i}", _new(f"/deployments/{kind}/{i}", entry, names)))
    found += _replaced(_entries(request, "overrides"), names)
    return [{"pointer": f"/request/{where}", "text": text} for where, text in found]


def _replaced(overrides: list[Any], names: Names) -> list[tuple[str, str]]:
    found = []
    for i, entry in enumerate(overrides[:MANY]):
        figure = str(entry.get("figure")) if isinstance(entry, dict) else ""
        known = figure in names.figures
        text = _new(f"/overrides/{figure.replace('/', '~1')}", entry, names) if known else "An unknown figure."
        found.append((f"overrides/{i}", text))
    rest = len(overrides) - MANY
    return [*found, ("overrides", f"{rest} more figures of its own.")] if rest > 0 else found


def _entries(request: Mapping[str, Any], name: str) -> list[Any]:
    given = request.get(name)
    return given if isinstance(given, list) else []


def _member(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = request.get(name)
    return given if isinstance(given, dict) else {}


def _constraint(entry: Any, names: Names) -> str:
    try:
        return sentence(constraint_words(entry, names))
    except UNREADABLE:
        named = f" {str(entry['id'])!r}" if isinstance(entry, dict) and entry.get("id") else ""
        return f"A constraint{named} that is not complete."


def _by_quarter(amounts: list[Any]) -> str:
    each = ", ".join(usd(a) if isinstance(a, int | float) else str(a) for a in amounts[:FEW])
    more = f" and {len(amounts) - FEW} more" if len(amounts) > FEW else ""
    return f"Capital by quarter: {each}{more}."


def _new(pointer: str, entry: Any, names: Names) -> str:
    try:
        return told(InputChange(pointer, None, entry, {}), names).text
    except UNREADABLE:
        return f"An entry of {pointer.split('/')[1]} that is not complete."
