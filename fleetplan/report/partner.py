"""What the catalogue's pages show of partners: contracts in sentences, supply by year, cities where a stack may run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from fleetplan.catalogue.types import Catalogue, City, DeploymentFact, Hold, Stack, SupplyLine
from fleetplan.economics import BATTERY_USD, KIT_INDEX, vehicle_price_usd
from fleetplan.report.catalogue import WEAK, Arrival, arrival, bars
from fleetplan.words.catalogue import CONTRACT_MEANS, CONTRACT_NAMES, country_words
from fleetplan.words.figure_rows import FigureRow, figure_rows, number
from fleetplan.words.values import count, listed, month_name, percent, usd

DEALS: Final = ("announced", "talks", "none", "rival")
LAWFUL: Final = ("yes", "conditional", "no")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a contract: what it is, as a sentence, with the figure behind it."""

    name: str
    text: str
    row: FigureRow | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A stack in a city: what law and deal say, and when its permits allow it to run."""

    fact: DeploymentFact
    stack: Stack
    city: City
    arrival: Arrival | None


@dataclass(frozen=True, slots=True)
class Held:
    """A permit that a stack holds or has begun, with its title and where it counts."""

    hold: Hold
    title: str
    law: str


def deployments(catalogue: Catalogue, *, city: str = "", stack: str = "") -> list[Place]:
    """Return the deployments of a city or of a stack, the likeliest first."""
    facts = [
        fact
        for (who, where), fact in catalogue.deployments.items()
        if (not city or where == city) and (not stack or who == stack)
    ]
    facts.sort(key=lambda f: (DEALS.index(f.deal), LAWFUL.index(f.permitted), f.city if stack else f.stack))
    return [
        Place(
            fact,
            catalogue.stacks[fact.stack],
            catalogue.cities[fact.city],
            None if fact.permitted == "no" else arrival(catalogue, fact),
        )
        for fact in facts
    ]


def likely(places: Iterable[Place]) -> list[Place]:
    """Return the deployments that a request plans without being told to: lawful, with a deal or in talks."""
    return [p for p in places if p.fact.permitted != "no" and p.fact.deal in ("announced", "talks")]


def partner_groups(catalogue: Catalogue) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Return the stacks by contract: name and meaning of the contract, then a row a stack; rivals last."""
    rows = figure_rows(catalogue)
    groups: list[tuple[str, str, list[dict[str, Any]]]] = []
    for kind, name in CONTRACT_NAMES.items():
        own = [s for s in catalogue.stacks.values() if s.contract_type == kind and not s.rival]
        groups.append((name, CONTRACT_MEANS[kind], [_stack_row(catalogue, rows, s) for s in own]))
    rivals = [_stack_row(catalogue, rows, s) for s in catalogue.stacks.values() if s.rival]
    groups.append(("Rivals", "Run their own service and are not to be had: they take a share of trips.", rivals))
    return [
        (name, means, sorted(found, key=lambda r: (-len(r["deals"]), r["stack"].partner)))
        for name, means, found in groups
        if found
    ]


def stack_verdict(catalogue: Catalogue, stack: Stack) -> list[str]:
    """Return a stack in a paragraph: who it is, what the contract says, how many there may be, where."""
    if stack.rival:
        what = "runs its own service and is not to be had on the platform; it takes a share of trips in its cities."
        return [f"{stack.partner} {what}"]
    dealt = likely(deployments(catalogue, stack=stack.slug))
    cities = listed([p.city.name for p in dealt])
    where = f"It has a deal or is in talks for {cities}." if dealt else "It has no known deal for a city here."
    exclusive = " It is exclusive to the platform." if stack.exclusive else ""
    return [f"{CONTRACT_MEANS[stack.contract_type]}{exclusive} {_supply_sentence(stack)} {where}"]


