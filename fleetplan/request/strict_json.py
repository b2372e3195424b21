"""JSON, read strictly: no NaN, no deep nests, no name twice in an object."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

# A string, or what is left of the text when it does not end; it matches in one pass whatever stands there.
STRING = re.compile(rb'"(?:[^"\\]+|\\.?)*(?:"|\Z)', re.DOTALL)
NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class BrokenJson(ValueError):
    """The text is no strict JSON; ``place`` is line and column where they are known (``placed``)."""

    def __init__(
        self,
        message: str,
        *,
        place: tuple[int, int] | None = None,
        given: str = "",
        allowed: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.placed = place is not None
        self.place = place or (1, 1)
        self.given = given
        self.allowed = allowed
        self.remedy = remedy


def parse_strict(raw: bytes, *, max_depth: int) -> Any:
    """Return what a JSON text holds.

    >>> parse_strict(b'{"a": [1, 2]}', max_depth=8)
    {'a': [1, 2]}

    Raises
    ------
    BrokenJson
        When it is broken, nested deeper than ``max_depth``, or holds NaN, Infinity, a number that is too large, or a
        name twice in one object.
    """
    if not raw.strip():
        msg = "the body is empty"
        raise BrokenJson(msg)
    _check_depth(raw, max_depth)
    found = _parsed(raw)
    if b"\\u" in raw:
        _check_text(found)
    return found


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_twins
        )
    except json.JSONDecodeError as error:
        msg = f"is not JSON here: {error.msg}"
        raise BrokenJson(msg, place=(error.lineno, error.colno)) from error
    except UnicodeDecodeError as error:
        msg = f"byte {error.start} is not UTF-8"
        raise BrokenJson(msg) from error
    except BrokenJson:
        raise
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        raise BrokenJson(str(error)) from error


def _check_depth(raw: bytes, most: int) -> None:
    """Refuse deep nests before anything recurses; brackets in strings do not count."""
    depth = 0
    for byte in STRING.sub(b"", raw).translate(None, NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > most:
            msg = f"nested deeper than {most} levels"
            raise BrokenJson(msg, allowed=f"at most {most} levels")


def _check_text(value: Any) -> None:
    """Refuse texts that no database or file takes: half a surrogate pair, NUL."""
    if isinstance(value, str):
        if "\x00" in value:
            msg = "a text holds NUL"
            raise BrokenJson(msg)
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            msg = "a text holds half a surrogate pair"
            raise BrokenJson(msg)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)


def _no_constant(name: str) -> Any:
    msg = f"{name} is no JSON number"
    raise BrokenJson(msg, given=name, allowed="finite numbers", remedy="leave the member out")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        msg = f"{text[:40]} is too large a number"
        raise BrokenJson(msg, given=text[:40], allowed="numbers below 1e308")
    return value


def _no_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        count = Counter(name for name, _ in pairs)
        twins = [name for name, times in count.items() if times > 1]
        msg = f"stands twice in one object: {', '.join(twins)[:200]}"
        raise BrokenJson(msg)
    return found
