"""Several plans side by side, in words: the rows of the table, which plan is best in each, and what to read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fleetplan.compare.table_types import LaunchCell, PlanColumn, SideBySide
from fleetplan.words.proof import gap_text
from fleetplan.words.values import DASH, count, decimal, listed, month_name, percent, several, usd, usd_fine

Written = Callable[[PlanColumn], str]
Key = Callable[[PlanColumn], float | str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what it is, and each plan's in words; ``best`` are the columns that are best in it."""

    group: str
    label: str
    cells: list[str]
    best: list[int]


@dataclass(frozen=True, slots=True)
class _Figure:
    group: str
    label: str
    written: Written
    key: Key | None = None
    more_is_better: bool = True


MONEY, GROUND, RISKS = "Money", "Launches and areas", "Risks"
FIGURES: tuple[_Figure, ...] = (
    _Figure(MONEY, "Net present value", lambda c: usd_fine(c.npv_usd), lambda c: c.npv_usd),
    _Figure(MONEY, "No plan is worth more than", lambda c: usd_fine(c.bound_usd)),
    _Figure(MONEY, "Proven gap", lambda c: gap_text(c.npv_usd, c.bound_usd)),
    _Figure(MONEY, "Gross value", lambda c: usd_fine(c.gross_npv_usd), lambda c: c.gross_npv_usd),
    _Figure(MONEY, "Value after tax", lambda c: usd_fine(c.after_tax_npv_usd), lambda c: c.after_tax_npv_usd),
    _Figure(MONEY, "Cash within the horizon", lambda c: usd_fine(c.cash_usd), lambda c: c.cash_usd),
    _Figure(
        MONEY,
        "Value with no year after the horizon",
        lambda c: usd_fine(c.npv_by_horizon_usd),
        lambda c: c.npv_by_horizon_usd,
    ),
    _Figure(MONEY, "Capital spent", lambda c: usd_fine(c.capital_usd), lambda c: c.capital_usd, more_is_better=False),
    _Figure(
        MONEY,
        "Peak funding",
        lambda c: usd_fine(c.peak_funding_usd),
        lambda c: c.peak_funding_usd,
        more_is_better=False,
    ),
    _Figure(MONEY, "Payback", lambda c: month_name(c.payback), lambda c: c.payback, more_is_better=False),
    _Figure(MONEY, "Return a year", lambda c: percent(c.irr), lambda c: c.irr),
    _Figure(GROUND, "Cities live", lambda c: count(c.cities_live), lambda c: c.cities_live),
    _Figure(GROUND, "Vehicles at the end", lambda c: count(c.vehicles_end), lambda c: c.vehicles_end),
    _Figure(GROUND, "Trips a day at the end", lambda c: count(c.trips_per_day_end), lambda c: c.trips_per_day_end),
    _Figure(GROUND, "km² open at the end", lambda c: count(c.km2_end), lambda c: c.km2_end),
    _Figure(
        RISKS,
        "Largest partner, of all vehicles",
        lambda c: _share(c.partner, c.partner_share),
        lambda c: c.partner_share,
        more_is_better=False,
    ),
    _Figure(
        RISKS,
        "Largest city, of all value",
        lambda c: _share(c.city, c.city_share),
        lambda c: c.city_share,
        more_is_better=False,
    ),
    _Figure(
        RISKS,
        "Fares at which nothing is left",
        lambda c: f"{percent(c.break_even_fare, 0)} of today's" if c.break_even_fare is not None else DASH,
        lambda c: c.break_even_fare,
        more_is_better=False,
    ),
    _Figure(RISKS, "Least sure promised month is kept", lambda c: percent(c.kept, 0), lambda c: c.kept),
    _Figure(
        RISKS, "A permit never comes, at most", lambda c: percent(c.never, 0), lambda c: c.never, more_is_better=False
    ),
    _Figure(
        RISKS, "Doubtful figures it leans on", lambda c: count(c.doubtful), lambda c: c.doubtful, more_is_better=False
    ),
)


def _share(name: str, share: float | None) -> str:
    return DASH if share is None else f"{percent(share, 0)} {name}"


def rows(found: SideBySide) -> list[Row]:
    """Return the rows of the table, launches after the figures of cities and fleets."""
    figures = [_row(f, found) for f in FIGURES]
    risks = [row for row in figures if row.group == RISKS]
    return [*(row for row in figures if row.group != RISKS), *_launch_rows(found), *risks]


def _row(f: _Figure, found: SideBySide) -> Row:
    return Row(f.group, f.label, [f.written(c) for c in found.plans], _best(f, found))


def _best(f: _Figure, found: SideBySide) -> list[int]:
    """Return the columns that are best in a figure; none where all are alike, or that is no matter of better."""
    if f.key is None:
        return []
    known = {k: value for k, c in enumerate(found.plans) if (value := f.key(c)) is not None}
    if len(set(known.values())) < 2:
        return []
    top = (max if f.more_is_better else min)(known.values())
    return [k for k, value in known.items() if value == top]


def _launch_rows(found: SideBySide) -> list[Row]:
    return [
        Row(GROUND, f"{row.city_name}, {row.partner}", [cell_words(cell) for cell in row.cells], [])
        for row in found.launches
    ]


def cell_words(cell: LaunchCell | None) -> str:
    """Return what a plan does with a stack in a city."""
    if cell is None:
        return DASH
    if cell.launch is None:
        return "begun, never opens"
    out = f", driver out {month_name(cell.driver_out)}" if cell.driver_out and cell.driver_out != cell.launch else ""
    if cell.ended:
        return f"{month_name(cell.launch)}{out}; ends {month_name(cell.ended)}"
    return f"{month_name(cell.launch)}{out}; {several(cell.vehicles_end, 'vehicle')} on {decimal(cell.km2_end, 0)} km²"


def in_words(found: SideBySide) -> SideBySide:
    """Return plans side by side with what is to be read from them."""
    return found.model_copy(update={"sentences": list(_sentences(found))})


def _sentences(found: SideBySide) -> Iterator[str]:
    named = {k: c.name for k, c in enumerate(found.plans)}
    values = [c.npv_usd for c in found.plans]
    top = values.index(max(values))
    if len({usd_fine(value) for value in values}) == 1:
        yield f"All of them are worth {usd_fine(values[top])}."
        yield from _rests(found)
        return
    yield f"{named[top]} is worth most, {usd_fine(values[top])}."
    near = [named[k if i == top else i] for i, k in found.alike if top in {i, k}]
    if near:
        yield f"By the bounds of both, {listed(near)} may be worth as much: read no gain or loss between them."
    least = min(found.plans, key=lambda c: c.capital_usd)
    if least.capital_usd < found.plans[top].capital_usd:
        more = found.plans[top].npv_usd - least.npv_usd
        yield f"{least.name} spends least, {usd(least.capital_usd)}, and is worth {usd(more)} less than the first."
    yield from _rests(found)


def _rests(found: SideBySide) -> Iterator[str]:
    """Return what is to be minded in reading them together."""
    if not found.same_catalogue:
        yield "They do not rest on the same catalogue: part of what differs comes from figures, and not from what was asked."
    if not found.same_horizon:
        yield "Their horizons are not the same months: totals and ends are not of the same day."
    if any(c.markets_found is not None for c in found.plans):
        yield "Where markets come first, more value is no gain by itself."