def terms(catalogue: Catalogue, stack: Stack) -> list[Term]:
    """Return the terms of a contract as sentences, each with its figure; terms that are nought are left out."""
    rows = figure_rows(catalogue)

    def row(key: str) -> FigureRow | None:
        figure = stack.figures.get(key)
        return rows.get(figure.key) if figure else None

    found = [
        Term("Price", _price(catalogue, stack), row("vehicle.price_usd")),
        Term("Fares", _fares(stack), row("contract.platform_fare_share")),
        Term("Fare level", _fare_level(stack), row("contract.fare_multiplier")),
        Term("Fixed fee", _fee(stack), row("contract.fee_usd_per_vehicle_day")),
        Term("Licence", _licence(stack), row("contract.licence_usd_per_km")),
        Term("Launch", _launch(stack), row("contract.launch_cost_usd")),
        Term("Finance", _finance(catalogue, stack), row("contract.financed_share")),
        Term("Minimum quantity", _minimum(stack), row("contract.minimum_quantity")),
        Term("Legal volume cap", _cap(stack), row("supply.yearly_cap")),
        Term("Exclusive", "Only for the platform." if stack.exclusive else "Not exclusive."),
        Term("Lead time", f"{stack.lead_months} months from order to vehicle."),
    ]
    return [term for term in found if term.text]


def _price(catalogue: Catalogue, stack: Stack) -> str:
    """Return what a vehicle costs in the first and in the last year of the price lists."""
    own = catalogue.assumptions
    first, last = own[KIT_INDEX].years[0], max(own[name].years[-1] for name in (KIT_INDEX, BATTERY_USD))
    then = usd(vehicle_price_usd(own, stack, 12 * last))
    now = f"{usd(stack.value('vehicle.price_usd'))} a vehicle, landed, in {first}"
    return f"{now}; {then} from {last} on, as its driving kit and its battery get cheaper."


def supply(catalogue: Catalogue, stack: Stack) -> dict[str, Any] | None:
    """Return the vehicles to be had by year as bars, with their range."""
    figure = stack.figures.get("supply.placeable")
    if figure is None or not any(figure.values):
        return None
    return bars(figure_rows(catalogue)[figure.key], [str(year) for year in figure.years], "vehicles")


def supply_line(catalogue: Catalogue, stack: Stack) -> SupplyLine | None:
    """Return the plant or programme behind a stack."""
    return catalogue.supply_lines.get(stack.supply_line)


def holds(catalogue: Catalogue, stack: Stack) -> list[Held]:
    """Return the permits a stack has or has begun."""
    known = {
        key: (permit.title, law.name) for law in catalogue.jurisdictions.values() for key, permit in law.permits.items()
    }
    return [Held(hold, *known.get(hold.permit, (hold.permit, ""))) for hold in stack.holds]


def origin_rules(catalogue: Catalogue, stack: Stack) -> list[str]:
    """Return what a stack's origin, drive side and vehicle mean for where it may run, in sentences."""
    home = country_words().get(stack.origin, stack.origin)
    found = [f"The driving system comes from {home}."]
    barred = [p for p in deployments(catalogue, stack=stack.slug) if p.fact.permitted == "no"]
    for reason in dict.fromkeys(p.fact.reason for p in barred):
        names = listed([p.city.name for p in barred if p.fact.reason == reason])
        found.append(f"Barred in {names}: {reason}.")
    for side, known in (("left", stack.lhd), ("right", stack.rhd)):
        # Traffic keeps to the right where the wheel is on the left.
        traffic = "right" if side == "left" else "left"
        cities = listed(sorted(c.name for c in catalogue.cities.values() if c.drive_side == traffic))
        if known in {"no", "unknown"} and cities:
            word = "is not built" if known == "no" else "is not known to be built"
            found.append(f"It {word} with the wheel on the {side}, which {cities} would need.")
    snowy = listed(sorted(c.name for c in catalogue.cities.values() if c.snow))
    if stack.snow_ok != "yes" and snowy:
        snow = {"no": "It does not run in snow", "limited": "It runs in light snow only"}
        found.append(f"{snow.get(stack.snow_ok, 'Whether it runs in snow is not known')}; that matters in {snowy}.")
    return found


