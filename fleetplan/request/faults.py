"""What is wrong with data that should be a request, in words: where, what stands there, what is allowed, what to write.

Pydantic finds the errors; what is allowed is read from the published JSON Schema, so that what is said is what is checked.
Any other model (options of a solve, a plan) is told in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fleetplan.errors import Fault, near_misses
from fleetplan.request.guess import number_guess
from fleetplan.request.model import IDS_TWICE
from fleetplan.request.schema import Node, Place, described, example, members, number, place
from fleetplan.request.values import REFUSED

_LONGEST = 60
_FEW = 3
_OWNERS = {"PlanRequest": "a request", "FigureOverride": "an override", "StackInCity": "a stack in a city"}
_BELOW, _ABOVE = {"greater_than_equal", "greater_than"}, {"less_than_equal", "less_than"}
_KINDS = {"integer": "number", "number": "number", "string": "text", "array": "list", "object": "object"}


def faults_of(model: type[BaseModel], error: ValidationError, leave_out: Collection[str] = frozenset()) -> list[Fault]:
    """Return pydantic's errors about a model's data as faults, in the order of the model's fields.

    ``leave_out`` names types of errors that the caller tells in another way.
    """
    items = [(item, place(model, item["loc"])) for item in error.errors(include_url=False)]
    return [
        _fault(item, at, model)
        for item, at in items
        if item["type"] not in leave_out
        # that a value is not of a union's other member says nothing
        and not (at.member and (at.member == "list") != isinstance(item.get("input"), list))
    ]


def shown(value: object) -> str:
    """Return what somebody wrote, shortened.

    >>> shown(True), shown(None), shown([1, 2]), shown("soon")
    ('true', 'empty', 'a list', "'soon'")
    """
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "an object with fields"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _fault(item: ErrorDetails, at: Place, model: type[BaseModel]) -> Fault:
    kind, given = item["type"], item.get("input")
    if kind.startswith("union_tag"):
        return _no_type(model, at, given)
    if kind in _TOLD:
        return _TOLD[kind](at, item)
    what = "is no finite number" if kind == "finite_number" else f"is {shown(given)}"
    return Fault(at.pointer, what, described(at.node) or str(item["msg"]), _instead(at, kind, given))


def _refused(at: Place, item: ErrorDetails) -> Fault:
    told = item["ctx"]
    return Fault(at.pointer, told["what"], told["allowed"] or described(at.node), told["remedy"])


def _twice(at: Place, item: ErrorDetails) -> Fault:
    return Fault(at.pointer, str(item["msg"]), "each id once", "give each constraint an id of its own")


def _no_type(model: type[BaseModel], at: Place, given: object) -> Fault:
    known = members(model, at.node)
    where, allowed = f"{at.pointer}/type", ", ".join(known)
    asked = given if isinstance(given, Mapping) else {}
    if (tag := asked.get("type")) is not None:
        remedy = near_misses(str(tag), known) or "choose one of them"
        return Fault(where, f"there is no type {shown(tag)}", allowed, remedy)
    likely = [tag for tag, fields in known.items() if set(asked) <= fields]
    return Fault(where, "is needed", allowed, f"add type: {' or '.join(likely[:_FEW] or list(known)[:1])}")


def _missing(at: Place, _: ErrorDetails) -> Fault:
    remedy = f"add {at.name}"
    if said := example(at.node):
        remedy = f"add {at.name}: {said}"
    elif at.node.get("type") == "object" and (first := next(iter(at.node.get("properties", {})), "")):
        remedy = f"add {at.name} with {first} below it"
    return Fault(at.pointer, "is needed", described(at.node), remedy)


def _no_field(at: Place, _: ErrorDetails) -> Fault:
    fields = at.owner.get("properties", {})
    owner = _OWNERS.get(at.owner.get("title", ""), "") or fields.get("type", {}).get("const")
    owner = owner or str(at.owner.get("title", "this")).lower()
    return Fault(
        at.pointer, f"is no field of {owner}", ", ".join(fields), near_misses(at.name, fields) or "take it out"
    )


def _too_long(at: Place, item: ErrorDetails) -> Fault:
    given = item["input"]
    if isinstance(given, str):
        return Fault(at.pointer, f"is {len(given)} characters long", described(at.node), "shorten it")
    most = at.node.get("maxItems", 0)
    return Fault(at.pointer, f"has {len(given)} entries", f"at most {most}", f"take out {len(given) - most} of them")


def _too_short(at: Place, _: ErrorDetails) -> Fault:
    return Fault(at.pointer, "is empty", described(at.node), "write a name, or take it out")


def _odd_letters(at: Place, item: ErrorDetails) -> Fault:
    what = f"holds characters that no name has: {shown(item['input'])}"
    return Fault(at.pointer, what, described(at.node), "take out line breaks, tabs and control characters")


_TOLD: dict[str, Callable[[Place, ErrorDetails], Fault]] = {
    REFUSED: _refused,
    IDS_TWICE: _twice,
    "missing": _missing,
    "extra_forbidden": _no_field,
    "invalid_key": _no_field,
    "too_long": _too_long,
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "string_pattern_mismatch": _odd_letters,
}


def _instead(at: Place, kind: str, given: object) -> str:
    """Return what to write in place of a value of the wrong type or size."""
    node = _member(at.node, given)
    if "enum" in node:
        words = [str(word) for word in node["enum"]]
        return near_misses(str(given), words) or f"write {' or '.join(words)}"
    expected = _KINDS.get(str(node.get("type")), "")
    if expected == "number":
        return _number_instead(node, kind, given)
    if expected == "text":
        return f"write it in quotes: '{shown(given)}'" if isinstance(given, int | float) else "write a text"
    if expected == "list":
        return (
            f"write [{given}]" if isinstance(given, str | int | float) else "write a list: each entry begins with '- '"
        )
    if expected == "object":
        fields = node.get("properties", {})
        first = next(iter(fields), "")
        return f"write its fields below it, for example {first}: {example(fields.get(first, {})) or '…'}"
    return "write its fields, beginning with id and type" if "discriminator" in node else ""


def _member(node: Node, given: object) -> Node:
    """Return the member of a union that somebody meant."""
    members: list[Node] = node.get("anyOf", [])
    return next((n for n in members if (n.get("type") == "array") == isinstance(given, list)), node)


def _number_instead(node: Node, kind: str, given: object) -> str:
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum")
    guess = number_guess(given)
    if kind in _ABOVE or kind in _BELOW or guess is None:
        if high == 1 and isinstance(given, int | float) and 1 < given <= 100:
            return f"write {given / 100:g} if {given:g} % is meant"
        bound = low if kind in _BELOW else high
        if kind in _BELOW | _ABOVE and bound is not None:
            exact = "exclusiveMinimum" not in node or kind in _ABOVE
            return f"write {number(bound)} or {'less' if kind in _ABOVE else 'more'}" if exact else "write more than 0"
        return "write a number" + (" without unit, sign of thousands or quotes" if isinstance(given, str) else "")
    if node.get("type") == "integer" and not float(guess).is_integer():
        return f"write {math.floor(guess)} or {math.ceil(guess)}"
    return f"write {guess:.15g}"
