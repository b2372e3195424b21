"""The rules of a certificate in words: none is left as its key, and those of the model say what the model says."""

from __future__ import annotations

from pathlib import Path

from fleetplan.plans.check import check_plan
from fleetplan.request.constraints import CONSTRAINT_TYPES
from fleetplan.words.rules import FOLLOWS, RULES, rule_words, rules_by_kind
from tests.plan_builder import build_plan
from tests.test_check import SERVICES, WORLD


def rules_checked() -> list[str]:
    return [*check_plan(build_plan(), WORLD, SERVICES).rules_checked, *CONSTRAINT_TYPES]


def test_every_rule_that_a_plan_is_held_against_is_said_in_words() -> None:
    assert {key for key in rules_checked() if rule_words(key)[1] == key} == set()
    assert rule_words("a_rule_of_old")[1] == "a_rule_of_old"


def test_a_rule_of_the_model_is_said_as_the_model_says_it() -> None:
    model = (Path(__file__).parent.parent / "docs" / "model.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in model.splitlines() if line.startswith("| `") and line.count(" | ") > 5]
    said = {row[0].strip("| `"): row[3] for row in rows}
    both = RULES.keys() & said.keys()
    assert len(both) > 30
    assert {key: said[key] for key in both} == {key: RULES[key][1] for key in both}


def test_rules_are_told_by_kind_and_all_of_them_counted() -> None:
    keys = list(dict.fromkeys(rules_checked()))
    kinds = rules_by_kind(keys)
    assert sum(kind.count for kind in kinds) == len(keys)
    assert sum(rule.startswith(FOLLOWS) for kind in kinds for rule in kind.rules) == 1
