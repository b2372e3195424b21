"""Read a request from a file: YAML or JSON in UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

from fleetplan.errors import Fault, RequestError
from fleetplan.request.model import PlanRequest
from fleetplan.request.parse import parse_request
from fleetplan.request.text import read_text

_AS_TEXT = ("text in UTF-8", "save the file as UTF-8")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_request(path: Path) -> PlanRequest:
    """Read a request from a YAML or JSON file, or raise :class:`RequestError` with every fault of its fields."""
    return parse_request(read_data(path))


def read_data(path: Path) -> dict[str, Any]:
    """Return what a YAML or JSON file holds, as plain data.

    Raises
    ------
    RequestError
        When it cannot be read, with what and the place in the text; or when it holds no fields at all.
    """
    reading = read_text(_text(path), "json" if path.suffix == ".json" else "yaml")
    if reading.faults:
        raise RequestError(
            Fault(f"{path}, line {f.line}, column {f.column}", f.message, remedy=f.remedy) for f in reading.faults
        )
    if not isinstance(reading.data, dict):
        allowed = "fields with values, for example name: first"
        raise RequestError([Fault(str(path), "holds no request", allowed, "start from one of examples/")])
    return reading.data


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RequestError(
            [Fault(str(path), f"cannot be read: {error.strerror}", remedy="give a readable file")]
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = "is UTF-16" if raw.startswith(_WIDE) else f"byte {error.start} is not UTF-8"
        fault = Fault(f"{path}, line {line}", what, *_AS_TEXT)
        raise RequestError([fault]) from error
    if "\x00" in text:
        fault = Fault(str(path), "holds NUL: it is UTF-16 or no text", *_AS_TEXT)
        raise RequestError([fault])
    return text
