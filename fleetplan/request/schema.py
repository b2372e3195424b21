"""Where a pydantic error stands in a model's JSON Schema, and what that schema allows there, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

Node = Mapping[str, Any]
Location = Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a schema.

    Attributes
    ----------
    pointer
        JSON pointer into the data; names of union members, which no data holds, are left out.
    node
        What the schema says of it; empty where it knows nothing.
    owner
        The object schema that holds it.
    member
        The member of a union, a number or a list of them, that the location ends with: ``one`` or ``list``.
    """

    pointer: str
    node: Node
    owner: Node
    member: str = ""

    @property
    def name(self) -> str:
        """The last part of the pointer."""
        return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


@cache
def _root(model: type[BaseModel]) -> Node:
    return model.model_json_schema()


def place(model: type[BaseModel], location: Location) -> Place:
    """Return where a location of a pydantic error stands.

    >>> from fleetplan.request import PlanRequest
    >>> place(PlanRequest, ("constraints", 2, "launch_by", "month")).pointer
    '/constraints/2/month'
    >>> place(PlanRequest, ("capital", "per_quarter_usd", "list[constrained-float]", 1)).pointer
    '/capital/per_quarter_usd/1'
    """
    walk = _Walk(_root(model))
    for part in location:
        walk.step(part)
    return Place("".join(walk.parts) or "/", walk.node, walk.owner, walk.member)


def members(model: type[BaseModel], node: Node) -> dict[str, set[str]]:
    """Return the fields of every member of a union by its tag."""
    mapping = node.get("discriminator", {}).get("mapping", {})
    definitions = _root(model).get("$defs", {})
    return {tag: set(definitions[ref.rpartition("/")[2]]["properties"]) for tag, ref in mapping.items()}


class _Walk:
    """A way down a schema, one part of a location after the other."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.parts: list[str] = []
        self.owner: Node = {}
        self.member = ""
        self.node = self._plain(root)

    def step(self, part: int | str) -> None:
        mapping = self.node.get("discriminator", {}).get("mapping", {})
        if part in mapping:  # the tag of a union
            self.node = self._plain({"$ref": mapping[part]})
            return
        if "anyOf" in self.node:  # the name of a union's member
            self.member = "list" if str(part).startswith("list[") else "one"
            members = [self._plain(n) for n in self.node["anyOf"]]
            self.node = next((n for n in members if (n.get("type") == "array") == (self.member == "list")), {})
            return
        self.member = ""
        self.parts.append(f"/{str(part).replace('~', '~0').replace('/', '~1')}")
        inner = self.node.get("items", {}) if isinstance(part, int) else self.node.get("properties", {}).get(part, {})
        self.owner, self.node = self.node, self._plain(inner)

    def _plain(self, node: Node) -> Node:
        """Return a node without references, and without null where something else may stand there too."""
        while "$ref" in node:
            inner = self.root["$defs"][node["$ref"].rpartition("/")[2]]
            node = {**inner, **{key: value for key, value in node.items() if key != "$ref"}}
        members = [n for n in node.get("anyOf", ()) if n.get("type") != "null"]
        if len(members) == 1:
            return self._plain({**members[0], **{key: value for key, value in node.items() if key != "anyOf"}})
        return {**node, "anyOf": members} if members else node


def described(node: Node) -> str:
    """Return what a schema allows, in words.

    >>> described({"type": "integer", "minimum": 0, "maximum": 100})
    'a whole number from 0 to 100'
    >>> described({"enum": ["npv", "markets_then_npv"]})
    'npv, markets_then_npv'
    """
    if "anyOf" in node:
        return " or ".join(described(member) for member in node["anyOf"])
    if "enum" in node or "const" in node:
        return ", ".join(str(word) for word in node.get("enum", [node.get("const")]))
    words = _KINDS.get("union" if "discriminator" in node else str(node.get("type")))
    return words(node) if words else ""


def example(node: Node) -> str:
    """Return something that may be written there, empty where the schema names nothing."""
    for key in ("examples", "enum"):
        if node.get(key):
            return str(node[key][0])
    return str(node.get("const", ""))


def _text(node: Node) -> str:
    if node.get("examples") and "description" in node:
        return str(node["description"])
    longest = f" of at most {node['maxLength']} characters" if "maxLength" in node else ""
    return f"a text{longest}"


def _list(node: Node) -> str:
    return f"a list of at most {node['maxItems']}" if "maxItems" in node else "a list"


_KINDS: dict[str, Callable[[Node], str]] = {
    "integer": lambda node: f"a whole number{_bounds(node)}",
    "number": lambda node: f"a number{_bounds(node)}",
    "string": _text,
    "boolean": lambda _: "true or false",
    "array": _list,
    "object": lambda node: f"fields with values: {', '.join(node.get('properties', {}))}",
    "union": lambda _: "a constraint of one of the types",
}


def _bounds(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above = node.get("exclusiveMinimum")
    first = f" from {number(low)}" if low is not None else f" above {number(above)}" if above is not None else ""
    joint = " to " if low is not None else ", at most "
    return first + (f"{joint}{number(high)}" if high is not None else "")


def number(value: float) -> str:
    """Return a number as people write it.

    >>> number(1e13), number(0.5)
    ('10,000,000,000,000', '0.5')
    """
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"
