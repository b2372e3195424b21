"""Which slides a plan has, and what stands on each: verdict, timeline, cities, fleets, money, what could go wrong, proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from textwrap import shorten

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.types import Doubt
from fleetplan.explain.verdict import verdict
from fleetplan.facts import Binding
from fleetplan.plans import finance
from fleetplan.plans.reading import area_km2, by_opening, city_order, doubts, end_month, ordered_deployments
from fleetplan.plans.types import CityRollout, DeploymentPlan, OpeningMonths, Plan
from fleetplan.report import charts, gantt
from fleetplan.report.doubt import spread_rows, tornado_view
from fleetplan.report.slides.ground import ground_png
from fleetplan.report.slides.sheet import (
    ACCENT,
    FAINT,
    HEIGHT,
    INK,
    LINE,
    MARGIN,
    PALE,
    SOFT,
    WIDTH,
    Box,
    Deck,
    Sheet,
    Style,
    colour,
)
from fleetplan.service.types import CityService
from fleetplan.words import values as words
from fleetplan.words.binding import unit_words, worth_words
from fleetplan.words.doubt import doubt_sentences
from fleetplan.words.markets import SAME_RULES, plan_noun
from fleetplan.words.names import Names
from fleetplan.words.openings import ends
from fleetplan.words.proof import gap_in_full, gap_of, holds_for
from fleetplan.words.worth import other_basis, parts, return_rows
from fleetplan.words.worth import years as years_after

INNER = WIDTH - 2 * MARGIN
TOP, FOOT = 1.5, 6.85  # where a slide's own content begins and ends
ROWS, SENTENCES = 12, 8  # of a timeline or a table, before it goes on on the next slide
MOST_BINDING, MOST_BARS, MOST_AREAS, LONGEST = 5, 8, 5, 88
MOST_OWNERS = 8
IN_WORKBOOK = "Each with value, range and source in the workbook."
WORSE = "E0912F"
BANDS = {
    "prep": LINE,
    "mode unpaid_operator": PALE,
    "mode unpaid_driver_out": PALE,
    "mode paid_operator": "8FBFD3",
    "mode paid_driver_out": ACCENT,
}
KEYS = (
    (LINE, "permits and tests"),
    (PALE, "unpaid rides"),
    ("8FBFD3", "paid, operator on board"),
    (ACCENT, "paid, driver out"),
)


def slides(plan: Plan, services: Mapping[str, CityService], catalogue: Catalogue, doubt: Doubt | None = None) -> bytes:
    """Return a plan as a presentation (Office Open XML): text, tables, bars and charts can be edited; maps are pictures.

    With the doubt of the plan a slide says how sure it is, and of what.
    """
    names = Names(catalogue, (plan,))
    made = Deck(plan.name, f"{plan.name} · {words.STATUS_NAMES[plan.status]}, gap {gap_of(plan)} · fleetplan")
    _verdict(made, plan)
    _timeline(made, plan)
    for city in city_order(plan):
        if city.deployments:
            _city(made, plan, city, services.get(city.city), catalogue)
    _fleets(made, plan)
    _money(made, plan)
    _returns(made, plan)
    _when(made, plan)
    _unsure(made, plan, names)
    if doubt is not None:
        _doubt(made, doubt, names)
    _left_out(made, plan)
    _proof(made, plan)
    return made.content()


def _horizon(plan: Plan) -> str:
    return f"{words.month_name(plan.periods[0])} to {words.month_name(end_month(plan))}"


def _verdict(deck: Deck, plan: Plan) -> None:
    k = plan.kpis
    sheet = deck.sheet(plan.name, f"Robotaxi expansion plan · {_horizon(plan)}")
    sheet.fitted(Box(MARGIN, TOP, INNER, 2.7), verdict(plan), Style(15, serif=True))
    cells = [
        ("Net present value", words.usd(k.npv_usd), other_basis(plan)),
        *(
            (f"{p.name[:1].upper()}{p.name[1:]}", p.amount, f"{p.share} of it" if p.share else "discounted")
            for p in parts(k)
        ),
        ("Capital", words.usd(k.capital_usd), f"{words.usd(k.discounted_capital_usd)} discounted"),
        (
            "Peak funding",
            words.usd(k.peak_funding_usd),
            _payback(k.payback),
        ),
        (
            "Vehicles",
            words.count(k.vehicles_end),
            f"{words.several(k.cities_live, 'city', 'cities')} live of {len(plan.cities)}",
        ),
        ("Proven gap", gap_of(plan), words.STATUS_NAMES[plan.status]),
    ]
    sheet.tiles(Box(MARGIN, 4.35, INNER, 2.4), cells, 4)


def _payback(month: str | None) -> str:
    return f"payback {words.month_name(month)}" if month else "no payback within the horizon"


# --- time -------------------------------------------------------------------------------------------------------------


def _timeline(deck: Deck, plan: Plan) -> None:
    """Draw the timeline, so many deployments a slide."""
    found = ordered_deployments(plan)
    for first in range(0, len(found), ROWS):
        sheet = deck.sheet("Timeline", _horizon(plan))
        _years(sheet, plan)
        for k, (city, d) in enumerate(found[first : first + ROWS]):
            _row(sheet, plan, city, d, TOP + 0.35 + k * 0.4)
        _bands(sheet)


LEFT_OF_BARS = MARGIN + 4.3


def _x(percent: float) -> float:
    return LEFT_OF_BARS + (WIDTH - MARGIN - LEFT_OF_BARS) * percent / 100


def _years(sheet: Sheet, plan: Plan) -> None:
    for year, left, width in gantt.Scale.of(plan).years():
        sheet.bar(Box(_x(left), TOP, 0.01, FOOT - TOP - 0.35), LINE)
        if width >= 6:
            sheet.text(Box(_x(left) + 0.06, TOP, 1, 0.3), [str(year)], Style(11, SOFT))


def _row(sheet: Sheet, plan: Plan, city: CityRollout, d: DeploymentPlan, top: float) -> None:
    when = f"{words.month_name(d.launch)}{ends(d)}" if d.launch else "never opens"
    sheet.text(Box(MARGIN, top, 3.1, 0.32), [f"{city.name}, {d.partner}"], Style(11))
    sheet.text(Box(MARGIN + 3.15, top, 1.1, 0.32), [when], Style(11, SOFT))
    for bar in gantt.deployment_track(plan, d).bars:
        if bar.css in BANDS:
            left = _x(bar.left)
            sheet.bar(Box(left, top + 0.05, max(_x(bar.left + bar.width) - left, 0.02), 0.2), BANDS[bar.css], bar.title)


def _bands(sheet: Sheet) -> None:
    for k, (fill, name) in enumerate(KEYS):
        left = LEFT_OF_BARS + 2.1 * k
        sheet.bar(Box(left, FOOT - 0.2, 0.22, 0.14), fill)
        sheet.text(Box(left + 0.3, FOOT - 0.25, 1.8, 0.3), [name], Style(10, SOFT))


# --- cities -----------------------------------------------------------------------------------------------------------


def _city(deck: Deck, plan: Plan, city: CityRollout, service: CityService | None, catalogue: Catalogue) -> None:
    sheet = deck.sheet(city.name, "")
    fact = catalogue.cities.get(city.city)
    colours = {stack: f"#{colour(css).lower()}" for stack, css in charts.palette(plan).items()}
    if fact is not None and service is not None and service.levels:
        said = f"Map of {city.name}: the areas that open, from the first to the widest, and the depots"
        sheet.picture(Box(MARGIN, TOP, 6.6, 5.05), ground_png(city, fact, service, colours), said)
        sheet.text(Box(MARGIN, 6.6, 6.6, 0.3), [f"Land and water: {fact.land_attribution}"], Style(8, FAINT))
    right, width = 7.55, WIDTH - MARGIN - 7.55
    sheet.text(Box(right, TOP, width, 1.0), [city.outcome.sentence], Style(14, serif=True))
    cells = [
        (
            "Net present value",
            words.usd(city.npv_usd),
            "incremental" if plan.request.value == "incremental" else "gross",
        ),
        *_city_parts(plan, city),
        ("Capital", words.usd(city.capital_usd), _payback(city.payback)),
        (
            "A trip costs",
            _fine(city.returns.cost_per_trip_usd),
            f"of {_fine(city.returns.fare_per_trip_usd)} it brings",
        ),
    ]
    sheet.tiles(Box(right, 2.45, width, 2.3), cells, 3)
    rows = [row for d in sorted(city.deployments, key=by_opening) for row in _areas(plan, city, d)]
    shown, head = rows[:MOST_AREAS], ["partner ", "from ", "area km²", "vehicles then"]
    sheet.table(Box(right, 4.95, width, 0.3 * (len(shown) + 1)), head, shown, [2.6, 1.2, 1.1, 1.4])
    if len(rows) > len(shown):
        note = f"and {words.several(len(rows) - len(shown), 'later area')}, in the workbook"
        sheet.text(Box(right, FOOT - 0.1, width, 0.25), [note], Style(10, SOFT))


def _city_parts(plan: Plan, city: CityRollout) -> Iterator[tuple[str, str, str]]:
    """Yield the three parts of a city's worth for narrow tiles."""
    after = f"the {years_after(plan.kpis)} after" if plan.kpis.years_after else "no year after"
    worth = city.worth
    yield "Cash", words.usd(worth.cash_usd), "within the horizon"
    yield "Residual", words.usd(worth.residual_usd), "what is left in the end"
    yield "Terminal", words.usd(worth.terminal_usd), after


