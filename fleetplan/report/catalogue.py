"""What the catalogue's pages show of cities and of the whole, as plain values for templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.catalogue.readiness import untouched
from fleetplan.catalogue.types import Catalogue, City, DeploymentFact
from fleetplan.months import month_number, month_text
from fleetplan.permits.openings import first_month, least_needs
from fleetplan.permits.paths import EventDates, permit_path
from fleetplan.permits.slips import Durations
from fleetplan.words.figure_rows import (
    FigureRow,
    bearers,
    counts,
    figure_rows,
    firmer,
    number,
    override,
    peers,
    place_in_files,
    why,
)
from fleetplan.words.figures import TOPICS
from fleetplan.words.values import count, listed, several, usd

BEGIN: Final = "2027-01"
NEVER: Final = month_number("2060-01")
PAID: Final = ("paid_operator", "paid_driver_out")
FIGURE_GROUPS: Final = {
    "Market and fares": ("market",),
    "Traffic and weather": ("speed", "weather"),
    "Local costs": ("cost",),
    "People": ("population",),
}
CURRENCY_SIGNS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}
WEAK: Final = ("low", "assumed")


@dataclass(frozen=True, slots=True)
class Sureness:
    """How many figures of each confidence there are: in all, of a city by its slug, or of a topic."""

    name: str
    counts: dict[str, int]
    city: str = ""
    topic: str = ""

    @property
    def total(self) -> int:
        """How many there are in all."""
        return sum(self.counts.values())

    @property
    def weak(self) -> int:
        """How many are low or assumed."""
        return sum(self.counts[name] for name in WEAK)

    @property
    def shares(self) -> list[tuple[str, int, float]]:
        """Name, count and share in per cent of each confidence that occurs."""
        return [(name, n, round(100 * n / self.total, 2)) for name, n in self.counts.items() if n]

    @property
    def said(self) -> str:
        """The counts in words."""
        return ", ".join(f"{count(n)} {name}" for name, n in self.counts.items() if n)


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a stack could be in a city if its permits were begun at once: shortest, likely and longest."""

    paid: tuple[str, str, str] | None
    driver_out: tuple[str, str, str] | None


def overall(catalogue: Catalogue) -> Sureness:
    """Return the counts over the whole catalogue."""
    return Sureness("All figures", counts(list(_rows(catalogue))))


def own_sureness(catalogue: Catalogue, city: City) -> Sureness:
    """Return the counts of what concerns a city by name: its own files and the permits of its law."""
    rows = [row for row in _rows(catalogue) if city.slug in row.cities]
    return Sureness(city.name, counts(rows), city=city.slug)


def by_city(catalogue: Catalogue) -> list[Sureness]:
    """Return the counts of each city, by name."""
    return [own_sureness(catalogue, city) for city in sorted(catalogue.cities.values(), key=lambda c: c.name)]


def city_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return for each city what the overview shows of it, by name."""
    rows = figure_rows(catalogue)
    return [
        {
            "city": city,
            "people": people(city),
            "trips": rows[city.figures["market.trips_per_day"].key],
            "fare": rows[city.figures["market.mean_fare_local"].key],
            "deals": sorted(
                {
                    catalogue.stacks[fact.stack].partner
                    for (_, where), fact in catalogue.deployments.items()
                    if where == city.slug and fact.permitted != "no" and fact.deal in ("announced", "talks")
                }
            ),
        }
        for city in sorted(catalogue.cities.values(), key=lambda c: c.name)
    ]


def titles(catalogue: Catalogue) -> dict[str, str]:
    """Return the titles of permits and calendar events by id."""
    laws = catalogue.jurisdictions.values()
    permits = {key: permit.title for law in laws for key, permit in law.permits.items()}
    return permits | {key: event.title for law in laws for key, event in law.events.items()}


def card(catalogue: Catalogue, row: FigureRow) -> dict[str, Any]:
    """Return everything that defends one figure."""
    f = row.figure
    span = None
    if f.low is not None and f.high is not None and f.high > f.low and not f.values:
        span = round(100 * (f.value - f.low) / (f.high - f.low), 2)
    others = [(other, in_usd(catalogue, other)) for other in peers(catalogue, row)]
    mixed = len({other.figure.unit for other, _ in others}) > 1
    sizes = [abs(money if mixed and money is not None else other.figure.value) for other, money in others]
    top = max(sizes, default=0.0) or 1.0
    labels = [str(year) for year in f.years] or [str(i + 1) for i in range(len(f.values))]
    return {
        "why": why(row),
        "firmer": firmer(row),
        "file": place_in_files(row),
        "for": bearers(catalogue, row),
        "try": override(row),
        "span": span,
        "mixed": mixed,
        "bars": bars(row, labels, row.unit) if f.values else None,
        "peers": [
            (other, round(100 * size / top, 2), usd(money) if mixed and money is not None else "")
            for (other, money), size in zip(others, sizes, strict=True)
        ],
    }


def by_topic(catalogue: Catalogue) -> list[Sureness]:
    """Return the counts of each topic, the least sure first."""
    found = [
        Sureness(name, counts([r for r in _rows(catalogue) if r.topic == key]), topic=key)
        for key, name in TOPICS.items()
    ]
    return sorted((s for s in found if s.total), key=lambda s: -s.weak / s.total)


def years_spoken_of(catalogue: Catalogue) -> tuple[int, int]:
    """Return the earliest and the latest year that a figure speaks of."""
    years = [row.figure.year for row in _rows(catalogue) if row.figure.year]
    return min(years, default=0), max(years, default=0)


def people(city: City) -> float:
    """Return the residents of a city's outline, scaled to the newest total."""
    return city.value("population.scale") * sum(district.population for district in city.districts)


