"""A frontier as it is drawn: value over capital or over markets, with the band up to what no plan within the limit exceeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fleetplan.frontier.types import Frontier, Point
from fleetplan.report.svg import join, nice_step, usd_tick
from fleetplan.words.frontier import gained_band
from fleetplan.words.names import Names
from fleetplan.words.values import DASH, count, listed, usd

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 76, 22, 18, 48
AXIS_NAMES = {"capital": "capital that may be spent in all", "markets": "markets at the end, at least"}


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values lie on the drawing."""

    first: float
    last: float
    low: float
    high: float
    step: float

    def x(self, limit: float) -> float:
        span = self.last - self.first
        return LEFT + (WIDTH - LEFT - RIGHT) * ((limit - self.first) / span if span else 0.5)

    def y(self, usd_: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - usd_) / (self.high - self.low)


def drawn(found: Frontier) -> Markup:
    """Return a frontier's drawing; nothing where fewer than two plans are known."""
    known = [p for p in found.points if p.npv_usd is not None]
    if len(known) < 2:
        return Markup("")
    frame = _frame(found, known)
    tick = usd_tick if found.axis == "capital" else count
    head = Markup('<svg class="chart frontier" viewBox="0 0 {} {}" role="img" aria-label="Value over {}. {}">')
    parts = [
        head.format(WIDTH, HEIGHT, AXIS_NAMES[found.axis], " ".join(found.sentences)),
        *_values(frame),
        *_limits(frame, found.points, tick),
        _band(frame, known),
        _line(frame, known),
        *(_point(frame, p) for p in known),
        *(_none(frame, p) for p in found.points if p.state == "none"),
        Markup('<text class="tick axis" x="{}" y="{}" text-anchor="end">{}</text>').format(
            WIDTH - RIGHT, HEIGHT - 6, AXIS_NAMES[found.axis]
        ),
        Markup("</svg>"),
    ]
    return join(parts)


STYLE = (
    "text{font:11.5px sans-serif;fill:#555}.grid,.yeartick{stroke:#ddd}.zero{stroke:#888}.band{fill:#cfe3df}"
    ".found{fill:none;stroke:#0b6b5c;stroke-width:2}.point{fill:#0b6b5c}.own{fill:#111}.none{stroke:#b3541e}"
)


def standing_alone(found: Frontier) -> str:
    """Return a frontier's drawing as an SVG file of its own, with its style in it; nothing where there is none."""
    head, _, rest = str(drawn(found)).partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{rest}\n' if head else ""


def _frame(found: Frontier, known: Sequence[Point]) -> _Frame:
    values = [0.0, *(v for p in known for v in (p.npv_usd, p.bound_usd) if v is not None)]
    low, high = min(values), max(values)
    step = nice_step(max(high - low, 1.0), 5)
    first = 0.0 if found.axis == "capital" else found.points[0].limit
    top = math.ceil(high / step - 1e-9) * step
    bottom = math.floor(low / step + 1e-9) * step
    return _Frame(first, found.points[-1].limit, bottom, top if top > bottom else bottom + step, step)


def _values(frame: _Frame) -> list[Markup]:
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>')
    text = Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>')
    parts = []
    for k in range(round((frame.high - frame.low) / frame.step) + 1):
        value = frame.low + k * frame.step
        y = frame.y(value)
        css = "zero" if abs(value) < frame.step / 1e6 else "grid"
        parts += [line.format(css, LEFT, WIDTH - RIGHT, y, y), text.format(LEFT - 8, y + 4, usd_tick(_whole(value)))]
    return parts


def _whole(value: float) -> float:
    return round(value, -3)


def _limits(frame: _Frame, points: Sequence[Point], tick: Callable[[float], str]) -> list[Markup]:
    text = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
    mark = Markup('<line class="yeartick" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>')
    foot = HEIGHT - BOTTOM
    shown = tick if tick is count else lambda value: usd_tick(round(value, -5))
    return [
        part
        for p in points
        for part in (
            mark.format(frame.x(p.limit), frame.x(p.limit), foot, foot + 5),
            text.format(frame.x(p.limit), foot + 18, shown(p.limit)),
        )
    ]


def _band(frame: _Frame, known: Sequence[Point]) -> Markup:
    up = [(frame.x(p.limit), frame.y(p.bound_usd or 0.0)) for p in known]
    down = [(frame.x(p.limit), frame.y(p.npv_usd or 0.0)) for p in reversed(known)]
    title = Markup("<title>{}</title>").format("from the plan found to what no plan within the limit exceeds")
    return Markup('<path class="band" d="M{}Z">{}</path>').format(_path([*up, *down]), title)


def _line(frame: _Frame, known: Sequence[Point]) -> Markup:
    return Markup('<path class="found" d="M{}"/>').format(
        _path([(frame.x(p.limit), frame.y(p.npv_usd or 0.0)) for p in known])
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _point(frame: _Frame, p: Point) -> Markup:
    circle = Markup('<circle class="point{}" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}</title></circle>')
    return circle.format(" own" if p.own else "", frame.x(p.limit), frame.y(p.npv_usd or 0.0), p.sentence)


def _none(frame: _Frame, p: Point) -> Markup:
    x, y = frame.x(p.limit), HEIGHT - BOTTOM - 12
    cross = Markup('<path class="none" d="M{:.1f},{:.1f}l8,8m0,-8l-8,8"><title>{}</title></path>')
    return cross.format(x - 4, y, p.sentence)


@dataclass(frozen=True, slots=True)
class Row:
    """A point in words, for the table beside the drawing."""

    limit: str
    npv: str
    bound: str
    step: str
    capital: str
    markets: str
    vehicles: str
    cities: str


def rows(found: Frontier, names: Names) -> list[Row]:
    """Return the points of a frontier in words."""
    return [_row(found, p, names) for p in found.points]


def _row(found: Frontier, p: Point, names: Names) -> Row:
    limit = usd(p.limit) if found.axis == "capital" else count(p.limit)
    if p.npv_usd is None:
        said = "no plan" if p.state == "none" else "not known yet"
        return Row(limit, said, DASH, DASH, DASH, DASH, DASH, DASH)
    step = DASH if p.gained_usd is None else f"{usd(p.gained_usd)}{gained_band(p)}"
    cities = listed([names.city(city) for city in p.cities]) or "none"
    return Row(
        limit, usd(p.npv_usd), usd(p.bound_usd), step, usd(p.capital_usd), count(p.markets), count(p.vehicles), cities
    )
