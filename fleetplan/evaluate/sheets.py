"""Tables that people bring: CSV and the first sheets of an XLSX workbook, as rows of text by column.

A workbook is a ZIP of XML files; what is read of it is the text of cells, in the order of rows. Nothing is computed: a formula
counts by the value that was stored with it, and without one it is a fault. Files are strangers' files: what is read of one is
bounded before it is read, and none may hold macros or declare a document type.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from xml.etree import ElementTree as ET

from fleetplan.errors import Fault, InputError

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MOST_BYTES = 20_000_000
MOST_UNPACKED = 60_000_000
MOST_ROWS, MOST_COLUMNS = 20_000, 200
HEAD_BYTES = 4096
"""Where a document type would have to stand: before the first element."""
ZIPPED, COMPOUND = b"PK", bytes.fromhex("d0cf11e0a1b11ae1")
"""How workbooks begin: XLSX; XLS, and XLSX under a password."""
SHOWN = 60

TABLE = "names of columns in the first row, and a row for each thing said below it"

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
    if fault := _no_table(data, where):
        raise InputError([fault])
    lines = _workbook(data, where, wanted) if data.startswith(ZIPPED) else _csv(data, where)
    head, *rest = lines or [[]]
    names = [name.strip().lower() for name in head]
    if not any(names):
        raise InputError([Fault(where, "has no first row with names of columns", TABLE, "name them in the first row")])
    if not any(cell.strip() for row in rest for cell in row):
        reads = ", ".join(head)
        reads = reads if len(reads) <= SHOWN else f"{reads[:SHOWN]}…"
        raise InputError([Fault(where, f"holds no row below its first one, which reads {reads!r}", TABLE)])
    if len(rest) > MOST_ROWS:
        raise InputError([Fault(where, f"has more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,}")])
    return [
        dict(zip(names, [*row, *[""] * len(names)], strict=False)) for row in rest if any(cell.strip() for cell in row)
    ]


def _no_table(data: bytes, where: str) -> Fault | None:
    """Return why nothing in a file can be a table, as far as its beginning and its name say so."""
    if not data.strip():
        return Fault(where, "is empty", TABLE, "write the table, or name another file")
    if data.startswith(COMPOUND):
        what = "is a workbook of the older form (XLS), or one under a password"
        return Fault(where, what, "XLSX without a password, or CSV", "save it as XLSX or CSV again")
    if where.lower().endswith((".xlsx", ".xlsm")) and not data.startswith(ZIPPED):
        what = "is no workbook, though it is called one"
        return Fault(where, what, "XLSX, or CSV under a name that ends in .csv", "save it as XLSX, or call it .csv")
    return None


def _csv(data: bytes, where: str) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError([Fault(where, "is no text in UTF-8, no workbook and no plan.json")]) from error
    first = text.partition("\n")[0]
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
        return [row[:MOST_COLUMNS] for row in islice(rows, MOST_ROWS + 2)]
    except csv.Error as error:
        raise InputError([Fault(where, f"cannot be read as a table: {error}", "CSV in UTF-8")]) from error


def _workbook(data: bytes, where: str, wanted: str) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            if sum(part.file_size for part in book.infolist()) > MOST_UNPACKED:
                raise InputError([Fault(where, "is too large once it is unpacked", remedy="leave out other sheets")])
            if any(name.lower().endswith(("vbaproject.bin", ".xlm")) for name in book.namelist()):
                raise InputError([Fault(where, "holds macros", "XLSX without macros", "save it as XLSX or CSV")])
            shared = list(_shared(book))
            rows = _elements(book, _sheet(book, wanted), "row")
            return [list(_cells(row, shared)) for row in islice(rows, MOST_ROWS + 2)]
    except _Uncomputed as error:
        what = f"holds a formula in {error} whose value is not stored"
        raise InputError([Fault(where, what, "numbers and text", "open it, save it, and send it again")]) from error
    except (
        *(zipfile.BadZipFile, KeyError, IndexError, ValueError, ET.ParseError),
        *(NotImplementedError, RuntimeError, zlib.error, EOFError, OSError),
    ) as error:  # encrypted, compressed otherwise, cut off: whatever is no workbook
        raise InputError(
            [Fault(where, "cannot be read as a workbook", "XLSX", "save it as XLSX or CSV again")]
        ) from error


class _Uncomputed(Exception):
    """A formula without a value, in the cell that it names."""


def _part(book: zipfile.ZipFile, name: str) -> bytes:
    """Return a part; none that a spreadsheet program writes declares a document type, and with one come entities."""
    text = book.read(name)
    if b"<!DOCTYPE" in text[:HEAD_BYTES].replace(b"\0", b"") or b"<!ENTITY" in text:
        raise ValueError(name)
    return text


def _elements(book: zipfile.ZipFile, name: str, tag: str) -> Iterator[ET.Element]:
    """Yield the elements of one name in a part, each forgotten once the next is asked for."""
    parts = ET.iterparse(io.BytesIO(_part(book, name)), ("end",))  # noqa: S314  # no document type, bounded
    for _, element in parts:
        if element.tag == f"{MAIN}{tag}":
            yield element
            element.clear()


def _tree(book: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(_part(book, name))  # noqa: S314  # no document type, bounded


def _shared(book: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" in book.namelist():
        for item in _elements(book, "xl/sharedStrings.xml", "si"):
            yield "".join(text.text or "" for text in item.iter(f"{MAIN}t"))


def _sheet(book: zipfile.ZipFile, wanted: str) -> str:
    """Return the file of the sheet that is wanted, or of the first one."""
    sheets = {s.get("name", ""): s.get(f"{LINKS}id") for s in _tree(book, "xl/workbook.xml").iter(f"{MAIN}sheet")}
    link = sheets.get(wanted, next(iter(sheets.values()), None))
    for relation in _tree(book, "xl/_rels/workbook.xml.rels"):
        if link is not None and relation.get("Id") == link:
            target = relation.get("Target", "")
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(link)


def _cells(row: ET.Element, shared: Sequence[str]) -> Iterator[str]:
    """Yield the cells of a row from the first column on; what is left out is empty."""
    at = 0
    for cell in row.iter(f"{MAIN}c"):
        column = _column(cell.get("r", ""), at)
        if column >= MOST_COLUMNS:
            return
        yield from [""] * (column - at)
        at = column + 1
        value = cell.find(f"{MAIN}v")
        text = "" if value is None else value.text or ""
        if not text and cell.find(f"{MAIN}f") is not None and cell.get("t") != "str":
            raise _Uncomputed(cell.get("r") or "a cell")
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
