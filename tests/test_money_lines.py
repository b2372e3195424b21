"""Money lines are declared once, booked and checked apart, and say which figures they read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.economics import LINES
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.ledger import CAPITAL_LINES, NOT_RUNNING
from fleetplan.plans.check import money
from fleetplan.plans.finance import GROUPS, INVESTED
from fleetplan.words.figures import words_of
from tests.rule_builder import WORLD, instance

MODEL = (Path(__file__).resolve().parent.parent / "docs" / "model.md").read_text(encoding="utf-8")
ITEMS = sorted({item for line in LINES.values() for item in line.items})


def booked(world: Catalogue = WORLD) -> dict[str, float]:
    """Return by line the sum of what everything in a small world would cost or earn."""
    sums: dict[str, float] = {}
    for entry in formulate(instance(None, world)).ledger.entries:
        sums[entry.line] = sums.get(entry.line, 0.0) + float(np.abs(entry.usd).sum())
    return sums


def with_item(item: str, factor: float) -> Catalogue:
    figure = WORLD.economics[item]
    other = replace(figure, value=factor * figure.value)
    return replace(WORLD, economics={**WORLD.economics, item: other})


def test_every_line_that_is_declared_is_checked_and_none_besides():
    checked = {*money.DEPLOYMENT_LINES, *money.CITY_LINES, *money.POOL_LINES}
    assert set(LINES) == checked
    assert set(money.CAPITAL_LINES) == CAPITAL_LINES


def test_every_line_that_is_booked_is_declared():
    assert set(booked()) <= set(LINES)
    assert len(booked()) > len(LINES) - 5


def test_lines_that_go_on_and_lines_that_are_spent_are_told_apart():
    assert {"loan"} == NOT_RUNNING - CAPITAL_LINES
    assert {LINES[name].group for name in NOT_RUNNING} == INVESTED


def test_every_line_stands_in_one_group_and_in_the_document():
    grouped = [name for _, names in GROUPS for name in names]
    assert sorted(grouped) == sorted([*LINES, "residual"])
    table = MODEL.split("| line | basis |", 1)[1].split("\n\n", 1)[0]
    said = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))))
    assert said == {*grouped, "terminal"}


@pytest.mark.parametrize("item", ITEMS)
def test_a_line_reads_the_items_that_it_says_and_no_other_line_does(item: str):
    before, after = booked(), booked(with_item(item, 1.1))
    changed = {line for line in LINES if before.get(line) != after.get(line)}
    assert changed == {line for line, own in LINES.items() if item in own.items}
    assert words_of(f"economics.csv#{item}").use == f"money line {' '.join(changed)}"
