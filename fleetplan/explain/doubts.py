"""What a plan is believed on: doubtful figures by city and by partner, by what they say, beside the value that rests on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fleetplan.catalogue.types import REQUEST_SOURCE
from fleetplan.plans.reading import city_order, doubt_key
from fleetplan.plans.types import CityRollout, FigureUse, PermitStep, Plan
from fleetplan.words.figures import words_of
from fleetplan.words.values import count, listed

KINDS = (
    ("Demand and fares", ("market", "population", "fare")),
    ("Rhythm and streets", ("profile", "season", "weather", "speed")),
    ("Costs", ("cost",)),
    ("Contract", ("contract",)),
    ("Supply and vehicles", ("supply", "vehicle")),
)
OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Weak:
    """A doubtful figure: its key in the catalogue, name and value in words, confidence, source, whether the request sets it."""

    key: str
    name: str
    value: str
    confidence: str
    source: str
    own: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a city, or a partner, is believed on; ``city`` is the slug of a city, empty for a partner."""

    name: str
    about: str
    npv_usd: float
    assumed: int
    low: int
    kinds: dict[str, int]
    weak_dates: int
    dates: int
    figures: list[Weak]
    city: str = ""


def title_of(key: str) -> str:
    """Return what a figure is called."""
    return words_of(key).title


def evidence(plan: Plan, partners: Mapping[str, str]) -> list[Evidence]:
    """Return the cities that open, the most valuable first, then the partners; ``partners`` names a stack by its slug."""
    cities = sorted((c for c in city_order(plan) if c.deployments), key=lambda c: -c.npv_usd)
    return [*(_of_city(c) for c in cities), *_of_partners(cities, partners)]


def used_kinds(found: Iterable[Evidence]) -> list[str]:
    """Return the kinds of figures that are doubtful anywhere, in the order of the table."""
    present = {kind for one in found for kind in one.kinds}
    return [kind for kind in (*(name for name, _ in KINDS), OTHER) if kind in present]


def own_figures(plan: Plan) -> list[Weak]:
    """Return the figures that the request sets itself."""
    found = []
    for o in plan.request.overrides:
        values = [o.value] if o.value is not None else o.values or []
        said = f"times {o.factor:g}" if o.factor is not None else ", ".join(f"{v:g}" for v in values)
        found.append(Weak(o.figure, title_of(o.figure), said, "assumed", o.why or REQUEST_SOURCE, own=True))
    return found


def _of_city(city: CityRollout) -> Evidence:
    own = [f for f in city.doubtful_figures if f.key.startswith(f"{city.city}/")]
    steps = [s for d in city.deployments for s in d.permits if not s.held]
    partners = listed([d.partner for d in city.deployments])
    return replace(_evidence(city.name, f"with {partners}", city.npv_usd, own, steps), city=city.city)


def _of_partners(cities: Iterable[CityRollout], partners: Mapping[str, str]) -> list[Evidence]:
    found: dict[str, dict[str, FigureUse]] = {}
    where: dict[str, list[str]] = {}
    worth: dict[str, float] = {}
    for city in cities:
        for f in city.doubtful_figures:
            if f.key.startswith("partners/"):
                found.setdefault(f.key.split("/")[1].split(".")[0], {})[f.key] = f
        for d in city.deployments:
            where.setdefault(d.stack, []).append(city.name)
            worth[d.stack] = worth.get(d.stack, 0.0) + d.npv_usd
    order = sorted(where, key=lambda s: (-worth[s], s))
    return [
        _evidence(partners.get(s, s), f"in {listed(where[s])}", worth[s], list(found.get(s, {}).values()), [])
        for s in order
    ]


def _evidence(name: str, about: str, npv: float, figures: list[FigureUse], steps: list[PermitStep]) -> Evidence:
    kinds: dict[str, int] = {}
    for f in figures:
        kinds[_kind(f.key)] = kinds.get(_kind(f.key), 0) + 1
    assumed = sum(f.confidence == "assumed" for f in figures)
    late = sum(s.confidence in {"low", "assumed"} for s in steps)
    shown = [weak_figure(f) for f in sorted(figures, key=doubt_key)]
    return Evidence(name, about, npv, assumed, len(figures) - assumed, kinds, late, len(steps), shown)


def _kind(key: str) -> str:
    section = key.partition("#")[2].partition(".")[0]
    return next((name for name, sections in KINDS if section in sections), OTHER)


def weak_figure(f: FigureUse) -> Weak:
    """Return a doubtful figure as pages show it."""
    value = count(f.value) if abs(f.value) >= 1000 else f"{f.value:.4g}"
    said = f"{value} {f.unit}"
    return Weak(f.key, title_of(f.key), said, f.confidence, f.source, f.source == REQUEST_SOURCE)
