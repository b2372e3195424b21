"""Count a table's trips: between places by period, and by hour and day; with every row accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleetplan.demand.types import DAY_TYPES, PERIODS, period_of
from fleetplan.errors import Fault, InputError
from fleetplan.trips import table
from fleetplan.trips.layouts import Chosen
from fleetplan.trips.places import MISSING, OUTSIDE, UNKNOWN, UNREADABLE, Places
from fleetplan.trips.times import BACK, blank, hours_of, local_times
from fleetplan.trips.types import REFUSALS, Refusal

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

STRAY_SHARE = 0.05
"""A day with less than this of the middle day's trips holds strays: wrong clocks, and the ends of a file cut by another day."""

LEAST_TRIPS = 1000
"""Fewer trips inside the city say nothing of its zones."""

PERIOD = np.array([[PERIODS.index(period_of(kind, hour)) for hour in range(24)] for kind in DAY_TYPES])


@dataclass(eq=False)
class Counts:
    """What was counted.

    Attributes
    ----------
    pairs
        Trips by period, origin and destination, places by number.
    by_hour
        Trips inside the city by kind of day and hour, shape (2, 24); ``by_weekday`` by day of the week, Monday first.
    days
        Days that count; ``weekdays`` how many of each day of the week, ``hours`` how often each hour came, shape (2, 24).
    refused, first_row
        Rows by the reason why they do not count, and the first of each.
    """

    days: pd.DatetimeIndex
    hours: Array
    rows: int = 0
    inside: int = 0
    one_end_outside: int = 0
    both_outside: int = 0
    pairs: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    by_hour: Array = field(default_factory=lambda: np.zeros((2, 24)))
    by_weekday: Array = field(default_factory=lambda: np.zeros(7))
    refused: Counter[Refusal] = field(default_factory=Counter)
    first_row: dict[Refusal, int] = field(default_factory=dict)

    @property
    def weekdays(self) -> Array:
        """How many of each day of the week count, Monday first."""
        return np.bincount(self.days.day_of_week, minlength=7).astype(float)

    def per_day(self) -> Array:
        """Return trips of each hour of a weekday and of a weekend day, shape (2, 24): over how often the hour came."""
        return np.asarray(self.by_hour / np.maximum(self.hours, 1.0))


def count(files: Sequence[Path], chosen: Sequence[Chosen], places: Places, zone: str) -> Counts:
    """Count the trips of tables, read twice: for the days that they cover, and for the trips.

    Raises
    ------
    InputError
        If a table cannot be read, or holds too few trips inside the city to say anything.
    """
    days = _days(files, chosen, zone)
    found = Counts(days, hours_of(days, zone))
    for path, columns in zip(files, chosen, strict=True):
        for piece in table.pieces(path, columns.columns):
            _add(found, piece, columns, places, zone)
    if faults := list(_too_little(found, files)):
        raise InputError(faults)
    return found


def _days(files: Sequence[Path], chosen: Sequence[Chosen], zone: str) -> pd.DatetimeIndex:
    """Return the days on which tables have trips, days with strays left out."""
    counted: Counter[pd.Timestamp] = Counter()
    for path, columns in zip(files, chosen, strict=True):
        for piece in table.pieces(path, [columns.time]):
            times, _ = local_times(piece[columns.time], zone)
            counted.update(times.dropna().dt.normalize().value_counts().to_dict())
    if not counted:
        return pd.DatetimeIndex([])
    trips = pd.Series(counted)
    return pd.DatetimeIndex(trips.index[trips >= STRAY_SHARE * trips.median()]).sort_values()


def _add(found: Counts, piece: pd.DataFrame, chosen: Chosen, places: Places, zone: str) -> None:
    given = piece[chosen.time].reset_index(drop=True)
    times, skipped = local_times(given, zone)
    why = np.full(len(piece), -1)
    origin, destination = (places.numbers(piece, columns) for columns in chosen.ends)
    ends = np.stack([origin, destination])
    # The last reason written is the one that is told: what is wrong with the time goes before what is wrong with a place.
    _mark(why, (ends == UNKNOWN).any(axis=0), "unknown_zone")
    _mark(why, (ends == UNREADABLE).any(axis=0), "place_unreadable")
    _mark(why, (ends == MISSING).any(axis=0), "no_place")
    _mark(why, times.notna().to_numpy() & ~times.dt.normalize().isin(found.days).to_numpy(), "stray_day")
    _mark(why, _ends_first(piece, chosen, times, zone), "ends_first")
    _mark(why, times.isna().to_numpy(), "time_unreadable")
    _mark(why, skipped, "time_skipped")
    _mark(why, blank(given), "no_time")
    for k, reason in enumerate(REFUSALS):
        if (rows := np.flatnonzero(why == k)).size:
            found.refused[reason] += int(rows.size)
            found.first_row.setdefault(reason, found.rows + int(rows[0]) + 1)
    found.rows += len(piece)
    good = why < 0
    away = (ends == OUTSIDE).sum(axis=0)
    found.one_end_outside += int((good & (away == 1)).sum())
    found.both_outside += int((good & (away == 2)).sum())
    _count(found, times[good & (away == 0)], origin[good & (away == 0)], destination[good & (away == 0)])


def _mark(why: NDArray[Any], wrong: NDArray[np.bool_], reason: Refusal) -> None:
    why[wrong] = REFUSALS.index(reason)


def _ends_first(piece: pd.DataFrame, chosen: Chosen, times: pd.Series[Any], zone: str) -> NDArray[np.bool_]:
    if not chosen.end:
        return np.zeros(len(piece), bool)
    ended, _ = local_times(piece[chosen.end].reset_index(drop=True), zone)
    return (ended + BACK < times).to_numpy(bool)


def _count(found: Counts, times: pd.Series[Any], origin: Ints, destination: Ints) -> None:
    kind = (times.dt.day_of_week >= 5).to_numpy(np.int64)
    hour = times.dt.hour.to_numpy(np.int64)
    np.add.at(found.by_hour, (kind, hour), 1.0)
    found.by_weekday += np.bincount(times.dt.day_of_week, minlength=7)
    found.inside += len(times)
    keys = np.stack([PERIOD[kind, hour], origin, destination], axis=-1)
    unique, number = np.unique(keys, axis=0, return_counts=True)
    for (period, a, b), trips in zip(unique.tolist(), number.tolist(), strict=True):
        found.pairs[period, a, b] += trips


def _too_little(found: Counts, files: Sequence[Path]) -> Iterator[Fault]:
    where = ", ".join(str(path) for path in files)
    if found.inside < LEAST_TRIPS:
        refused = "; ".join(f"{rows} {why.replace('_', ' ')}" for why, rows in found.refused.most_common())
        outside = f"{found.one_end_outside} with one end outside, {found.both_outside} with both"
        what = (
            f"{found.inside} of {found.rows} rows have both ends in the city ({outside}; refused: {refused or 'none'})"
        )
        remedy = "check that it is the city's table, and that latitude and longitude are not swapped"
        yield Fault(where, what, f"at least {LEAST_TRIPS} trips", remedy)
        return
    for name, days in (("weekday", found.weekdays[:5].sum()), ("weekend day", found.weekdays[5:].sum())):
        if not days:
            yield Fault(where, f"it covers no {name}", "weekdays and weekend days", "give a week of trips at least")
