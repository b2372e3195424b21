"""Small charts as inline SVG: a month axis, a value axis, stacked steps and lines.

Colours are CSS classes (``s0`` ... for series), so that light, dark and print follow the page. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markupsafe import Markup

from fleetplan.months import month_number
from fleetplan.plans.types import Plan

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 60, 10, 12, 26


@dataclass(frozen=True, slots=True)
class Series:
    """Values by period, drawn with a CSS class."""

    name: str
    css: str
    values: list[float | None]


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


def frame_for(plan: Plan, values: Iterable[float], height: float = HEIGHT, *, width: float = WIDTH) -> Frame:
    """Return a frame over the plan's horizon whose value axis holds zero and all values."""
    known = [0.0, *values]
    low, high = min(known), max(known)
    if high - low < 1e-9:
        high = low + 1.0
    step = nice_step(high - low)
    bottom, top = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Frame(month_number(plan.periods[0]), sum(plan.period_months), bottom, top, step, width, height)


def chart(frame: Frame, title: str, tick: Callable[[float], str], layers: Iterable[Markup]) -> Markup:
    """Return a whole chart: axes under the layers, ``title`` for screen readers."""
    head = Markup('<svg class="chart" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">')
    body = join(layers)
    return head.format(frame.width, frame.height, title) + _axes(frame, tick) + body + Markup("</svg>")


def stacked(plan: Plan, frame: Frame, series: list[Series]) -> Markup:
    """Return series stacked as step areas, first at the bottom."""
    below = [0.0] * len(plan.periods)
    parts = []
    for s in series:
        above = [b + (v or 0.0) for b, v in zip(below, s.values, strict=True)]
        edge = _steps(plan, frame, above) + list(reversed(_steps(plan, frame, below)))
        title = Markup("<title>{}</title>").format(s.name)
        parts.append(Markup('<path class="area {}" d="M{}Z">{}</path>').format(s.css, _points(edge), title))
        below = above
    return join(parts)


def step_line(plan: Plan, frame: Frame, s: Series) -> Markup:
    """Return a series as a step line, broken where a value is missing."""
    return join(
        Markup('<path class="line {}" d="M{}"><title>{}</title></path>').format(s.css, _points(run), s.name)
        for run in _runs(plan, frame, s.values)
    )


def end_line(plan: Plan, frame: Frame, s: Series) -> Markup:
    """Return a cumulated series as a line through the ends of the periods, from zero at the start."""
    points, month = [(frame.x(frame.first), frame.y(0.0))], frame.first
    for length, value in zip(plan.period_months, s.values, strict=True):
        month += length
        points.append((frame.x(month), frame.y(value or 0.0)))
    return Markup('<path class="line {}" d="M{}"><title>{}</title></path>').format(s.css, _points(points), s.name)


def _runs(plan: Plan, frame: Frame, values: list[float | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = []
    open_run = False
    for label, months, value in zip(plan.periods, plan.period_months, values, strict=True):
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


def _steps(plan: Plan, frame: Frame, values: list[float]) -> list[tuple[float, float]]:
    return _runs(plan, frame, list(values))[0]


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
