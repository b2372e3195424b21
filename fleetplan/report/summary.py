"""A plan on the terminal: money, launches in order, fleets by year, what binds, and why a city stays out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fleetplan.plans.finance import years
from fleetplan.plans.reading import area_km2, city_order, ordered_deployments
from fleetplan.plans.template import template_use
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.binding import unit_words, worth_words
from fleetplan.words.changes import DURATION_NAMES
from fleetplan.words.markets import SAME_RULES, found_words, markets_sentence, most_words, plan_noun
from fleetplan.words.names import Names
from fleetplan.words.openings import ends, is_shut
from fleetplan.words.proof import gap_in_full, gap_of
from fleetplan.words.starting import stands, starting_sentences
from fleetplan.words.template import template_sentence
from fleetplan.words.values import STATUS_NAMES, count, decimal, listed, month_name, percent, usd, usd_fine
from fleetplan.words.worth import other_basis, parts, parts_text, return_rows
from fleetplan.words.worth import years as years_words

MOST_BINDING = 8


def print_summary(plan: Plan, console: Console, files: list[Path] | None = None) -> None:
    """Print the summary of a plan, and where its files are."""
    for part in summary(plan):
        console.print(part)
    if files:
        console.print(_places(files))


def summary(plan: Plan) -> Iterator[RenderableType]:
    """Yield the parts of a plan's summary, top to bottom."""
    yield Text()
    yield Text(plan.name, style="bold")
    if rests := template_sentence(template_use(plan)):
        yield Padding(Text(rests, style="yellow"), (0, 0, 0, 2))
    yield _headline(plan)
    if plan.request.starting_state is not None:
        told = starting_sentences(plan.request.starting_state, Names(plans=[plan]))
        yield from _section("Where it starts", Text("\n".join(told)))
    yield from _section(
        "Launches in order", _launches(plan) if _any(plan) else Text("this plan opens nothing", style="dim")
    )
    if any(d.launch_months and not stands(plan, d) for c in plan.cities for d in c.deployments):
        yield from _section(f"How sure the months are: the plan takes permits {_durations(plan)}", _promises(plan))
    yield from _section("Vehicles in service at the end of each year", _fleets(plan))
    if _any(plan):
        yield from _section("Worth of each launch, discounted", _worths(plan))
    if _any(plan):
        yield from _section("Returns, all counted years together", _returns(plan))
    yield from _section("Cities", _cities(plan))
    if plan.binds:
        yield from _section("What binds", _binds(plan))
    yield from _section("Proof", _proof(plan))


