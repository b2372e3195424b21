"""A request as text, YAML or JSON, read with the place of every value.

Text comes from anybody, so reading is bounded: so many levels, so many values (aliases count each time they are used), and
nothing but plain data is ever made of it. What YAML would turn into something else without a word is refused or left as it
stands: a key twice, 0100 for 64, yes for true.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from fleetplan.request.guess import POINT_OF_THOUSANDS, number_guess, two_readings
from fleetplan.request.strict_json import BrokenJson, parse_strict

Format = Literal["yaml", "json"]
Place = tuple[int, int]

MOST_DEPTH = 32
MOST_NODES = 15_000
"""Keys and values that stand in a text: some 500 constraints with everything that they may hold."""

MOST_VALUES = 20_000
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_ZEROS = re.compile(r"[-+]?0[0-9_]+")
_PLAIN = frozenset({"null", "bool", "int", "float", "str"})
TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class TextFault:
    """What keeps a text from being read, where, and what to do; lines and columns count from 1."""

    message: str
    line: int
    column: int
    pointer: str = ""
    remedy: str = ""


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
        merged: dict[str, Any] = {}
        for key, inner in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault("a key has to be a word", key, at, "write a word before the colon")
                continue
            if key.tag == f"{TAG}merge":
                merged |= self._merged(inner, at, depth)
                continue
            if _is_tail(key, inner):
                what = f"the comma before {key.value} ends the number"
                self._fault(what, key, at, "write the number without commas between its thousands")
                continue
            pointer = f"{at}/{str(key.value).replace('~', '~0').replace('/', '~1')}"
            if key.value in out:
                first = self.places[pointer][0]
                what = f"{key.value!r} stands twice; the first one is on line {first}"
                self._fault(what, key, pointer, "keep one of the two")
                continue
            self.places[pointer] = _place(key)
            out[key.value] = self.value(inner, pointer, depth + 1)
        return merged | out

    def _merged(self, node: yaml.Node, at: str, depth: int) -> dict[str, Any]:
        """Return what ``<<`` brings in from other mappings; of several the first one counts."""
        found = self.value(node, at, depth + 1)
        every = found if isinstance(found, list) else [found]
        if not all(isinstance(one, dict) for one in every):
            self._fault("<< takes fields from something that has none", node, at, "name a mapping, like <<: *usual")
            return {}
        return {key: value for one in reversed(every) for key, value in one.items()}

    def _scalar(self, node: yaml.Node, at: str) -> Any:
        kind, text = str(node.tag).removeprefix(TAG), str(node.value)
        if kind == "timestamp" or (kind == "bool" and text.casefold() not in {"true", "false"}):
            return text  # a day where a month is meant: the request says so itself; yes, no, on and off are words
        if kind not in _PLAIN:
            return self._fault(f"{node.tag!r} is not taken here", node, at, "write plain text or a number")
        if wrong := _misleads(kind, text, plain=getattr(node, "style", None) is None):
            return self._fault(wrong[0], node, at, wrong[1])
        try:
            value = self.loader.construct_object(node)
        except (ValueError, yaml.YAMLError):
            return self._fault(f"{text[:40]!r} is no number", node, at, "write a number, or put it in quotes")
        if isinstance(value, float) and not math.isfinite(value):
            return self._fault(f"{text[:40]!r} is no finite number", node, at, "write a number, or leave it out")
        return value

    def _fault(self, message: str, node: yaml.Node, pointer: str, remedy: str) -> None:
        self.faults.append(TextFault(message, *_place(node), pointer, remedy))


def read_text(text: str, form: Format) -> Reading:
    r"""Return what a text holds, with every place, or with what is wrong.

    >>> reading = read_text("capital:\n  per_quarter_usd: 5_000_000\n", "yaml")
    >>> reading.data, reading.place("/capital/per_quarter_usd")
    ({'capital': {'per_quarter_usd': 5000000}}, (2, 3))
    """
    if form == "yaml":
        return _read_yaml(text)
    try:
        data = parse_strict(text.encode("utf-8", "surrogatepass"), max_depth=MOST_DEPTH)
    except BrokenJson as error:
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
        message = "holds a character that no text should hold"
        return Reading(faults=(TextFault(message, *place, remedy="take the character out"),))
    except yaml.MarkedYAMLError as error:
        return Reading(faults=(_broken_yaml(text, error),))
    except _TooMuch:
        message = f"holds more than {MOST_VALUES:,} values or nests deeper than {MOST_DEPTH} levels"
        return Reading(faults=(TextFault(message, 1, 1, remedy="write less"),))
    return Reading(data, builder.places, tuple(builder.faults), node)


def _broken_yaml(text: str, error: yaml.MarkedYAMLError) -> TextFault:
    mark = error.problem_mark or error.context_mark
    place = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    said = ", ".join(str(part) for part in (error.context, error.problem) if part)
    lines = text.splitlines()
    tab = mark is not None and mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]
    remedy = "indent with blanks, not with tabs" if tab else "mend the text here, or what comes just before"
    return TextFault(f"cannot be read here: {said}", *place, remedy=remedy)


def _broken_json(text: str, error: BrokenJson) -> Reading:
    twins = tuple(fault for fault in _read_yaml(text.replace("\t", " ")).faults if fault.pointer)
    if twins and not error.placed:
        return Reading(faults=twins)
    remedy = error.remedy or "mend the text here, or what comes just before"
    return Reading(faults=(TextFault(error.message, *error.place, remedy=remedy),))


def _misleads(kind: str, text: str, *, plain: bool) -> tuple[str, str] | None:
    """Return what is wrong with a number that YAML reads in another meaning than people do, and what to write."""
    if kind == "float" and POINT_OF_THOUSANDS.fullmatch(text) and text.endswith("000"):
        return f"the point of {text} may stand for thousands or decimals", two_readings(text)
    odd = kind == "int" and not _WHOLE.fullmatch(text)  # 0080 is a text for YAML, where 0100 is 64
    if odd or (kind == "float" and ":" in text) or (kind == "str" and plain and _ZEROS.fullmatch(text)):
        guess = number_guess(text)
        meant = f"write {guess:.15g}" if guess is not None else "write a number with digits alone"
        return f"{text[:40]!r} is no plain number", f"{meant}, or put it in quotes"
    return None


def _is_tail(key: yaml.Node, value: yaml.Node) -> bool:
    """Return whether a key is what a sign of thousands cut off a number: ``{usd: 25,000}``."""
    return bool(re.fullmatch(r"\d{3}", str(key.value))) and isinstance(value, yaml.ScalarNode) and value.value == ""


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
