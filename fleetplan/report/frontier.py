"""A frontier as it is drawn: value over capital or over markets, with the band up to what no plan within the limit exceeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fleetplan.frontier.types import Frontier, Point
from fleetplan.report.svg import join, nice_step, usd_tick
from fleetplan.words.currency import HOME, shown
from fleetplan.words.frontier import gained_band
from fleetplan.words.names import Names
from fleetplan.words.values import DASH, count, listed, usd

WIDTH, NARROW, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 330, 64, 30, 30, 52
"""Size and margins in px; ``NARROW`` is the width on a phone, where texts would else be too small to read."""
ROOM, DIGIT, TALL = 54, 7, 12
"""Px that an amount under the axis or at a point takes, a digit, and a band so tall that nothing is written above it."""
VALUE = "net present value of the best plan"
AXIS_NAMES = {"capital": "capital that may be spent in all", "markets": "markets at the end, at least"}


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values lie on the drawing."""

    first: float
    last: float
    low: float
    high: float
    step: float
    width: float

    def x(self, limit: float) -> float:
        span = self.last - self.first
        return LEFT + (self.width - LEFT - RIGHT) * ((limit - self.first) / span if span else 0.5)

    def y(self, usd_: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - usd_) / (self.high - self.low)

    def named(self, points: Sequence[Point], room: float) -> list[Point]:
        """Return the points that have room for a text; the last one always has."""
        kept: list[Point] = []
        for p in reversed(points):
            if not kept or self.x(kept[-1].limit) - self.x(p.limit) >= room:
                kept.append(p)
        return kept[::-1]


def drawn(found: Frontier, width: float = WIDTH) -> Markup:
    """Return a frontier's drawing; nothing where fewer than two plans are known."""
    known = [p for p in found.points if p.npv_usd is not None]
    if len(known) < 2:
        return Markup("")
    frame, other = _frame(found, known, width), shown()
    head = Markup('<svg class="chart frontier" viewBox="0 0 {:g} {}" role="img" aria-label="Value over {}. {}">')
    text = Markup('<text class="tick axis" x="{:g}" y="{:g}"{}>{}</text>')
    parts = [
        head.format(width, HEIGHT, AXIS_NAMES[found.axis], " ".join(found.sentences)),
        text.format(0, 12, "", f"{VALUE}, {other.code if other else HOME}"),
        text.format(width - RIGHT, HEIGHT - 8, Markup(' text-anchor="end"'), AXIS_NAMES[found.axis]),
        *_values(frame),
        *_limits(frame, found),
        *(_band(frame, run) for run in _runs(found.points)),
        *(_line(frame, run) for run in _runs(found.points)),
        *(_point(frame, p) for p in known),
        *(_worth(frame, p) for p in frame.named(known, ROOM)),
        *(_none(frame, p) for p in found.points if p.state == "none"),
        Markup("</svg>"),
    ]
    return join(parts)


STYLE = (
    "text{font:11.5px sans-serif;fill:#555}.worth{fill:#111}.grid,.yeartick{stroke:#ddd}.zero{stroke:#888}.band{fill:#cfe3df}"
    ".found{fill:none;stroke:#0b6b5c;stroke-width:2}.point{fill:#0b6b5c}.own{fill:#111}.none{stroke:#b3541e}"
)


def standing_alone(found: Frontier) -> str:
    """Return a frontier's drawing as an SVG file of its own, with its style in it; nothing where there is none."""
    head, _, rest = str(drawn(found)).partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}</style>{rest}\n' if head else ""