def _stack_row(catalogue: Catalogue, rows: Any, stack: Stack) -> dict[str, Any]:
    figures = [rows[f.key] for f in stack.figures.values() if f.key in rows]
    facts = [fact for (who, _), fact in catalogue.deployments.items() if who == stack.slug]
    open_to = [fact for fact in facts if fact.permitted != "no"]
    placeable = stack.figures["supply.placeable"]
    return {
        "stack": stack,
        "deals": [catalogue.cities[f.city].name for f in open_to if f.deal in ("announced", "talks")],
        "open": len(open_to),
        "cities": len(facts),
        "price": rows[stack.figures["vehicle.price_usd"].key],
        "placeable": list(zip(placeable.years, placeable.values, strict=True)),
        "weak": sum(r.confidence in WEAK for r in figures),
        "figures": len(figures),
    }


def _supply_sentence(stack: Stack) -> str:
    figure = stack.figures["supply.placeable"]
    by_year = [(year, n) for year, n in zip(figure.years, figure.values, strict=True) if n]
    if not by_year:
        return "No vehicle is to be had within the years known."
    (first, few), (last, many) = by_year[0], by_year[-1]
    return f"{count(few)} vehicles can be placed by the end of {first}, {count(many)} by the end of {last}."


def _fares(stack: Stack) -> str:
    share = stack.value("contract.platform_fare_share")
    if share >= 1:
        return "The platform keeps all net fares."
    return f"The platform keeps {percent(share, 0)} of net fares, the partner {percent(1 - share, 0)}."


def _fare_level(stack: Stack) -> str:
    level = stack.value("contract.fare_multiplier")
    return (
        "Rides cost what the city's rides cost." if level == 1 else f"Rides cost {number(level)} times the city's fare."
    )


def _fee(stack: Stack) -> str:
    fee = stack.value("contract.fee_usd_per_vehicle_day")
    return f"The platform pays {usd(fee)} a vehicle and day." if fee else ""


def _licence(stack: Stack) -> str:
    fee = stack.value("contract.licence_usd_per_km")
    return f"The platform pays {usd(fee)} a kilometre for the driving system." if fee else ""


def _launch(stack: Stack) -> str:
    cost, share = stack.value("contract.launch_cost_usd"), stack.value("contract.launch_share")
    part = "all of it" if share >= 1 else percent(share, 0) if share else "none of it"
    return (
        f"A first city costs {usd(cost)} (mapping, validation, permits, hires); the platform pays {part}."
        if cost
        else ""
    )


def _finance(catalogue: Catalogue, stack: Stack) -> str:
    if "capital" not in stack.platform_pays:
        return "The partner finances the vehicles."
    share = min(stack.value("contract.financed_share"), catalogue.assumptions["finance.loan_to_value"].value)
    return (
        f"{percent(share, 0)} of the price is financed by others."
        if share
        else "The whole price comes from the budget."
    )


def _minimum(stack: Stack) -> str:
    least = stack.value("contract.minimum_quantity")
    if not least:
        return ""
    owed = stack.value("contract.shortfall_usd_per_vehicle")
    short = f"each vehicle short costs {usd(owed)}" if owed else "what a vehicle short costs is not published"
    years = stack.value("contract.minimum_years")
    return f"At least {count(least)} vehicles are to be taken within {years:g} years, in all markets; {short}."


def _cap(stack: Stack) -> str:
    cap = stack.value("supply.yearly_cap")
    return f"At most {count(cap)} vehicles a year." if cap else ""


def begun(hold: Hold) -> str:
    """Return the state of a permit in words."""
    return "in hand" if hold.state == "held" else f"begun {month_name(hold.begun)}"
