"""Tables that people bring: CSV and the first sheets of an XLSX workbook, as rows of text by column.

A workbook is a ZIP of XML files; what is read of it is the text of cells, in the order of rows. Formulas count by the value that
was stored with them.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from fleetplan.errors import Fault, InputError

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
Rows = list[dict[str, str]]


def rows_of(data: bytes, where: str, wanted: str = "fleets") -> Rows:
    """Return the rows of a table by the names in its first row; of a workbook the sheet ``wanted``, or else the first one.

    Raises
    ------
    InputError
        Where it is no table.
    """
    if len(data) > MOST_BYTES:
        raise InputError(
            [Fault(where, f"has {len(data):,} bytes", f"at most {MOST_BYTES:,}", "leave out other sheets")]
        )
    lines = _workbook(data, where, wanted) if data[:2] == b"PK" else _csv(data, where)
    head, *rest = lines or [[]]
    names = [name.strip().lower() for name in head]
    if not any(names):
        raise InputError(
            [Fault(where, "has no first row with names of columns", remedy="write city,stack,period,vehicles")]
        )
    if len(rest) > MOST_ROWS:
        raise InputError([Fault(where, f"has {len(rest):,} rows", f"at most {MOST_ROWS:,}")])
    return [
        dict(zip(names, [*row, *[""] * len(names)], strict=False)) for row in rest if any(cell.strip() for cell in row)
    ]


def _csv(data: bytes, where: str) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError([Fault(where, "is no text in UTF-8, no workbook and no plan.json")]) from error
    first = text.partition("\n")[0]
    return list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count)))


def _workbook(data: bytes, where: str, wanted: str) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            if sum(part.file_size for part in book.infolist()) > 10 * MOST_BYTES:
                raise InputError([Fault(where, "is too large once it is unpacked", remedy="leave out other sheets")])
            shared = list(_shared(book))
            return [list(_cells(row, shared)) for row in _part(book, _sheet(book, wanted)).iter(f"{MAIN}row")]
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, ET.ParseError) as error:
        raise InputError(
            [Fault(where, "cannot be read as a workbook", "XLSX", "save it as XLSX or CSV again")]
        ) from error


def _part(book: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(book.read(name))  # noqa: S314  # expat bounds what entities grow to; size is bounded above


def _shared(book: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" in book.namelist():
        for item in _part(book, "xl/sharedStrings.xml").iter(f"{MAIN}si"):
            yield "".join(text.text or "" for text in item.iter(f"{MAIN}t"))


def _sheet(book: zipfile.ZipFile, wanted: str) -> str:
    """Return the file of the sheet that is wanted, or of the first one."""
    sheets = {s.get("name", ""): s.get(f"{LINKS}id") for s in _part(book, "xl/workbook.xml").iter(f"{MAIN}sheet")}
    link = sheets.get(wanted, next(iter(sheets.values())))
    for relation in _part(book, "xl/_rels/workbook.xml.rels"):
        if relation.get("Id") == link:
            target = relation.get("Target", "")
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(link)


def _cells(row: ET.Element, shared: Sequence[str]) -> Iterator[str]:
    """Yield the cells of a row from the first column on; what is left out is empty."""
    at = 0
    for cell in row.iter(f"{MAIN}c"):
        column = _column(cell.get("r", ""), at)
        yield from [""] * (column - at)
        at = column + 1
        value = cell.find(f"{MAIN}v")
        text = "" if value is None else value.text or ""
        if cell.get("t") == "s":
            text = shared[int(text)]
        elif cell.get("t") == "inlineStr":
            text = "".join(t.text or "" for t in cell.iter(f"{MAIN}t"))
        yield text


def _column(reference: str, otherwise: int) -> int:
    """Return the column of a cell's reference, from 0.

    >>> _column("A7", 3), _column("AB12", 0), _column("", 3)
    (0, 27, 3)
    """
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = 26 * number + ord(letter.upper()) - ord("A") + 1
    return number - 1 if number else otherwise
