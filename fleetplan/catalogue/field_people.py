"""Read people from the field: a column of the district file, a table of H3 cells, each cell counted once, or one of districts."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetplan.catalogue.field_numbers import AMBIGUOUS, read_numbers
from fleetplan.catalogue.field_polygons import MOST_PEOPLE_KM2, NAME_COLUMNS, areas_km2, column_of, fault, shortened
from fleetplan.errors import Fault, InputError, near_misses
from fleetplan.parquet import read_parquet

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_PEOPLE: Final = 1e8
_POPULATION: Final = "population"
_COLUMNS: Final = ("h3", _POPULATION)
_AS_TEXT: Final = "H3 indexes as hexadecimal text, like 881f838005fffff"
_NUMBER: Final = "a number of people from 0"
_FEW: Final = 5
_HEX: Final = re.compile(r"[0-9a-fA-F]{15,16}")


def people_by(path: Path, frame: gpd.GeoDataFrame, names: Sequence[str]) -> tuple[list[float], list[str]]:
    """Return the people of each district by a table of H3 cells or of districts, and what a person should be told.

    Raises
    ------
    InputError
        When it cannot be read, with every row that is none, or with what of it and of the districts does not fit together.
    """
    table = _table(path)
    table = table.rename(columns={column: str(column).strip().lower() for column in table.columns})
    if "h3" not in table.columns and table.index.name == "h3":
        table = table.reset_index()
    named = column_of(table, NAME_COLUMNS)
    if "h3" not in table.columns and named is not None and _POPULATION in table.columns:
        return _of_districts(path, table[named].tolist(), table[_POPULATION].tolist(), names), []
    if missing := [column for column in _COLUMNS if column not in table.columns]:
        raise _missing(path, table, missing)
    found, told = _in_districts(path, frame, _cells(path, table))
    return [float(number) for number in found], told


def spread(total: int, areas: Sequence[float]) -> list[float]:
    """Return a city's people laid out evenly over its districts' areas, in whole numbers that add up to them.

    >>> spread(10, [1.0, 1.0, 1.0])
    [4.0, 3.0, 3.0]
    """
    exact = [total * area / math.fsum(areas) for area in areas]
    whole = [math.floor(number) for number in exact]
    by_rest = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_rest[: total - sum(whole)]:
        whole[i] += 1
    return [float(number) for number in whole]


def _of_districts(path: Path, given: Sequence[Any], numbers: Sequence[Any], names: Sequence[str]) -> list[float]:
    """Return the people of each district by a table with a row for each, whatever its letters' case and order."""
    labels = ["" if value is None or value != value else str(value) for value in given]  # noqa: PLR0124 - NaN alone differs
    people = numbers_of(path, numbers, labels, _POPULATION, "row", first=2)
    rows: dict[str, int] = {}
    faults = []
    known = {_key(name): name for name in names}
    if not known.keys() & {_key(label) for label in labels}:
        what = f"none of its names is a district's: it has {_few(labels)}"
        remedy = "name the column of the districts' names, or write them as the polygons have them"
        raise fault(str(path), what, _few(names), remedy)
    for i, label in enumerate(labels):
        where = f"{path}: row {i + 2}"
        if _key(label) not in known:
            remedy = near_misses(label, names) or "write the district's name as the polygons have it, or remove the row"
            faults.append(Fault(where, f"no district is called {label!r}", _few(names), remedy))
        elif rows.setdefault(_key(label), i) != i:
            what = f"{label!r} stands twice, first in row {rows[_key(label)] + 2}"
            faults.append(Fault(where, what, "each district once", "remove one of the rows, or add them up"))
    if without := [name for key, name in known.items() if key not in rows]:
        what, remedy = f"has no row for {_few(without)}", "add it, with 0 if nobody lives there"
        faults.append(Fault(str(path), what, "a row for every district", remedy))
    if faults:
        raise InputError(shortened(faults, str(path)))
    return [people[rows[_key(name)]] for name in names]


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_FEW]) + (" and others" if len(names) > _FEW else "")


