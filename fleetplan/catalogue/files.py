"""Read the files of the catalogue, and remember their bytes for the digest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleetplan.catalogue.tables import FaultLog, Row, Table


class Files:
    """The files below a catalogue's root, each read once."""

    def __init__(self, root: Path, faults: FaultLog) -> None:
        self.root = root
        self.faults = faults
        self._bytes: dict[str, bytes] = {}

    def where(self, path: str) -> str:
        """Return a file as a person would name it."""
        return f"{self.root.name}/{path}"

    def has(self, path: str) -> bool:
        """Return whether a file that may be left out is there."""
        return (self.root / path).exists()

    def text(self, path: str) -> str | None:
        """Return the text of a file, or nothing after noting why it cannot be read."""
        try:
            self._bytes[path] = (self.root / path).read_bytes()
            return self._bytes[path].decode("utf-8-sig")
        except FileNotFoundError:
            self.faults.add(
                self.where(path), "the file is missing", remedy="add it; cities/README.md says what it holds"
            )
        except UnicodeDecodeError as error:
            self.faults.add(
                self.where(path), f"the file is not UTF-8: {error}", allowed="UTF-8", remedy="save it as UTF-8"
            )
        except OSError as error:
            self.faults.add(
                self.where(path), f"the file cannot be read: {error.strerror}", remedy="check its permissions"
            )
        return None

    def content(self, path: str) -> bytes | None:
        """Return the bytes of a file, or nothing after noting why it cannot be read."""
        try:
            self._bytes[path] = (self.root / path).read_bytes()
        except OSError as error:
            what = f"the file cannot be read: {error.strerror}"
            self.faults.add(self.where(path), what, remedy="add it; cities/README.md says what it holds")
            return None
        return self._bytes[path]

    def toml(self, path: str) -> Table | None:
        """Return the root table of a TOML file."""
        text = self.text(path)
        try:
            return None if text is None else Table(tomllib.loads(text), self.where(path), self.faults)
        except tomllib.TOMLDecodeError as error:
            self.faults.add(self.where(path), f"the file is not TOML: {error}", allowed="TOML", remedy="mend that line")
        return None

    def rows(self, path: str, columns: Sequence[str], *, further: bool = False) -> list[Row]:
        """Return the rows of a CSV file with these columns; ``further`` allows more. Rows go by their first column."""
        text = self.text(path)
        if text is None:
            return []
        reader = csv.DictReader(io.StringIO(text), strict=True)
        try:
            found = list(reader.fieldnames or ())
            self._check_header(path, found, columns, further=further)
            return [self._row(path, reader.line_num, row, columns[0]) for row in reader]
        except csv.Error as error:
            self.faults.add(self.where(path), f"line {reader.line_num} is not CSV: {error}", remedy="mend its quotes")
        return []

    def _check_header(self, path: str, found: Sequence[str], columns: Sequence[str], *, further: bool) -> None:
        allowed = ", ".join(columns)
        for column in columns:
            if column not in found:
                self.faults.add(self.where(path), f"the column {column} is missing", allowed=allowed, remedy="add it")
        for column in dict.fromkeys(found):
            if column not in columns and not further:
                self.faults.add(
                    self.where(path), f"the column {column!r} is unknown", allowed=allowed, remedy="remove it"
                )
            if found.count(column) > 1:
                self.faults.add(
                    self.where(path), f"the column {column!r} stands twice", allowed=allowed, remedy="remove one"
                )

    def _row(self, path: str, line: int, cells: dict[str | Any, str | Any], label: str) -> Row:
        row = Row(cells, self.where(path), self.faults, f"line {line} ({cells.get(label)})")
        if None in cells or None in cells.values():
            row.fault(
                "", "the row has not as many cells as the header", "one cell a column", "quote cells that hold commas"
            )
        return Row({key: value for key, value in cells.items() if key is not None}, row.where, self.faults, row.path)

    def features(self, path: str) -> dict[str, Any] | None:
        """Return a GeoJSON feature collection as plain data."""
        text = self.text(path)
        if text is None:
            return None
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            self.faults.add(
                self.where(path), f"the file is not JSON: {error}", allowed="GeoJSON", remedy="mend that line"
            )
            return None
        if (
            isinstance(data, dict)
            and data.get("type") == "FeatureCollection"
            and isinstance(data.get("features"), list)
        ):
            return data
        self.faults.add(self.where(path), "the file is not a GeoJSON FeatureCollection", allowed="a FeatureCollection")
        return None

    def digest(self, folder: str = "") -> str:
        """Return the SHA-256 over the sorted paths and bytes of every file read below a folder."""
        total = hashlib.sha256()
        for path in sorted(self._bytes):
            if path.startswith(folder):
                total.update(f"{path}\0{len(self._bytes[path])}\0".encode())
                total.update(self._bytes[path])
        return total.hexdigest()
