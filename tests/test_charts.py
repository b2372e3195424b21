"""Charts, defined once: what each shows, and that both painters draw just that."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import accumulate

import pytest

from fleetplan.catalogue.types import Figure
from fleetplan.plans import finance
from fleetplan.plans.types import Plan
from fleetplan.report import charts
from fleetplan.report.charts import Chart
from fleetplan.report.page_chart import page_chart
from fleetplan.report.svg import drawing
from fleetplan.request.constraints import constraint_from
from fleetplan.words.currency import Currency, shown_in
from fleetplan.words.values import usd
from tests.fake_plan import fake_plan

RATE = Figure("assumptions.toml#fx.EUR", 1.0, "USD", "made up", "assumed")
PATH = re.compile(r'<path class="([^"]*)" d="M([^"]*)"><title>([^<]*)</title>')


@pytest.fixture(scope="module")
def plan() -> Plan:
    return fake_plan()


@pytest.fixture(scope="module")
def drawn(plan: Plan) -> list[Chart]:
    colours = charts.palette(plan)
    return [
        *charts.portfolio(plan, colours),
        charts.trips(plan),
        *(chart for city in plan.cities if city.deployments for chart in charts.city(plan, city, colours)),
    ]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in path.rstrip("Z").split("L"))]


def test_cash_is_deepest_where_the_plan_says_that_funding_peaks(plan: Plan):
    told = charts.cash(plan)
    deepest = next(key for key in told.keys if key.name.startswith("deepest"))
    assert deepest.value == usd(-plan.kpis.peak_funding_usd)


def test_both_painters_draw_every_series_under_its_name(drawn: list[Chart]):
    for chart in drawn:
        names = [s.name for s in chart.series]
        assert names == [s["name"] for s in page_chart(chart).points["series"]]
        assert names == list(dict.fromkeys(name for _, _, name in PATH.findall(str(page_chart(chart).drawn))))
        assert names == list(dict.fromkeys(name for _, _, name in PATH.findall(str(drawing(chart)))))


def test_both_painters_tell_those_who_cannot_see(drawn: list[Chart]):
    for chart in drawn:
        assert chart.said.endswith(".")
        assert page_chart(chart).said == chart.said
        assert f'aria-label="{chart.title}. {chart.said}"' in str(drawing(chart))


def test_a_stock_is_drawn_from_zero_to_its_last_value(plan: Plan):
    ((_, path, _),) = PATH.findall(str(drawing(charts.cash(plan))))
    line = points(path)
    assert len(line) == len(plan.periods) + 1
    values = [0.0, *plan.cumulated_cash_usd]
    heights = {y: value for (_, y), value in zip(line, values, strict=True)}
    assert sorted(heights, reverse=True) == [y for y, _ in sorted(heights.items(), key=lambda item: item[1])]


def test_a_floor_of_cash_is_drawn_wherever_cash_is(plan: Plan):
    capital = plan.request.capital.model_copy(update={"cash_floor_usd": 5e6})
    floored = plan.model_copy(update={"request": plan.request.model_copy(update={"capital": capital})})
    chart = charts.cash(floored)
    assert list(page_chart(chart).series[1].values) == [-5e6] * len(plan.periods)
    ((_, path, _),) = (found for found in PATH.findall(str(drawing(chart))) if found[2] == "floor")
    assert len({y for _, y in points(path)}) == 1
    assert chart.keys[-1].name == "floor"


def test_the_result_is_drawn_by_quarter_with_the_floor_where_it_holds(plan: Plan):
    asked = {"id": "it", "type": "result_floor", "least_usd": -3e6, "start": plan.periods[2]}
    floored = plan.model_copy(
        update={"request": plan.request.model_copy(update={"constraints": [constraint_from(asked)]})}
    )
    chart = charts.results(floored)
    found = finance.quarters(plan)
    result, floor = ([v if v is None else round(v, 3) for v in s.values] for s in page_chart(chart).series)
    assert result == [round(q.result_usd, 3) for q in found]
    assert sum(v or 0.0 for v in result) == pytest.approx(sum(finance.operating_result(plan)), abs=0.1)
    assert set(floor) <= {None, *(-1e6 * q.months for q in found)}
    assert floor[-1] is not None
    assert sum(q.cash_usd for q in found) == pytest.approx(sum(plan.cash_usd), abs=0.1)
    for q in found:
        assert q.cash_usd == pytest.approx(q.result_usd + q.loans_usd - q.capital_usd, abs=1.0)


def test_trips_of_all_cities_are_the_sum_over_cities(plan: Plan):
    by_city, (total,) = charts.trips(plan).series, charts.all_trips(plan).series
    assert len(by_city) > 1
    assert total.values == tuple(
        pytest.approx(sum(s.values[t] or 0.0 for s in by_city)) for t in range(len(plan.periods))
    )


def test_a_wait_that_is_not_there_leaves_a_gap(plan: Plan):
    chart = charts.over_time(
        plan,
        "line",
        "min",
        "Wait",
        "",
        [charts.series("a", "s0", [None, 4.0, None, 5.0, *[None] * 20][: len(plan.periods)])],
        "Said.",
    )
    assert len(PATH.findall(str(drawing(chart)))) == 2
    assert page_chart(chart).points["series"][0]["said"][:3] == ["–", "4.0 min", "–"]


def test_a_page_chart_tells_each_period_where_it_ends_and_what_it_holds(plan: Plan):
    shown = page_chart(charts.cash(plan))
    ends = [month / 48 for month in accumulate(plan.period_months)]
    assert shown.points["ends"] == pytest.approx(ends, abs=1e-5)
    assert shown.points["series"][0]["said"] == [usd(v) for v in plan.cumulated_cash_usd]
    assert [t.at for t in shown.ticks] == sorted((t.at for t in shown.ticks), reverse=True)
    assert [y.text for y in shown.years] == ["2027", "2028", "2029", "2030"]


def test_ticks_are_round_in_the_currency_that_is_shown(plan: Plan):
    euro = Currency("EUR", replace(RATE, value=1.25))
    with shown_in(euro):
        steps = [t.text for t in page_chart(charts.capital(plan)).ticks]
    assert steps[0] == "0"
    told = [text.removeprefix("€").split() for text in steps[1:]]
    amounts = [float(number) * {"bn": 1000, "M": 1}[unit] for number, unit in told]
    assert f"{amounts[0]:.1e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}, steps
    assert amounts == pytest.approx([amounts[0] * (k + 1) for k in range(len(amounts))])
