"""A city held against the record, as report and pages show it: a row a measure, a cell a year, the published range beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetplan.catalogue.types import Catalogue, Published
from fleetplan.explain.record import Held, held_of_city
from fleetplan.plans import finance
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words import record as words


@dataclass(frozen=True, slots=True)
class RecordCell:
    """A value as text; ``kinder``: it expects more than has been published."""

    text: str
    kinder: bool


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A measure: its cells by year, the published ranges as the service ages, and whose figures these are."""

    measure: str
    name: str
    cells: list[RecordCell]
    published: str
    points: list[str]


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A city's measures by year."""

    years: list[int]
    rows: list[RecordRow]

    @property
    def marked(self) -> bool:
        """Whether anything is expected that nobody was published to do."""
        return any(cell.kinder for row in self.rows for cell in row.cells)


def record_table(plan: Plan, city: CityRollout, catalogue: Catalogue) -> RecordTable | None:
    """Return a city held against the record; None where it never opens or nothing is published."""
    if not catalogue.record:
        return None
    found = held_of_city(plan, city, catalogue)
    if not found:
        return None
    years = finance.years(plan)
    by_measure = {m: [h for h in found if h.measure == m] for m in words.MEASURES}
    rows = [_row(measure, years, own) for measure, own in by_measure.items() if own]
    return RecordTable(years, rows)


def _row(measure: str, years: Sequence[int], own: Sequence[Held]) -> RecordRow:
    in_year = {h.year: h for h in own}
    cells = [
        RecordCell(words.value_text(measure, h.value if h else None), bool(h and h.kinder))
        for h in (in_year.get(year) for year in years)
    ]
    ranges = dict.fromkeys(words.range_text(measure, h.low, h.high) for h in own)
    points = dict.fromkeys(p for h in own for p in h.points)
    return RecordRow(measure, words.MEASURES[measure].name, cells, ", later ".join(ranges), [_point(p) for p in points])


def _point(point: Published) -> str:
    return f"{words.points_text([point])} ({point.source})"
