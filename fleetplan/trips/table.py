"""Tables of trips, read in pieces: CSV, also compressed, or Parquet; a file of any length takes the memory of a piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from fleetplan import parquet
from fleetplan.errors import Fault, InputError

PIECE = 500_000
MOST_LINE = 200
SEPARATORS = (";", "\t", "|")


def columns_of(path: Path) -> list[str]:
    """Return the names of a table's columns.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        if _is_parquet(path):
            return parquet.columns_of(path)
        head = pd.read_csv(path, dtype=str, encoding="utf-8-sig", nrows=0)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (ValueError, UnicodeDecodeError, EOFError) as error:
        raise _unreadable(path, str(error)) from error
    names = [str(name) for name in head.columns]
    others = [sign for sign in SEPARATORS if len(names) == 1 and sign in names[0]]
    if others:
        what = f"the separator is {others[0]!r}"
        raise InputError([Fault(str(path), what, "a comma", "save it with commas between columns")])
    return names


def pieces(path: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield some columns of a table in pieces, as text from CSV, typed from Parquet; InputError where it breaks off."""
    try:
        if _is_parquet(path):
            yield from parquet.pieces(path, columns)
            return
        reader = pd.read_csv(
            path, usecols=list(columns), dtype=str, encoding="utf-8-sig", chunksize=PIECE, keep_default_na=False
        )
        with reader:
            for piece in reader:
                yield piece[list(columns)]
    except (ValueError, UnicodeDecodeError, EOFError, OSError) as error:
        raise _unreadable(path, str(error)) from error


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _unreadable(path: Path, said: str) -> InputError:
    line = (said.splitlines() or ["it is empty"])[0][:MOST_LINE]
    return InputError([Fault(str(path), f"the table cannot be read: {line}", "CSV or Parquet", "export it again")])
