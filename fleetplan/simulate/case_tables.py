"""Tables of an outside case: found by name, read whole, columns under any of their usual names, every fault collected.

Pandas is imported when a case is read.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fleetplan.errors import Fault
from fleetplan.simulate.layout import Array

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".npz")
SHOWN = 5
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "request_id", "vehicle_id", "station_id", "node_id", "node_index", "node"),
    "time_s": ("time_s", "rq_time", "departure_time", "time"),
    "origin": ("origin", "origin_node", "start", "from_node"),
    "destination": ("destination", "destination_node", "end", "to_node"),
    "origin_lat": ("origin_lat", "o_lat", "pickup_lat"),
    "origin_lon": ("origin_lon", "o_lon", "pickup_lon"),
    "destination_lat": ("destination_lat", "d_lat", "dropoff_lat"),
    "destination_lon": ("destination_lon", "d_lon", "dropoff_lon"),
    "node": ("node", "node_index", "start_node"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "longitude"),
    "x_m": ("x_m", "pos_x", "x"),
    "y_m": ("y_m", "pos_y", "y"),
    "from": ("from", "from_node", "u"),
    "to": ("to", "to_node", "v"),
    "travel_time_s": ("travel_time_s", "travel_time", "seconds"),
    "distance_m": ("distance_m", "distance", "length", "metres"),
    "plugs": ("plugs", "charger_count", "charging_units"),
    "kw": ("kw", "power_kw"),
}
"""Column names that are understood, ours first; the others are those of HIVE, FleetPy and MATSim's writers."""


@dataclass(eq=False)
class Faults:
    """Collects faults; of rows with the same fault the first few are named and all are counted."""

    found: list[Fault] = field(default_factory=list)

    def add(self, where: str, what: str, allowed: str = "", remedy: str = "") -> None:
        """Add one fault."""
        self.found.append(Fault(where, what, allowed, remedy))

    def rows(self, table: Table, wrong: NDArray[np.bool_], what: str, allowed: str = "", remedy: str = "") -> None:
        """Add one fault for all rows of a table that are wrong, if any is."""
        at = np.flatnonzero(wrong)
        if len(at):
            named = ", ".join(table.row_name(int(i)) for i in at[:SHOWN])
            more = f" and {len(at) - SHOWN} more" if len(at) > SHOWN else ""
            self.add(f"{table.name}: {'row' if len(at) == 1 else 'rows'} {named}{more}", what, allowed, remedy)


@dataclass(frozen=True, eq=False)
class Table:
    """A table as read; ``name`` is its file."""

    name: str
    columns: dict[str, Any]
    length: int

    def row_name(self, row: int) -> str:
        """Return how a row is named to a person: its line in the file, with its id where it has one."""
        own = self.get("id")
        line = str(row + 2) if ".csv" in self.name else str(row)
        return f"{line} ({own[row]})" if own is not None else line

    def get(self, column: str) -> Any | None:
        """Return a column under any of its names, None if it has none of them."""
        return next((self.columns[name] for name in ALIASES[column] if name in self.columns), None)

    def has(self, *columns: str) -> bool:
        """Return whether all these columns are there."""
        return all(self.get(column) is not None for column in columns)

    def numbers(self, column: str, faults: Faults, *, least: float = -np.inf, most: float = np.inf) -> Array:
        """Return a column as numbers; what is none, or lies outside, is a fault and becomes nan."""
        import pandas as pd

        given = self.get(column)
        if given is None:
            names = " or ".join(ALIASES[column])
            faults.add(
                self.name, f"no column {column}", f"a column named {names}", "add it, or rename the one that holds it"
            )
            return np.full(self.length, np.nan)
        values = pd.to_numeric(pd.Series(given), errors="coerce").to_numpy(float)
        wrong = ~np.isfinite(values) | (values < least) | (values > most)
        if wrong.any():
            bad = ", ".join(str(pd.Series(given).iloc[i]) for i in np.flatnonzero(wrong)[:3])
            faults.rows(self, wrong, f"{column} is {bad}", _range(least, most), "mend these rows or leave them out")
        return np.where(wrong, np.nan, values)

    def texts(self, column: str) -> NDArray[Any] | None:
        """Return a column as texts, None if it is not there; whole numbers are written without a point."""
        import pandas as pd

        given = self.get(column)
        if given is None:
            return None
        series = pd.Series(given)
        if pd.api.types.is_float_dtype(series) and (series.dropna() % 1 == 0).all():
            series = series.astype("Int64")
        return series.astype(str).to_numpy(object)


