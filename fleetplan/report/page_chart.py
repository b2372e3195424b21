"""A chart for the pages: its series drawn here, stretched to any width, under ticks that are text of the page.

The page shows it without a script; ``static/lib/charts.js`` then tells the values of the period under the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from fleetplan.months import month_number
from fleetplan.report.charts import Chart, Series
from fleetplan.report.svg import LEAST_MONTHS_NAMED, Frame, frame_for, lines, tick_css, tick_of
from fleetplan.words.currency import plain
from fleetplan.words.values import DASH, count, month_name, usd

SIDE = 1000.0
"""Width and height of the drawing; the page stretches it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of the value axis: ``at`` per cent from the top."""

    css: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Year:
    """A year below the drawing, from ``left`` over ``width`` per cent; ``text`` is empty where there is no room."""

    left: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class PageChart:
    """A chart as the page shows it; ``points`` is what the script says of each period."""

    title: str
    about: str
    said: str
    series: tuple[Series, ...]
    ticks: list[Tick]
    years: list[Year]
    drawn: Markup
    points: dict[str, Any]


def page_chart(chart: Chart) -> PageChart:
    """Return a chart as drawn parts and words."""
    frame = frame_for(chart, SIDE, SIDE, (0.0, 0.0, 0.0, 0.0))
    tick = tick_of(chart, frame)
    ticks = [Tick(tick_css(frame, v), _percent(frame.y(v)), tick(v)) for v in frame.ticks()]
    drawn = lines(chart, frame)
    return PageChart(chart.title, chart.about, chart.said, chart.series, ticks, _years(frame), drawn, _points(chart))


def _percent(place: float) -> float:
    return round(100 * place / SIDE, 2)


def _years(frame: Frame) -> list[Year]:
    return [
        Year(
            _percent(frame.x(start)),
            _percent(frame.x(stop) - frame.x(start)),
            str(year) if stop - start >= LEAST_MONTHS_NAMED else "",
        )
        for year, start, stop in frame.years()
    ]


def _points(chart: Chart) -> dict[str, Any]:
    """Return by period where it ends (a share of the width) and its month, and by series what each period has, in words."""
    first, whole = month_number(chart.periods[0]), sum(chart.months)
    ends = [month_number(p) + n - first for p, n in zip(chart.periods, chart.months, strict=True)]
    return {
        "from": chart.periods[0],
        "months": whole,
        "ends": [round(end / whole, 5) for end in ends],
        "names": [month_name(p) for p in chart.periods],
        "series": [{"name": s.name, "css": s.css, "said": _said(chart, s.values)} for s in chart.series],
    }


def _said(chart: Chart, values: Iterable[float | None]) -> list[str]:
    write = _WRITTEN[chart.unit]
    return [DASH if v is None else write(v) for v in values]


_WRITTEN: dict[str, Callable[[float], str]] = {
    "count": count,
    "usd": lambda value: plain(usd(value)),
    "min": lambda value: f"{value:.1f} min",
}
