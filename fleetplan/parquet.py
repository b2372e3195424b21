"""Read Parquet: whole, or some columns in pieces. DuckDB does it, imported when a file is read; nothing is fetched for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def columns_of(path: Path) -> list[str]:
    """Return the names of a file's columns; OSError and ValueError as :func:`read_parquet`."""
    with _opened(path) as connection:
        return [
            str(row[0]) for row in connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        ]


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a whole file.

    Raises
    ------
    OSError
        If it is not there.
    ValueError
        If it is no Parquet, with what is wrong in a line.
    """
    with _opened(path) as connection:
        frame: pd.DataFrame = connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).df()
        return frame


def pieces(path: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield some columns of a file in pieces of some thousands of rows, in the file's order; errors as :func:`read_parquet`."""
    named = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    with _opened(path) as connection:
        found = connection.execute(f"SELECT {named} FROM read_parquet(?)", [str(path)])  # noqa: S608 - quoted above
        while len(piece := found.fetch_df_chunk(50)):
            yield piece


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import duckdb  # noqa: PLC0415 - a second, and needed here only

    with path.open("rb"):
        pass  # what is not there, or may not be read, is told by the system's own error
    connection = duckdb.connect(":memory:", config=OFFLINE)
    try:
        connection.execute("SET enable_progress_bar = false")  # it would draw one on our output
        yield connection
    except duckdb.Error as error:
        raise ValueError((str(error).splitlines() or [type(error).__name__])[0]) from error
    finally:
        connection.close()
