"""One search over everything that has a name here: plans, cities, partners and figures.

Every word asked for has to be found, in small letters and without accents. What is looked through is bounded: the catalogue, and
the newest plans; so is what is told.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pydantic import Field

from api.deps import Service
from api.prefix import at
from api.problems import BadRequest, Flaw
from api.schemas import Answer
from api.store.contract import PlanRow, State, Titled
from fleetplan.catalogue.types import Catalogue
from fleetplan.words.catalogue import CONTRACT_BRIEFLY
from fleetplan.words.figure_rows import FigureRow, figure_rows

LONGEST, MOST_WORDS = 200, 8
BATCH, MOST_PLANS = 500, 5000
"""So many of the newest plans are looked through, so many at a time."""


class PlanHit(Answer):
    """A plan that was found."""

    id: str
    name: str
    state: State
    tags: list[str]
    created_at: datetime
    href: str
    page: str


class PlaceHit(Answer):
    """A city or a partner's stack that was found."""

    slug: str
    name: str
    about: str
    href: str
    page: str


class FigureHit(Answer):
    """A figure that was found, as people write it."""

    key: str
    title: str
    where: str
    value: str
    unit: str
    year: int | None
    confidence: str
    page: str


class Found(Answer):
    """What was found; ``more`` names the kinds of which only the first are told."""

    asked: str
    plans: list[PlanHit] = Field(description="the newest first")
    cities: list[PlaceHit]
    partners: list[PlaceHit]
    figures: list[FigureHit]
    more: list[str]
    plans_read: int = Field(description=f"plans looked through, the newest {MOST_PLANS} at most")


@dataclass(frozen=True, slots=True)
class _Words:
    """What is looked for, folded."""

    words: tuple[str, ...]

    def in_all(self, *texts: str) -> bool:
        """Return whether each word is in one of some texts."""
        said = folded("\n".join(texts))
        return all(word in said for word in self.words)


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """Return a text in small letters and without accents.

    >>> folded("Zürich Straße")
    'zurich strasse'
    """
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


def search(service: Service, q: str, limit: int) -> Found:
    """Return what fits every word, of each kind at most ``limit``; nothing where no word is asked for.

    Raises
    ------
    BadRequest
        When more words are asked for than are looked for.
    """
    words = _Words(tuple(folded(q).split()))
    if len(words.words) > MOST_WORDS:
        allowed = f"at most {MOST_WORDS} words"
        raise BadRequest(flaws=[Flaw("asks for too many words", parameter="q", value=q, allowed=allowed)])
    if not words.words:
        return Found(asked=q, plans=[], cities=[], partners=[], figures=[], more=[], plans_read=0)
    catalogue = service.known.catalogue
    rows, read = _plans(service, words, limit + 1)
    cities, partners, figures = _cities(catalogue, words), _partners(catalogue, words), _figures(catalogue, words)
    counts = {"plans": len(rows), "cities": len(cities), "partners": len(partners), "figures": len(figures)}
    return Found(
        asked=q,
        plans=[_plan(row) for row in rows[:limit]],
        cities=cities[:limit],
        partners=partners[:limit],
        figures=[_figure(row) for row in figures[:limit]],
        more=[kind for kind, count in counts.items() if count > limit],
        plans_read=read,
    )


def _plans(service: Service, words: _Words, most: int) -> tuple[list[PlanRow], int]:
    """Return plans by name, note, tag or id, and how many were looked through."""
    found: list[PlanRow] = []
    after, read = None, 0
    while read < MOST_PLANS and len(found) < most:
        batch: Sequence[Titled] = service.store.titles(after=after, limit=BATCH)
        for one in batch:
            read += 1
            if words.in_all(one.name, one.note, *one.tags, one.id) and (row := service.store.get(one.id)) is not None:
                found.append(row)
                if len(found) == most:
                    break
        if len(batch) < BATCH:
            break
        after = batch[-1].id
    return found, read


def _plan(row: PlanRow) -> PlanHit:
    same = {name: getattr(row, name) for name in ("id", "name", "state", "created_at")}
    return PlanHit(**same, tags=list(row.tags), href=at(f"/v1/plans/{row.id}"), page=at(f"/plans/{row.id}"))


def _cities(catalogue: Catalogue, words: _Words) -> list[PlaceHit]:
    found = [
        PlaceHit(
            slug=c.slug,
            name=c.name,
            about=c.country,
            href=at(f"/v1/cities/{c.slug}"),
            page=at(f"/catalogue/cities/{c.slug}"),
        )
        for c in catalogue.cities.values()
        if words.in_all(c.name, c.slug, c.country)
    ]
    return _best_first(found, words)


def _partners(catalogue: Catalogue, words: _Words) -> list[PlaceHit]:
    found = [
        PlaceHit(
            slug=s.slug,
            name=f"{s.partner}, {s.platform}",
            about=CONTRACT_BRIEFLY.get(s.contract_type, s.contract_type),
            href=at(f"/v1/partners/{s.slug}"),
            page=at(f"/catalogue/partners/{s.slug}"),
        )
        for s in catalogue.stacks.values()
        if words.in_all(s.partner, s.platform, s.slug, *s.aliases)
    ]
    return _best_first(found, words)


def _best_first(found: Iterable[PlaceHit], words: _Words) -> list[PlaceHit]:
    return sorted(found, key=lambda hit: (not folded(hit.name).startswith(words.words[0]), hit.name))


def _figures(catalogue: Catalogue, words: _Words) -> list[FigureRow]:
    fitting = [row for row in figure_rows(catalogue).values() if words.in_all(row.search)]
    return sorted(
        fitting, key=lambda row: sum(word not in folded(row.title) for word in words.words)
    )  # named so: first


def _figure(row: FigureRow) -> FigureHit:
    figure = row.figure
    return FigureHit(
        key=row.key,
        title=row.title,
        where=row.where,
        value=row.value,
        unit=row.unit,
        year=figure.year,
        confidence=figure.confidence,
        page=at(_figure_page(row.key)),
    )


def _figure_page(key: str) -> str:
    return f"/catalogue/figures?key={key.replace('#', '%23')}"
