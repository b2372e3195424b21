"""What stands in the files of a made-up portfolio: see :mod:`benchmarks.portfolio` for what is varied and why."""

from __future__ import annotations

import csv
import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.catalogue_text import Toml, csv_text, toml_text
from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number, month_text

REAL = Path(__file__).resolve().parent.parent / "cities"
HEAD = "# Made by benchmarks/portfolio.py for measuring: varied copies of real entries, no facts.\n\n"
COPIED = ("assumptions.toml", "economics.csv", "live_markets.csv")
DRAWN_DISTRICTS = "districts.geojson"  # not every city has it
COPIED_OF_A_CITY = ("districts.csv", DRAWN_DISTRICTS, "hot_spots.csv", "outlines.geojson", "land.geojson")
DEALS = ("announced", "talks")
STACKS_PER_CITY = (2, 3, 3, 4)
HELD = 0.6  # chance that a stack holds the permits of a law that its original holds
MONTHS_FACTOR = (0.7, 1.4)
EVENT_MONTHS = (-6, 12)
LEAD_FACTOR = (0.7, 1.3)
SEASON_FACTOR = (0.93, 1.07)
SUPPLY_FACTOR = (0.6, 1.5)

CITY_FACTORS = {
    "market.mean_fare_local": (0.85, 1.18),
    "market.rival_share": (0.6, 1.5),
    "market.av_local_charge_usd_month": (0.5, 1.5),
    "cost.electricity_usd_per_kwh": (0.8, 1.25),
    "cost.remote_agent_usd_per_h": (0.85, 1.15),
    "cost.field_agent_usd_per_h": (0.85, 1.15),
    "cost.operator_usd_per_h": (0.85, 1.15),
    "cost.insurance_usd_per_km": (0.8, 1.25),
    "cost.operator_fee_usd_per_vehicle_month": (0.85, 1.2),
    "cost.charger_stall_usd": (0.85, 1.2),
    "cost.depot_fixed_usd": (0.7, 1.4),
}
STACK_FACTORS = {
    "vehicle.price_usd": (0.9, 1.12),
    "contract.platform_fare_share": (0.93, 1.05),
    "contract.fee_usd_per_vehicle_day": (0.9, 1.1),
    "contract.licence_usd_per_km": (0.8, 1.25),
    "contract.launch_cost_usd": (0.75, 1.3),
    "contract.fare_multiplier": (0.96, 1.06),
}
SHARES = ("market.rival_share", "contract.platform_fare_share")


@dataclass(frozen=True)
class Recipe:
    """What to make.

    Attributes
    ----------
    places
        Cities to copy, by slug; all of the source's where empty.
    """

    cities: int = 30
    stacks: int = 12
    seed: int = 7
    months: int = 48
    single_months: int = 12
    source: Path = REAL
    places: tuple[str, ...] = ()

    def chance(self, what: str) -> random.Random:
        """Return the random numbers of one thing, the same whatever else is made."""
        return random.Random(f"{self.seed} {what}")  # noqa: S311 - not for secrets


@dataclass(frozen=True)
class Copy:
    """A city or a stack to be made: ``number`` counts its generation from 1."""

    origin: str
    number: int

    @property
    def slug(self) -> str:
        """The name of its files."""
        return renamed(self.origin, self.number)


