"""Which figures of the catalogue are listed, in which order, and the same list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from fleetplan.words.catalogue import CONFIDENCES
from fleetplan.words.figure_rows import FigureRow

Sort = Literal["place", "confidence", "range", "year"]
COLUMNS: Final = (
    *("key", "name", "belongs_to", "value", "low", "high", "unit", "year"),
    *("confidence", "source", "note", "read_by"),
)
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class FigureChoice:
    """Which figures are wanted: of a city, a partner, a topic, of some confidence, or with words in them."""

    confidence: tuple[str, ...] = ()
    city: str = ""
    partner: str = ""
    topic: str = ""
    words: str = ""
    sort: Sort = "place"

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.confidence or self.city or self.partner or self.topic or self.words)


def chosen(rows: Iterable[FigureRow], by: FigureChoice) -> list[FigureRow]:
    """Return the rows that a choice lets through, in its order."""
    words = by.words.casefold().split()
    found = [row for row in rows if _fits(row, by) and all(word in row.search for word in words)]
    if by.sort == "confidence":
        found.sort(key=lambda row: -CONFIDENCES.index(row.figure.confidence))
    elif by.sort == "range":
        found.sort(key=lambda row: -(row.spread or -1.0))
    elif by.sort == "year":
        found.sort(key=lambda row: row.figure.year or 9999)
    return found


def _fits(row: FigureRow, by: FigureChoice) -> bool:
    return (
        (not by.confidence or row.confidence in by.confidence)
        and (not by.city or by.city in row.cities)
        and (not by.partner or by.partner == row.stack)
        and (not by.topic or by.topic == row.topic)
    )


def as_csv(rows: Iterable[FigureRow]) -> str:
    """Return rows as CSV; lists are set apart by blanks, texts that a spreadsheet would run as formulas are defused."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        f = row.figure
        numbers = [_numbers(f.values, f.value), _numbers(f.lows, f.low), _numbers(f.highs, f.high)]
        years = _numbers(tuple(map(float, f.years)), None if f.year is None else float(f.year))
        texts = [f.key, row.title, row.where], [f.unit], [f.confidence, f.source, f.note, row.use]
        named, unit, rest = ([_defused(text) for text in group] for group in texts)
        writer.writerow([*named, *numbers, *unit, years, *rest])
    return out.getvalue()


def _numbers(values: tuple[float, ...], value: float | None) -> str:
    return " ".join(f"{v:.12g}" for v in values) if values else "" if value is None else f"{value:.12g}"


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
