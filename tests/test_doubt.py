"""A plan's doubt on the made-up world: revalued money is the checker's, bars, spread and grid say what is true of the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.doubt.books import Books, Revalued
from fleetplan.doubt.changes import cell_patch, changes_decisions, patch_of, resolved
from fleetplan.doubt.grid import grid
from fleetplan.doubt.ranges import Ranged, ranged, ranged_by_key
from fleetplan.doubt.rules import _carrying
from fleetplan.doubt.spread import TOGETHER, numbers_at, positions, quantile_position, spread
from fleetplan.doubt.tornado import figures_of, one_at_a_time, tornado
from fleetplan.doubt.types import Bar, Doubt, Tornado
from fleetplan.errors import RequestError
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.keeping import after_months
from fleetplan.plans.check.money import city_lines, deployment_lines, displaced, pool_lines
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.value import whole_plan
from fleetplan.request import FigureOverride
from fleetplan.words.doubt import (
    breaks_words,
    doubt_sentences,
    grid_sentences,
    named,
    outside_sentences,
    resolved_sentence,
)
from fleetplan.words.names import Names
from tests.plan_builder import build_plan, make_catalogue, make_services

PLAN, SERVICES = build_plan(), make_services()
CURVE = "assumptions.toml#adoption.curve_monthly"
FARE = "aston/city.toml#market.mean_fare_local"
MANY = (np.arange(20_000) + 0.5) / 20_000


def with_ranges(world: Catalogue) -> Catalogue:
    """Return the made-up world in which every figure may be a fifth less or a fifth more, whole vehicles apart."""

    def wide(figure: Figure) -> Figure:
        lows, highs = (tuple(v * f for v in figure.values) for f in (0.8, 1.2))
        low, high = sorted((figure.value * 0.8, figure.value * 1.2))
        return replace(figure, low=low, high=high, lows=lows, highs=highs)

    def all_of(group: Any) -> dict[str, Figure]:
        return {name: wide(figure) for name, figure in group.items()}

    return replace(
        world,
        economics=all_of(world.economics),
        assumptions=all_of(world.assumptions),
        cities={k: replace(c, figures=all_of(c.figures)) for k, c in world.cities.items()},
        stacks={k: replace(s, figures=all_of(s.figures)) for k, s in world.stacks.items()},
    )


WORLD = with_ranges(make_catalogue())


@pytest.fixture(scope="module")
def books() -> Books:
    return Books.of(PLAN, WORLD, SERVICES)


@pytest.fixture(scope="module")
def bars(books: Books) -> Tornado:
    return tornado(books)


def by_the_checker(one: Ranged, found: Revalued, row: int, *, high: bool) -> float:
    """Return what the independent checker makes of the plan with a figure at one end, every line worked out anew."""
    request = PLAN.request.model_copy(
        update={"overrides": [FigureOverride.model_validate({"figure": one.key, **one.override(high=high)})]}
    )
    plan = _carrying(PLAN, found, row).model_copy(update={"request": request})
    case = Case(plan, WORLD, SERVICES)
    calendar = Calendar(case)
    lines = {d.name: deployment_lines(case, calendar, d) for d in case.deployed}
    lost = {d.name: [displaced(case, d, t) for t in case.periods] for d in case.deployed}
    cities = []
    for city in plan.cities:
        rows = [
            d.model_copy(
                update={"lines_usd": lines[f"{d.city}/{d.stack}"], "displaced_usd": lost[f"{d.city}/{d.stack}"]}
            )
            for d in city.deployments
        ]
        cities.append(city.model_copy(update={"deployments": rows, "city_lines_usd": city_lines(case, city)}))
    stacks = [fleet.model_copy(update={"lines_usd": pool_lines(case, fleet)}) for fleet in plan.stacks]
    again = Case(plan.model_copy(update={"cities": cities, "stacks": stacks}), WORLD, SERVICES)
    return whole_plan(again, after_months(again)).npv


def test_at_the_likely_figures_a_plan_is_worth_what_it_says(books: Books):
    likely = books.likely
    assert likely.npv_usd[0] == pytest.approx(PLAN.kpis.npv_usd, rel=1e-7)
    assert likely.trough_usd[0] == pytest.approx(PLAN.kpis.peak_funding_usd, rel=1e-7)
    for city in PLAN.cities:
        assert likely.city_npv_usd[city.city][0] == pytest.approx(city.npv_usd, rel=1e-6, abs=1)
        for d in city.deployments:
            assert likely.trips[f"{d.city}/{d.stack}"][0] == pytest.approx(d.trips_per_day, rel=1e-9)
    assert likely.cash_usd[0] == pytest.approx(PLAN.cash_usd, rel=1e-6, abs=1)
    assert likely.capital_usd[0] == pytest.approx(PLAN.capital_usd, rel=1e-6, abs=1)


def test_every_figure_at_both_ends_is_worth_what_the_checker_makes_of_it(books: Books):
    figures = figures_of(books).ranged
    changed, curves = one_at_a_time(figures)
    found = books.revalued(changed, 2 * len(figures), curves)
    moved = 0
    for k, one in enumerate(figures):
        if one.key.startswith("jurisdictions/"):
            continue
        for row in (2 * k, 2 * k + 1):
            if abs(found.npv_usd[row] - books.likely.npv_usd[0]) > 1:
                moved += 1
                want = by_the_checker(one, found, row, high=row % 2 == 1)
                assert found.npv_usd[row] == pytest.approx(want, rel=1e-6, abs=2), one.key
    assert moved > 60


# --- bars ---


def test_a_figure_that_nothing_reads_has_no_bar(books: Books, bars: Tornado):
    keys = {bar.key for bar in bars.bars}
    assert "aston/city.toml#market.mean_fare_local" in keys
    assert "aston/city.toml#cost.profit_tax" not in keys  # told after tax, never part of the value
    nothing = {one.key for one in bars.unseen if one.why == "nothing"}
    assert "aston/city.toml#cost.profit_tax" in nothing
    assert not keys & {one.key for one in bars.unseen}
    known = figures_of(books)
    assert keys | {one.key for one in bars.unseen} == {one.key for one in (*known.ranged, *known.unasked)}


def test_bars_stand_by_width_and_add_up_by_city(bars: Tornado):
    widths = [bar.width(bars.npv_usd) for bar in bars.bars]
    assert widths == sorted(widths, reverse=True)
    assert [bar.rank for bar in bars.bars] == list(range(1, len(bars.bars) + 1))
    assert bars.stale_usd == pytest.approx(0, abs=1)
    for bar in bars.bars:
        assert sum(bar.city_low_usd.values()) == pytest.approx(bar.at_low_usd, abs=1)


def test_fewer_riders_are_fewer_trips_and_more_than_cars_can_carry_are_not(bars: Tornado):
    adoption = next(bar for bar in bars.bars if bar.key.endswith("adoption.curve_monthly"))
    assert adoption.trips_low < bars.trips
    cars = next(bar for bar in bars.bars if bar.key.endswith("trips_per_car_day_by_half_year"))
    assert cars.trips_low <= bars.trips + 1e-6


def test_what_would_break_a_rule_is_told_by_the_checker(bars: Tornado):
    by_key = {bar.key: bar for bar in bars.bars}
    slow = by_key["jurisdictions/aston.toml#a-out.months"]  # a month more, and the cars run before they may
    assert {b.rule for b in slow.breaks_high} >= {"permit_path"}
    assert not slow.breaks_low
    assert not any("paid_" in told for told in breaks_words(slow, Names(WORLD, (PLAN,))))
    assert any("before its permit" in told and "“paid," in told for told in breaks_words(slow, Names(WORLD, (PLAN,))))
    least = by_key["assumptions.toml#fleet.min_launch_fleet"]
    assert {b.rule for b in least.breaks_high} == {"min_fleet"}
    told = breaks_words(least, Names(WORLD, (PLAN,)))
    assert told[0].startswith("At its high of 24: Aston, Alpha, Jul 2027: ")


def test_a_budget_that_no_longer_holds_is_told():
    tight = PLAN.request.model_copy(
        update={"capital": PLAN.request.capital.model_copy(update={"per_quarter_usd": _least_budget()})}
    )
    found = tornado(Books.of(PLAN.model_copy(update={"request": tight}), WORLD, SERVICES))
    price = next(bar for bar in found.bars if bar.key == "partners/alpha.toml#vehicle.price_usd")
    assert "capital" in {b.rule for b in price.breaks_high}
    assert "capital" not in {b.rule for b in price.breaks_low}


def _least_budget() -> float:
    """Return what a quarter must at least have for the plan to be paid, and a dollar."""
    spent = np.cumsum(PLAN.capital_usd)
    quarters = [int(start) // 3 + 1 for start in (0, 1, 2, 3, 4, 5, 6, 9)]
    return float(max(total / begun for total, begun in zip(spent, quarters, strict=True))) + 1.0


def test_what_the_request_sets_is_taken_as_sure():
    fare = "aston/city.toml#market.mean_fare_local"
    request = PLAN.request.model_copy(update={"overrides": [FigureOverride(figure=fare, value=25.0)]})
    found = figures_of(Books.of(PLAN.model_copy(update={"request": request}), WORLD, SERVICES))
    assert fare in found.unranged
    assert fare not in {one.key for one in found.ranged}


@pytest.mark.parametrize(
    ("source", "value", "values", "low", "high"),
    [
        ("our judgement: one working rate; range 1.2-1.3", 1.25, (), (1.2,), (1.3,)),
        ("our judgement; range -1.5 to -0.5", -1.0, (), (-1.5,), (-0.5,)),
        ("our judgement, no figure; range 500,000-3,000,000", 1e6, (), (5e5,), (3e6,)),
        ("a curve to a ceiling of 0.5; range ceiling 0.4-0.6", 0.3, (0.1, 0.5), (0.08, 0.4), (0.12, 0.6)),
        ("our judgement; range each hour within 20 %", 0.5, (0.5, 0.5), None, None),
        ("our judgement; range in low and high", 1.0, (), None, None),
        ("range 2-3, on the wrong side of the value", 1.0, (), None, None),
        ("by definition", 1.0, (), None, None),
    ],
)
def test_ranges_that_sources_state(source: str, value: float, values: Any, low: Any, high: Any):
    one = ranged(Figure("assumptions.toml#some.figure", value, "", source, "assumed", values=values))
    if low is None:
        assert one is None
        return
    assert one is not None
    assert one.low == pytest.approx(low)
    assert one.high == pytest.approx(high)


# --- spread and grid ---


def test_a_spread_is_seeded_and_says_what_its_draws_say(books: Books):
    one, two, other = (spread(books, 300, seed) for seed in (0, 0, 1))
    assert one == two
    assert one.npv != other.npv
    assert one.npv.p05 < one.npv.p50 < one.npv.p95
    assert sum(one.counts) == 300
    assert sum(driver.share for driver in one.drivers) <= 1.0 + 1e-6
    assert one.drivers[0].key in {bar.key for bar in tornado(books).bars[:8]}
    assert set(one.cities) == {"aston", "belport"}
    with pytest.raises(RequestError) as caught:
        spread(books, 1, -1)
    assert {fault.where for fault in caught.value.faults} == {"/draws", "/seed"}


def test_draws_lie_within_ranges_and_figures_of_a_kind_move_together(books: Books):
    figures = figures_of(books).ranged
    at = positions(figures, 2000, 3)
    fares = [key for key in at if key.endswith("mean_fare_local")]
    assert len(fares) == 2
    assert np.corrcoef(at[fares[0]], at[fares[1]])[0, 1] == pytest.approx(TOGETHER[0].correlation, abs=0.08)
    alone = np.corrcoef(at[fares[0]], at["assumptions.toml#terminal.years"])[0, 1]
    assert abs(alone) < 0.08
    for one in figures:
        numbers = numbers_at(one, at[one.key]).reshape(2000, -1)
        assert (numbers >= np.array(one.low) - 0.5001).all()
        assert (numbers <= np.array(one.high) + 0.5001).all()


def test_a_grid_holds_the_bars_at_its_edges_and_the_plan_in_its_middle(books: Books, bars: Tornado):
    first, second = bars.bars[0], next(bar for bar in bars.bars if bar.key.endswith("terminal.years"))
    if first.key == second.key:
        first = bars.bars[1]
    found = grid(books, first.key, second.key)
    assert len(found.cells) == 25
    assert found.cells[12].npv_usd == pytest.approx(bars.npv_usd, abs=1)
    assert found.cells[2].npv_usd == pytest.approx(first.at_low_usd, abs=1)
    assert found.cells[22].npv_usd == pytest.approx(first.at_high_usd, abs=1)
    assert found.cells[10].npv_usd == pytest.approx(second.at_low_usd, abs=1)
    one, two = (ranged_by_key(WORLD, key) for key in (found.first, found.second))
    assert set(cell_patch([one, two], found, 0)["overrides"]) == {found.first, found.second}
    assert cell_patch([one, two], found, 12) == {"overrides": {}}
    with pytest.raises(RequestError) as caught:
        grid(books, "nothing", "nothing", steps=4)
    assert {fault.where for fault in caught.value.faults} == {"/first", "/second", "/steps"}
    assert grid_sentences(found, Names(WORLD, (PLAN,)))[0].endswith("at its launches as they are.")


# --- planned again ---


def test_months_of_a_permit_are_asked_for_as_a_delay_and_figures_as_overrides(bars: Tornado):
    by_key = {bar.key: bar for bar in bars.bars}
    slow = patch_of(by_key["jurisdictions/aston.toml#a-out.months"], [1.0], [2.0], at_high=True)
    assert slow["constraints"]["doubt-a-out"] == {"type": "permit_delay", "permit": "a-out", "months": 1}
    curve = patch_of(by_key[CURVE], [0.1, 0.2], [0.3, 0.4], at_high=False)
    assert curve["overrides"][CURVE]["values"] == [0.1, 0.2]


def test_what_another_plan_does_otherwise_is_told(bars: Tornado):
    bar, names = bars.bars[0], Names(WORLD, (PLAN,))
    same = resolved(bar, PLAN, PLAN, at_high=True)
    assert not changes_decisions(same)
    assert resolved_sentence(same, names).endswith("it decides the same.")
    without = PLAN.model_copy(update={"cities": [PLAN.cities[0].model_copy(update={"launch": "2027-05"})]})
    other = resolved(bar, PLAN, without, at_high=False)
    assert other.leaves == ["belport"]
    assert [(m.before, m.after) for m in other.moved] == [("2027-04", "2027-05")]
    assert "leaves out Belport" in resolved_sentence(other, names)
    assert changes_decisions(resolved(bar, PLAN, None, at_high=True))


def test_a_figure_is_drawn_the_way_its_bar_points(books: Books, bars: Tornado):
    by_key = {bar.key: bar for bar in bars.bars}
    drawn = [d for d in spread(books, 400).drivers if d.key in by_key and abs(d.correlation) > 0.2]
    assert len(drawn) > 2
    for one in drawn:
        bar = by_key[one.key]
        assert one.correlation * (bar.at_high_usd - bar.at_low_usd) > 0, one.key


@pytest.mark.parametrize(("low", "likely", "high"), [(1.0, 1.3, 1.3), (0.0, 4.0, 6.0), (0.2, 0.2, 0.9)])
def test_a_figures_pull_is_the_mean_of_its_draws_less_the_plan(books: Books, low: float, likely: float, high: float):
    figure = next(f for f in figures_of(books).ranged if not f.figure.values)
    position = quantile_position(replace(figure, low=(low,), likely=(likely,), high=(high,)), MANY)
    value = 10.0 + np.where(position < 0, 30.0 * position, 6.0 * position)
    bar = one_bar(low, likely, high, at_low_usd=-20.0, at_high_usd=16.0)
    assert bar.pull(10.0) == pytest.approx(value.mean() - 10.0, abs=0.01)


def one_bar(low: float, likely: float, high: float, *, at_low_usd: float, at_high_usd: float) -> Bar:
    empty: dict[str, Any] = {"city_low_usd": {}, "city_high_usd": {}, "breaks_low": [], "breaks_high": []}
    known = {"low": low, "likely": likely, "high": high, "at_low_usd": at_low_usd, "at_high_usd": at_high_usd}
    named = {"key": FARE, "owner": "", "unit": "", "source": "", "confidence": "assumed", "rank": 1}
    return Bar(**known, **named, **empty, trips_low=0.0, trips_high=0.0)


def test_a_plan_worth_more_than_nine_of_ten_draws_says_so_and_why(books: Books, bars: Tornado):
    drawn, names = spread(books, 100), Names(WORLD, (PLAN,))

    def told(p10: float, p90: float) -> str:
        npv = drawn.npv.model_copy(update={"p10": bars.npv_usd + p10, "p90": bars.npv_usd + p90})
        return " ".join(outside_sentences(Doubt(tornado=bars, spread=drawn.model_copy(update={"npv": npv})), names))

    assert told(-1.0, 1.0) == ""
    pulls = sorted(bars.bars, key=lambda bar: bar.pull(bars.npv_usd))
    above, below = told(-2.0, -1.0), told(1.0, 2.0)
    assert "more than nine of ten draws give" in above
    assert named(pulls[0], names) in above
    assert named(pulls[-1], names) not in above
    assert "less than nine of ten draws give" in below
    assert named(pulls[-1], names) in below


def test_the_verdict_names_what_the_plan_leans_on(books: Books, bars: Tornado):
    doubt = Doubt(tornado=bars, spread=spread(books, 100))
    told = " ".join(doubt_sentences(doubt, Names(WORLD, (PLAN,))))
    assert "100 draws" in told
    assert "It leans most on" in told
    assert "most often because vehicles would run before their permit" in told