def _range(least: float, most: float) -> str:
    if np.isfinite(least) and np.isfinite(most):
        return f"a number from {least:g} to {most:g}"
    return f"a number of at least {least:g}" if np.isfinite(least) else "a number"


def read_table(folder: Path, name: str, faults: Faults, *, needed: bool = True) -> Table | None:
    """Return a table of a case by its name without an ending; None where it is missing or cannot be read."""
    files = [folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()]
    if not files:
        if needed:
            allowed = " or ".join(f"{name}{suffix}" for suffix in SUFFIXES)
            faults.add(str(folder / name), "no such table", allowed, "see docs/simulation.md for what it holds")
        return None
    if len(files) > 1:
        both = " and ".join(file.name for file in files)
        faults.add(str(folder), f"{both} are both there", "one of them", "take the other one away")
    return _read(files[0], faults)


def _read(file: Path, faults: Faults) -> Table | None:
    import pandas as pd

    from fleetplan.parquet import read_parquet

    readers: dict[str, Callable[[Path], Any]] = {".parquet": read_parquet, ".npz": _arrays}
    try:
        frame = readers.get(file.suffix, pd.read_csv)(file)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        faults.add(str(file), f"cannot be read: {error}", "a table with a line of column names", "write it anew")
        return None
    return Table(file.name, {str(column).strip(): frame[column] for column in frame.columns}, len(frame))


def _arrays(file: Path) -> Any:
    """Return the arrays of an NPZ as a table, a column each; ValueError where they are none."""
    import pandas as pd

    try:
        with np.load(file, allow_pickle=False) as held:
            columns = {name: held[name] for name in held.files}
    except (EOFError, BadZipFile) as error:
        raise ValueError(str(error)) from error
    shapes = {name: array.shape for name, array in columns.items()}
    if not shapes or any(len(shape) != 1 for shape in shapes.values()) or len(set(shapes.values())) > 1:
        msg = f"its arrays are {shapes}: a table has one for each column, all of one length"
        raise ValueError(msg)
    return pd.DataFrame(columns)


def check_ids(table: Table, faults: Faults) -> None:
    """Report ids that stand more than once."""
    import pandas as pd

    own = table.texts("id")
    if own is not None:
        twice = pd.Series(own).duplicated().to_numpy(bool)
        faults.rows(table, twice, "the id stands above already", "every id once", "give each row an id of its own")


def seconds_of(table: Table, faults: Faults) -> Array:
    """Return request times in seconds: numbers, clock times ``hh:mm:ss``, or dates with times from the first midnight on."""
    import pandas as pd

    given = table.get("time_s")
    if given is None or pd.api.types.is_numeric_dtype(given):
        return table.numbers("time_s", faults, least=0.0)
    texts = pd.Series(given).astype(str).str.strip()
    clock = pd.to_timedelta(texts.where(texts.str.count(":") == 2), errors="coerce")
    if clock.notna().all():
        return np.asarray(clock.dt.total_seconds(), float)
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.notna().mean() > 0.5:
        return table.numbers("time_s", faults, least=0.0)
    stamps = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    wrong = stamps.isna().to_numpy(bool)
    faults.rows(table, wrong, "the time cannot be read", "seconds, hh:mm:ss or 2026-05-01T08:30:00", "mend these rows")
    first = stamps.min().normalize() if not wrong.all() else stamps.min()
    return np.asarray((stamps - first).dt.total_seconds(), float)


def unknown(names: Iterable[Any], known: dict[str, int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the number of each name, and which names are not known (those have -1)."""
    numbers = np.array([known.get(str(name), -1) for name in names], np.int64)
    return numbers, numbers < 0
