"""JSON pointers (RFC 6901) into a body: what stands there, where something stands, and how a value is shown in short."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

LONGEST_VALUE = 200


def value_at(body: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer, None when nothing does.

    >>> value_at({"a": [{"b": 7}]}, "/a/0/b")
    7
    """
    for part in pointer.split("/")[1:]:
        body = _step(body, part.replace("~1", "/").replace("~0", "~"))
    return body


def _step(body: Any, key: str) -> Any:
    if isinstance(body, dict):
        return body.get(key)
    if isinstance(body, list) and key.isdecimal() and int(key) < len(body):
        return body[int(key)]
    return None


def pointer_of(location: Sequence[int | str], body: Any) -> str:
    """Return the JSON pointer of a pydantic location; names of union members, which no body holds, are left out.

    >>> pointer_of(("constraints", 0, "launch_by", "month"), {"constraints": [{"month": 1}]})
    '/constraints/0/month'
    """
    parts = []
    for number, part in enumerate(location):
        last = number == len(location) - 1
        inside = isinstance(body, list) if isinstance(part, int) else isinstance(body, dict) and part in body
        if inside:
            body = _step(body, str(part))
        elif not (last and isinstance(body, dict)):
            continue
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)


def shortened(value: Any) -> Any:
    """Return a value fit for an answer: scalars and short JSON as they are, anything else as the head of its text.

    >>> shortened(float("nan"))
    'nan'
    """
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 2**53 else str(value)[:LONGEST_VALUE]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = value if isinstance(value, str) else _as_json(value)
    if len(text) > LONGEST_VALUE:
        return f"{text[:LONGEST_VALUE]}…"
    return value if isinstance(value, str | dict | list) else text


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__
