"""Requests that are being written: a text changed in place, a text written anew, a form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from fleetplan.drafts.mending import changed_text
from fleetplan.drafts.starts import examples, tidy
from fleetplan.drafts.writing import write_text
from fleetplan.examples import example_files
from fleetplan.request import PlanRequest, parse_request

ORDER = tuple(PlanRequest.model_fields)
REFERENCE = example_files()["uber-2027"].read_text(encoding="utf-8")
HEAD = REFERENCE.partition("constraints:")[0]
AT_THE_KEY = """constraints:
- id: launch-teams
  type: launches_per_quarter
  max: 3   # teams
- id: two-stacks
  type: stacks_per_city
  max: 2
"""
IN_BRACES = """constraints:
  - {id: launch-teams,type: launches_per_quarter,max: 3} # teams
  - {id: two-stacks, type: stacks_per_city, max: 2}
"""
LAYOUTS = {
    "as it is": REFERENCE,
    "lists at their key's column": HEAD + AT_THE_KEY,
    "entries in braces": HEAD + IN_BRACES,
    "four blanks": re.sub(r"\n  (start|months|single)", r"\n    \1", REFERENCE),
    "blanks at the end": REFERENCE.replace("months: 48", "months: 48   "),
    "quoted": REFERENCE.replace("name: Uber 2027", "name: 'Uber 2027'"),
}


@pytest.mark.parametrize(
    "change",
    [
        {"note": "a: b # c"},
        {"cities": ["zurich", "madrid"]},
        {"horizon": {"start": "2027-01", "months": 36, "single_months": 6}},
        {"horizon": {"start": "2028-01"}},
        {"discount_rate": None},
        {"constraints": None},
        {"constraints": [{"id": "two-stacks", "type": "stacks_per_city", "max": 2}]},
        {"deployments": {"deals": ["none"], "add": [{"stack": "zoox-pod", "city": "houston"}]}},
        {"name": "yes", "capital": {"per_quarter_usd": [1_000_000, 2_000_000.5]}},
    ],
)
def test_a_changed_text_says_what_was_changed_and_keeps_its_head(change: dict[str, Any]):
    request = {key: value for key, value in {**yaml.safe_load(REFERENCE), **change}.items() if value is not None}
    changed = changed_text(REFERENCE, request, ORDER)
    assert yaml.safe_load(changed) == request
    assert changed.startswith("# The reference request: eight cities")


def test_a_list_changed_in_place_stays_on_its_line():
    request = yaml.safe_load(REFERENCE)
    request["deployments"]["deals"] = ["announced"]
    assert changed_text(REFERENCE, request, ORDER) == REFERENCE.replace("[announced, talks]", "[announced]")


def test_two_new_constraints_come_in_their_order():
    request = yaml.safe_load(REFERENCE)
    request["constraints"] += [{"id": "a", "type": "force_deployment"}, {"id": "b", "type": "force_deployment"}]
    changed = changed_text(REFERENCE, request, ORDER)
    assert [entry["id"] for entry in yaml.safe_load(changed)["constraints"]] == ["launch-teams", "two-stacks", "a", "b"]
    assert "# what the launch teams can carry" in changed


def test_a_text_that_cannot_be_read_is_written_anew():
    assert changed_text("a: [", {"name": "b"}, ORDER) == "name: b\n"


@pytest.mark.parametrize("example", examples(), ids=lambda e: e.key)
def test_what_is_written_is_read_again(example: Any):
    request = yaml.safe_load(example.text)
    assert yaml.safe_load(write_text(request, "yaml")) == request
    assert json.loads(write_text(request, "json")) == request


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_value_changed_touches_its_line_alone_however_the_text_is_laid_out(layout: str):
    text = LAYOUTS[layout]
    for name, inner, value in (
        ("capital", "per_quarter_usd", 7_000_000),
        ("horizon", "months", 36),
        ("constraints", 0, 2),
    ):
        request = yaml.safe_load(text)
        if name == "constraints":
            request[name][inner]["max"] = value
        else:
            request[name][inner] = value
        changed = changed_text(text, request)
        assert yaml.safe_load(changed) == request
        lines = list(zip(text.splitlines(), changed.splitlines(), strict=True))
        assert sum(before != after for before, after in lines) == 1


def test_braces_that_hold_something_more_are_written_anew_and_the_rest_stays():
    text = "# mine\nconstraints:\n  - {id: a, type: launch_by}   # soon\n  - {id: b, type: launch_by}\n"
    request = yaml.safe_load(text)
    request["constraints"][0]["city"] = "zurich"
    assert changed_text(text, request) == text.replace(
        "{id: a, type: launch_by}", "{id: a, type: launch_by, city: zurich}"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"horizon": {"start": "2027-01", "months": 48, "cuts": ["2028-06", "2028-08"]}},
        {"law": "policy"},
        {"starting_state": {"month": "2028-01"}},
        {"scenario_sets": [{"id": "late", "known_from": "2028-01", "sample": {"count": 5}}]},
    ],
    ids=lambda said: next(iter(said)),
)
def test_what_is_rarely_said_is_said_again_in_a_copy(said: dict[str, Any]):
    asked = parse_request({"name": "a", "capital": {"per_quarter_usd": 5e6}, **said})
    copy = tidy(asked)
    assert parse_request(copy) == asked
    assert next(iter(said)) in copy
