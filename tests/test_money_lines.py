"""Money lines are declared once, booked and checked apart, and say which figures they read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.economics import LINES
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.ledger import CAPITAL_LINES, NOT_RUNNING
from fleetplan.plans.check import money
from fleetplan.plans.finance import GROUPS, INVESTED
from fleetplan.words.figures import words_of
from tests.rule_builder import WORLD, instance

MODEL = (Path(__file__).resolve().parent.parent / "docs" / "model.md").read_text(encoding="utf-8")
FIGURES = sorted({name for line in LINES.values() for name in line.figures})


SHORT = {"fleet.life_years": 0.6, "fleet.life_km": 9_000.0, "finance.term_years": 0.58}
SHORT_LIVED = {name: replace(WORLD.assumptions[name], value=value) for name, value in SHORT.items()}
WORLD = replace(WORLD, assumptions={**WORLD.assumptions, **SHORT_LIVED})
"""Cars that are sold within the horizon and wear out sooner still."""


def booked(world: Catalogue = WORLD) -> dict[str, float]:
    """Return by line the sum of what everything in a small world would cost or earn."""
    sums: dict[str, float] = {}
    held = {"id": "held", "type": "suspension", "stack": "alpha", "start": "2027-09", "vehicles_left": 0}
    f = formulate(instance({"constraints": [held]}, world))
    for entry in f.ledger.entries:
        sums[entry.line] = sums.get(entry.line, 0.0) + float(np.abs(entry.usd).sum())
    worn = f.model.matrix[f.model.rows_where(lambda b: b.rule == "vehicle_wear")]
    sums["wear"] += float(np.abs(worn.data).sum())  # how much is worn stands in rows
    return sums


def with_figure(name: str, factor: float) -> Catalogue:
    """Return the world with another figure of economics.csv or assumptions.toml; a list changes its shape as well."""
    known = {**WORLD.economics, **WORLD.assumptions}[name]
    other = replace(
        known, value=factor * known.value, values=tuple(factor ** (n + 1) * v for n, v in enumerate(known.values))
    )
    if name in WORLD.economics:
        return replace(WORLD, economics={**WORLD.economics, name: other})
    return replace(WORLD, assumptions={**WORLD.assumptions, name: other})


def test_every_line_that_is_declared_is_checked_and_none_besides():
    checked = {*money.DEPLOYMENT_LINES, *money.CITY_LINES, *money.POOL_LINES}
    assert set(LINES) == checked
    assert set(money.CAPITAL_LINES) == CAPITAL_LINES


def test_every_line_that_is_booked_is_declared():
    assert set(booked()) <= set(LINES)
    assert len(booked()) > len(LINES) - 5


def test_lines_that_go_on_and_lines_that_are_spent_are_told_apart():
    assert {"loan", "resale", "shortfall", "withdrawal", "exit"} == NOT_RUNNING - CAPITAL_LINES
    assert {LINES[name].group for name in NOT_RUNNING} == INVESTED


def test_every_line_stands_in_one_group_and_in_the_document():
    grouped = [name for _, names in GROUPS for name in names]
    assert sorted(grouped) == sorted([*LINES, "residual"])
    table = MODEL.split("| line | basis |", 1)[1].split("\n\n", 1)[0]
    said = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))))
    assert said == {*grouped, "terminal"}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_line_reads_the_figures_that_it_says_and_no_other_line_does(figure: str):
    before, after = booked(), booked(with_figure(figure, 0.9))
    changed = {line for line in LINES if before.get(line) != after.get(line)}
    assert changed == {line for line, own in LINES.items() if figure in own.figures}


@pytest.mark.parametrize("figure", FIGURES)
def test_what_reads_a_figure_is_said(figure: str):
    file = "economics.csv" if figure in WORLD.economics else "assumptions.toml"
    said = words_of(f"{file}#{figure}").use
    assert all(line.replace("_", " ") in said for line, own in LINES.items() if figure in own.figures)


def test_what_a_line_reads_stands_in_the_catalogue():
    catalogue = load_catalogue()
    assert set(FIGURES) <= set(catalogue.economics) | set(catalogue.assumptions)


def test_a_figure_that_no_line_declares_is_read_by_none():
    assert not words_of("economics.csv#nobody_reads_this").use
    assert not words_of("assumptions.toml#nobody.reads_this").use
