"""Charts as inline SVG for the report: a month axis, a value axis, stacked steps and lines.

Colours are CSS classes (``s0`` ... for series), so that light, dark and print follow the page. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from markupsafe import Markup

from fleetplan.months import month_number
from fleetplan.report.charts import Chart, Series
from fleetplan.words.currency import amount, plain
from fleetplan.words.values import count

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 60, 10, 12, 26


@dataclass(frozen=True, slots=True)
class Frame:
    """A plotting frame: months to x, values to y."""

    first: int
    months: int
    low: float
    high: float
    step: float
    width: float = WIDTH
    height: float = HEIGHT

    def x(self, month: float) -> float:
        """Return the x of an absolute month number (its start)."""
        return LEFT + (self.width - LEFT - RIGHT) * (month - self.first) / self.months

    def y(self, value: float) -> float:
        """Return the y of a value."""
        return TOP + (self.height - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


def join(parts: Iterable[Markup | str]) -> Markup:
    """Join pieces, escaping those that are plain text."""
    return Markup("").join(parts)


def nice_step(span: float, ticks: int = 4) -> float:
    """Return a round step (1, 2, 2.5 or 5 times a power of ten) that cuts a span into about so many ticks.

    >>> nice_step(9.5), nice_step(2600)
    (2.5, 1000.0)
    """
    raw = max(span, 1e-9) / ticks
    base = 10 ** math.floor(math.log10(raw))
    return float(base * next(m for m in (1, 2, 2.5, 5, 10) if m * base >= raw * 0.999))


def drawing(chart: Chart, *, width: float = WIDTH, height: float = HEIGHT) -> Markup:
    """Return a whole chart: axes under the series, its sentence for screen readers."""
    frame = frame_for(chart, width, height)
    head = Markup('<svg class="chart" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}. {}">')
    lines = _stacked(chart, frame) if chart.kind == "area" else join(_line(chart, frame, s) for s in chart.series)
    axes = _axes(frame, usd_tick if chart.unit == "usd" else _number_tick(frame.step))
    return head.format(width, height, chart.title, chart.said) + axes + lines + Markup("</svg>")


def frame_for(chart: Chart, width: float, height: float) -> Frame:
    """Return a frame over the chart's months whose value axis holds zero and all values."""
    columns = [[v or 0.0 for v in s.values] for s in chart.series]
    tops = map(sum, zip(*columns, strict=True)) if chart.kind == "area" else chain.from_iterable(columns)
    known = [0.0, *tops]
    low, high = min(known), max(known)
    if high - low < 1e-9:
        high = low + 1.0
    step = nice_step(high - low)
    bottom, top = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Frame(month_number(chart.periods[0]), sum(chart.months), bottom, top, step, width, height)


def _stacked(chart: Chart, frame: Frame) -> Markup:
    """Return series stacked as step areas, first at the bottom."""
    below = [0.0] * len(chart.periods)
    parts = []
    for s in chart.series:
        above = [b + (v or 0.0) for b, v in zip(below, s.values, strict=True)]
        edge = _runs(chart, frame, above)[0] + list(reversed(_runs(chart, frame, below)[0]))
        title = Markup("<title>{}</title>").format(s.name)
        parts.append(Markup('<path class="area {}" d="M{}Z">{}</path>').format(s.css, _points(edge), title))
        below = above
    return join(parts)


def _line(chart: Chart, frame: Frame, s: Series) -> Markup:
    """Return a series as a line, broken where a value is missing."""
    runs = [_ends(chart, frame, s.values)] if s.reached else _runs(chart, frame, s.values)
    path = Markup('<path class="line {}" d="M{}"><title>{}</title></path>')
    return join(path.format(s.css, _points(run), s.name) for run in runs)


def _ends(chart: Chart, frame: Frame, values: Iterable[float | None]) -> list[tuple[float, float]]:
    """Return the points at the ends of the periods, from zero at the start."""
    points, month = [(frame.x(frame.first), frame.y(0.0))], frame.first
    for length, value in zip(chart.months, values, strict=True):
        month += length
        points.append((frame.x(month), frame.y(value or 0.0)))
    return points


def _runs(chart: Chart, frame: Frame, values: Iterable[float | None]) -> list[list[tuple[float, float]]]:
    """Return steps through the periods, a run for each stretch without a gap."""
    runs: list[list[tuple[float, float]]] = []
    open_run = False
    for label, months, value in zip(chart.periods, chart.months, values, strict=True):
        if value is None:
            open_run = False
            continue
        start = month_number(label)
        ends = [(frame.x(start), frame.y(value)), (frame.x(start + months), frame.y(value))]
        if open_run:
            runs[-1] += ends
        else:
            runs.append(ends)
        open_run = True
    return runs


def _number_tick(step: float) -> Callable[[float], str]:
    return lambda value: f"{value:,.1f}" if step < 1 else count(value)


def usd_tick(value: float) -> str:
    """Return an axis label in whole millions or tenths of billions.

    >>> usd_tick(500e6), usd_tick(-1.5e9), usd_tick(0.0)
    ('$500 M', '−$1.5 bn', '0')
    """
    return "0" if abs(value) < 1 else plain(amount(value, _tick))


def _tick(value: float, sign: str) -> str:
    size, minus = abs(value), "−" if value < 0 else ""
    return f"{minus}{sign}{size / 1e9:.3g} bn" if size >= 1e9 else f"{minus}{sign}{size / 1e6:.3g} M"


def _points(points: list[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _axes(frame: Frame, tick: Callable[[float], str]) -> Markup:
    parts = []
    for i in range(round((frame.high - frame.low) / frame.step) + 1):
        value = frame.low + i * frame.step
        css = "zero" if abs(value) < frame.step / 1e6 else "grid"
        y = frame.y(value)
        parts.append(
            Markup('<line class="{}" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>').format(
                css, LEFT, frame.width - RIGHT, y, y
            )
        )
        parts.append(
            Markup('<text class="tick" x="{:g}" y="{:.1f}" text-anchor="end">{}</text>').format(
                LEFT - 8, y + 4, tick(value)
            )
        )
    return join([*parts, *_year_ticks(frame)])


def _year_ticks(frame: Frame) -> list[Markup]:
    parts = []
    y = frame.height - BOTTOM
    end = frame.first + frame.months
    for year in range(frame.first // 12, (end - 1) // 12 + 1):
        start, stop = max(12 * year, frame.first), min(12 * year + 12, end)
        mark = Markup('<line class="yeartick" x1="{:.1f}" x2="{:.1f}" y1="{:g}" y2="{:g}"/>')
        parts.append(mark.format(frame.x(start), frame.x(start), y, y + 5))
        if stop - start >= 5:
            text = Markup('<text class="tick" x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>')
            parts.append(text.format((frame.x(start) + frame.x(stop)) / 2, y + 18, year))
    return parts