def _cells(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of H3 cells with people: ``h3`` as text in small letters, ``population`` as a number."""
    import pandas as pd  # noqa: PLC0415 - heavy, and needed here only

    if table.empty:
        raise fault(str(path), "the table has no rows", "a row a cell", "export the table again")
    cells = [_cell(value) for value in table["h3"]]
    people, wrong = read_numbers(table["population"].tolist())
    if faults := list(_row_faults(path, table["h3"].tolist(), cells, people, wrong)):
        raise InputError(shortened(faults, str(path)))
    if nested := _nested(cells):
        what = f"the cell {nested[0]} lies in the cell {nested[1]}, which is in the table too: its people count twice"
        raise fault(str(path), what, "cells beside each other", "keep the cells of one resolution")
    return pd.DataFrame({"h3": cells, "population": people})


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy, and needed here only

    try:
        if path.suffix.lower() == ".parquet":
            return read_parquet(path)
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig", skipinitialspace=True)
    except UnicodeDecodeError as error:
        raise fault(str(path), "its text is not UTF-8", "a table in UTF-8", "save the table in UTF-8") from error
    except pd.errors.EmptyDataError as error:
        raise fault(str(path), "the file is empty", "columns h3 and population", "export the table again") from error
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise fault(str(path), what, "CSV or Parquet", "check the path") from error
    except Exception as error:  # readers of compressed and columnar files raise what they please
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise fault(
            str(path), f"the file cannot be read: {said}", "CSV or Parquet", "export the table again"
        ) from error


def _missing(path: Path, table: pd.DataFrame, missing: Sequence[str]) -> InputError:
    header = str(table.columns[0]) if len(table.columns) == 1 else ""
    for sign, word in ((";", "a semicolon"), ("\t", "a tab"), ("|", "a bar")):
        if sign in header:
            remedy = "save it with commas between columns and points before decimals"
            return fault(str(path), f"the separator is {word} ({sign!r})", "a comma", remedy)
    has = ", ".join(str(column) for column in list(table.columns)[:10])
    return fault(
        str(path),
        f"the columns {list(missing)} are missing; it has {has}",
        "h3, population; or district, population",
        "rename the columns",
    )


def _cell(value: Any) -> str:
    """Return a cell's index as hexadecimal text; decimal whole numbers stand for the same index. Empty for nothing."""
    import h3  # noqa: PLC0415 - heavy, and needed here only

    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int) or (hasattr(value, "is_integer") and hasattr(value, "bit_length")):
        return str(h3.int_to_str(int(value))) if 0 <= int(value) < 2**64 else str(value)
    text = str(value).strip().lower()
    if re.fullmatch(r"\d{17,20}", text) and int(text) < 2**64:
        return str(h3.int_to_str(int(text)))
    return text


def _row_faults(
    path: Path, given: Sequence[Any], cells: Sequence[str], people: Sequence[float | None], wrong: dict[int, str]
) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for i, cell in enumerate(cells):
        where = f"{path}: row {i + 2}"
        if not cell:
            yield Fault(where, "has no h3 cell", _AS_TEXT, "write it, or remove the row")
            continue
        if not _valid(cell):
            lost = isinstance(given[i], float) or "e+" in cell or cell.endswith(".0")
            remedy = (
                "a spreadsheet or a float lost its last digits: export it as text" if lost else "mend or remove the row"
            )
            yield Fault(where, f"the h3 cell {cell!r} is not valid", _AS_TEXT, remedy)
        elif first.setdefault(cell, i) != i:
            what = f"the h3 cell {cell!r} stands twice, first in row {first[cell] + 2}"
            yield Fault(where, what, "each cell once", "remove one of the rows, or add them up")
        if fault_of := _people_fault(cell, people[i], wrong.get(i)):
            yield Fault(where, *fault_of)


def _people_fault(cell: str, people: float | None, wrong: str | None) -> tuple[str, str, str] | None:
    if wrong == AMBIGUOUS:
        what = f"the population of {cell!r} {AMBIGUOUS}"
        return what, _NUMBER, "write numbers without signs of thousands, with a point before decimals"
    if wrong is not None or people is None:
        return f"the population of {cell!r} is not a number of people: it {wrong}", _NUMBER, "mend or remove the row"
    if people < 0:
        what = f"the population of {cell!r} is not a number of people: {people:g} (a mark for no data?)"
        return what, _NUMBER, "write 0, or remove the row"
    if people > MOST_PEOPLE:
        return (
            f"the population of {cell!r} is not a number of people: {people:g}",
            f"{_NUMBER} to 1e8",
            "check the column",
        )
    return None


def _valid(cell: str) -> bool:
    import h3  # noqa: PLC0415 - heavy, and needed here only

    return bool(_HEX.fullmatch(cell)) and bool(h3.is_valid_cell(cell))


def _nested(cells: Sequence[str]) -> tuple[str, str] | None:
    """Return a cell and another of the table that holds it, where there are two."""
    import h3  # noqa: PLC0415 - heavy, and needed here only

    by_resolution: dict[int, set[str]] = {}
    for cell in cells:
        by_resolution.setdefault(h3.get_resolution(cell), set()).add(cell)
    for fine, members in by_resolution.items():
        for coarse in (r for r in by_resolution if r < fine):
            for cell in members:
                if (parent := h3.cell_to_parent(cell, coarse)) in by_resolution[coarse]:
                    return cell, parent
    return None


