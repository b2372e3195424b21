"""Which figures are shown, in which order: the filters of the address, applied here so that they work without a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import Query

from fleetplan.words.catalogue import CONFIDENCES
from fleetplan.words.figure_rows import FigureRow
from fleetplan.words.figures import TOPICS

Sort = Literal["place", "confidence", "range", "year"]
PER_PAGE: Final = 60
COLUMNS: Final = (
    *("key", "name", "belongs_to", "value", "low", "high", "unit", "year"),
    *("confidence", "source", "note", "read_by"),
)
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Filter:
    """What an address asks for; unknown words are left out, so that an old link still shows something."""

    confidence: tuple[str, ...] = ()
    city: str = ""
    partner: str = ""
    topic: str = ""
    q: str = ""
    key: str = ""
    sort: Sort = "place"
    page: int = 1

    def address(self, **changes: object) -> str:
        """Return the address of the same list with something changed; a change goes back to the first page."""
        other = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]
        return f"/catalogue/figures{other.query()}"

    def download(self) -> str:
        """Return the address of the same list as CSV."""
        return f"/catalogue/figures.csv{replace(self, page=1, key='').query()}"

    def query(self) -> str:
        """Return the query string, without what is not asked for."""
        given = {
            "confidence": ",".join(self.confidence),
            "city": self.city,
            "partner": self.partner,
            "topic": self.topic,
            "q": self.q,
            "key": self.key,
            "sort": "" if self.sort == "place" else self.sort,
            "page": "" if self.page == 1 else str(self.page),
        }
        text = urlencode({name: value for name, value in given.items() if value}, safe=",/#")
        return f"?{text.replace('#', '%23')}" if text else ""

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.confidence or self.city or self.partner or self.topic or self.q)


def asked(
    confidence: Annotated[list[str] | None, Query(max_length=8)] = None,
    city: Annotated[str, Query(max_length=80)] = "",
    partner: Annotated[str, Query(max_length=80)] = "",
    topic: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    key: Annotated[str, Query(max_length=300)] = "",
    sort: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[str, Query(max_length=6)] = "",
) -> Filter:
    """Read the filters of an address; ``confidence`` may stand once with commas or several times."""
    wanted = {word.strip() for text in confidence or [] for word in text.split(",")}
    sorts: dict[str, Sort] = {"confidence": "confidence", "range": "range", "year": "year"}
    return Filter(
        confidence=tuple(name for name in CONFIDENCES if name in wanted),
        city=city,
        partner=partner,
        topic=topic if topic in TOPICS else "",
        q=" ".join(q.split()),
        key=key,
        sort=sorts.get(sort, "place"),
        page=max(1, int(page)) if page.isascii() and page.isdigit() else 1,
    )


def chosen(rows: Iterable[FigureRow], by: Filter) -> list[FigureRow]:
    """Return the rows that a filter lets through, in its order."""
    words = by.q.casefold().split()
    found = [row for row in rows if _fits(row, by) and all(word in row.search for word in words)]
    if by.sort == "confidence":
        found.sort(key=lambda row: -CONFIDENCES.index(row.figure.confidence))
    elif by.sort == "range":
        found.sort(key=lambda row: -(row.spread or -1.0))
    elif by.sort == "year":
        found.sort(key=lambda row: row.figure.year or 9999)
    return found


def _fits(row: FigureRow, by: Filter) -> bool:
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
