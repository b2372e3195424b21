"""When trips begin, by the city's own clock: text or typed, with an offset or without, through the nights that clocks change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

FORMATS = ("ISO8601", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
"""How times are written in text, the first that most of a piece is written in: ISO 8601, and as American portals write them."""

BACK = pd.Timedelta(hours=1)
"""A trip over the hour that an autumn night has twice seems to end so much before it began."""


def blank(given: pd.Series[Any]) -> Flags:
    """Return which values are missing: none, or text of blanks."""
    missing = given.isna().to_numpy(bool)
    if given.dtype == object or pd.api.types.is_string_dtype(given):
        missing = missing | given.astype(str).str.strip().isin(["", "nan", "None", "NULL"]).to_numpy(bool)
    return missing


def local_times(given: pd.Series[Any], zone: str) -> tuple[pd.Series[Any], Flags]:
    """Return times on a zone's clock without an offset (NaT where they cannot be read), and which the clock skipped.

    Times with an offset are moved to the zone; times without one are the zone's own.
    """
    if pd.api.types.is_datetime64_any_dtype(given):
        parsed, aware = given, getattr(given.dt, "tz", None) is not None
        if aware:
            return given.dt.tz_convert(zone).dt.tz_localize(None), np.zeros(len(given), bool)
        return _own(parsed, zone)
    if pd.api.types.is_numeric_dtype(given):
        return pd.Series(pd.NaT, index=given.index), np.zeros(len(given), bool)
    texts = given.astype(str).str.strip()
    offset = texts.str.contains(r"\d(?:Z|[+-]\d{2}:?\d{2})$", regex=True)
    moved = pd.to_datetime(texts.where(offset), errors="coerce", utc=True, format="ISO8601")
    there = moved.dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[us]")
    own, skipped = _own(_parsed(texts.where(~offset)), zone)
    return there.where(offset, own.astype("datetime64[us]")), skipped


def _parsed(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Return texts in the format that most of them are written in."""
    head = texts.dropna().head(1000)
    ranked = [(int(pd.to_datetime(head, errors="coerce", format=f).notna().sum()), f) for f in FORMATS]
    best = max(ranked, key=lambda one: one[0])[1] if len(head) else FORMATS[0]
    return pd.to_datetime(texts, errors="coerce", format=best)


def _own(naive: pd.Series[Any], zone: str) -> tuple[pd.Series[Any], Flags]:
    """Return times of the zone's own clock, NaT for those that it skipped in spring, and which these are."""
    first = np.ones(len(naive), bool)  # an hour that comes twice counts as its first
    there = naive.dt.tz_localize(zone, ambiguous=first, nonexistent="NaT").dt.tz_localize(None)
    return there, (naive.notna() & there.isna()).to_numpy(bool)


def hours_of(days: pd.DatetimeIndex, zone: str) -> NDArray[np.float64]:
    """Return how often each clock hour came on some days, shape (2, 24): weekdays, weekend days. Clocks that change count so."""
    found = np.zeros((2, 24))
    if not len(days):
        return found
    end = days.max() + pd.Timedelta(days=1)
    hours = pd.date_range(days.min().tz_localize(zone), end.tz_localize(zone), freq="h", inclusive="left")
    inside = hours.tz_localize(None).normalize().isin(days)
    kept = hours[inside]
    np.add.at(found, ((kept.day_of_week >= 5).astype(int), kept.hour), 1.0)
    return found
