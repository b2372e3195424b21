"""What the catalogue's pages show: counts by confidence, figures filtered, contracts in words, cities and stacks."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.figures import city_figures, trace
from fleetplan.catalogue.types import Catalogue, City, Figure, Stack

CONFIDENCES = ("high", "medium", "low", "assumed")
MOST_SHOWN = 250
MOST_IN_CELL = 5
CONTRACT_WORDS = {
    "own_and_license": "The platform buys the vehicles and pays the partner a licence per kilometre.",
    "fixed_fee": "The partner brings the vehicles; the platform pays a fixed fee per vehicle and day.",
    "revenue_share": "The partner brings and runs the vehicles; fares are shared.",
    "sale_license_share": "The platform buys the vehicles, pays a licence and shares the fares.",
}
ADDRESS = re.compile(r"https?://[^\s;,)\]]+")
COLUMNS = ("key", "value", "low", "high", "unit", "year", "source", "confidence", "note")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which figures are asked for."""

    confidence: tuple[str, ...] = ()
    place: str = ""
    text: str = ""
    key: str = ""

    def holds(self, figure: Figure) -> bool:
        """Return whether a figure is asked for."""
        if self.confidence and figure.confidence not in self.confidence:
            return False
        if self.place and place_of(figure.key) != self.place:
            return False
        words = f"{figure.key} {figure.unit} {figure.source} {figure.note}".lower()
        return all(word in words for word in self.text.lower().split())


def place_of(key: str) -> str:
    """Return where a figure belongs: a city, a law, partners, economics or assumptions.

    >>> place_of("zurich/city.toml#market.trips_per_day"), place_of("partners/zoox.toml#vehicle.seats")
    ('zurich', 'partners')
    """
    file = key.partition("#")[0]
    return file.partition("/")[0].removesuffix(".csv").removesuffix(".toml")


def figures(catalogue: Catalogue, wanted: Wanted) -> list[Figure]:
    """Return the figures asked for, by key."""
    return [figure for figure in trace(catalogue) if wanted.holds(figure)]


def places(catalogue: Catalogue) -> list[str]:
    """Return every place that figures belong to."""
    return sorted({place_of(figure.key) for figure in trace(catalogue)})


def figures_csv(found: Iterable[Figure]) -> bytes:
    """Return figures as CSV; text that a spreadsheet would take for a formula is quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for figure in found:
        row = [getattr(figure, name) for name in COLUMNS]
        writer.writerow([f"'{v}" if isinstance(v, str) and v[:1] in "=+-@" else v for v in row])
    return out.getvalue().encode()


def by_confidence(found: Iterable[Figure]) -> list[tuple[str, int]]:
    """Return how many figures there are of each confidence, the surest first."""
    counted: Counter[str] = Counter(figure.confidence for figure in found)
    return [(name, counted[name]) for name in CONFIDENCES if name in counted]


def sureness(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return for each city and for the rest how many figures are how sure."""
    rows: list[dict[str, Any]] = [
        {"name": city.name, "place": city.slug, "counts": dict(by_confidence(city_figures(city)))}
        for city in sorted(catalogue.cities.values(), key=lambda c: c.name)
    ]
    for name, place in (("Permits", "jurisdictions"), ("Partners", "partners"), ("Economics", "economics")):
        counts = dict(by_confidence(figures(catalogue, Wanted(place=place))))
        rows.append({"name": name, "place": place, "counts": counts})
    counts = dict(by_confidence(catalogue.assumptions.values()))
    rows.append({"name": "Assumptions", "place": "assumptions", "counts": counts})
    return [{**row, "total": sum(row["counts"].values())} for row in rows]


def value_text(figure: Figure) -> str:
    """Return a figure's value, or its values, as text."""
    if figure.values:
        return " · ".join(number(v) for v in figure.values)
    return number(figure.value)


def value_short(figure: Figure) -> str:
    """Return a figure's value as it fits a table: of a long list the first, the last and how many there are."""
    if len(figure.values) <= MOST_IN_CELL:
        return value_text(figure)
    return f"{number(figure.values[0])} … {number(figure.values[-1])} ({len(figure.values)} values)"


def range_text(figure: Figure) -> str:
    """Return the range of a figure, empty when none is known."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{number(figure.low)} – {number(figure.high)}"


def number(value: float) -> str:
    """Return a number with as many digits as it needs.

    >>> number(90000.0), number(0.034), number(12.5)
    ('90,000', '0.034', '12.5')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.6g}"


def linked(source: str) -> list[tuple[str, bool]]:
    """Return a source in pieces, each with whether it is an address that may be followed.

    >>> linked("filing, https://example.org/a; recalled")
    [('filing, ', False), ('https://example.org/a', True), ('; recalled', False)]
    """
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in ADDRESS.finditer(source):
        if match.start() > end:
            pieces.append((source[end : match.start()], False))
        pieces.append((match[0], True))
        end = match.end()
    return [*pieces, (source[end:], False)] if end < len(source) else pieces


def stack_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the stacks, those with most deals first."""
    rows = []
    for stack in catalogue.stacks.values():
        facts = [f for (slug, _), f in catalogue.deployments.items() if slug == stack.slug and f.permitted != "no"]
        deals = [catalogue.cities[f.city].name for f in facts if f.deal in ("announced", "talks")]
        rows.append({"s": stack, "deals": sorted(deals), "lawful": len(facts), "contract": contract(stack)})
    return sorted(rows, key=lambda r: (r["s"].rival, -len(r["deals"]), r["s"].partner))


def contract(stack: Stack) -> str:
    """Return a contract in one sentence."""
    words = CONTRACT_WORDS[stack.contract_type]
    return f"{words} Exclusive." if stack.exclusive else words


def supply(stack: Stack) -> list[tuple[int, float]]:
    """Return the vehicles that can be placed by the end of each year."""
    figure = stack.figures.get("supply.placeable")
    return [] if figure is None else list(zip(figure.years, figure.values, strict=True))


def city_links(city: City, catalogue: Catalogue) -> Sequence[tuple[str, str]]:
    """Return the jurisdictions of a city with their names."""
    return [(slug, catalogue.jurisdictions[slug].name) for slug in city.jurisdictions]
