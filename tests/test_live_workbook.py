"""The workbook that recalculates: worked out by an engine of the tests, it is worth the plan, and switched what the bar says."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped]

from fleetplan.doubt.books import Books
from fleetplan.doubt.tornado import tornado
from fleetplan.doubt.types import Tornado
from fleetplan.report.live_plan import live_workbook
from tests.formula_engine import Sheets
from tests.test_doubt import PLAN, SERVICES, WORLD

HOSTILE = "=HYPERLINK(\"http://x\")&cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def books() -> Books:
    request = PLAN.request.model_copy(update={"name": HOSTILE})
    return Books.of(PLAN.model_copy(update={"name": HOSTILE, "request": request}), WORLD, SERVICES)


@pytest.fixture(scope="module")
def sheets(books: Books) -> Sheets:
    sys.setrecursionlimit(20_000)
    return Sheets(live_workbook(books))


@pytest.fixture(scope="module")
def bars(books: Books) -> Tornado:
    return tornado(books)


def total(sheets: Sheets) -> float:
    with np.errstate(all="ignore"):
        return float(sheets.value("Summary", "B8"))


def row_of(sheets: Sheets, key: str) -> list[int]:
    return [
        int(cell[1:]) for (sheet, cell), v in sheets.cells.items() if sheet == "Inputs" and cell[0] == "A" and v == key
    ]


def test_at_the_likely_figures_the_workbook_is_worth_the_plan(sheets: Sheets):
    assert sheets.value("Summary", "A8") == "the plan, with the figures chosen"
    assert total(sheets) == pytest.approx(PLAN.kpis.npv_usd, rel=1e-4)
    assert sheets.value("Summary", "B9") == pytest.approx(PLAN.kpis.npv_usd)
    assert abs(sheets.value("Summary", "B10")) < 1e-4 * abs(PLAN.kpis.npv_usd)
    for row, city in enumerate(PLAN.cities, start=5):
        assert sheets.value("Summary", f"A{row}") == city.name
        assert float(sheets.value("Summary", f"B{row}")) == pytest.approx(city.npv_usd, rel=1e-4)


def test_a_programme_that_works_nothing_out_shows_what_the_plan_is_worth(books: Books):
    held = load_workbook(io.BytesIO(live_workbook(books)), data_only=True)
    summary = held["Summary"]
    assert [summary[f"B{row}"].value for row in (5, 6, 8)] == [
        *(city.npv_usd for city in PLAN.cities),
        PLAN.kpis.npv_usd,
    ]
    assert sum(summary[f"C{row}"].value for row in (5, 6)) == PLAN.kpis.vehicles_end
    assert sum(summary[f"D{row}"].value for row in (5, 6)) == pytest.approx(PLAN.kpis.trips_per_day_end)
    worked_out = [cell.value for row in held["aston city"].iter_rows(min_row=3, min_col=3) for cell in row]
    assert 0 not in [value for value in worked_out if isinstance(value, int)], "an unknown value is none, and not 0"


def test_a_figure_switched_to_an_end_is_worth_what_its_bar_says(sheets: Sheets, bars: Tornado):
    checked = 0
    for bar in bars.bars:
        rows = row_of(sheets, bar.key)
        if not rows or bar.key.startswith("jurisdictions/"):
            continue
        for end, want in (("low", bar.at_low_usd), ("high", bar.at_high_usd)):
            if checked % 5 == 0:  # every fifth end: a second for each
                for row in rows:
                    sheets.put("Inputs", f"G{row}", end)
                assert total(sheets) == pytest.approx(want, rel=1e-4, abs=100), (bar.key, end)
                for row in rows:
                    sheets.put("Inputs", f"G{row}", "")
            checked += 1
    assert checked > 40


def test_the_switch_for_all_holds_where_a_row_has_none_of_its_own(sheets: Sheets):
    row = row_of(sheets, "assumptions.toml#team.usd_per_year")[0]
    likely = float(sheets.value("Inputs", f"H{row}"))
    sheets.put("Inputs", "B3", "high")
    assert float(sheets.value("Inputs", f"H{row}")) == pytest.approx(1.2 * likely)
    sheets.put("Inputs", f"G{row}", "low")
    assert float(sheets.value("Inputs", f"H{row}")) == pytest.approx(0.8 * likely)
    sheets.put("Inputs", f"G{row}", "")
    sheets.put("Inputs", "B3", "likely")


def test_no_text_of_a_request_is_in_a_formula(sheets: Sheets):
    assert sheets.value("Summary", "A1") == HOSTILE
    assert len(sheets.formulas) > 1000
    assert not [formula for formula in sheets.formulas if "HYPERLINK" in formula or "cmd" in formula]
