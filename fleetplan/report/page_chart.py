"""A chart as data for the pages: what ``static/lib/charts.js`` draws with Plotly in the colours of the page."""

from __future__ import annotations

from typing import Any

from fleetplan.months import month_number, month_text
from fleetplan.report.charts import Chart


def page_chart(chart: Chart) -> dict[str, Any]:
    """Return a chart as plain data.

    ``x`` holds the first month of each period, ``end`` the month after the last, ``series`` name, colour class and values.
    """
    return {
        "kind": chart.kind,
        "unit": chart.unit,
        "title": chart.title,
        "about": chart.about,
        "said": chart.said,
        "x": list(chart.periods),
        "end": month_text(month_number(chart.periods[-1]) + chart.months[-1]),
        "series": [
            {
                "name": s.name,
                "css": s.css,
                "values": [None if v is None else round(v, 3) for v in s.values],
                "dash": s.dash,
            }
            for s in chart.series
        ],
    }
