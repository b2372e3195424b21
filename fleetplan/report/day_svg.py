"""Charts over the hours of a day as inline SVG: what is promised as a broken line, what came as a full one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fleetplan.report.svg import join, nice_step
from fleetplan.words.values import count

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 12, 26
DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class DayLine:
    """Values through a day, each holding for an equal part of it; None where there is none. ``css`` colours the line."""

    name: str
    css: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class DayChart:
    """A chart of a day; ``said`` is one sentence for those who cannot see it."""

    title: str
    about: str
    said: str
    lines: tuple[DayLine, ...]

    @property
    def svg(self) -> Markup:
        """The drawing: axes under the lines."""
        top = max([v for line in self.lines for v in line.values if v is not None], default=0.0)
        step = nice_step(max(top, 1e-3))
        most = max(math.ceil(top / step - 1e-9), 1) * step
        head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}. {}">')
        axes = [*_values(most, step), *_hours()]
        drawn = [_drawn(line, most) for line in self.lines]
        return head.format(WIDTH, HEIGHT, self.title, self.said) + join([*axes, *drawn]) + Markup("</svg>")


def _x(minute: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * minute / DAY_MIN


def _y(value: float, most: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / most)


def _values(most: float, step: float) -> list[Markup]:
    parts = []
    for k in range(round(most / step) + 1):
        y = _y(k * step, most)
        line = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
        parts.append(line.format("grid" if k else "zero", LEFT, WIDTH - RIGHT, y, y))
        text = Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>')
        parts.append(text.format(LEFT - 8, y + 4, f"{k * step:,.1f}" if step % 1 else count(k * step)))
    return parts


def _hours() -> list[Markup]:
    text = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
    return [text.format(_x(60 * hour), HEIGHT - 8, f"{hour} h") for hour in range(0, 25, 6)]


def _drawn(line: DayLine, most: float) -> Markup:
    width, open_run = DAY_MIN / max(len(line.values), 1), False
    runs: list[list[str]] = []
    for k, value in enumerate(line.values):
        if value is None:
            open_run = False
            continue
        points = [f"{_x(minute):.1f},{_y(value, most):.1f}" for minute in (k * width, (k + 1) * width)]
        if open_run:
            runs[-1] += points
        else:
            runs.append(points)
        open_run = True
    path = Markup('<path class="line {}" d="{}"><title>{}</title></path>')
    return path.format(line.css, "".join(f"M{'L'.join(run)}" for run in runs), line.name)
