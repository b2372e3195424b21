"""Every figure of the catalogue as a row: where it stands, what it is called, its value and range as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from fleetplan.catalogue.figures import trace
from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.words.catalogue import CONFIDENCES, Piece, pieces
from fleetplan.words.figures import FIRMER, TOPICS, words_of
from fleetplan.words.values import DASH, listed

PLAIN_FROM: Final = 1000
SHARE_UNITS: Final = ("share", "fraction of")


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure ready to be shown and filtered.

    Attributes
    ----------
    where
        Name of the city, jurisdiction or partner it belongs to; ``All cities`` otherwise.
    cities
        Slugs of the cities that it concerns; empty when it concerns all.
    stack
        Slug of its stack, else empty.
    spread
        Width of its range over its value; ``None`` without a range.
    search
        Everything that a text filter looks into, in small letters.
    """

    figure: Figure
    title: str
    use: str
    topic: str
    where: str
    cities: frozenset[str]
    stack: str
    spread: float | None
    search: str

    @property
    def key(self) -> str:
        """Key of the figure."""
        return self.figure.key

    @property
    def confidence(self) -> str:
        """How sure it is."""
        return self.figure.confidence

    @property
    def value(self) -> str:
        """The likely value, shares as per cent."""
        f = self.figure
        return f"{_told(f.values, f.value, self.scale)}{' %' if self.is_share else ''}"

    @property
    def is_share(self) -> bool:
        """Whether it is a share of something, which people read as per cent."""
        return self.figure.unit.startswith(SHARE_UNITS)

    @property
    def scale(self) -> float:
        """What its numbers are multiplied with to be read."""
        return 100.0 if self.is_share else 1.0

    @property
    def unit(self) -> str:
        """Its unit; of a share what it is a share of."""
        return self.figure.unit.partition(" ")[2] if self.is_share else self.figure.unit

    @property
    def range(self) -> str:
        """From low to high, a dash without a range."""
        f = self.figure
        if f.low is None and f.high is None:
            return DASH
        low, high = _told(f.lows, f.low, self.scale), _told(f.highs, f.high, self.scale)
        return f"{low} to {high}{' %' if self.is_share else ''}"

    @property
    def year(self) -> str:
        """The year, or years, it speaks of."""
        f = self.figure
        return str(f.year) if f.year else f"{f.years[0]}-{f.years[-1]}" if f.years else DASH

    @property
    def source(self) -> list[Piece]:
        """Its source with addresses apart."""
        return pieces(self.figure.source)

    @property
    def short_source(self) -> str:
        """Its source with addresses cut to their host and path, for tables."""
        return "".join(piece.text for piece in self.source)


@lru_cache(maxsize=2)
def _rows_of(catalogue: _ByIdentity) -> Mapping[str, FigureRow]:
    return {figure.key: _row(catalogue.catalogue, figure) for figure in trace(catalogue.catalogue)}


@dataclass(frozen=True)
class _ByIdentity:
    """A catalogue told apart by being this one: part of it, or one with overrides, has the same hash of files."""

    catalogue: Catalogue

    def __hash__(self) -> int:
        return id(self.catalogue)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.catalogue is other.catalogue


def figure_rows(catalogue: Catalogue) -> Mapping[str, FigureRow]:
    """Return every figure of a catalogue by key, in order of keys."""
    return _rows_of(_ByIdentity(catalogue))


def number(value: float) -> str:
    """Return a number without false digits: four figures, whole from a thousand on.

    >>> number(550000), number(0.081), number(6.5), number(-0.1), number(0)
    ('550,000', '0.081', '6.5', '−0.1', '0')
    """
    text = f"{value:,.0f}" if abs(value) >= PLAIN_FROM else f"{value:.4g}"
    return text.replace("-", "−")


def _told(values: tuple[float, ...], value: float | None, scale: float) -> str:
    """Return a number, or a list by its least and greatest number.

    >>> _told((150, 2000, 11000), None, 1.0), _told((), 0.081, 100.0)
    ('150 … 11,000', '8.1')
    """
    if values:
        least, most = number(scale * min(values)), number(scale * max(values))
        return least if least == most else f"{least} … {most}"
    return DASH if value is None else number(scale * value)