@dataclass(frozen=True)
class Portfolio:
    """A portfolio while it is made: the source's files and what to copy of them."""

    recipe: Recipe
    real: Catalogue
    cities: tuple[Copy, ...]
    stacks: tuple[Copy, ...]
    laws: dict[tuple[str, int], Toml] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: Recipe) -> Portfolio:
        """Read the source and draw up the lists."""
        real = load_catalogue(recipe.source)
        places = recipe.places or tuple(sorted(real.cities))
        stacks = templates(real)
        cities = tuple(Copy(places[i % len(places)], i // len(places) + 1) for i in range(recipe.cities))
        made = tuple(Copy(stacks[i % len(stacks)], i // len(stacks) + 1) for i in range(recipe.stacks))
        found = cls(recipe, real, cities, made)
        for city in cities:
            for law in real.cities[city.origin].jurisdictions:
                found.laws.setdefault((law, city.number), found.toml(f"jurisdictions/{law}.toml"))
        return found

    def toml(self, path: str) -> Toml:
        """Return a file of the source as plain data."""
        return tomllib.loads((self.recipe.source / path).read_text(encoding="utf-8"))

    def rows(self, path: str) -> list[dict[str, str]]:
        """Return the rows of a table of the source."""
        with (self.recipe.source / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def permits(self, number: int) -> set[str]:
        """Return the ids of the source's permits that a generation has copies of."""
        return {permit["id"] for (_, n), law in self.laws.items() if n == number for permit in law.get("permit", [])}


def templates(real: Catalogue) -> tuple[str, ...]:
    """Return the stacks worth copying, those with most deals first: not a rival's, with vehicles to be had."""

    def deals(slug: str) -> int:
        return sum(fact.deal in DEALS for (stack, _), fact in real.deployments.items() if stack == slug)

    usable = [s for s, stack in real.stacks.items() if not stack.rival and stack.value("supply.placeable") > 0]
    return tuple(sorted(usable, key=lambda slug: (-deals(slug), slug)))


def renamed(name: str, number: int) -> str:
    """Return the name of a copy of a slug or an id.

    >>> renamed("houston", 3)
    'houston-03'
    """
    return f"{name}-{number:02d}" if name else ""


# --- figures ----------------------------------------------------------------------------------------------------------


def varied(figure: Toml, factor: float, origin: str, most: float = float("inf")) -> Toml:
    """Return a figure and its range times a factor, at most ``most``; its source says so."""

    def times(number: float) -> float:
        return min(most, float(f"{number * factor:.6g}"))

    changed: Toml = {
        key: [times(n) for n in figure[key]] if isinstance(figure[key], list) else times(figure[key])
        for key in ("value", "low", "high")
        if key in figure
    }
    said = {"source": f"made up: {factor:.3f} x the figure of {origin}", "confidence": "assumed"}
    return {**{key: value for key, value in figure.items() if key != "note"}, **changed, **said}


def vary(tables: Toml, factors: Mapping[str, tuple[float, float]], chance: random.Random, origin: str) -> None:
    """Vary figures in place, each by a factor between two; shares stay at most 1."""
    for key, (low, high) in factors.items():
        group, name = key.split(".")
        most = 1.0 if key in SHARES else float("inf")
        tables[group][name] = varied(tables[group][name], chance.uniform(low, high), origin, most)


def season(figure: Toml, chance: random.Random, origin: str) -> Toml:
    """Return month factors, each moved by some per cent, of mean 1."""
    moved = [value * chance.uniform(*SEASON_FACTOR) for value in figure["value"]]
    mean = sum(moved) / len(moved)
    said = {"source": f"made up: the months of {origin}, each moved", "confidence": "assumed"}
    return {**figure, "value": [round(value / mean, 4) for value in moved], **said}


# --- files ------------------------------------------------------------------------------------------------------------


def files_of(portfolio: Portfolio) -> Iterator[tuple[str, str]]:
    """Yield every file of the catalogue: its path and its text."""
    for path in COPIED:
        yield path, (portfolio.recipe.source / path).read_text(encoding="utf-8")
    for city in portfolio.cities:
        yield from city_files(portfolio, city)
    for law, number in portfolio.laws:
        yield f"jurisdictions/{renamed(law, number)}.toml", HEAD + toml_text(law_tables(portfolio, law, number))
    for stack in portfolio.stacks:
        yield f"partners/{stack.slug}.toml", HEAD + toml_text(stack_tables(portfolio, stack))
    yield "deployments.csv", csv_text(deployments(portfolio))
    yield "supply_lines.csv", csv_text(supply_lines(portfolio))


def city_files(portfolio: Portfolio, copy: Copy) -> Iterator[tuple[str, str]]:
    """Yield the files of one city's folder."""
    for name in COPIED_OF_A_CITY:
        source = portfolio.recipe.source / copy.origin / name
        if source.exists() or name != DRAWN_DISTRICTS:
            yield f"{copy.slug}/{name}", source.read_text(encoding="utf-8")
    for name in ("gateways.csv", "crossings.csv"):
        rows = portfolio.rows(f"{copy.origin}/{name}")
        yield f"{copy.slug}/{name}", csv_text([{**r, "permit": renamed(r["permit"], copy.number)} for r in rows])
    chance = portfolio.recipe.chance(copy.slug)
    yield f"{copy.slug}/city.toml", HEAD + toml_text(city_tables(portfolio, copy, chance))
    yield f"{copy.slug}/depots.csv", csv_text(depots(portfolio, copy, chance))


def city_tables(portfolio: Portfolio, copy: Copy, chance: random.Random) -> Toml:
    """Return a ``city.toml`` under another name, with costs, fare, rivals and season varied."""
    tables = portfolio.toml(f"{copy.origin}/city.toml")
    head, number = tables["city"], copy.number
    head |= {"slug": copy.slug, "name": f"{head['name']} {number:02d}"}
    head["jurisdictions"] = [renamed(law, number) for law in head["jurisdictions"]]
    vary(tables, CITY_FACTORS, chance, copy.origin)
    tables["season"]["month_factors"] = season(tables["season"]["month_factors"], chance, copy.origin)
    return tables


def depots(portfolio: Portfolio, copy: Copy, chance: random.Random) -> list[dict[str, Any]]:
    """Return depot sites with other lead months; alike sites stay alike."""
    rows = portfolio.rows(f"{copy.origin}/depots.csv")
    leads = sorted({row["lead_months"] for row in rows}, key=int)
    moved = {lead: max(1, round(int(lead) * chance.uniform(*LEAD_FACTOR))) for lead in leads}
    return [{**row, "lead_months": moved[row["lead_months"]], "confidence": "assumed"} for row in rows]


def law_tables(portfolio: Portfolio, law: str, number: int) -> Toml:
    """Return a jurisdiction under another name, its permits longer or shorter, its events moved."""
    tables, known = portfolio.laws[law, number], portfolio.permits(number)
    chance = portfolio.recipe.chance(renamed(law, number))
    head = {**tables["jurisdiction"], "slug": renamed(law, number)}
    head["name"] = f"{head['name']} {number:02d}"
    events = [_event(event, number, known, chance) for event in tables.get("event", [])]
    permits = [_permit(permit, number, known, chance) for permit in tables.get("permit", [])]
    return {"jurisdiction": head, "event": events, "permit": permits}


def _event(event: Toml, number: int, known: set[str], chance: random.Random) -> Toml:
    by = chance.randint(*EVENT_MONTHS)
    moved: Toml = {
        key: month_text(month_number(event[key]) + by) for key in ("earliest", "likely", "latest") if event[key]
    }
    if "caps" in event:
        moved["caps"] = [
            {**cap, "permit": renamed(cap["permit"], number)} for cap in event["caps"] if cap["permit"] in known
        ]
    return {**event, "id": renamed(event["id"], number), **moved, "confidence": "assumed"}


def _permit(permit: Toml, number: int, known: set[str], chance: random.Random) -> Toml:
    factor = chance.uniform(*MONTHS_FACTOR)
    months = {key: round(permit[key] * factor) for key in ("months_min", "months_likely", "months_max")}
    named = {key: [renamed(p, number) for p in permit.get(key, []) if p in known] for key in ("all_of", "any_of")}
    if "until" in permit:
        named["until"] = [renamed(p, number) for p in permit["until"] if p in known]
    after = [{**link, "permit": renamed(link["permit"], number)} for link in permit["after_start"]]
    ids = {"id": renamed(permit["id"], number), "event": renamed(permit["event"], number), "after_start": after}
    return {**permit, **ids, **named, **months, "confidence": "assumed"}


def stack_tables(portfolio: Portfolio, copy: Copy) -> Toml:
    """Return a partner's file under another name: contract, price, supply and permits in hand varied."""
    tables = portfolio.toml(f"partners/{copy.origin}.toml")
    chance, number = portfolio.recipe.chance(copy.slug), copy.number
    head, supply = tables["stack"], tables["supply"]
    head |= {"slug": copy.slug, "partner": f"{head['partner']} {number:02d}", "aliases": []}
    vary(tables, STACK_FACTORS, chance, copy.origin)
    factor = supply_scale(portfolio) * chance.uniform(*SUPPLY_FACTOR)
    for key in ("placeable", "yearly_cap"):
        supply[key] = varied(supply[key], factor, copy.origin)
    least = tables["contract"]["minimum_quantity"]
    tables["contract"]["minimum_quantity"] = varied(least, factor, copy.origin)
    if supply["placeable"].get("line"):
        supply["placeable"]["line"] = f"{supply['placeable']['line']} {number:02d}"
    supply["lead_months"] = round(supply["lead_months"] * chance.uniform(*LEAD_FACTOR))
    tables["driver_out"] = list(_driven_out(portfolio, tables.get("driver_out", [])))
    tables["holds"] = list(_holds(portfolio, copy, tables.get("holds", [])))
    return tables


def _holds(portfolio: Portfolio, copy: Copy, holds: Sequence[Toml]) -> Iterator[Toml]:
    """Yield a stack's permits in hand, for each law of each generation all of them or none."""
    for (law, number), tables in sorted(portfolio.laws.items()):
        ids = {permit["id"] for permit in tables.get("permit", [])}
        if portfolio.recipe.chance(f"{copy.slug} {renamed(law, number)}").random() < HELD:
            yield from ({**hold, "permit": renamed(hold["permit"], number)} for hold in holds if hold["permit"] in ids)


def _driven_out(portfolio: Portfolio, places: Sequence[Toml]) -> Iterator[Toml]:
    """Yield where a stack drives without a driver, once for each generation of the law there, or under no law of ours."""
    for place in places:
        law = place.get("jurisdiction", "")
        numbers = sorted(number for (name, number) in portfolio.laws if name == law) if law else []
        for number in numbers:
            named = {"place": f"{place['place']} {number:02d}", "jurisdiction": renamed(law, number)}
            yield {**place, **named}
        if not law:
            yield place


def supply_scale(portfolio: Portfolio) -> float:
    """Return by how much a stack's supply grows: with the cities, and the less the more stacks share it."""
    real = portfolio.real
    dealt = {stack for (stack, _), fact in real.deployments.items() if fact.deal in DEALS}
    return len(portfolio.cities) / len(real.cities) * len(dealt) / len(portfolio.stacks)


def supply_lines(portfolio: Portfolio) -> list[dict[str, str]]:
    """Return the plants behind the stacks, one for each stack that names one."""
    known = {row["line"]: row for row in portfolio.rows("supply_lines.csv")}
    found = {}
    for stack in portfolio.stacks:
        line = portfolio.real.stacks[stack.origin].supply_line
        if line:
            name = f"{line} {stack.number:02d}"
            found[name] = {**known[line], "line": name, "confidence": "assumed"}
    return list(found.values())


def deployments(portfolio: Portfolio) -> list[dict[str, str]]:
    """Return a row for every stack and city; in each city a few stacks have a deal."""
    known = {(row["stack"], row["city"]): row for row in portfolio.rows("deployments.csv")}
    found = []
    for city in portfolio.cities:
        dealt = dealt_with(portfolio, city)
        for stack in portfolio.stacks:
            row = known[stack.origin, city.origin]
            said = {"deal_note": "made up", "earliest_announced": "", "source": "made up", "confidence": "assumed"}
            ids = {"stack": stack.slug, "city": city.slug, "deal": dealt.get(stack, "none")}
            found.append({**row, **ids, **said})
    return found


def dealt_with(portfolio: Portfolio, city: Copy) -> dict[Copy, str]:
    """Return the stacks with a deal in a city, and which."""
    chance = portfolio.recipe.chance(f"{city.slug} deals")
    lawful = [stack for stack in portfolio.stacks if is_lawful(portfolio.real, stack.origin, city.origin)]
    chosen = chance.sample(lawful, min(chance.choice(STACKS_PER_CITY), len(lawful)))
    return {stack: DEALS[place % 2] for place, stack in enumerate(chosen)}


def is_lawful(real: Catalogue, stack: str, city: str) -> bool:
    """Return whether a stack may go to a city: not barred, and with the wheel on the right side."""
    left = real.cities[city].drive_side == "left"
    return real.deployments[stack, city].permitted != "no" and not (left and real.stacks[stack].rhd != "yes")