def in_usd(catalogue: Catalogue, row: FigureRow) -> float | None:
    """Return a figure in a currency as USD; nothing for one that is no money or has no exchange rate."""
    rate = catalogue.assumptions.get(f"fx.{row.figure.unit[:3]}")
    is_money = row.figure.unit[3:4] in {"", "/", " "}
    return row.figure.value * rate.value if rate is not None and is_money else None


def city_verdict(catalogue: Catalogue, city: City) -> list[str]:
    """Return what is known of a city in two sentences or three, and how surely."""
    market = city.figures
    fare = market["market.mean_fare_local"]
    sign = CURRENCY_SIGNS.get(city.currency, f"{city.currency} ")
    rate = catalogue.assumptions.get(f"fx.{city.currency}")
    also = f" ({usd(fare.value * rate.value)})" if rate is not None and city.currency != "USD" else ""
    facts = [fact for (_, where), fact in catalogue.deployments.items() if where == city.slug]
    open_to = [fact for fact in facts if fact.permitted != "no"]
    dealt = [fact for fact in open_to if fact.deal in ("announced", "talks")]
    own = own_sureness(catalogue, city)
    first = (
        f"{count(people(city))} people make about {count(market['market.trips_per_day'].value)} taxi and ride-hail trips "
        f"a day, {number(market['market.mean_trip_km'].value)} km long and {sign}{number(fare.value)}{also} each."
    )
    unasked = sum(fact.source == DEFAULT_SOURCE for fact in facts)
    law = (
        f"Whether the law lets {several(unasked, 'stack')} of {len(facts)} in has not been looked into"
        if unasked
        else f"The law is open to {several(len(open_to), 'stack')} of {len(facts)}"
    )
    deals = several(len(dealt), "partner has a deal or is in talks", "partners have a deal or are in talks")
    second = f"{law}; {deals}."
    third = f"Of {count(own.total)} figures about the city, {count(own.weak)} are low confidence or assumed."
    return [*_begun(catalogue, city), f"{first} {second} {third}"]


def _begun(catalogue: Catalogue, city: City) -> list[str]:
    """Say that a city is a template still, where it is."""
    left = untouched(catalogue).get(city.slug)
    if left is None:
        return []
    counts = [(left.figures, "figure"), (left.permits, "permit"), (left.depots, "depot")]
    by_rule = [what for what, rows in (("people", left.people), ("jobs", left.jobs)) if rows]
    told = [several(number, what) for number, what in counts if number]
    told += [f"the {listed(by_rule)} of {several(max(left.people, left.jobs), 'district')}"] if by_rule else []
    return (
        [f"{city.name} is a template still: {listed(told)} are as they were begun, and nobody has replaced them."]
        if told
        else []
    )


