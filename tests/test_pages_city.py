"""The page of a city's rollout, as a city manager reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.explain.agenda import agenda
from fleetplan.explain.options import options
from fleetplan.explain.unit_costs import lines_of, money_by_year, pays_from, unit_costs
from fleetplan.optimize.ledger import CAPITAL_LINES
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report import city as city_view
from tests.api_support import BODY, Running, running, services
from tests.fake_plan import fake_plan

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("city"), outcome="succeeded") as service:
        yield service


@pytest.fixture(scope="module")
def plan() -> Plan:
    return fake_plan(services=services())


def _city(plan: Plan, slug: str) -> CityRollout:
    return next(c for c in plan.cities if c.city == slug)


def _page(live: Running, city: str, query: str = "") -> str:
    answered = live.client.get(f"/plans/{live.made()}/cities/{city}{query}", headers=HTML)
    assert answered.status_code == 200, answered.text[:400]
    return answered.text


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL))


# --- what the page says -------------------------------------------------------------------------------------------------------


def test_the_page_opens_with_the_verdict_of_the_city(live: Running) -> None:
    said = _text(_page(live, "london"))
    assert "London opens in Sep 2027 with Wayve + Ford." in said
    assert "Vehicles drive without an operator from Apr 2029." in said
    assert "for $88.0 M of capital" in said
    assert "the money is back by Jul 2029" in said


def test_the_month_of_the_address_is_the_one_shown(live: Running) -> None:
    html = _page(live, "london", "?month=2028-05")
    assert 'id="now-month">Apr to Jun 2028<' in html
    shown = re.search(r'id="month"[^>]*value="(\d+)"', html)
    data = re.search(r'id="moments">(.*?)</script>', html, re.DOTALL)
    assert shown is not None
    assert data is not None
    assert json.loads(data[1])[int(shown[1])]["month"] == "2028-04"


def test_a_month_outside_the_horizon_shows_the_nearest_end(live: Running) -> None:
    assert 'id="now-month">Jan 2027<' in _page(live, "london", "?month=2020-01")
    assert 'id="now-month">Oct to Dec 2030<' in _page(live, "london", "?month=2044-01")


def test_a_month_that_is_none_is_refused(live: Running) -> None:
    answered = live.client.get(f"/plans/{live.made()}/cities/london?month=soon", headers=HTML)
    assert answered.status_code == 422


def test_permits_tell_authority_range_and_confidence(live: Running) -> None:
    html = _page(live, "zurich")
    permits = _text(html[html.index('id="permits"') : html.index('id="service"')])
    assert "Paid rides with operator Zurich transport authority" in permits
    assert "Apr 2028 Feb 2028 – Oct 2028" in permits
    assert "low" in permits
    assert "waits for av-act" in permits


def test_map_owes_its_land_to_openstreetmap(live: Running) -> None:
    assert "© OpenStreetMap contributors, ODbL" in _text(_page(live, "london"))


def test_legend_names_the_shades(live: Running) -> None:
    assert "trips a day per km² at full adoption" in _text(_page(live, "london"))


def test_the_page_has_one_printed_page_beside_it(live: Running) -> None:
    html = _page(live, "london")
    assert "open to riders at the year’s end, from quiet to busy" in _text(html)
    brief = _text(html[html.index('<article class="brief"') :])
    for part in ("Permits and openings", "Service at each year’s end", "Money by year", "First steps", "$88.0 M"):
        assert part in brief


def test_pages_lead_to_the_city_before_and_after(live: Running) -> None:
    html = _page(live, "london")
    assert re.search(r'rel="prev" href="/plans/[^"]+/cities/bay-area"', html)
    assert re.search(r'rel="next" href="/plans/[^"]+/cities/zurich"', html)


def test_a_rerun_is_one_step_away(live: Running) -> None:
    html = _page(live, "london")
    assert re.search(r'href="/plans/[^"]+/rerun\?slip=london:6"', html)


def test_doubtful_figures_lead_to_the_catalogue(live: Running) -> None:
    html = _page(live, "london")
    assert "/catalogue/figures?key=london/city.toml%23market.platform_share" in html


def test_a_city_that_stays_out_says_why_and_what_may_be_tried(live: Running) -> None:
    html = _page(live, "munich")
    said = _text(html)
    assert "No stack with a deal earns back its launch cost: the EU type approval comes in Aug 2029." in said
    assert "stays out" in said
    assert 'id="permits"' not in html
    assert re.search(r"/rerun\?force=munich:momenta", html)
    assert "weighed, and not opened" in said


def test_a_hostile_name_is_text(tmp_path: Path) -> None:
    body = {**BODY, "request": {**BODY["request"], "name": "<script>alert(1)</script>"}}
    with running(tmp_path, outcome="succeeded") as service:
        plan = service.post(body)
        html = service.client.get(f"/plans/{plan}/cities/london", headers=HTML).text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_an_unknown_city_is_told_as_a_page(live: Running) -> None:
    answered = live.client.get(f"/plans/{live.made()}/cities/paris", headers=HTML)
    assert answered.status_code == 404
    assert "is no city of this plan" in answered.text


def test_a_plan_that_is_not_solved_has_no_city_page(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        answered = service.client.get(f"/plans/{service.post()}/cities/london", headers=HTML)
    assert answered.status_code == 409


# --- what stands behind it ----------------------------------------------------------------------------------------------------


def test_money_of_cities_and_their_pools_is_the_money_of_the_plan(plan: Plan) -> None:
    total = [
        sum(values[t] for c in plan.cities for lines in lines_of(plan, c) for values in lines.values())
        for t in range(len(plan.periods))
    ]
    assert total == pytest.approx(plan.cash_usd)
    capital = sum(-sum(v) for c in plan.cities for ls in lines_of(plan, c) for k, v in ls.items() if k in CAPITAL_LINES)
    assert capital == pytest.approx(sum(plan.capital_usd))


def test_the_account_of_a_trip_adds_up(plan: Plan) -> None:
    city = _city(plan, "london")
    unit = unit_costs(plan, city)
    assert unit is not None
    net = money_by_year(plan, city)[-1][1]
    for cash, trips, left in zip(net, unit.trips, unit.rows[-1].values, strict=True):
        if trips:
            assert left == pytest.approx(cash / trips)
        else:
            assert left is None
    parts = [r for r in unit.rows if not r.strong]
    last = sum(r.values[-1] or 0.0 for r in parts)
    assert last == pytest.approx(unit.rows[-1].values[-1])


def test_a_city_without_trips_has_no_account(plan: Plan) -> None:
    assert unit_costs(plan, _city(plan, "munich")) is None


def test_it_pays_from_the_month_after_which_it_never_loses(plan: Plan) -> None:
    months = len(plan.periods)
    earned = [0.0, 5.0, 1.0, *[5.0] * (months - 3)]
    assert pays_from(plan, earned, [3.0] * months) == plan.periods[3]
    assert pays_from(plan, [1.0] * months, [3.0] * months) is None


def test_steps_come_in_order_and_within_the_horizon(plan: Plan) -> None:
    found = agenda(plan, _city(plan, "london"))
    months = [m.month for m in [*found.soon, *found.later]]
    assert months == sorted(months)
    assert months[0] >= "2027-01"
    assert months[-1] <= "2030-12"
    assert all(m.month < "2028-01" for m in found.soon)
    launch = next(m for m in found.soon if m.month == "2027-09")
    assert any(s.kind == "Open" and s.text == "Wayve + Ford opens to riders" for s in launch.steps)
    assert any(s.kind == "Order" and s.text == "depot South yard" for m in found.soon for s in m.steps)


def test_a_held_permit_is_no_step(plan: Plan) -> None:
    found = agenda(plan, _city(plan, "bay-area"))
    texts = [s.text for m in [*found.soon, *found.later] for s in m.steps]
    assert not any("Test with safety driver" in t for t in texts)


def test_each_month_is_told_in_a_sentence(plan: Plan) -> None:
    city = _city(plan, "london")
    told = city_view.moments(plan, city)
    assert told[0].sentence == "Not open yet: riders come from Sep 2027."
    assert told[0].stacks[0]["mode"] == "not begun; opens Sep 2027"
    assert "in permits and tests, 20 vehicles on test" in told[3].stacks[0]["mode"]
    last = told[-1]
    assert last.name == "Oct to Dec 2030"
    assert last.sentence.startswith(f"{city.deployments[0].vehicles[-1]:,} vehicles serve")


def test_neighbours_follow_the_order_of_openings(plan: Plan) -> None:
    first, second = city_view.neighbours(plan, _city(plan, "bay-area"))
    assert first is None
    assert second is not None
    assert second.city == "london"


def test_quarters_over_a_new_year_are_named_in_full(plan: Plan) -> None:
    moved = plan.model_copy(update={"periods": ["2027-11"], "period_months": [3]})
    assert city_view.period_name(moved, 0) == "Nov 2027 to Jan 2028"


def test_every_stack_of_the_catalogue_is_an_option_or_barred(plan: Plan) -> None:
    catalogue = load_catalogue(None)
    found = options(plan, _city(plan, "london"), catalogue)
    assert len(found) == sum(city == "london" for _, city in catalogue.deployments)
    states = {o.stack: o.state for o in found}
    assert states["baidu-rt6"] == "considered"
    assert states["waymo-i-pace"] == "rival"
    assert next(o for o in found if o.stack == "baidu-rt6").change == "force=london:baidu-rt6"
    assert all(not o.change for o in found if o.state in {"rival", "barred", "no_deal"})


def test_deepest_outlay_and_capital_are_those_of_the_plan(plan: Plan) -> None:
    city = _city(plan, "zurich")
    cash = [sum(v[t] for ls in lines_of(plan, city) for v in ls.values()) for t in range(len(plan.periods))]
    assert min(accumulate(cash)) < 0


def test_why_not_is_asked_in_place_with_the_partners_that_the_law_lets_in(live: Running) -> None:
    html = _page(live, "zurich")
    form = html[html.index('id="ask-why-not"') : html.index('id="why-answer"')]
    assert 'data-city="zurich"' in form
    assert 'value="weride-gxr"' in form
    barred = re.findall(r'data-option="([^"]+)".*?class="in-plan (\w+)"', html, flags=re.DOTALL)
    partners, _, areas = form.partition('id="why-level"')
    assert re.findall(r'<option value="(\d+)"', areas) == ["1", "2", "3", "4"]
    assert f'data-address="/v1/plans/{html.split("/v1/plans/")[1].split("/")[0]}/thresholds?kind=fare' in html
    offered = set(re.findall(r'<option value="([^"]+)"', partners))
    assert offered == {stack for stack, state in barred if state != "barred"}
