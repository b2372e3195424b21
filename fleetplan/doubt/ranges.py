"""Which figures a plan leans on, and between which values each may lie.

A range stands in the catalogue beside its figure (``low``, ``high``) or, for figures of our own judgement, in its source
("range 1.2-1.3"). What the plan's request sets itself has none, and neither has what is true by definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from fleetplan.catalogue.figures import law_figures
from fleetplan.catalogue.ranges import spec_of_figure, wrong_profile
from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.doubt.fixed import Fixed
from fleetplan.request import FigureOverride

_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
_STATED = re.compile(rf"\brange (ceiling )?{_NUMBER}\s*(?:-|–| to ){_NUMBER}(?=$|[\s;.])")
_CEILING = re.compile(rf"ceiling of {_NUMBER}")
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Ranged:
    """A figure with its range: ``low``, ``likely`` and ``high`` have one number, or as many as its list."""

    figure: Figure
    low: tuple[float, ...]
    likely: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def key(self) -> str:
        """Its key in the catalogue."""
        return self.figure.key

    def override(self, *, high: bool) -> dict[str, object]:
        """Return what an override of a request says to set it to one end."""
        end = self.high if high else self.low
        return {"values": list(end)} if self.figure.values else {"value": end[0]}


def ranged(figure: Figure) -> Ranged | None:
    """Return a figure with its range; None where it has none, one of no width, or ends that no request could ask for."""
    likely = figure.values or (figure.value,)
    low, high = _recorded(figure) or _stated(figure) or (likely, likely)
    spec = spec_of_figure(figure)
    low, high = (tuple(min(max(v, spec.low), spec.high) for v in end) for end in (low, high))
    ordered = all(a <= b + _EPSILON and b <= c + _EPSILON for a, b, c in zip(low, likely, high, strict=True))
    wide = any(c - a > _EPSILON * max(1.0, abs(b)) for a, b, c in zip(low, likely, high, strict=True))
    askable = not any(wrong for end in (low, high) for wrong in wrong_profile(spec, end))
    return Ranged(figure, low, likely, high) if ordered and wide and askable else None


def _recorded(figure: Figure) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if figure.values:
        return (figure.lows or figure.values, figure.highs or figure.values) if figure.lows or figure.highs else None
    if figure.low is None and figure.high is None:
        return None
    return (
        (figure.value if figure.low is None else figure.low,),
        (figure.value if figure.high is None else figure.high,),
    )


def _stated(figure: Figure) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return the range that a source states in words; that of a curve's ceiling moves the whole curve in proportion."""
    found = _STATED.search(figure.source)
    if found is None:
        return None
    low, high = (float(found.group(i).replace(",", "")) for i in (2, 3))
    if found.group(1):
        ceiling = _CEILING.search(figure.source)
        top = float(ceiling.group(1)) if ceiling else max(figure.values, default=0.0)
        if not figure.values or not top:
            return None
        low_values, high_values = (tuple(v * end / top for v in figure.values) for end in (low, high))
        return low_values, high_values
    return None if figure.values or not isfinite(low + high) else ((low,), (high,))


def leant_on(fixed: Fixed) -> Iterator[Figure]:
    """Yield every figure that could speak of a plan: of its open cities, their stacks and laws, and those for all."""
    catalogue: Catalogue = fixed.catalogue
    cities = dict.fromkeys(service.city.slug for service in fixed.services)
    stacks = dict.fromkeys(service.stack.slug for service in fixed.services)
    for city in cities:
        yield from catalogue.cities[city].figures.values()
    for stack in stacks:
        yield from catalogue.stacks[stack].figures.values()
    yield from catalogue.economics.values()
    yield from catalogue.assumptions.values()
    laws = dict.fromkeys(law for city in cities for law in catalogue.cities[city].jurisdictions)
    met = {p for s in fixed.services for p in catalogue.permits_of(s.stack.slug, s.city.slug)}
    for law in laws:
        if law in catalogue.jurisdictions:
            known = law_figures(catalogue.jurisdictions[law])
            yield from (
                f for f in known if f.key.endswith(".months") and f.key.partition("#")[2][: -len(".months")] in met
            )


def with_figure(overrides: list[FigureOverride], one: Ranged, *, high: bool) -> list[FigureOverride]:
    """Return the overrides of a request with one figure more at one end of its range."""
    return [*overrides, FigureOverride.model_validate({"figure": one.key, **one.override(high=high)})]


def mean_of(numbers: tuple[float, ...]) -> float:
    """Return one number for a figure: itself, or the mean of its list."""
    return numbers[0] if len(numbers) == 1 else fmean(numbers)


def ranged_by_key(catalogue: Catalogue, key: str) -> Ranged | None:
    """Return the figure of a catalogue with a key with its range; None where there is none, or it has none."""
    figure = figure_by_key(catalogue, key)
    return ranged(figure) if figure is not None else None


def figure_by_key(catalogue: Catalogue, key: str) -> Figure | None:
    """Return the figure of a catalogue with a key, months of permits included; None where there is none."""
    head, _, inner = key.partition("#")
    owner, _, file = head.partition("/")
    if owner == "jurisdictions" and inner.endswith(".months"):
        law = catalogue.jurisdictions.get(file.removesuffix(".toml"))
        return next((f for f in law_figures(law) if f.key == key), None) if law else None
    if owner == "partners":
        stack = catalogue.stacks.get(file.removesuffix(".toml"))
        return stack.figures.get(inner) if stack else None
    if owner in catalogue.cities:
        return catalogue.cities[owner].figures.get(inner)
    return (catalogue.economics if head == "economics.csv" else catalogue.assumptions).get(inner)
