"""Features put into a GeoJSON file and taken out of it, while every other byte of it stays as its author laid it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Feature = dict[str, Any]
BLANK = " \t\r\n\ufeff"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Array:
    """Where an array's elements stand in a text: from after its bracket to that which ends it."""

    start: int
    end: int
    elements: list[tuple[int, int]]


def with_features(text: str, keep: Callable[[Feature], bool], new: Iterable[Feature]) -> str:
    r"""Return a feature collection with those of its features that are kept, and new ones after them in the layout of the first.

    Raises
    ------
    ValueError
        When the text is no JSON object with a list of ``features``.

    >>> print(with_features('{"features": [\n{"id":1},\n{"id":2}\n]}', lambda f: f["id"] == 2, [{"id": 3}]))
    {"features": [
    {"id":2},
    {"id":3}
    ]}
    """
    found = _features_of(text)
    spans = found.elements
    kept = [text[a:b] for a, b in spans if keep(json.loads(text[a:b]))]
    lead = text[found.start : spans[0][0]] if spans else ""
    trail = text[spans[-1][1] : found.end] if spans else text[found.start : found.end]
    between = text[spans[0][1] : spans[1][0]] if len(spans) > 1 else f",{lead or ' '}"
    write = _writer(text[slice(*spans[0])] if spans else "", lead)
    inside = between.join([*kept, *(write(feature) for feature in new)])
    return f"{text[: found.start]}{lead}{inside}{trail}{text[found.end :]}"


def _features_of(text: str) -> _Array:
    at = _past(text, 0)
    _need(text, at, "{")
    at = _past(text, at + 1)
    while text[at : at + 1] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _past(text, at)
        _need(text, at, ":")
        at = _past(text, at + 1)
        if key == "features" and text[at : at + 1] == "[":
            return _array(text, at)
        _, at = _DECODER.raw_decode(text, at)
        at = _past(text, at)
        at = _past(text, at + 1) if text[at : at + 1] == "," else at
    msg = "there is no list of features"
    raise ValueError(msg)


def _array(text: str, at: int) -> _Array:
    start, elements = at + 1, list[tuple[int, int]]()
    at = _past(text, start)
    while text[at : at + 1] != "]":
        _, end = _DECODER.raw_decode(text, at)
        elements.append((at, end))
        at = _past(text, end)
        if text[at : at + 1] == ",":
            at = _past(text, at + 1)
        else:
            _need(text, at, "]")
    return _Array(start, at, elements)


def _past(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANK:
        at += 1
    return at


def _need(text: str, at: int, sign: str) -> None:
    if text[at : at + 1] != sign:
        msg = f"{sign!r} is expected at character {at}"
        raise ValueError(msg)


def _writer(like: str, lead: str) -> Callable[[Feature], str]:
    """Return what writes features as one is written: on one line or many, with or without blanks."""
    inner = like[like.find("\n") + 1 :] if "\n" in like else ""
    if not inner:
        tight = ":" in like and '": ' not in like
        return lambda f: json.dumps(f, ensure_ascii=False, separators=(",", ":") if tight else (", ", ": "))
    line = "\r\n" if "\r\n" in like else "\n"
    margin = lead.rpartition("\n")[2]
    step = inner[: len(inner) - len(inner.lstrip(" \t"))].removeprefix(margin)
    return lambda f: json.dumps(f, ensure_ascii=False, indent=step).replace("\n", line + margin)
