"""Every rule has rows, a check, a sentence with its figures and a line in docs/model.md, or says why it needs none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.rules import CONSTRAINT_RULES, STANDING_RULES, Rule, rules_for
from fleetplan.optimize.rules.constraints import ConstraintRule
from fleetplan.plans import check
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.targets import MEASURES
from fleetplan.request.constraints import CONSTRAINT_TYPES
from fleetplan.words.constraints import CONSTRAINTS, constraint_words
from fleetplan.words.names import Names
from tests.plan_builder import build_plan
from tests.rule_builder import SERVICES, WORLD, finer_services, instance, with_new_permit, with_permit

ROOT = Path(__file__).resolve().parent.parent
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, dict[str, Any]] = {
    "markets_live": {"count": 2, "by": "2027-11", "counts": "public"},
    "launch_not_before": {"city": "belport", "month": "2027-08"},
    "launch_by": {"city": "belport", "month": "2027-09"},
    "launch_fixed": {"city": "belport", "stack": "beta", "month": "2027-10"},
    "force_deployment": {"city": "belport", "stack": "beta"},
    "forbid_deployment": {"city": "aston", "stack": "beta"},
    "fleet_cap": {"vehicles": 37, "start": "2027-07", "end": "2027-09"},
    "fleet_floor": {"vehicles": 13, "start": "2027-07"},
    "partner_share": {"partner": "Beta", "max_share": 0.75},
    "launches_per_quarter": {"max": 4},
    "stacks_per_city": {"max": 3},
    "permit_delay": {"city": "aston", "months": 2},
    "event_date": {"event": "a-law", "month": "2027-07"},
    "supply_change": {"stack": "beta", "factor": 0.6},
    "area_cap": {"city": "belport", "km2": 45.0, "start": "2027-07", "end": "2027-09"},
    "area_floor": {"city": "belport", "km2": 45.0, "start": "2027-07", "end": "2027-09"},
    "trips_cap": {"trips_per_day": 180.0, "city": "aston", "start": "2027-07"},
    "permit_quota": {"permit": "a-op", "vehicles": 21, "start": "2027-05"},
    "tariff": {"stack": "alpha", "duty": 0.25, "start": "2027-09"},
    "rival_launch": {"city": "aston", "start": "2027-09", "share": 0.3, "months": 6},
    "supply_line": {"line": "Works", "stack": "alpha", "start": "2027-09", "vehicles_per_year": 60},
    "service_hours": {"city": "aston", "from_hour": 6, "to_hour": 22, "start": "2027-07"},
    "suspension": {"stack": "beta", "start": "2027-10", "end": "2027-12", "vehicles_left": 3},
    "service_level": {"max_wait_min": 9.25},
    "minimum_trips": {"trips_per_day": 150, "start": "2027-07"},
    "result_floor": {"least_usd": -2e6, "per": "year", "start": "2027-07", "end": "2027-09"},
    "partner_participation": {"city": "aston", "stack": "beta"},
    "other_launches": {
        "launches": [{"stack": "beta", "city": "belport", "month": "2027-10", "level": 1}],
        "city": "belport",
    },
}
INPUTS = {name for name, kind in CONSTRAINT_TYPES.items() if kind.given}
TARGETS = {name: MEASURES[kind] for name, kind in CONSTRAINT_TYPES.items() if kind in MEASURES}


@cache
def rich() -> Instance:
    """Return a problem in which every rule has something to say: unpaid modes, three fares, all caps, a floor on cash."""
    world = with_new_permit("a-op", id="a-free", opens="unpaid_operator", fare_factor=0.0)
    asked = [{"id": kind, "type": kind, **fields} for kind, fields in EXAMPLES.items()]
    return instance(
        {"constraints": asked, "capital": {"per_quarter_usd": 3e6, "cash_floor_usd": 4e6}}, world, finer_services()
    )


def all_rules() -> dict[str, Rule]:
    return {rule.key: rule for rule in rules_for(rich())}


def checks() -> dict[str, str]:
    """Return the file of the check of every key."""
    case = Case(build_plan(), WORLD, SERVICES)
    found = {key: module_of(call.func) for key, call in check._rules(case, Calendar(case)).items()}  # type: ignore[attr-defined]
    return found | {key: module_of(call) for key, call in TARGETS.items()}


def module_of(thing: Any) -> str:
    return f"{thing.__module__.rsplit('.', 1)[1]}.py"


def table() -> Iterator[dict[str, str]]:
    """Yield the lines of the table of all rules."""
    section = MODEL.split("## All rules", 1)[1].split("\n### ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    names = [cell.strip() for cell in lines[0].strip("|").split("|")]
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        yield dict(zip(names, cells, strict=True))


def by_key() -> dict[str, dict[str, str]]:
    return {line["key"].strip("`"): line for line in table()}


# --- nothing is left out ---


def test_every_constraint_type_has_an_example_here_and_a_rule_a_check_and_words():
    kinds = set(CONSTRAINT_TYPES)
    assert set(EXAMPLES) == kinds
    assert set(CONSTRAINT_RULES) == set(CONSTRAINT_TYPES.values())
    assert set(TARGETS) | INPUTS == kinds
    assert not set(TARGETS) & INPUTS
    assert set(CONSTRAINTS) == kinds


def test_every_rule_has_a_check_of_its_key_or_says_why_not():
    known = checks()
    for key, rule in all_rules().items():
        assert (key in known) != bool(rule.unchecked), f"{key}: a check, or the reason why there is none"
    assert all(all_rules()[kind].unchecked for kind in INPUTS)


def test_every_check_is_of_a_rule_or_of_the_plan_file_itself():
    of_the_file = {
        "money_lines",
        "npv",
        "returns",
        "objective",
        "markets_first",
        "plan_totals",
        "plan_columns",
        "plan_tells",
        "permits_told",
        "certificate",
        "targets",
    }
    assert set(checks()) - set(all_rules()) == of_the_file


def test_standing_rules_have_keys_of_their_own():
    keys = [rule.key for rule in STANDING_RULES]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(EXAMPLES)


def test_a_rule_without_rows_is_told_apart_from_one_that_forgot_them():
    model = formulate(rich()).model
    silent = {key for key in all_rules() if not len(model.rows_where(lambda b, key=key: b.rule == key))}  # type: ignore[misc]
    none = {key for key, line in by_key().items() if line["its rows"].startswith(("none", "booking: no rows"))}
    where_scarce = {"supply_yearly_cap", "programme_room", "barred", "first_year_fleet", "whole_growth", "partner_use"}
    where_scarce |= {"pilots_end", "line_capacity", "starting_state"}
    where_scarce |= {"area_growth", "minimum_quantity"}
    assert silent - where_scarce == none - where_scarce


# --- the document ---


def test_the_document_has_one_line_for_every_rule_and_none_besides():
    keys = [line["key"].strip("`") for line in table()]
    assert sorted(keys) == sorted(all_rules())


@pytest.mark.parametrize("key", sorted(all_rules()))
def test_the_line_of_a_rule_says_what_the_rule_says(key: str):
    rule, line, known = all_rules()[key], by_key()[key], checks()
    assert line["kind"] == rule.kind
    assert line["scope"] == rule.scope
    assert line["what must hold"] == rule.title
    assert line["formula"]
    assert line["rows in"] == f"`{module_of(type(rule))}`"
    read_in = {
        "permit_delay": "permit_dates.py",
        "event_date": "permit_dates.py",
        "supply_change": "supply.py",
        "tariff": "money.py",
        "rival_launch": "riders.py",
        "service_hours": "curves.py",
    }
    read_in["supply_line"] = "lines.py"
    read_in["partner_participation"] = "partners.py"
    expected = known.get(key, read_in.get(key, ""))
    assert line["check in"] == (f"`{expected}`" if expected else "-")


@pytest.mark.parametrize("key", sorted(all_rules()))
def test_the_line_of_a_rule_says_whether_its_rows_are_exact(key: str):
    rule, said = all_rules()[key], by_key()[key]["its rows"]
    how = said.split(":")[0]
    assert how in {"exact", "relaxing", "cut", "booking", "none"}
    assert (how == "relaxing") == bool(rule.relaxes)
    assert not rule.relaxes or said == f"relaxing: {rule.relaxes}"
    assert (how == "cut") == bool(rule.implied_by)
    assert all(name in said for name in rule.implied_by)
    assert how != "booking" or rule.kind == "money"


@pytest.mark.parametrize("key", sorted(all_rules()))
def test_a_section_explains_every_rule(key: str):
    sections = MODEL.split("### What bounds columns", 1)[1]
    assert f"`{key}`" in sections


def test_what_a_rule_is_implied_by_and_what_its_limits_need_are_rules():
    known = all_rules()
    for rule in known.values():
        assert set(rule.implied_by) | set(rule.limits_need) <= set(known)


@pytest.mark.parametrize("key", [rule.key for rule in STANDING_RULES])
def test_without_a_rule_there_are_no_rows_of_it(key: str):
    model = formulate(rich(), without={key}).model
    assert not len(model.rows_where(lambda b: b.rule == key))


# --- sentences ---

FIGURES: dict[str, tuple[str, ...]] = {
    "lawful": ("3",),
    "fare_allowed": ("0%", "80%"),
    "permit_cap": ("“a-op” 30", "“b-out” 60", "“b-type” 45"),
    "operator_pilot": ("28",),
    "min_fleet": ("10", "20"),
    "stack_supply": ("275 of Alpha", "156 of Beta"),
    "owned_fleet": ("275 of Alpha",),
    "supply_yearly_cap": ("500 of Beta",),
    "line_capacity": ("60 Works",),
    "ramp": ("25 vehicles", "20 more", "20 and 10.0%"),
    "first_year_fleet": ("100 vehicles",),
    "partner_growth": ("30 vehicles", "15.0%", "Beta"),
    "depot_capacity": ("5 to a stall", "25 a city"),
    "depot_site": ("12 in aston", "9 in belport"),
    "vehicles_max": ("200 in Aston", "200 in Belport"),
    "area_density": ("4 km²",),
    "partner_use": ("5 trips",),
    "productivity": ("18 a day", "18.5 after 12"),
    "driving_day": ("230 km in Aston", "230 km in Belport"),
    "partner_earns": ("10 years",),
    "demand": ("10%", "20%", "60%"),
    "area_growth": ("3 months",),
    "remote_staff": ("10 an agent at first", "20 in the end"),
    "vehicle_wear": ("60 months", "150,000 km"),
    "capital": ("12,000,000 USD",),
    "cash_floor": ("-4,000,000 USD",),
}
NO_FIGURE = {
    "starting_state": "where nothing stands there is nothing to name",
    "launch_order": "an order",
    "operator_seat": "whether, not how much",
    "barred": "where the request gives no month to an event that bars somebody, it bars nobody",
    "programme_opens": "whether, not how much",
    "ending": "whether, not how much",
    "permit_path": "its months are those of the permits, which plans list one by one",
    "permit_area": "as permit_path",
    "paid_service": "a definition",
    "placing": "a definition",
    "driver_out_service": "a definition",
    "fleet_growth": "its figures are those of ramp",
    "whole_growth": "its figures are those of ramp and first_year_fleet",
    "min_fleet_level": "its figures are those of min_fleet",
    "programme_room": "its figures are those of stack_supply and min_fleet",
    "no_service_before_open": "whether, not how much",
    "used_orders": "whether, not how much",
    "pilots_end": "whether, not how much",
    "minimum_quantity": "its figures are the contracts', none of which has a price for a vehicle short here",
    "response_curve": "its figures are the surfaces",
    "city_live": "a definition",
    "city_demand": "its figures are those of demand",
    "running_money": "its figures are the money lines",
    "launch_money": "its figures are the money lines",
    "asset_money": "its figures are the money lines",
}


def test_every_standing_rule_names_its_figures_or_has_none():
    assert set(FIGURES) | set(NO_FIGURE) == {rule.key for rule in STANDING_RULES}
    assert not set(FIGURES) & set(NO_FIGURE)
    assert all(NO_FIGURE.values())


@pytest.mark.parametrize("key", FIGURES)
def test_the_sentence_of_a_rule_contains_its_figures(key: str):
    sentence = all_rules()[key].sentence(rich())
    assert sentence.startswith(all_rules()[key].title)
    assert all(figure in sentence for figure in FIGURES[key]), sentence


@pytest.mark.parametrize("key", NO_FIGURE)
def test_a_rule_without_figures_is_said_by_its_title(key: str):
    assert all_rules()[key].sentence(rich()) == all_rules()[key].title


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_sentence_of_a_constraint_contains_what_the_request_fills_in(kind: str):
    rule = all_rules()[kind]
    assert isinstance(rule, ConstraintRule)
    sentence = rule.sentence(rich())
    assert all(str(value) in sentence for value in EXAMPLES[kind].values())


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_words_of_a_constraint_change_with_every_field_of_it(kind: str):
    """Whoever reads the words knows the constraint: each number, month and name in it is said."""
    said = constraint_words({"id": "x", "type": kind, **EXAMPLES[kind]}, Names())
    others = {
        "month": "2028-01",
        "by": "2028-01",
        "start": "2027-08",
        "end": "2027-11",
        "counts": "paid",
        "per": "quarter",
    }
    for field, value in EXAMPLES[kind].items():
        other = others.get(
            field, value + 1 if isinstance(value, int) else value / 2 if isinstance(value, float) else "else"
        )
        changed = {"id": "x", "type": kind, **EXAMPLES[kind], field: other}
        assert constraint_words(changed, Names()) != said, field


def test_a_cap_of_another_size_is_said_in_another_sentence():
    rule = all_rules()["permit_cap"]
    assert "“a-op” 31" in rule.sentence(instance(None, with_permit("a-op", fleet_cap=31)))


def test_keys_look_alike():
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", key) for key in all_rules())