def keys(found: Frontier) -> list[tuple[str, str]]:
    """Return what the signs of a drawing mean: each as the class of its sign, and in words."""
    states = {p.state for p in found.points}
    told = [("found", "the best plan found"), ("band", "up to what no plan within the limit can be worth")]
    if any(p.own for p in found.points):
        told.append(("own", "this plan"))
    return [*told, ("none", "no plan has so many")] if "none" in states else told


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Return the points with plans, apart where one between them is not known: nothing is drawn across it."""
    runs: list[list[Point]] = [[]]
    for p in points:
        if p.npv_usd is not None:
            runs[-1].append(p)
        else:
            runs.append([])
    return [run for run in runs if run]


def _frame(found: Frontier, known: Sequence[Point], width: float) -> _Frame:
    values = [0.0, *(v for p in known for v in (p.npv_usd, p.bound_usd) if v is not None)]
    low, high = min(values), max(values)
    other = shown()
    each = other.usd_each if other else 1.0
    step = each * nice_step(max(high - low, 1.0) / each, 5)  # round in the currency that is shown
    half = 0.0 if found.axis == "capital" else 0.5  # beside the first and the last number of markets
    first = found.points[0].limit - half if half else 0.0
    top = math.ceil(high / step - 1e-9) * step
    bottom = math.floor(low / step + 1e-9) * step
    return _Frame(first, found.points[-1].limit + half, bottom, top if top > bottom else bottom + step, step, width)


def _values(frame: _Frame) -> list[Markup]:
    line = Markup('<line class="{}" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>')
    text = Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>')
    parts = []
    for k in range(round((frame.high - frame.low) / frame.step) + 1):
        value = frame.low + k * frame.step
        y = frame.y(value)
        css = "zero" if abs(value) < frame.step / 1e6 else "grid"
        parts += [
            line.format(css, LEFT, frame.width - RIGHT, y, y),
            text.format(LEFT - 8, y + 4, usd_tick(_whole(value))),
        ]
    return parts


def _whole(value: float) -> float:
    return round(value, -3)


def _limits(frame: _Frame, found: Frontier) -> list[Markup]:
    text = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
    mark = Markup('<line class="yeartick" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>')
    foot, money = HEIGHT - BOTTOM, found.axis == "capital"
    marks = [mark.format(frame.x(p.limit), frame.x(p.limit), foot, foot + 5) for p in found.points]
    return marks + [
        text.format(frame.x(p.limit), foot + 18, usd_tick(round(p.limit, -5)) if money else count(p.limit))
        for p in frame.named(found.points, ROOM if money else 2 * DIGIT)
    ]


def _band(frame: _Frame, run: Sequence[Point]) -> Markup:
    up = [(frame.x(p.limit), frame.y(p.bound_usd or 0.0)) for p in run]
    down = [(frame.x(p.limit), frame.y(p.npv_usd or 0.0)) for p in reversed(run)]
    title = Markup("<title>{}</title>").format("from the plan found to what no plan within the limit exceeds")
    return Markup('<path class="band" d="M{}Z">{}</path>').format(_path([*up, *down]), title)


def _line(frame: _Frame, run: Sequence[Point]) -> Markup:
    return Markup('<path class="found" d="M{}"/>').format(
        _path([(frame.x(p.limit), frame.y(p.npv_usd or 0.0)) for p in run])
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _point(frame: _Frame, p: Point) -> Markup:
    circle = Markup('<circle class="point{}" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}</title></circle>')
    return circle.format(" own" if p.own else "", frame.x(p.limit), frame.y(p.npv_usd or 0.0), p.sentence)


def _worth(frame: _Frame, p: Point) -> Markup:
    """Return what a point is worth: above it, to the left, where no line rises; below it where its band is tall."""
    text = Markup('<text class="tick worth" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    x, y, top = frame.x(p.limit), frame.y(p.npv_usd or 0.0), frame.y(p.bound_usd or 0.0)
    if y - top > TALL:
        return text.format(x, y + 20, "middle", usd_tick(p.npv_usd or 0.0))
    return text.format(x + 14, min(y, top) - 10, "end", usd_tick(p.npv_usd or 0.0))


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
    step_band: str
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
        return Row(limit, said, DASH, DASH, "", DASH, DASH, DASH, DASH)
    step = DASH if p.gained_usd is None else usd(p.gained_usd)
    cities = listed([names.city(city) for city in p.cities]) or "none"
    return Row(
        limit,
        usd(p.npv_usd),
        usd(p.bound_usd),
        step,
        gained_band(p).strip(),
        usd(p.capital_usd),
        count(p.markets),
        count(p.vehicles),
        cities,
    )