def _section(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", style="bold")
    yield Padding(body, (0, 0, 0, 2))


def _any(plan: Plan) -> bool:
    return any(c.deployments for c in plan.cities)


def _grid(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "r" else "left", no_wrap=justify == "r")
    return table


def _headline(plan: Plan) -> Table:
    k = plan.kpis
    table = Table.grid(padding=(0, 3))
    rows = [
        ("net present value", usd(k.npv_usd), other_basis(plan)),
        *((f"  {p.name}", p.amount, f"{p.share} of it" if p.share else "") for p in parts(k)),
        (
            "  other years after",
            f"{usd(k.npv_by_horizon_usd)} / {usd(k.npv_twice_after_usd)}",
            f"with none / twice the {years_words(k)} after the horizon",
        ),
        ("capital", usd(k.capital_usd), f"{usd(k.discounted_capital_usd)} discounted"),
        (
            "peak funding",
            usd(k.peak_funding_usd),
            f"payback {month_name(k.payback)}" if k.payback else "no payback yet",
        ),
        (
            "cities live",
            f"{k.cities_live} of {len(plan.cities)}",
            f"{k.markets_live_with_existing} markets with today's",
        ),
        *_markets(plan),
        ("vehicles", count(k.vehicles_end), "at the end of the horizon"),
        ("trips a day", count(k.trips_per_day_end), f"{decimal(k.trips_per_vehicle_day_end)} a vehicle"),
        ("proven gap", gap_of(plan), STATUS_NAMES[plan.status]),
    ]
    for name, value, more in rows:
        table.add_row(Text(f"  {name}", style="dim"), Text(value, style="bold"), Text(more, style="dim"))
    return table


def _markets(plan: Plan) -> list[tuple[str, str, str]]:
    """Return the line of the markets where they come first."""
    if plan.markets is None:
        return []
    return [("markets first", str(plan.markets.found), f"{found_words(plan.markets)}; {most_words(plan.markets)}")]


def _launches(plan: Plan) -> Table:
    table = _grid(
        ("opens", ""), ("city", ""), ("partner", ""), ("driver out", ""), ("km² first", "r"), ("km² last", "r"),
        ("vehicles", "r"), ("NPV", "r"),
    )  # fmt: skip
    for city, d in ordered_deployments(plan):
        first = next((k for k in d.level if k), 0)
        table.add_row(
            f"{month_name(d.launch)}{', open' if stands(plan, d) else ''}{ends(d)}" if d.launch else "never",
            Text(city.name),
            Text(d.partner),
            month_name(d.driver_out),
            count(area_km2(city, first)),
            count(area_km2(city, d.level[-1])),
            count(d.vehicles[-1]),
            usd(d.npv_usd),
        )
    return table


def _worths(plan: Plan) -> Table:
    """Return of what the worth of every launch is made: cash within the horizon, residual, terminal value."""
    table = _grid(("city", ""), ("partner", ""), ("cash", "r"), ("residual", "r"), ("terminal", "r"), ("NPV", "r"))
    for city, d in ordered_deployments(plan):
        amounts = (part.amount for part in parts(d.worth))
        table.add_row(Text(city.name), Text(d.partner), *amounts, usd(d.npv_usd))
    return table


def _promises(plan: Plan) -> Table:
    """Return how sure the months of launch and of driver-out are; one line where a service opens without a driver."""
    table = _grid(
        ("city", ""), ("partner", ""), ("", ""), ("promised", ""), ("half by", ""), ("nine in ten by", ""), ("kept", "r")
    )  # fmt: skip
    for city, d in ordered_deployments(plan):
        if stands(plan, d):
            continue
        at_once = d.launch == d.driver_out
        steps = (("opens", None if at_once else d.launch_months), ("driver out", d.driver_out_months))
        for what, found in steps:
            if found is not None:
                months = (month_name(m) for m in (found.promised, found.median, found.careful))
                table.add_row(Text(city.name), Text(d.partner), what, *months, percent(found.kept))
    return table


def _durations(plan: Plan) -> str:
    return f"to last {DURATION_NAMES[plan.request.permit_durations]}"


def _returns(plan: Plan) -> Table:
    table = _grid(
        ("", ""),
        ("return a year", "r"),
        ("nothing left at", "r"),
        ("a trip costs", "r"),
        ("after tax", "r"),
        ("NPV", "r"),
    )
    for row in return_rows(plan):
        table.add_row(*(Text(text) for text in row))
    return table


def _fleets(plan: Plan) -> Table:
    table = _grid(("city", ""), *((str(year), "r") for year in years(plan)))
    ends = [max(t for t, p in enumerate(plan.periods) if p < f"{year + 1}") for year in years(plan)]
    for city in plan.cities:
        if city.deployments:
            fleet = [sum(d.vehicles[t] for d in city.deployments) for t in ends]
            table.add_row(Text(city.name), *(count(v) if v else "–" for v in fleet))
    table.add_row("all", *(count(plan.kpis.vehicles_by_year.get(str(y), 0)) for y in years(plan)), style="bold")
    return table


def _cities(plan: Plan) -> Table:
    table = Table.grid(padding=(0, 3))
    for city in city_order(plan):
        table.add_row(Text(city.name), Text(_city_line(city), style="" if city.deployments else "dim"))
    return table


def _city_line(city: CityRollout) -> str:
    if not city.deployments:
        return f"stays out: {city.outcome.sentence}" if city.outcome.sentence else "stays out"
    if is_shut(city):
        partners = listed([d.partner for d in city.deployments])
        return f"begun with {partners} and never opens: NPV {usd(city.npv_usd)}"
    head = f"NPV {usd(city.npv_usd)} ({parts_text(city.worth)})"
    paid = f"payback {month_name(city.payback)}" if city.payback else "no payback within the horizon"
    head = f"{head}, capital {usd(city.capital_usd)}, {paid}"
    return f"{head}. {city.outcome.sentence}" if city.outcome.sentence else head


def _binds(plan: Plan) -> Table:
    table = Table.grid(padding=(0, 3))
    for b in plan.binds[:MOST_BINDING]:
        worth = "" if b.price_usd is None else f"locally, one more {unit_words(b)}: {worth_words(b)}"
        table.add_row(Text(b.sentence), Text(worth, style="dim"))
    if len(plan.binds) > MOST_BINDING:
        table.add_row(Text(f"and {len(plan.binds) - MOST_BINDING} more, in the report", style="dim"))
    return table


def _proof(plan: Plan) -> Text:
    c = plan.certificate
    worth = f"this one is worth {usd_fine(c.objective_usd)}: {STATUS_NAMES[plan.status]}"
    lines = [
        markets_sentence(plan),
        f"No {plan_noun(plan)} {SAME_RULES} is worth more than {usd_fine(c.bound_usd)}; {worth}.",
        f"Gap {gap_in_full(plan)}.",
        c.exactness.sentence,
        f"Checker: {c.checker}, {len(c.rules_checked)} rules. Seed {c.seed}.",
    ]
    return Text("\n".join(line for line in lines if line))


def _places(files: list[Path]) -> Text:
    text = Text("\nWritten\n", style="bold")
    main = [f for f in files if f.name in {"report.html", "plan.json", "plan.gpkg"}]
    for path in sorted(main, key=lambda f: ("report", "plan").index(f.stem)):
        text.append(f"  {path}\n", style="not bold")
    if main:
        text.append(f"  and {len(files) - len(main)} tables and maps beside them", style="not bold dim")
    return text