def _fine(value: float | None) -> str:
    return words.DASH if value is None else f"${value:,.2f}"


def _areas(plan: Plan, city: CityRollout, d: DeploymentPlan) -> Iterator[list[str]]:
    """Yield when each area of a deployment opens, and how many vehicles are in service in that period."""
    for t, period in enumerate(plan.periods):
        if d.level[t] > (d.level[t - 1] if t else 0):
            area = words.count(area_km2(city, d.level[t]))
            yield [d.partner, words.month_name(period), area, words.count(d.vehicles[t])]


# --- fleets and money -------------------------------------------------------------------------------------------------


def _fleets(deck: Deck, plan: Plan) -> None:
    if not any(c.deployments for c in plan.cities):
        return
    sheet = deck.sheet("Fleets and trips", _horizon(plan))
    half = (INNER - 0.5) / 2
    sheet.chart(Box(MARGIN, TOP, half, 3.7), charts.fleets(plan, charts.palette(plan)))
    sheet.chart(Box(MARGIN + half + 0.5, TOP, half, 3.7), charts.trips(plan))
    years = finance.years(plan)
    row = [words.count(plan.kpis.vehicles_by_year.get(str(y), 0)) for y in years]
    head = ["at the end of ", *(str(y) for y in years)]
    sheet.table(Box(MARGIN, 5.5, INNER, 0.6), head, [["vehicles in service", *row]], [2.0, *(1.0 for _ in years)])