def _in_districts(path: Path, frame: gpd.GeoDataFrame, table: pd.DataFrame) -> tuple[NDArray[np.float64], list[str]]:
    """Return the people of each district, those of the cells whose centre it holds, and what a person should be told.

    Raises
    ------
    InputError
        When the cells are wider than the districts, so that who lives where cannot be told.
    """
    import h3  # noqa: PLC0415 - heavy, and needed here only
    import numpy as np  # noqa: PLC0415 - heavy, and needed here only
    import shapely  # noqa: PLC0415 - heavy, and needed here only

    coarsest = min(h3.get_resolution(cell) for cell in table["h3"])
    cell_km2, district_km2 = float(h3.average_hexagon_area(coarsest, unit="km^2")), float(np.median(areas_km2(frame)))
    if cell_km2 > district_km2:
        what = f"cells of resolution {coarsest} cover {cell_km2:,.0f} km², the districts {district_km2:,.1f} km² in the middle"
        raise fault(str(path), what, "cells smaller than the districts", "take a table of a finer resolution, 8 or 9")
    middles = np.array([h3.cell_to_latlng(cell) for cell in table["h3"]], dtype=float).reshape(-1, 2)
    tree = shapely.STRtree(frame.geometry.to_numpy())
    cells, owners = tree.query(shapely.points(middles[:, 1], middles[:, 0]), predicate="intersects")
    order = np.lexsort((owners, cells))
    cells, owners = cells[order], owners[order]
    cells, first = np.unique(cells, return_index=True)
    weights = table["population"].to_numpy(dtype=float)
    people = np.bincount(owners[first], weights=weights[cells], minlength=len(frame)).astype(float)
    return people, _left_out(
        path, len(table) - len(cells), float(weights.sum() - weights[cells].sum()), float(weights.sum())
    )


def _left_out(path: Path, cells: int, people: float, every: float) -> list[str]:
    if people <= 0:
        return []
    told = f"{people:,.0f} of its {every:,.0f} people, in {cells:,} cells, live outside the districts and are left out"
    return [f"{path.name}: {told}"]


def people_of(path: Path, frame: gpd.GeoDataFrame, names: Sequence[str]) -> list[float]:
    """Return the people of each district from the file's own column.

    Raises
    ------
    InputError
        When there is none, or with every district whose number is no number of people.
    """
    column = column_of(frame, ("population",))
    if column is None:
        allowed = "a column population, a table of people by district or by H3 cell, or the people of the whole city"
        remedy = "add the column, or give a table of the people, or the city's people as one number"
        raise fault(str(path), "there is no population", allowed, remedy)
    return numbers_of(path, frame[column].tolist(), names, "population")


def numbers_of(  # a column, of polygons or of a table
    path: Path, values: Sequence[Any], names: Sequence[str], what: str, kind: str = "feature", first: int = 1
) -> list[float]:
    """Return a column of counts from 0, or every district whose count is none; ``kind`` and ``first`` say how rows are told."""
    found, wrong = read_numbers(values)
    faults = []
    for i, number in enumerate(found):
        where = f"{path}: {kind} {i + first} ({names[i]})"
        if wrong.get(i) == AMBIGUOUS:
            remedy = "write numbers without signs of thousands, with a point before decimals"
            faults.append(Fault(where, f"its {what} {str(values[i])[:40]!r} {AMBIGUOUS}", _counts(what), remedy))
        elif number is None or not 0 <= number <= MOST_PEOPLE:
            said = (
                "is empty" if wrong.get(i) == "is empty" else f"{str(values[i])[:40]!r} is no number of {_plural(what)}"
            )
            remedy = "write 0 if nobody is there" if said == "is empty" else "write the number with digits alone"
            faults.append(Fault(where, f"its {what} {said}", _counts(what), remedy))
    if faults:
        raise InputError(shortened(faults, str(path)))
    return [float(number or 0.0) for number in found]


def _plural(what: str) -> str:
    return "people" if what == "population" else what


def _counts(what: str) -> str:
    return f"a number of {_plural(what)} from 0"


def check_people(where: str, frame: gpd.GeoDataFrame, people: Sequence[float], names: Sequence[str]) -> list[str]:
    """Return what a person should be told about the people of the districts.

    Raises
    ------
    InputError
        When nobody lives in any of them, or more on a km² than anywhere on earth.
    """
    if not sum(people) > 0:
        raise fault(where, "nobody lives in the districts", "people in them", "check that both files lie in one place")
    faults = []
    for i, (count, area) in enumerate(zip(people, areas_km2(frame), strict=True)):
        if count > MOST_PEOPLE_KM2 * area:
            what = f"{count:,.0f} people on {area:,.3f} km² are {count / max(area, 1e-9):,.0f} on a km²"
            remedy = "check the numbers' unit and the district's border"
            faults.append(
                Fault(f"{where}: feature {i + 1} ({names[i]})", what, f"at most {MOST_PEOPLE_KM2:,.0f}", remedy)
            )
    if faults:
        raise InputError(shortened(faults, where))
    empty = [names[i] for i in range(len(people)) if people[i] == 0]
    more = " and others" if len(empty) > _FEW else ""
    return [f"nobody lives in {', '.join(empty[:_FEW])}{more}, as the figures have it"] if empty else []
