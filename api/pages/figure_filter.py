"""Which figures are shown, in which order: the filters of the address, applied here so that they work without a script."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query

from fleetplan.report.figures import FigureChoice, Sort
from fleetplan.words.catalogue import CONFIDENCES
from fleetplan.words.figures import TOPICS

PER_PAGE: Final = 60


@dataclass(frozen=True, slots=True)
class Filter(FigureChoice):
    """What an address asks for; unknown words are left out, so that an old link still shows something."""

    key: str = ""
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
            "q": self.words,
            "key": self.key,
            "sort": "" if self.sort == "place" else self.sort,
            "page": "" if self.page == 1 else str(self.page),
        }
        text = urlencode({name: value for name, value in given.items() if value}, safe=",/#")
        return f"?{text.replace('#', '%23')}" if text else ""


def figures_at(city: str = "", topic: str = "", key: str = "", confidence: str = "") -> str:
    """Return the address of the figures of a city, a topic or some confidence (names with commas), or of one figure.

    >>> figures_at(city="zurich", confidence="low,assumed")
    '/catalogue/figures?confidence=low,assumed&city=zurich'
    """
    wanted = tuple(confidence.split(",")) if confidence else ()
    return Filter(confidence=wanted, city=city, topic=topic, key=key).address()


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
        words=" ".join(q.split()),
        key=key,
        sort=sorts.get(sort, "place"),
        page=max(1, int(page)) if page.isascii() and page.isdigit() else 1,
    )
