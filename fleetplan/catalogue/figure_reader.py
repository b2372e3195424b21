"""Read figures: a number, or a list of numbers, with its provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from fleetplan.catalogue.ranges import allowed, spec_of, wrong_numbers, wrong_profile
from fleetplan.catalogue.schema import ASSUMPTIONS, Spec
from fleetplan.catalogue.tables import Row, Table, provenance
from fleetplan.catalogue.types import Figure


def read_figures(root: Table, file: str, specs: Mapping[str, Spec]) -> dict[str, Figure]:
    """Return every required figure of a file by its key."""
    figures: dict[str, Figure] = {}
    for key, spec in specs.items():
        group, name = key.split(".")
        holder = root.part(group)
        if not holder.holds(name):
            holder.fault(
                name, "the figure is missing", _shape(spec), f"add [{key}] with value, unit, source and confidence"
            )
            continue
        figures[key] = read_figure(holder.part(name), f"{file}#{key}", spec)
    return figures


def read_given_figures(root: Table, file: str, specs: Mapping[str, Spec]) -> dict[str, Figure]:
    """Return those figures of a file that are there; none of them is required."""
    given = {key: spec for key, spec in specs.items() if root.part(key.split(".")[0]).holds(key.split(".")[1])}
    return read_figures(root, file, given)


def read_free_figures(root: Table, file: str) -> dict[str, Figure]:
    """Return every figure of a file whose keys are its own, such as ``assumptions.toml``, by its dotted key."""
    figures: dict[str, Figure] = {}
    for name in root.table_keys():
        table = root.part(name)
        if not table.table_keys():
            figures[table.path] = read_figure(table, f"{file}#{table.path}", _free_spec(table, file))
        else:
            figures.update(read_free_figures(table, file))
    return figures


def read_figure(table: Table, key: str, spec: Spec) -> Figure:
    """Return one figure; its table may hold nothing else than the keys of a figure."""
    values = _numbers(table, "value", spec)
    lows = _numbers(table, "low", spec) if table.has("low") else ()
    highs = _numbers(table, "high", spec) if table.has("high") else ()
    _check_ranges(table, values, lows, highs)
    _check_profile(table, values, spec)
    years = _years(table, len(values)) if spec.years else ()
    year = table.optional_number("year", 1900, 2100)
    source, confidence = provenance(table)
    single = spec.length == 1
    return Figure(
        key=key,
        value=_mean(values),
        unit=table.text("unit"),
        source=source,
        confidence=confidence,
        low=_mean(lows) if lows else None,
        high=_mean(highs) if highs else None,
        year=None if year is None or math.isnan(year) else int(year),
        note=table.note(),
        values=() if single else values,
        lows=() if single else lows,
        highs=() if single else highs,
        years=years,
    )


def read_economics(row: Row, file: str) -> Figure:
    """Return a row of economics.csv: ``likely`` with ``low`` and ``high`` round it."""
    spec = spec_of(file, row.fields().get("item", ""), row.fields().get("unit", ""))
    low, high = (row.optional_number(name, spec.low, spec.high) for name in ("low", "high"))
    likely = row.number("likely", spec.low, spec.high)
    _check_ranges(row, (likely,), () if low is None else (low,), () if high is None else (high,))
    year = row.optional_number("year", 1900, 2100)
    source, confidence = provenance(row)
    return Figure(
        key=f"{file}#{row.fields().get('item', '')}",
        value=likely,
        unit=row.text("unit"),
        source=source,
        confidence=confidence,
        low=low,
        high=high,
        year=None if year is None or math.isnan(year) else int(year),
    )


def _free_spec(table: Table, file: str) -> Spec:
    """Return what a figure whose file has keys of its own may hold; one that the model does not read may be a list."""
    spec = spec_of(file, table.path, table.text("unit"))
    if table.path in ASSUMPTIONS:
        return spec
    is_list = isinstance(table.raw("value", "a number or a list of numbers"), list)
    return replace(spec, length=0 if is_list else 1, years=table.has("years"))


def _numbers(table: Table, key: str, spec: Spec) -> tuple[float, ...]:
    """Return one number as a tuple of one, or the list that the figure must be."""
    raw = table.raw(key, _shape(spec))
    if raw is None:
        return ()
    if spec.length == 1:
        return _checked(table, key, [raw], spec)
    if not isinstance(raw, list) or (spec.length and len(raw) != spec.length) or not raw:
        given = f"{len(raw)} numbers" if isinstance(raw, list) else repr(raw)
        table.fault(key, f"{given} where a list belongs", _shape(spec), "give one number for each place of the list")
        return ()
    return _checked(table, key, raw, spec)


def _checked(table: Table, key: str, raw: Sequence[object], spec: Spec) -> tuple[float, ...]:
    """Return finite numbers, ``nan`` in place of those that are none; whatever is wrong with them is noted."""
    numbers = tuple(table.checked(key, item, -math.inf, math.inf, allowed(spec)) for item in raw)
    for wrong in wrong_numbers(spec, [number for number in numbers if not math.isnan(number)]):
        table.fault(key, wrong.what, wrong.allowed, wrong.remedy)
    return numbers


def _check_ranges(table: Table, values: tuple[float, ...], lows: tuple[float, ...], highs: tuple[float, ...]) -> None:
    for name, bound, sign in (("low", lows, 1), ("high", highs, -1)):
        if bound and values and len(bound) != len(values):
            table.fault(name, f"{len(bound)} numbers for {len(values)} values", f"{len(values)} numbers")
        for number, value in zip(bound, values, strict=False):
            if sign * number > sign * value:
                what = f"{name} = {number:g} stands on the wrong side of the value {value:g}"
                table.fault(name, what, "low <= value <= high", "swap them, or mend the number")


def _check_profile(table: Table, values: tuple[float, ...], spec: Spec) -> None:
    for wrong in wrong_profile(spec, values):
        table.fault("value", wrong.what, wrong.allowed, wrong.remedy)


def _years(table: Table, count: int) -> tuple[int, ...]:
    raw = table.raw("years", "a list of years")
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(year, int) and 1900 <= year <= 2100 for year in raw):
        table.fault("years", f"{raw!r} is not a list of years", "whole years from 1900 to 2100")
        return ()
    if any(later <= earlier for earlier, later in pairwise(raw)):
        table.fault("years", f"{raw!r} is not in order", "each year once, rising", "sort the years and their values")
    if count and len(raw) != count:
        table.fault("years", f"{len(raw)} years for {count} values", f"{count} years", "give each value its year")
    return tuple(raw)


def _mean(values: tuple[float, ...]) -> float:
    if len(values) == 1:
        return values[0]
    return math.fsum(values) / len(values) if values else math.nan


def _shape(spec: Spec) -> str:
    one = allowed(spec)
    if spec.length == 1:
        return one
    return f"a list of {spec.length} numbers, each {one}" if spec.length else f"a list, each {one}"
