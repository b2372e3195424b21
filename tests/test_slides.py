"""Slides of a plan: what stands on them is what the plan says, and a presentation program can edit it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pytest
from pptx import Presentation

from fleetplan.plans.reading import city_order
from fleetplan.plans.types import Plan
from fleetplan.report.charts import cash
from fleetplan.report.slides import slides
from fleetplan.report.slides.deck import FOOT
from fleetplan.report.slides.sheet import Box, Deck, Style
from fleetplan.words.proof import gap_of
from fleetplan.words.values import usd
from fleetplan.words.worth import return_rows
from tests.fake_plan import fake_catalogue, fake_plan, fake_services


@dataclass(frozen=True)
class Made:
    plan: Plan
    content: bytes
    slides: list[Any]

    def titled(self, title: str) -> Any:
        return next(s for s in self.slides if s.shapes.title.text == title)


@pytest.fixture(scope="module")
def made() -> Made:
    services = fake_services()
    plan = fake_plan(services=services).model_copy(update={"name": "Plan <b>\x01 & =1+1"})
    content = slides(plan, services, fake_catalogue())
    return Made(plan, content, list(Presentation(io.BytesIO(content)).slides))


def words(slide: Any) -> str:
    cells = [c.text for s in slide.shapes if s.has_table for row in s.table.rows for c in row.cells]
    return "\n".join([*(s.text_frame.text for s in slide.shapes if s.has_text_frame), *cells])


def test_every_city_with_a_deployment_has_its_slide_in_the_order_of_openings(made: Made):
    busy = [c.name for c in city_order(made.plan) if c.deployments]
    assert [s.shapes.title.text for s in made.slides if s.shapes.title.text in busy] == busy


def test_the_first_slide_says_what_the_plan_is_worth_and_how_good_it_is(made: Made):
    said = words(made.slides[0])
    k = made.plan.kpis
    amounts = (k.npv_usd, k.cash_usd, k.residual_usd, k.terminal_usd, k.capital_usd, k.peak_funding_usd)
    assert all(usd(amount) in said for amount in amounts)
    assert gap_of(made.plan) in said


def test_charts_hold_the_plans_own_numbers(made: Made):
    (first, _) = [s.chart for s in made.titled("Money").shapes if s.has_chart]
    drawn = [[v for v in one.values] for one in first.plots[0].series]  # noqa: C416  a tuple of the package
    assert drawn == [[v / 1e6 for v in one.values if v is not None] for one in cash(made.plan).series]


def test_maps_and_charts_are_told_to_who_cannot_see_them(made: Made):
    seen = [s._element for slide in made.slides for s in slide.shapes if s.has_chart or s.shape_type == 13]
    assert seen
    assert all(e.xpath(".//p:cNvPr/@descr")[0] for e in seen)


def test_nothing_lies_outside_a_slide(made: Made):
    for slide in made.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= 13.34 * 914400
            assert shape.top + shape.height <= 7.51 * 914400, shape.name


def test_a_name_is_text_whatever_it_holds_and_the_bytes_are_the_same_again(made: Made):
    assert made.slides[0].shapes.title.text == "Plan <b>  & =1+1"
    assert slides(made.plan, fake_services(), fake_catalogue()) == made.content


def bottom(shape: Any) -> float:
    """Return where a shape ends in inches; a table by its rows."""
    height = sum(row.height for row in shape.table.rows) if shape.has_table else shape.height
    return float(shape.top + height) / 914400


def test_every_opening_and_every_citys_return_stands_on_a_slide_and_no_table_runs_into_the_foot(made: Made):
    said = "\n".join(map(words, made.slides))
    for city in made.plan.cities:
        assert all(f"{city.name}, {d.partner}" in said for d in city.deployments)
    returned = [row.name for row in return_rows(made.plan)]
    (sheet,) = [s for s in made.slides if s.shapes.title.text == "What it returns"]
    (table,) = [s.table for s in sheet.shapes if s.has_table]
    assert [row.cells[0].text for row in list(table.rows)[1:]] == returned
    assert all(bottom(s) <= FOOT + 0.05 for slide in made.slides for s in slide.shapes if s.has_table)


def test_a_long_verdict_is_written_smaller_and_keeps_off_the_figures(made: Made):
    sheet = Deck("a", "b").sheet("c")
    box = Box(0.6, 1.5, 12.0, 2.7)
    for many in (1, 2, 4):
        text = ["A sentence of some sixty letters that stands in for another. " * 10] * many
        sheet.fitted(box, text, Style(15, serif=True))
    sizes = [s.text_frame.paragraphs[0].runs[0].font.size.pt for s in list(sheet.slide.shapes)[-3:]]
    assert sizes[0] == 15 > sizes[1] > sizes[2]
