"""A plan's doubt as pages and reports draw it: bars of the tornado, the histogram of its value, a grid of two figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from fleetplan.doubt.types import Bar, Doubt, Grid, Quantiles, Spread, Tornado
from fleetplan.report.svg import join, nice_step, usd_tick
from fleetplan.words.doubt import breaks_words, figure_name, short_number
from fleetplan.words.names import Names
from fleetplan.words.values import month_name, percent, usd

SHOWN = 20
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 240, 8, 8, 22, 30


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar from the likely value to one end, in per cent of the track; ``worse`` where the plan loses by it."""

    left: float
    width: float
    end: str
    worse: bool


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar as it is drawn: what it is called, its range and what the plan is worth at both ends, in words; rules broken."""

    key: str
    name: str
    range: str
    low: str
    high: str
    confidence: str
    parts: tuple[Part, ...]
    breaks: list[str]


@dataclass(frozen=True, slots=True)
class TornadoView:
    """Bars with where the plan's own value and zero stand, in per cent of the track (None: outside)."""

    rows: list[BarRow]
    more: list[BarRow]
    likely: float
    zero: float | None
    from_usd: str
    to_usd: str


def tornado_view(tornado: Tornado, names: Names) -> TornadoView:
    """Return the tornado as it is drawn."""
    values = [v for bar in tornado.bars for v in (bar.at_low_usd, bar.at_high_usd)]
    low, high = min([tornado.npv_usd, *values]), max([tornado.npv_usd, *values])
    span = high - low or 1.0

    def at(value: float) -> float:
        return round(100.0 * (value - low) / span, 3)

    rows = [_row(bar, tornado.npv_usd, names, at(tornado.npv_usd), low, span) for bar in tornado.bars]
    zero = at(0.0) if low < 0 < high else None
    return TornadoView(rows[:SHOWN], rows[SHOWN:], at(tornado.npv_usd), zero, usd(low), usd(high))


def _row(bar: Bar, npv: float, names: Names, likely: float, low: float, span: float) -> BarRow:
    parts = []
    for end, value in (("low", bar.at_low_usd), ("high", bar.at_high_usd)):
        at = 100.0 * (value - low) / span
        parts.append(Part(round(min(at, likely), 3), round(abs(at - likely), 3), end, value < npv))
    return BarRow(
        key="" if bar.key.startswith("jurisdictions/") else bar.key,
        name=figure_name(bar.key, names),
        range=f"{short_number(bar.low)} to {short_number(bar.high)}, likely {short_number(bar.likely)} {bar.unit}",
        low=usd(bar.at_low_usd),
        high=usd(bar.at_high_usd),
        confidence=bar.confidence,
        parts=tuple(parts),
        breaks=breaks_words(bar, names),
    )


def histogram(spread: Spread, npv: float) -> Markup:
    """Return the histogram of the plan's value over all draws, with zero and the plan's own value marked."""
    low, high = min(spread.edges_usd[0], npv), max(spread.edges_usd[-1], npv)
    span, most = high - low or 1.0, max(spread.counts) or 1

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / span

    said = f"{usd(spread.npv.p10)} to {usd(spread.npv.p90)} in eight of ten draws, {usd(spread.npv.p50)} in the middle"
    head = Markup('<svg class="chart histogram" viewBox="0 0 {} {}" role="img" aria-label="Value over all draws. {}">')
    bars = []
    for left, right, count in zip(spread.edges_usd, spread.edges_usd[1:], spread.counts, strict=False):
        height = (HEIGHT - TOP - BOTTOM) * count / most
        css = "bin loss" if right <= 0 else "bin"
        text = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>')
        title = f"{usd(left)} to {usd(right)}: {percent(count / spread.draws)} of draws"
        bars.append(
            text.format(css, x(left), HEIGHT - BOTTOM - height, max(0.5, x(right) - x(left) - 1), height, title)
        )
    marks = [_mark(x(npv), "the plan", "own")]
    marks += [_mark(x(0.0), "0", "zero")] if low < 0 < high else []
    return head.format(WIDTH, HEIGHT, said) + join([*bars, *_axis(low, high, x), *marks]) + Markup("</svg>")


def _axis(low: float, high: float, x: Callable[[float], float]) -> list[Markup]:
    step = nice_step(high - low, 6)
    first = int(low // step) + 1
    text = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
    return [text.format(x(k * step), HEIGHT - 8, usd_tick(k * step)) for k in range(first, int(high // step) + 1)]


def _mark(at: float, words: str, css: str) -> Markup:
    text = Markup(
        '<line class="mark {}" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>'
        '<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>'
    )
    anchor = "end" if at > WIDTH - 60 else "start" if at < 60 else "middle"
    return text.format(css, at, at, TOP, HEIGHT - BOTTOM, at, TOP - 7, anchor, words)


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """An amount over all draws in words, for the table beside the histogram."""

    name: str
    p10: str
    p50: str
    p90: str
    mean: str
    below: str


def spread_rows(doubt: Doubt, names: Names) -> list[SpreadRow]:
    """Return value and funding of the plan, and the value of each city, over all draws."""
    spread = doubt.spread
    rows = [_spread_row("Value of the plan", spread.npv)]
    rows += [_spread_row(f"Value of {names.city(city)}", quantiles) for city, quantiles in spread.cities.items()]
    trough = spread.trough
    rows.append(
        SpreadRow(
            "Funding needed at the deepest", usd(trough.p10), usd(trough.p50), usd(trough.p90), usd(trough.mean), ""
        )
    )
    first, middle, last = (month_name(month) if month else "not within" for month in _paybacks(spread))
    rows.append(SpreadRow("Money back", first, middle, last, "", f"{percent(1 - spread.paid_back, 0)} never"))
    return rows


def _paybacks(spread: Spread) -> tuple[str, str, str]:
    return spread.payback_p10, spread.payback_p50, spread.payback_p90


def _spread_row(name: str, q: Quantiles) -> SpreadRow:
    return SpreadRow(name, usd(q.p10), usd(q.p50), usd(q.p90), usd(q.mean), percent(q.below_zero, 0))


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell: its value in words, the cities that are worth having there, a shade from ``loss`` over ``g1`` to ``g4``."""

    value: str
    shade: str
    likely: bool
    worth: str


def grid_cells(grid: Grid, names: Names) -> list[list[GridCell]]:
    """Return the cells of a grid row by row, the first figure's lowest value first."""
    values = [cell.npv_usd for cell in grid.cells]
    top = max([*values, 1.0])
    columns = len(grid.second_values)
    cells = []
    for k, cell in enumerate(grid.cells):
        worth = [names.city(city) for city, npv in cell.city_npv_usd.items() if npv > 0]
        cells.append(
            GridCell(usd(cell.npv_usd), shade_of(cell.npv_usd, top), grid.is_likely(k), ", ".join(worth) or "none")
        )
    return [cells[k : k + columns] for k in range(0, len(cells), columns)]


def shade_of(npv_usd: float, top_usd: float) -> str:
    """Return the shade of a value in a grid: ``loss``, or from ``g1`` to ``g4`` as it comes near the highest one."""
    return "loss" if npv_usd < 0 else f"g{min(4, 1 + int(4 * npv_usd / top_usd))}"