def _money(deck: Deck, plan: Plan) -> None:
    sheet = deck.sheet("Money", f"{_horizon(plan)} · cash as it moves, undiscounted")
    half = (INNER - 0.5) / 2
    sheet.chart(Box(MARGIN, TOP, half, 2.5), charts.cash(plan))
    sheet.chart(Box(MARGIN + half + 0.5, TOP, half, 2.5), charts.capital(plan))
    years = finance.years(plan)
    groups = finance.groups_by_year(plan, finance.all_lines(plan))
    rows = [[name, *(_amount(v) for v in values), words.usd(total)] for name, values, total in groups]
    shown = rows if len(rows) <= ROWS else [*rows[: ROWS - 1], rows[-1]]
    head = ["USD ", *(str(y) for y in years), "all years"]
    sheet.table(Box(MARGIN, 4.05, INNER, FOOT - 4.2), head, shown, [2.2, *(1.0 for _ in years), 1.1])
    if len(shown) < len(rows):
        note = f"{len(rows) - len(shown)} smaller lines are left out here; all stand in the workbook."
        sheet.text(Box(MARGIN, FOOT - 0.1, INNER, 0.25), [note], Style(10, SOFT))


def _returns(deck: Deck, plan: Plan) -> None:
    """Say what every city returns, and the plan, so many a slide."""
    rows = [[row.name, row.rate, row.fare, row.cost, row.after_tax, row.npv] for row in return_rows(plan)]
    head = ["returns ", "rate a year", "nothing left at", "a trip costs", "after tax", "before tax"]
    for first in range(0, len(rows), ROWS):
        shown = rows[first : first + ROWS]
        sheet = deck.sheet("What it returns", "All counted years together, in constant prices")
        sheet.table(Box(MARGIN, TOP, INNER, FOOT - TOP), head, shown, [2.2, 2.6, 1.4, 1.6, 1.1, 1.1])


def _amount(value: float) -> str:
    return words.usd(value) if value else words.DASH


# --- what could go wrong, what is left out, proof ---------------------------------------------------------------------


def _when(deck: Deck, plan: Plan) -> None:
    """Say of every opening by when it is promised, and by when half and nine in ten of such promises are kept."""
    rows = [row for city, d in ordered_deployments(plan) for row in _months(city, d)]
    head = ["opening ", "promised", "half by", "nine in ten by", "promises kept"]
    for first in range(0, len(rows), ROWS):
        shown = rows[first : first + ROWS]
        sheet = deck.sheet("How sure the months are", "")
        sheet.table(Box(MARGIN, TOP, INNER, FOOT - TOP), head, shown, [4.4, 1, 1, 1.2, 1.1])


