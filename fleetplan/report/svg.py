"""Charts as inline SVG: a month axis, a value axis, stacked steps and lines; whole for the report, the series alone for pages.

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
from fleetplan.words.currency import amount, plain, shown
from fleetplan.words.values import count

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 60, 10, 12, 26
LEAST_MONTHS_NAMED = 5  # of a year inside the horizon: there is room for its number


@dataclass(frozen=True, slots=True)
class Frame:
    """A plotting frame: months to x, values to y; ``margins`` are left, right, top and bottom of it."""

    first: int
    months: int
    low: float
    high: float
    step: float
    width: float = WIDTH
    height: float = HEIGHT
    margins: tuple[float, float, float, float] = (LEFT, RIGHT, TOP, BOTTOM)

    def x(self, month: float) -> float:
        """Return the x of an absolute month number (its start)."""
        left, right, _, _ = self.margins
        return left + (self.width - left - right) * (month - self.first) / self.months

    def y(self, value: float) -> float:
        """Return the y of a value."""
        _, _, top, bottom = self.margins
        return top + (self.height - top - bottom) * (self.high - value) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return the values that the value axis names."""
        return [self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1)]

    def years(self) -> list[tuple[int, int, int]]:
        """Return each year of the horizon with the month numbers of its start and end, as far as they lie inside."""
        end = self.first + self.months
        years = range(self.first // 12, (end - 1) // 12 + 1)
        return [(y, max(12 * y, self.first), min(12 * y + 12, end)) for y in years]


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
    axes = _axes(frame, tick_of(chart, frame))
    return head.format(width, height, chart.title, chart.said) + axes + lines(chart, frame) + Markup("</svg>")


def lines(chart: Chart, frame: Frame) -> Markup:
    """Return the series of a chart within a frame, without axes."""
    return _stacked(chart, frame) if chart.kind == "area" else join(_line(chart, frame, s) for s in chart.series)


def tick_of(chart: Chart, frame: Frame) -> Callable[[float], str]:
    """Return what names a value on the value axis."""
    return usd_tick if chart.unit == "usd" else _number_tick(frame.step)


def frame_for(
    chart: Chart,
    width: float,
    height: float,
    margins: tuple[float, float, float, float] = (LEFT, RIGHT, TOP, BOTTOM),
) -> Frame:
    """Return a frame over the chart's months whose value axis holds zero and all values."""
    columns = [[v or 0.0 for v in s.values] for s in chart.series]
    tops = map(sum, zip(*columns, strict=True)) if chart.kind == "area" else chain.from_iterable(columns)
    known = [0.0, *tops]
    low, high = min(known), max(known)
    if high - low < 1e-9:
        high = low + 1.0
    other = shown() if chart.unit == "usd" else None
    each = other.usd_each if other else 1.0
    step = each * nice_step((high - low) / each)  # round in the currency that is shown
    bottom, top = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Frame(month_number(chart.periods[0]), sum(chart.months), bottom, top, step, width, height, margins)


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
    """Return an axis label in the currency that is shown, to three digits.

    >>> usd_tick(500e6), usd_tick(-1.5e9), usd_tick(0.0), usd_tick(500e3), usd_tick(12.5)
    ('$500 M', '−$1.5 bn', '0', '$0.5 M', '$12.5')
    """
    return "0" if abs(value) < 1e-6 else plain(amount(value, _tick))


TICK_UNITS = ((1e9, " bn"), (1e5, " M"), (1e3, " k"), (0.0, ""))
"""From which size on an amount is told in what; half a million is 0.5 M."""


def _tick(value: float, sign: str) -> str:
    size, minus = abs(value), "−" if value < 0 else ""
    unit = next(name for least, name in TICK_UNITS if size >= least * 0.9995)
    scale = {" bn": 1e9, " M": 1e6, " k": 1e3, "": 1.0}[unit]
    return f"{minus}{sign}{size / scale:.3g}{unit}"


def _points(points: list[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _axes(frame: Frame, tick: Callable[[float], str]) -> Markup:
    parts = []
    left, right, _, _ = frame.margins
    for value in frame.ticks():
        css, y = tick_css(frame, value), frame.y(value)
        parts.append(
            Markup('<line class="{}" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>').format(
                css, left, frame.width - right, y, y
            )
        )
        parts.append(
            Markup('<text class="tick" x="{:g}" y="{:.1f}" text-anchor="end">{}</text>').format(
                left - 8, y + 4, tick(value)
            )
        )
    return join([*parts, *_year_ticks(frame)])


def tick_css(frame: Frame, value: float) -> str:
    """Return the class of the line at a value: ``zero`` or ``grid``."""
    return "zero" if abs(value) < frame.step / 1e6 else "grid"


def _year_ticks(frame: Frame) -> list[Markup]:
    parts = []
    y = frame.height - frame.margins[3]
    for year, start, stop in frame.years():
        mark = Markup('<line class="yeartick" x1="{:.1f}" x2="{:.1f}" y1="{:g}" y2="{:g}"/>')
        parts.append(mark.format(frame.x(start), frame.x(start), y, y + 5))
        if stop - start >= LEAST_MONTHS_NAMED:
            text = Markup('<text class="tick" x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>')
            parts.append(text.format((frame.x(start) + frame.x(stop)) / 2, y + 18, year))
    return parts
