"""A request as text: read with the place of every value, written tidily, and changed without losing its comments.

Text comes from anybody, so reading is bounded: so many levels, so many values (aliases count each time they are used), and
nothing but plain data is ever made of it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from api.problems import MalformedJson
from api.strict_json import parse_strict

Format = Literal["yaml", "json"]
Place = tuple[int, int]

MOST_DEPTH = 32
MOST_NODES = 15_000
"""Keys and values that stand in a text: some 500 constraints with everything that they may hold."""

MOST_VALUES = 20_000
_NUMBERS = re.compile(r"line (\d+), column (\d+): (.*)", re.DOTALL)
_PLAIN = frozenset({"null", "bool", "int", "float", "str"})
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class TextFault:
    """What keeps a text from being read, and where; lines and columns count from 1."""

    message: str
    line: int
    column: int
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text holds. ``places`` says for JSON pointers where their key or entry begins; ``node`` is the parsed text."""

    data: Any = None
    places: Mapping[str, Place] = field(default_factory=dict)
    faults: tuple[TextFault, ...] = ()
    node: yaml.Node | None = None

    def place(self, pointer: str) -> Place:
        """Return where a value stands, or the nearest thing around it that does stand in the text."""
        while pointer and pointer not in self.places:
            pointer = pointer.rpartition("/")[0]
        return self.places.get(pointer, (1, 1))


class _TooMuch(Exception):
    """The text holds more than anybody would ask."""


