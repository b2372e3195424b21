"""A plan held against what operators were published to do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.record import READINGS, facts, faults, page
from fleetplan.catalogue import Catalogue, Published, load_catalogue
from fleetplan.catalogue.schema import RECORD_MEASURES
from fleetplan.errors import CatalogueError
from fleetplan.explain.record import KIND_SIDE, Held, held_against_record
from fleetplan.plans.types import LevelSummary, Plan
from fleetplan.report.record import record_table
from fleetplan.words import record as words
from tests.catalogue_builder import make_catalogue
from tests.plan_builder import build_plan
from tests.plan_builder import make_catalogue as small_world


def point(measure: str, value: float, first: int = 0, last: int | None = None) -> Published:
    return Published(
        measure, "Waymo", "Austin", "2025-06", first, last, value, "", "counted", "https://x.org", "medium"
    )


def known(*points: Published) -> tuple[Plan, Catalogue]:
    world = small_world()
    return build_plan(world), replace(world, record=points)


def values(held: list[Held], measure: str) -> dict[tuple[str, int], float]:
    return {(h.city, h.year): h.value for h in held if h.measure == measure}


def test_trips_are_counted_by_every_vehicle_that_is_paid_for_spares_too() -> None:
    plan, world = known()
    city = next(c for c in plan.cities if c.launch)
    year = int(plan.periods[-1][:4])
    last = [t for t, label in enumerate(plan.periods) if int(label[:4]) == year]
    months = [plan.period_months[t] for t in last]
    spares = 1 + world.assumptions["service.spare_share"].value
    trips = sum(sum(d.trips_per_day[t] for d in city.deployments) * m for t, m in zip(last, months, strict=True))
    cars = sum(sum(d.vehicles[t] for d in city.deployments) * m for t, m in zip(last, months, strict=True)) * spares
    found = values(held_against_record(plan, world), "trips_per_car_day")
    assert found[city.city, year] == pytest.approx(trips / cars)


def test_fares_a_car_day_are_trips_a_car_day_at_their_fare() -> None:
    plan, world = known()
    held = held_against_record(plan, world)
    trips, fares = values(held, "trips_per_car_day"), values(held, "revenue_per_car_day")
    ratio = values(held, "fare_to_human_fare")
    for (slug, year), usd in fares.items():
        market, city = world.cities[slug], next(c for c in plan.cities if c.city == slug)
        human = market.value("market.mean_fare_local") * city.usd_per_currency / (1 + market.value("market.fare_tax"))
        assert usd == pytest.approx(trips[slug, year] * ratio[slug, year] * human)
    assert fares


def test_a_fleet_stands_on_the_largest_area_that_is_open() -> None:
    plan, world = known()
    city = next(c for c in plan.cities if c.launch)
    levels = [
        LevelSummary(level=n, name="", cells=1, area_km2=10.0 * n, population=1, addressable_trips_per_day=1)
        for n in range(1, 9)
    ]
    plan = plan.model_copy(update={"cities": [city.model_copy(update={"levels": levels})]})
    spares = 1 + world.assumptions["service.spare_share"].value
    held = held_against_record(plan, world)
    density, ratio = values(held, "cars_per_km2"), values(held, "area_growth")
    year = int(plan.periods[-1][:4])
    area = 10.0 * max(d.level[-1] for d in city.deployments)
    fleet = sum(d.vehicles[-1] for d in city.deployments) * spares
    assert density[city.city, year] == pytest.approx(fleet / area)
    assert all(value >= 1 for value in ratio.values())


def test_a_range_is_made_of_the_points_that_speak_of_services_as_old() -> None:
    young, old = point("wait_min", 4.0, 0, 11), point("wait_min", 9.0, 12)
    plan, world = known(young, old)
    for held in (h for h in held_against_record(plan, world) if h.measure == "wait_min"):
        expected = young if held.age_months < 12 else old
        assert held.points == (expected,)
        assert (held.low, held.high) == (expected.value, expected.value)


@pytest.mark.parametrize(("at", "stands"), [(0.0, "above"), (1e9, "below")])
def test_only_more_than_was_seen_is_marked(at: float, stands: str) -> None:
    plan, world = known(*(point(m, at) for m in RECORD_MEASURES))
    held = [h for h in held_against_record(plan, world) if h.value > 0]
    assert {h.measure for h in held} >= {"trips_per_car_day", "km_per_car_day", "wait_min"}
    for one in held:
        assert one.stands == stands
        assert one.kinder == (KIND_SIDE[one.measure] == stands)


def test_what_nobody_published_is_not_judged() -> None:
    plan, world = known()
    held = held_against_record(plan, world)
    assert held
    assert {h.stands for h in held} == {"not_published"}
    assert not any(h.kinder for h in held)
    assert record_table(plan, plan.cities[0], world) is None


def test_every_measure_has_its_words_and_its_side() -> None:
    assert set(words.MEASURES) == set(RECORD_MEASURES) == set(KIND_SIDE)


def test_a_table_marks_the_years_and_says_them() -> None:
    plan, world = known(point("trips_per_car_day", 0.1))
    city = next(c for c in plan.cities if c.launch)
    table = record_table(plan, city, world)
    assert table is not None
    row = next(r for r in table.rows if r.measure == "trips_per_car_day")
    marked = [year for year, cell in zip(table.years, row.cells, strict=True) if cell.kinder]
    assert marked
    assert row.published == "0.1"
    assert table.marked
    assert row.points == ["Waymo, Austin, Jun 2025: counted (https://x.org)"]


def test_the_page_names_a_fault_until_something_explains_it() -> None:
    plan, world = known(point("trips_per_car_day", 0.1))
    held = held_against_record(plan, world)
    assert faults(held, {}) == [h for h in held if h.kinder] != []
    assert "**A fault" in page(plan, world, {})
    reasons = {"trips_per_car_day": {"all": "Because."}}
    assert faults(held, reasons) == []
    assert "**A fault" not in page(plan, world, reasons)
    assert "Because." in page(plan, world, reasons)


def test_the_shipped_record_speaks_of_every_measure_at_every_age(catalogue: Catalogue) -> None:
    for measure in set(RECORD_MEASURES) - {"launch_area_km2", "first_year_fleet"}:
        own = [p for p in catalogue.record if p.measure == measure]
        assert all(any(p.speaks_of(age) for p in own) for age in (0, 11, 11.5, 12, 23.9, 24, 60)), measure


def test_a_catalogue_needs_no_record_and_its_faults_are_named(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path)
    assert load_catalogue(folder).record == ()
    head = "measure,operator,place,month,months_from,months_to,value,unit,how,source,confidence\n"
    rows = "wait_min,A,B,2025-06,0,,five,min,counted,https://x.org,low\nspeed,A,B,June,1.5,,5,km/h,counted,,low\n"
    (folder / "record.csv").write_text(head + rows, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    said = "\n".join(map(str, caught.value.faults))
    for part in ("'five'", "'speed'", "'June'", "1.5", "source"):
        assert part in said


def test_every_reader_is_answered_with_figures_of_the_plan_and_no_figure_is_known_for_nothing() -> None:
    plan, world = known()
    text, told = READINGS.read_text(encoding="utf-8"), facts(plan, world)
    assert set(re.findall(r"\{(\w+)\}", text)) == set(told)
    lines = page(plan, world, {}).splitlines()
    read = lines[lines.index("## Read aloud") : lines.index("## The reference plan, then and now")]
    assert [line for line in read if line.startswith("**")] == [
        "**A finance director**",
        "**A regulator**",
        "**The partner**",
    ]
    assert f"{told['terminal']} of {told['npv']}" in "\n".join(read)
    assert not [line for line in read if re.search(r"[{}]", line)]
    last = lines[lines.index("## The reference plan, then and now") :]
    assert next(line for line in last if line.startswith("| today |")).split(" | ")[1] == told["npv"]