def _unsure(deck: Deck, plan: Plan, names: Names) -> None:
    sheet, top = deck.sheet("What binds, and on what it leans", ""), TOP
    half, left = (INNER - 0.5) / 2, MARGIN + (INNER + 0.5) / 2
    binds = [_bind(b) for b in plan.binds[:MOST_BINDING]] or ["No rule of the whole plan binds."]
    sheet.text(Box(MARGIN, top, half, 0.3), ["What binds"], Style(13, bold=True))
    sheet.text(Box(MARGIN, top + 0.32, half, FOOT - top - 0.32), binds, Style(11))
    weak = doubts(plan)
    title = f"{words.several(len(weak), 'figure')} of low confidence, or assumed"
    sheet.text(Box(left, top, half, 0.3), [title], Style(13, bold=True))
    whose = Counter(names.figure_owner(f.key) for f in weak)
    said = [f"{who}: {words.count(number)}" for who, number in whose.most_common(MOST_OWNERS)]
    rest = len(weak) - sum(number for _, number in whose.most_common(MOST_OWNERS))
    said += [f"all others: {words.count(rest)}"] if rest else []
    sheet.text(
        Box(left, top + 0.32, half, FOOT - top - 0.32),
        [*said, "Each with value, range and source in the workbook."],
        Style(11, SOFT),
    )


def _doubt(deck: Deck, doubt: Doubt, names: Names) -> None:
    """Say how the value spreads, and draw which figures move it most."""
    sheet = deck.sheet("How sure, and of what", "")
    sheet.text(Box(MARGIN, TOP, INNER, 1.2), doubt_sentences(doubt, names)[:3], Style(12, serif=True))
    rows = [[r.name, r.p10, r.p50, r.p90, r.below] for r in spread_rows(doubt, names)]
    head = ["amount ", "one in ten below", "half below", "nine in ten below", "below zero"]
    half = 5.9
    sheet.table(Box(MARGIN, 2.95, half, 0.3 * (len(rows) + 1)), head, rows[:ROWS], [2.5, 1.1, 1.1, 1.1, 0.9])
    view, left = tornado_view(doubt.tornado, names), MARGIN + half + 0.4
    swing, width = left + 3.3, WIDTH - MARGIN - left - 3.3
    for k, bar in enumerate(view.rows[:MOST_BARS]):
        top = 2.95 + k * 0.47
        sheet.text(
            Box(left, top, 3.2, 0.45), [shorten(f"{bar.name}, {bar.range}", LONGEST, placeholder="…")], Style(10)
        )
        for part in bar.parts:
            at = Box(swing + width * part.left / 100, top + 0.06, max(width * part.width / 100, 0.02), 0.22)
            sheet.bar(at, WORSE if part.worse else PALE, f"{bar.name} at the {part.end}")
    sheet.bar(Box(swing + width * view.likely / 100, 2.9, 0.015, 0.47 * min(MOST_BARS, len(view.rows))), INK)
    sheet.text(Box(swing, FOOT - 0.1, width, 0.25), [f"{view.from_usd} to {view.to_usd}"], Style(10, SOFT, right=True))


def _months(city: CityRollout, d: DeploymentPlan) -> Iterator[list[str]]:
    at_once = d.launch == d.driver_out
    steps = (("opens", None if at_once else d.launch_months), ("driver out", d.driver_out_months))
    for what, found in steps:
        if found is not None:
            yield [f"{city.name}, {d.partner}: {what}", *_three(found), words.percent(found.kept, 0)]


def _three(found: OpeningMonths) -> list[str]:
    return [words.month_name(m) for m in (found.promised, found.median, found.careful)]


def _bind(b: Binding) -> str:
    worth = "" if b.price_usd is None else f" One more {unit_words(b)}: about {worth_words(b)}."
    return f"{b.sentence}{worth}"


def _left_out(deck: Deck, plan: Plan) -> None:
    out = [c for c in city_order(plan) if not c.deployments and c.outcome.sentence]
    for first in range(0, len(out), SENTENCES):
        sheet = deck.sheet("Cities that stay out, and why", "")
        rows = [[c.name, c.outcome.sentence] for c in out[first : first + SENTENCES]]
        sheet.table(Box(MARGIN, TOP, INNER, 0.6 * (len(rows) + 1)), ["city ", "why "], rows, [1.8, 8])


def _proof(deck: Deck, plan: Plan) -> None:
    c = plan.certificate
    sheet = deck.sheet("How good the plan is, and who says so", "")
    said = [
        f"No {plan_noun(plan)} {SAME_RULES} is worth more than {words.usd_fine(c.bound_usd)}.",
        f"This one is worth {words.usd_fine(c.objective_usd)}. Gap {gap_in_full(plan)}.",
        c.exactness.sentence,
        f"An independent checker ({c.checker}) has held the plan against {len(c.rules_checked)} rules, from the raw request.",
        holds_for(plan),
    ]
    sheet.text(Box(MARGIN, TOP, INNER, 2.4), [s for s in said if s], Style(15, serif=True))
    marks = [
        f"Request {c.request_sha256}",
        f"Catalogue {c.catalogue_sha256}",
        f"{c.solver}, seed {c.seed}, fleetplan {c.version}",
    ]
    sheet.text(Box(MARGIN, HEIGHT - 1.45, INNER, 0.8), marks, Style(9, FAINT))