class _Loader(yaml.SafeLoader):
    """Composes nodes; nests and nodes are counted before they are entered."""

    depth = 0
    count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose one node."""
        self.depth += 1
        self.count += 1
        if self.depth > MOST_DEPTH or self.count > MOST_NODES:
            msg = (
                f"more than {MOST_NODES:,} words"
                if self.depth <= MOST_DEPTH
                else f"nested deeper than {MOST_DEPTH} levels"
            )
            raise yaml.MarkedYAMLError(problem=msg, problem_mark=self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class _Builder:
    """Makes plain data of nodes and notes where everything stands."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.loader = loader
        self.places: dict[str, Place] = {}
        self.faults: list[TextFault] = []
        self.left = MOST_VALUES

    def value(self, node: yaml.Node, at: str = "", depth: int = 0) -> Any:
        """Return a node's data."""
        self.left -= 1
        if self.left < 0 or depth > MOST_DEPTH:
            raise _TooMuch
        self.places.setdefault(at, _place(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner, f"{at}/{i}", depth + 1) for i, inner in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: str, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, inner in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault("a key has to be a word", key, at)
                continue
            pointer = f"{at}/{str(key.value).replace('~', '~0').replace('/', '~1')}"
            if key.value in out:
                self._fault(
                    f"{key.value!r} stands twice; the first one is on line {self.places[pointer][0]}", key, pointer
                )
                continue
            self.places[pointer] = _place(key)
            out[key.value] = self.value(inner, pointer, depth + 1)
        return out

    def _scalar(self, node: yaml.Node, at: str) -> Any:
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "timestamp":  # a day where a month is meant: the request says so itself
            return node.value
        if kind not in _PLAIN:
            return self._fault(f"{node.tag!r} is not taken here; write plain text or a number", node, at)
        try:
            value = self.loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return self._fault(f"{str(node.value)[:40]!r} is no number", node, at)
        if isinstance(value, float) and not math.isfinite(value):
            return self._fault(f"{node.value!r} is no finite number", node, at)
        return value

    def _fault(self, message: str, node: yaml.Node, pointer: str) -> None:
        self.faults.append(TextFault(message, *_place(node), pointer))


def read_text(text: str, form: Format) -> Reading:
    r"""Return what a text holds, with every place, or with what is wrong.

    >>> reading = read_text("capital:\n  per_quarter_usd: 5_000_000\n", "yaml")
    >>> reading.data, reading.place("/capital/per_quarter_usd")
    ({'capital': {'per_quarter_usd': 5000000}}, (2, 3))
    """
    if form == "yaml":
        return _read_yaml(text)
    try:
        data = parse_strict(text.encode("utf-8", "replace"), max_depth=MOST_DEPTH)
    except MalformedJson as error:
        return _broken_json(text, error)
    # JSON is YAML where places are concerned, once tabs between its tokens are blanks.
    return Reading(data, _read_yaml(text.replace("\t", " ")).places)


def _read_yaml(text: str) -> Reading:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return Reading()
        builder = _Builder(loader)
        data = builder.value(node)
    except yaml.reader.ReaderError as error:
        before = text[: int(error.position)]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Reading(faults=(TextFault("holds a character that no text should hold", *place),))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        said = ", ".join(str(part) for part in (error.context, error.problem) if part)
        return Reading(faults=(TextFault(f"cannot be read here: {said}", *place),))
    except _TooMuch:
        message = f"holds more than {MOST_VALUES:,} values or nests deeper than {MOST_DEPTH} levels"
        return Reading(faults=(TextFault(message, 1, 1),))
    return Reading(data, builder.places, tuple(builder.faults), node)


def _broken_json(text: str, error: MalformedJson) -> Reading:
    if (found := _NUMBERS.match(error.detail)) is not None:
        return Reading(faults=(TextFault(f"is not JSON here: {found[3]}", int(found[1]), int(found[2])),))
    twins = tuple(fault for fault in _read_yaml(text.replace("\t", " ")).faults if "twice" in fault.message)
    return Reading(faults=twins or (TextFault(error.detail, 1, 1),))


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


# --- writing ------------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Writes as people do: entries indented, short lists on one line, long numbers with their thousands marked."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Indent entries of lists below their key."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  a value that stands twice is written twice
        """Write no aliases."""
        return True


def _int(dumper: yaml.SafeDumper, value: int) -> yaml.Node:
    return dumper.represent_scalar(f"{_TAG}int", f"{value:_}" if abs(value) >= 10_000 else str(value))


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    short = not any(isinstance(inner, dict | list) for inner in value)
    return dumper.represent_sequence(f"{_TAG}seq", value, flow_style=short)


def _str(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar(f"{_TAG}str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(int, _int)
_Dumper.add_representer(str, _str)
_Dumper.add_representer(list, _list)


def write_text(request: Any, form: Format) -> str:
    """Return a request as text.

    >>> print(write_text({"name": "first", "capital": {"per_quarter_usd": 5e6}, "cities": ["zurich"]}, "yaml"))
    name: first
    <BLANKLINE>
    capital:
      per_quarter_usd: 5_000_000
    <BLANKLINE>
    cities: [zurich]
    <BLANKLINE>
    """
    plain = whole(request)
    if form == "json":
        return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    if not isinstance(plain, dict):
        return _dumped(plain)
    out, before = "", False
    for key, value in plain.items():
        block = isinstance(value, dict | list) and bool(value)
        out += ("\n" if out and (block or before) else "") + _dumped({key: value})
        before = block
    return out


def whole(value: Any) -> Any:
    """Return data with whole numbers written as such.

    >>> whole({"a": [1e6, 0.5]})
    {'a': [1000000, 0.5]}
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list) else value


def _dumped(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


# --- changing -------------------------------------------------------------------------------------------------------------

Edit = tuple[int, int, str]


class _Rewrite(Exception):
    """The change is not one that can be made in place."""


class _Mender:
    """Finds the edits that make a YAML text say something else; whatever they do not touch stays, comments included."""

    def __init__(self, text: str, order: tuple[str, ...]) -> None:
        self.text = text
        self.order = order
        self.edits: list[Edit] = []

    def mend(self, node: yaml.Node, old: Any, new: Any) -> None:
        """Note the edits of one node."""
        if old == new:
            return
        block = isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)
        if block and isinstance(node, yaml.MappingNode) and isinstance(new, dict) and new:
            self._members(node, old, new)
        elif block and isinstance(node, yaml.SequenceNode) and isinstance(new, list) and new:
            self._entries(node, old, new)
        elif isinstance(new, dict) or block:
            raise _Rewrite
        else:
            self.edits.append((node.start_mark.index, self._end(node), _inline(new)))

    def _members(self, node: yaml.MappingNode, old: dict[str, Any], new: dict[str, Any]) -> None:
        pairs = {key.value: (key, inner) for key, inner in node.value}
        for name, (key, inner) in pairs.items():
            if name not in new:
                self._cut(key.start_mark.index, inner)
            else:
                self.mend(inner, old[name], new[name])
        column = node.value[0][0].start_mark.column
        for name, value in new.items():
            if name not in pairs:
                rank = self.order.index(name) if name in self.order else len(self.order)
                earlier = [i for n, (_, i) in pairs.items() if n in self.order and self.order.index(n) < rank]
                block = column == 0 and isinstance(value, dict | list)
                self._insert(earlier[-1] if earlier else node.value[-1][1], {name: value}, column, apart=block)

    def _entries(self, node: yaml.SequenceNode, old: list[Any], new: list[Any]) -> None:
        if len(new) < len(old):
            kept = iter(new)
            following = next(kept, None)
            for inner, value in zip(node.value, old, strict=True):
                if value == following:
                    following = next(kept, None)
                else:
                    self._cut(inner.start_mark.index, inner)
            return
        for inner, before, after in zip(node.value, old, new, strict=False):
            self.mend(inner, before, after)
        last = node.value[-1]
        dash = self.text.rfind("\n", 0, last.start_mark.index) + 1
        column = self.text.index("-", dash) - dash
        apart = len(node.value) > 1 and "\n\n" in self.text[self._end(node.value[-2]) : last.start_mark.index]
        for value in new[len(old) :]:
            self._insert(last, [value], column, apart=apart)

    def _end(self, node: yaml.Node) -> int:
        while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if isinstance(node, yaml.MappingNode) else last
        start = node.start_mark.index
        return start + len(self.text[start : node.end_mark.index].rstrip())

    def _line_after(self, node: yaml.Node) -> int:
        found = self.text.find("\n", self._end(node))
        return len(self.text) if found < 0 else found + 1

    def _cut(self, index: int, node: yaml.Node) -> None:
        self.edits.append((self.text.rfind("\n", 0, index) + 1, self._line_after(node), ""))

    def _insert(self, after: yaml.Node, value: Any, column: int, *, apart: bool) -> None:
        at = self._line_after(after)
        lines = _dumped(whole(value)).splitlines()
        missing = "\n" if at and self.text[at - 1] != "\n" else ""
        said = "".join(f"{' ' * column}{line}\n" for line in lines)
        self.edits.append((at, at, f"{missing}{chr(10) if apart else ''}{said}"))


def _from_behind(numbered: tuple[int, Edit]) -> tuple[int, int, int]:
    number, (start, end, _) = numbered
    return start, end, number


def _inline(value: Any) -> str:
    text = yaml.dump({"": whole(value)}, Dumper=_Dumper, allow_unicode=True, width=float("inf"))
    return str(text).partition(": ")[2].strip()


def changed_text(text: str, request: dict[str, Any], order: tuple[str, ...]) -> str:
    r"""Return a YAML text that says ``request``, with comments and layout kept wherever the change leaves them alone.

    ``order`` is where new members of the request belong. What cannot be changed in place is written anew.

    >>> changed_text("name: a   # mine\ncapital: {per_quarter_usd: 5}\n", {"name": "b", "capital": {"per_quarter_usd": 5}}, ())
    'name: b   # mine\ncapital: {per_quarter_usd: 5}\n'
    """
    reading = _read_yaml(text)
    if reading.node is not None and not reading.faults and isinstance(reading.data, dict):
        mender = _Mender(text, order)
        try:
            mender.mend(reading.node, reading.data, request)
            mended = text
            for _, (start, end, said) in sorted(enumerate(mender.edits), key=_from_behind, reverse=True):
                mended = mended[:start] + said + mended[end:]
            if _read_yaml(mended).data == request:
                return mended
        except (_Rewrite, ValueError):
            pass
    ranked = sorted(request, key=lambda name: order.index(name) if name in order else len(order))
    return write_text({name: request[name] for name in ranked}, "yaml")