def figure_groups(catalogue: Catalogue, city: City) -> list[tuple[str, list[FigureRow]]]:
    """Return a city's single figures by group, in the order of the catalogue."""
    rows = figure_rows(catalogue)
    found = {
        name: [
            rows[f.key]
            for key, f in city.figures.items()
            if key.partition(".")[0] in prefixes and not f.values and f.key in rows
        ]
        for name, prefixes in FIGURE_GROUPS.items()
    }
    return list(found.items())


def profiles(catalogue: Catalogue, city: City) -> list[dict[str, Any]]:
    """Return a city's profiles as bars, each with its figure."""
    rows = figure_rows(catalogue)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    hours = [f"{hour}:00" for hour in range(24)]
    named = {
        "profile.weekday": (hours, "of a weekday's trips"),
        "profile.weekend": (hours, "of a weekend day's trips"),
        "profile.day_of_week": (days, "of a week's trips"),
        "season.month_factors": (months, "times the mean month"),
    }
    return [
        bars(rows[city.figures[key].key], labels, what)
        for key, (labels, what) in named.items()
        if key in city.figures and len(labels) == len(city.figures[key].values)
    ]


def bars(row: FigureRow, labels: list[str], what: str) -> dict[str, Any]:
    """Return a list figure as bars: label, height in per cent of the highest, and what each says."""
    values, lows, highs = row.figure.values, row.figure.lows, row.figure.highs
    top = max((*values, *highs), default=0.0) or 1.0

    def said(value: float) -> str:
        return f"{100 * value:.1f} %" if row.is_share else number(value)

    return {
        "row": row,
        "what": what,
        "bars": [
            {
                "label": label,
                "value": said(value),
                "height": round(100 * value / top, 2),
                "low": round(100 * lows[i] / top, 2) if lows else None,
                "high": round(100 * highs[i] / top, 2) if highs else None,
                "range": f"{said(lows[i])} to {said(highs[i])}" if lows and highs else "",
            }
            for i, (label, value) in enumerate(zip(labels, values, strict=True))
        ],
    }


def row_counts(city: City) -> list[tuple[str, int, str]]:
    """Return how many rows a city's tables hold, with the topic under which their figures are listed."""
    return [
        ("districts", len(city.districts), "people"),
        ("hot spots", len(city.hot_spots), "places"),
        ("airports and stations", len(city.gateways), "places"),
        ("bridges, tunnels and freeway links", len(city.crossings), ""),
        ("candidate depots", len(city.depots), "depots"),
    ]


def law_sentence(catalogue: Catalogue, city: City) -> str:
    """Return which bodies of law a stack meets on its way into a city."""
    names = [catalogue.jurisdictions[slug].name for slug in city.jurisdictions]
    permits = [p for p in catalogue.permits_for(city.slug).values() if p.needed_by == "every"]
    needed = sum(not permit.optional for permit in permits)
    further = len(permits) - needed
    more = f"; {further} more may open an early service, a wider area or an airport" if further else ""
    return (
        f"The law of {listed(list(dict.fromkeys(names)))} counts. "
        f"A stack without any permit needs {several(needed, 'permit')}{more}."
    )


def arrival(catalogue: Catalogue, fact: DeploymentFact) -> Arrival:
    """Return when a stack's permits allow it to run in some area of a city, if all programmes begin in January 2027."""
    found: dict[str, list[int]] = {"paid": [], "driver_out": []}
    spans: tuple[tuple[Durations, EventDates], ...] = (("min", "min"), ("median", "likely"), ("max", "max"))
    for durations, dates in spans:
        begin = month_number(BEGIN)
        path = permit_path(
            catalogue, fact.stack, fact.city, horizon_start=begin, durations=durations, event_dates=dates
        )
        needs = least_needs(path, catalogue.cities[fact.city].area_names)
        paid, out = (
            first_month(path, [p for m in modes for p in path.opening(m)], needs) for modes in (PAID, PAID[1:])
        )
        found["paid"].append(NEVER if paid is None else paid)
        found["driver_out"].append(NEVER if out is None else out)
    return Arrival(_months(found["paid"]), _months(found["driver_out"]))


def _months(ends: list[int]) -> tuple[str, str, str] | None:
    if ends[1] >= NEVER:
        return None
    shortest, median, longest = (month_text(end) for end in (min(ends), ends[1], max(ends)))
    return shortest, median, longest


def _rows(catalogue: Catalogue) -> list[FigureRow]:
    return list(figure_rows(catalogue).values())
