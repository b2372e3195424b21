"""Every member that a request may have, as a reader of no schema sees it: read off the published schema, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fleetplan.request import PlanRequest
from fleetplan.request.values import A_MONTH
from fleetplan.words.constraints import CONSTRAINTS, MEMBERS

MANY = 1e12
EVERY_CONSTRAINT = ("id", "type", "firmness")
"""What every constraint has: told once."""
A_MONTH_SAID = "2027-03"
"""The example by which the schema shows a month."""
SAID = {
    "name": "what the plan is called",
    "note": "the question behind it; it stands on the plan and in the printed brief",
    "horizon": "the months that are planned",
    "discount_rate": "by which a year makes money worth less; 0.1 is 10 %",
    "capital": "what may be spent",
    "exclude_cities": "cities to leave out",
    "exclude_stacks": "partners' vehicles to leave out",
    "deployments": "which deals count, and pairs of partner and city that are admitted or taken out",
    "overrides": "figures of the catalogue that have another value here",
    "constraints": "targets and limits, each of a type below",
}
"""What the members of a request mean whose schema says nothing."""
PLAIN = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A member: its name, what it may hold, what it means, whether it must be there, and what counts where it is not."""

    name: str
    holds: str
    says: str
    must: bool
    usual: str = ""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Members that stand together: of the request itself, of one of its parts, or of a kind of constraint."""

    key: str
    title: str
    says: str
    rows: tuple[FieldRow, ...]


@cache
def field_groups() -> tuple[FieldGroup, ...]:
    """Return every group: the request, its parts in the order in which they are met, then the kinds of constraints."""
    schema = PlanRequest.model_json_schema()
    parts: Mapping[str, Mapping[str, Any]] = schema["$defs"]
    kinds = {node["properties"]["type"]["const"]: name for name, node in parts.items() if _is_constraint(node)}
    met = [name for name in _met(schema, parts) if name not in kinds.values()]
    return (
        _group("request", "A request", schema),
        *(_group(name, _spaced(name), parts[name]) for name in met),
        *(_group(kind, f"{words.title}: type {kind}", parts[kinds[kind]]) for kind, words in CONSTRAINTS.items()),
    )


def _is_constraint(node: Mapping[str, Any]) -> bool:
    return node.get("properties", {}).get("type", {}).get("const") in CONSTRAINTS


def _met(schema: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names of parts as they are met, each once."""
    seen: set[str] = set()
    waiting = list(_references(schema["properties"]))
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            yield name
            waiting += _references(parts[name].get("properties", {}))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for key, inner in node.items():
            if key != "discriminator":
                yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def _spaced(name: str) -> str:
    """Return a part's name as words.

    >>> _spaced("FigureOverride")
    'Figure override'
    """
    return "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(name))


def _group(key: str, title: str, node: Mapping[str, Any]) -> FieldGroup:
    labels = {**MEMBERS, **CONSTRAINTS[key].labels} if key in CONSTRAINTS else {}
    needed = node.get("required", ())
    rows = tuple(
        FieldRow(
            name=name,
            holds=_holds(inner),
            says=_says(inner, labels.get(name, (SAID.get(name, "") if key == "request" else "",))[0]),
            must=name in needed,
            usual=_usual(inner),
        )
        for name, inner in node["properties"].items()
        if key not in CONSTRAINTS or name not in EVERY_CONSTRAINT
    )
    says = "" if key == "request" else node.get("description", "").partition("\n\n")[0]
    return FieldGroup(key, title, says, rows)


def _says(node: Mapping[str, Any], label: str) -> str:
    """Return what a member means; that a month is one stands in what it holds."""
    told = node.get("description", "")
    return label if told in {"", A_MONTH} else str(told).replace("`", "")


def _usual(node: Mapping[str, Any]) -> str:
    value = node.get("default")
    if value is None or value in ([], "") or isinstance(value, dict) or "const" in node:
        return ""
    return ", ".join(_plain(one) for one in (value if isinstance(value, list) else [value]))


def _plain(value: Any) -> str:
    """Return a value as a request writes it.

    >>> _plain(True), _plain(0.1), _plain(10_000.0), _plain("npv")
    ('true', '0.1', '10,000', 'npv')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"
    return str(value)


def _holds(node: Mapping[str, Any]) -> str:
    """Return what a member may hold.

    >>> _holds({"type": "integer", "minimum": 1, "maximum": 120}), _holds({"type": "array", "items": {"type": "string"}})
    ('a whole number from 1 to 120', 'a list: a text')
    """
    if node.get("examples") == [A_MONTH_SAID]:
        return f"a month, such as {A_MONTH_SAID}"
    if "anyOf" in node:
        return _or([_holds(one) for one in node["anyOf"] if one.get("type") != "null"])
    if node.get("type") == "array":
        return "a list of constraints" if "discriminator" in node["items"] else f"a list: {_holds(node['items'])}"
    if "$ref" in node:
        return f"as under “{_spaced(node['$ref'].rpartition('/')[2])}”"
    named = [node["const"]] if "const" in node else node.get("enum", ())
    return _or([str(one) for one in named]) if named else PLAIN.get(str(node.get("type")), "an object") + _span(node)


def _or(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


def _span(node: Mapping[str, Any]) -> str:
    ends = (("from", "minimum"), ("above", "exclusiveMinimum"), ("to", "maximum"))
    told = [f" {word} {_plain(node[end])}" for word, end in ends if end in node and abs(node[end]) < MANY]
    long = node.get("maxLength") if node.get("type") == "string" else None
    return "".join([*told, *([f" of {long:,} characters at most"] if long else [])])
