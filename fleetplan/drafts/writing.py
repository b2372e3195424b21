"""A request written as text, tidily: as people write YAML, or as JSON."""

from __future__ import annotations

import json
from typing import Any

import yaml

from fleetplan.request.text import TAG, Format


class _Dumper(yaml.SafeDumper):
    """Writes as people do: entries indented, short lists on one line, long numbers with their thousands marked."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Indent entries of lists below their key."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  a value that stands twice is written twice
        """Write no aliases."""
        return True


def _int(dumper: yaml.SafeDumper, value: int) -> yaml.Node:
    return dumper.represent_scalar(f"{TAG}int", f"{value:_}" if abs(value) >= 10_000 else str(value))


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    short = not any(isinstance(inner, dict | list) for inner in value)
    return dumper.represent_sequence(f"{TAG}seq", value, flow_style=short)


def _str(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar(f"{TAG}str", value, style="|" if "\n" in value else None)


class _LineDumper(_Dumper):
    """Writes everything on one line."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = True) -> yaml.SequenceNode:  # noqa: ARG002, FBT001, FBT002
        """Represent a list in brackets."""
        return super().represent_sequence(tag, sequence, flow_style=True)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = True) -> yaml.MappingNode:  # noqa: ARG002, FBT001, FBT002
        """Represent fields in braces."""
        return super().represent_mapping(tag, mapping, flow_style=True)


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
        return dumped(plain)
    out, before = "", False
    for key, value in plain.items():
        block = isinstance(value, dict | list) and bool(value)
        out += ("\n" if out and (block or before) else "") + dumped({key: value})
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


def dumped(value: Any) -> str:
    """Return data as lines of YAML."""
    return _written(value, _Dumper, 110)


def inline(value: Any) -> str:
    """Return data as it stands behind a key, on one line.

    >>> inline({"type": "launch_by", "cities": ["zurich"], "usd": 5e6})
    '{type: launch_by, cities: [zurich], usd: 5_000_000}'
    """
    if isinstance(value, dict):
        return _written(value, _LineDumper, float("inf")).strip()
    return _written({"": value}, _Dumper, float("inf")).partition(": ")[2].strip()


def _written(value: Any, dumper: type[_Dumper], width: float) -> str:
    return str(yaml.dump(whole(value), Dumper=dumper, sort_keys=False, allow_unicode=True, width=width))