def spread_of(figure: Figure) -> float | None:
    """Return the width of a figure's range over its value."""
    if figure.low is None or figure.high is None or not figure.value:
        return None
    return abs((figure.high - figure.low) / figure.value)


def _row(catalogue: Catalogue, figure: Figure) -> FigureRow:
    words = words_of(figure.key)
    where, cities, stack = _place(catalogue, figure.key)
    title = f"{words.title}: {figure.note}" if words.topic == "law" else words.title
    search = " ".join(
        (figure.key, title, where, figure.unit, figure.source, figure.note, TOPICS[words.topic], words.use)
    )
    return FigureRow(figure, title, words.use, words.topic, where, cities, stack, spread_of(figure), search.casefold())


def _place(catalogue: Catalogue, key: str) -> tuple[str, frozenset[str], str]:
    """Return name, cities and stack of what a figure belongs to."""
    folder, _, rest = key.partition("/")
    name = rest.partition(".toml#")[0]
    if folder in catalogue.cities:
        return catalogue.cities[folder].name, frozenset({folder}), ""
    if folder == "jurisdictions":
        under = {c.slug for c in catalogue.cities.values() if name in c.jurisdictions}
        return catalogue.jurisdictions[name].name, frozenset(under), ""
    if folder == "partners":
        stack = catalogue.stacks[name]
        return f"{stack.partner}, {stack.platform}", frozenset(), name
    return "All cities", frozenset(), ""


def why(row: FigureRow) -> str:
    """Return why a figure is no firmer than it is, in a sentence."""
    wide = f" Its range is {100 * row.spread:.0f} % of its value." if row.spread else ""
    if row.confidence == "assumed":
        return f"Nothing published was found for it, so a planner's default stands in.{wide}"
    if row.confidence == "low":
        return f"Its source is derived or second-hand.{wide}"
    if row.confidence == "medium":
        return f"It rests on one interested source, or on several that agree roughly.{wide}"
    return f"It was published by somebody who would know.{wide}"


def firmer(row: FigureRow) -> str:
    """Return what would make a figure firmer."""
    return FIRMER[row.topic]


def counts(rows: list[FigureRow]) -> dict[str, int]:
    """Return how many figures there are of each confidence, the surest first."""
    return {name: sum(row.confidence == name for row in rows) for name in CONFIDENCES}


def peers(catalogue: Catalogue, row: FigureRow) -> list[FigureRow]:
    """Return the same figure of the other cities, or of the other stacks."""
    file, _, inner = row.key.partition("#")
    rows = figure_rows(catalogue)
    if file.endswith("/city.toml"):
        keys = [f"{slug}/city.toml#{inner}" for slug in catalogue.cities]
    elif file.startswith("partners/"):
        keys = [f"partners/{slug}.toml#{inner}" for slug in catalogue.stacks]
    else:
        return []
    return [rows[key] for key in keys if key in rows]


def place_in_files(row: FigureRow) -> str:
    """Return where a figure is written down, as a sentence."""
    file, _, inner = row.key.partition("#")
    if file == "economics.csv":
        return f"cities/{file}, row {inner}"
    if file.startswith("jurisdictions/"):
        return f"cities/{file}, [[permit]] {inner.rpartition('.')[0]}"
    if file.endswith(".csv"):
        name, _, column = inner.rpartition(".")
        return f"cities/{file}, row {name}, column {column}"
    return f"cities/{file}, [{inner}]"


def override(row: FigureRow) -> dict[str, Any] | None:
    """Return what a request holds to try another value; nothing where a request cannot."""
    file = row.key.partition("#")[0]
    open_to_requests = file in {"economics.csv", "assumptions.toml"} or file.endswith("/city.toml")
    open_to_requests |= file.startswith("jurisdictions/") and not row.key.endswith(".months")
    if not open_to_requests and not file.startswith("partners/"):
        return None
    f = row.figure
    if f.values:
        return {"figure": f.key, "factor": 0.9, "why": "try a tenth less"}
    other = f.low if f.low is not None else f.value
    return {"figure": f.key, "value": other, "why": "try the low end" if f.low is not None else "another source"}


def bearers(catalogue: Catalogue, row: FigureRow) -> str:
    """Return whom a figure concerns, in words."""
    if not row.cities:
        return "every city" if not row.stack else row.where
    return listed(sorted(catalogue.cities[slug].name for slug in row.cities))
