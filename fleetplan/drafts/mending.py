"""A YAML text changed without losing its comments: the edits that make it say something else, and nothing besides.

ruamel.yaml 0.19 was tried for this. It keeps comments and gives places, but writes the whole text anew in one layout: of eight
ways to lay out the reference example (lists at their key's column, four blanks, CRLF, ...), it changed more than was asked in
six, up to 47 lines for one value; the edits here touch the lines concerned. Marked thousands and lists on one line had to be made
by code of ours all the same, some 50 lines against the hundred here; and reading what anybody sends stays ours too:
three thousand brackets took it eight seconds and an overflow, and of keys that stand twice it tells the first.
"""

from __future__ import annotations

from typing import Any

import yaml

from fleetplan.drafts.writing import dumped, inline, write_text
from fleetplan.request import PlanRequest
from fleetplan.request.text import read_text

ORDER = tuple(PlanRequest.model_fields)
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
        elif (
            isinstance(node, yaml.MappingNode)
            and isinstance(new, dict)
            and {k.value for k, _ in node.value} == set(new)
        ):
            for key, inner in node.value:
                self.mend(inner, old[key.value], new[key.value])
        elif block or (isinstance(new, dict) and not isinstance(node, yaml.MappingNode)):
            raise _Rewrite
        else:
            self.edits.append((node.start_mark.index, self._end(node), inline(new)))

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
        lines = dumped(value).splitlines()
        missing = "\n" if at and self.text[at - 1] != "\n" else ""
        said = "".join(f"{' ' * column}{line}\n" for line in lines)
        self.edits.append((at, at, f"{missing}{chr(10) if apart else ''}{said}"))


def _from_behind(numbered: tuple[int, Edit]) -> tuple[int, int, int]:
    number, (start, end, _) = numbered
    return start, end, number


def changed_text(text: str, request: dict[str, Any], order: tuple[str, ...] = ORDER) -> str:
    r"""Return a YAML text that says ``request``, with comments and layout kept wherever the change leaves them alone.

    ``order`` is where new members of the request belong. What cannot be changed in place is written anew.

    >>> changed_text("name: a   # mine\ncapital: {per_quarter_usd: 5}\n", {"name": "b", "capital": {"per_quarter_usd": 5}})
    'name: b   # mine\ncapital: {per_quarter_usd: 5}\n'
    """
    reading = read_text(text, "yaml")
    if reading.node is not None and not reading.faults and isinstance(reading.data, dict):
        mender = _Mender(text, order)
        try:
            mender.mend(reading.node, reading.data, request)
            mended = text
            for _, (start, end, said) in sorted(enumerate(mender.edits), key=_from_behind, reverse=True):
                mended = mended[:start] + said + mended[end:]
            if read_text(mended, "yaml").data == request:
                return mended
        except (_Rewrite, ValueError):
            pass
    ranked = sorted(request, key=lambda name: order.index(name) if name in order else len(order))
    return write_text({name: request[name] for name in ranked}, "yaml")
