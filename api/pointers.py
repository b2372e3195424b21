"""JSON pointers (RFC 6901) into a body: what stands there, and where something stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


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
