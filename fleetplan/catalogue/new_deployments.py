"""The rows of deployments.csv that a new city can begin with.

A row says what follows from the catalogue: a rival's stack is a rival, every other one has no deal. What the law says of a stack
in a city that nobody has looked into is a condition yet to be judged, so the row is ``conditional``, ``assumed`` and names
itself as a default. Only a request that admits such a deployment by name plans with it.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from fleetplan.catalogue import schema
from fleetplan.errors import Fault, InputError

DEFAULT_MARK: Final = "template default"
"""What a source says of a part of its row that ``fleetplan cities new`` wrote."""

DEFAULT_SOURCE: Final = f"{DEFAULT_MARK}, replace"
"""The source of every figure and row that ``fleetplan cities new`` wrote and nobody has replaced."""

_FILE: Final = "deployments.csv"
_DEFAULT_ROW: Final = {
    "permitted": "conditional",
    "reason": "not looked into yet: does the law of this city bar this stack?",
    "deal_note": "no plan known",
    "earliest_announced": "",
    "source": DEFAULT_SOURCE,
    "confidence": "assumed",
}


def with_new_rows(catalogue: Path, city: str) -> str:
    """Return the text of deployments.csv with a row for every stack that has none in a city yet; nothing is written.

    Raises
    ------
    InputError
        When the table or a stack cannot be read as it stands.
    """
    path = catalogue / _FILE
    text = _text(path)
    columns, present = _read(path, text)
    break_ = "\r\n" if "\r\n" in text else "\n"
    rows = [
        {"stack": stack, "city": city, "deal": "rival" if rival else "none", **_DEFAULT_ROW}
        for stack, rival in _stacks(catalogue)
        if (stack, city) not in present
    ]
    return _lines(text, columns, break_) + _written(rows, columns, break_)


def _text(path: Path) -> str:
    """Return the table's text with its own line breaks; empty where there is no table."""
    if not path.exists():
        return ""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _error(path, f"the file cannot be read: {error}", "UTF-8 text", "save it as UTF-8") from error


def _read(path: Path, text: str) -> tuple[Sequence[str], set[tuple[str, str]]]:
    """Return the columns in the table's order and the (stack, city) pairs that have a row."""
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = reader.fieldnames or schema.DEPLOYMENTS
        pairs = {(str(row.get("stack")).strip(), str(row.get("city")).strip()) for row in reader}
    except csv.Error as error:
        raise _error(path, f"the file is not CSV: {error}", "CSV", "mend its quotes") from error
    if sorted(columns) != sorted(schema.DEPLOYMENTS):
        what = f"the columns are {', '.join(columns)}"
        raise _error(path, what, ", ".join(schema.DEPLOYMENTS), "mend the header")
    return columns, pairs


def _stacks(catalogue: Path) -> Iterator[tuple[str, bool]]:
    """Yield each stack by slug and whether it is a rival's."""
    for path in sorted((catalogue / "partners").glob("*.toml")):
        try:
            head = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("stack", {})
        except (OSError, ValueError) as error:
            raise _error(path, f"the file cannot be read: {error}", "TOML", "mend it first") from error
        yield path.stem, isinstance(head, dict) and head.get("rival") is True


def _lines(text: str, columns: Sequence[str], break_: str) -> str:
    if not text:
        return ",".join(columns) + break_
    return text if text.endswith("\n") else text + break_


def _written(rows: list[dict[str, str]], columns: Sequence[str], break_: str) -> str:
    text = io.StringIO()
    csv.DictWriter(text, columns, lineterminator=break_).writerows(rows)
    return text.getvalue()


def _error(path: Path, what: str, allowed: str, remedy: str) -> InputError:
    return InputError([Fault(str(path), what, allowed, remedy)])
