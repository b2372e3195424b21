"""Requests from the field, through command line, library, HTTP and editor: taken alike, or refused with a word about why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.pages.drafts import Draft, answer
from api.settings import Settings
from fleetplan.catalogue.types import Catalogue
from fleetplan.cli import app
from fleetplan.errors import RequestError
from fleetplan.request import read_data
from fleetplan.request.text import read_text
from fleetplan.scope import judge_request
from tests.api_support import FakeKnown, Running, running

CASES = Path(__file__).parent / "cases"
RIGHT = "right"
EXPECTED = """
30-yaml-traps/M.yaml                              write 25000000
30-yaml-traps/alias-bomb.yaml                     more than 20,000 values
30-yaml-traps/bool-id.yaml                        right
30-yaml-traps/bool-max.yaml                       /constraints/0/max: is 'yes'
30-yaml-traps/city-scalar.yaml                    write [zurich]
30-yaml-traps/city-thrice.yaml                    right
30-yaml-traps/commas.yaml                         ends the number
30-yaml-traps/deep.yaml                           nested deeper than 32 levels
30-yaml-traps/dollar.yaml                         write 25000000
30-yaml-traps/dots.yaml                           write 25000000
30-yaml-traps/dup-inner-key.yaml                  'vehicles' stands twice
30-yaml-traps/dup-top-key.yaml                    'constraints' stands twice; the first one is on line 4
30-yaml-traps/excel-month.yaml                    write 2027-03
30-yaml-traps/exp.yaml                            right
30-yaml-traps/extra.yaml                          did you mean vehicles?
30-yaml-traps/float-max.yaml                      right
30-yaml-traps/frac-max.yaml                       write 1 or 2
30-yaml-traps/full-date.yaml                      write 2027-03
30-yaml-traps/fullwidth.yaml                      write 100
30-yaml-traps/hex-count.yaml                      '0x10' is no plain number; remedy: write 16
30-yaml-traps/id-slash.yaml                       months go from 01 to 12
30-yaml-traps/int-id.yaml                         write it in quotes: '7'
30-yaml-traps/int-month.yaml                      write 2027-03
30-yaml-traps/missing-type.yaml                   /constraints/0/type: is needed
30-yaml-traps/misspelt.yaml                       there is no type 'fleetcap'
30-yaml-traps/nan.yaml                            '.nan' is no finite number
30-yaml-traps/no-city.yaml                        /cities: is an empty list
30-yaml-traps/no-stack.yaml                       /stacks: is an empty list
30-yaml-traps/norway.yaml                         no city is called 'no'
30-yaml-traps/nullq.yaml                          /capital/per_quarter_usd/1: is empty
30-yaml-traps/octal-bad.yaml                      write 80
30-yaml-traps/octal-count.yaml                    '0100' is no plain number; remedy: write 100
30-yaml-traps/percent-int.yaml                    write 0.3 if 30 % is meant
30-yaml-traps/percent.yaml                        write 0.3
30-yaml-traps/rate-8.yaml                         write 0.08 if 8 % is meant
30-yaml-traps/rate-comma.yaml                     write 0.08
30-yaml-traps/rate-percent.yaml                   write 0.1
30-yaml-traps/short-month.yaml                    write 2027-03
30-yaml-traps/spaces.yaml                         write 25000000
30-yaml-traps/str-max.yaml                        right
30-yaml-traps/tabs.yaml                           indent with blanks, not with tabs
30-yaml-traps/two-docs.yaml                       found another document
30-yaml-traps/unit-text.yaml                      write 100
30-yaml-traps/year-month.yaml                     write a month of that year
30-yaml-traps/year-only.yaml                      write a month of that year
31-request-encodings/bigint.json                  write 10,000,000,000,000 or less
31-request-encodings/binary.json                  is not UTF-8
31-request-encodings/binary.yaml                  is not UTF-8
31-request-encodings/bom.json                     right
31-request-encodings/bom.yaml                     right
31-request-encodings/comment-only.yaml            holds no request
31-request-encodings/comment.json                 is not JSON here
31-request-encodings/crlf.yaml                    right
31-request-encodings/digits5000.json              is no number
31-request-encodings/dupkeys.json                 'per_quarter_usd' stands twice
31-request-encodings/empty.yaml                   holds no request
31-request-encodings/half-surrogate.json          half a surrogate pair
31-request-encodings/inf.json                     too large a number
31-request-encodings/latin1.yaml                  byte 47 is not UTF-8
31-request-encodings/list.json                    holds no request
31-request-encodings/nan.json                     NaN is no JSON number
31-request-encodings/nul.json                     NUL
31-request-encodings/trailing.json                is not JSON here
31-request-encodings/utf16.yaml                   is UTF-16
31-request-encodings/utf16le.json                 UTF-16
32-request-meaning/add-and-exclude.yaml           the law bars it
32-request-meaning/add-and-remove.yaml            deployments.remove takes it out
32-request-meaning/add-city-not-asked.yaml        /deployments/add/0: weride-gxr in madrid is not to be had
32-request-meaning/add-rival-2.yaml               right
32-request-meaning/add-rival.yaml                 right
32-request-meaning/base.yaml                      right
32-request-meaning/cap-city-not-asked.yaml        /constraints/0/city: madrid is not planned
32-request-meaning/cities-and-exclude.yaml        right
32-request-meaning/city-not-asked.yaml            /constraints/0/city: madrid is not planned
32-request-meaning/delay-not-asked.yaml           /constraints/0/city: munich is not planned
32-request-meaning/event-twice.yaml               given its month by /constraints/0 already
32-request-meaning/floor-after-horizon.yaml       /constraints/0/start: 2030-01 lies after the horizon
32-request-meaning/floor-before-horizon.yaml      /constraints/0/end: 2025-12 lies before the horizon
32-request-meaning/horizon-0001.yaml              /horizon/start: is 0001-01
32-request-meaning/horizon-1990.yaml              /horizon/start: is 1990-01
32-request-meaning/horizon-2090.yaml              right
32-request-meaning/horizon-9999.yaml              /horizon/start: is 9999-12
32-request-meaning/launch-by-after-horizon.yaml   /constraints/0/month: 2035-06 lies after the horizon
32-request-meaning/launch-fixed-after-horizon.yaml /constraints/0/month: 2029-07 lies after the horizon
32-request-meaning/markets-after-horizon.yaml     /constraints/0/by: 2035-12 lies after the horizon
32-request-meaning/neg-delay.yaml                 right
32-request-meaning/override-city-not-asked.yaml   right
32-request-meaning/override-fare-negative.yaml    -13 is out of range
32-request-meaning/override-int-figure.yaml       2.5 is not a whole number
32-request-meaning/override-life-half.yaml        0.01 is out of range
32-request-meaning/override-neg-interest.yaml     -0.5 is out of range
32-request-meaning/override-price-negative.yaml   -100000 is out of range
32-request-meaning/override-price-zero.yaml       0 is out of range
32-request-meaning/override-season-neg.yaml       -1 is out of range
32-request-meaning/override-season.yaml           10 is out of range
32-request-meaning/override-share-factor.yaml     750 is out of range
32-request-meaning/override-speed-zero.yaml       0 is out of range
32-request-meaning/override-stall-zero.yaml       0 is out of range
32-request-meaning/override-taxminus1.yaml        -1 is out of range
32-request-meaning/override-tripkm-zero.yaml      0 is out of range
32-request-meaning/override-twice.yaml            is overridden by /overrides/0 already
32-request-meaning/override-zero-finance.interest.yaml           right
32-request-meaning/override-zero-finance.term_years.yaml         0 is out of range
32-request-meaning/override-zero-fleet.km2_per_vehicle_most.yaml 0 is out of range
32-request-meaning/override-zero-fleet.life_years.yaml           0 is out of range
32-request-meaning/override-zero-fleet.min_launch_fleet.yaml     right
32-request-meaning/override-zero-fleet.ramp_vehicles_per_month.yaml no figure of the catalogue is called
32-request-meaning/override-zero-price.elasticity.yaml           right
32-request-meaning/override-zero-service.spare_share.yaml        right
32-request-meaning/override-zero-terminal.years.yaml             right
32-request-meaning/partner-unknown.yaml           no partner is called 'Cruise'
32-request-meaning/stack-not-in-city.yaml         weride-gxr is not planned in houston
32-request-meaning/supply-stack-not-asked.yaml    weride-gxr is not planned
32-request-meaning/trips-after-horizon.yaml       /constraints/0/start: 2030-01 lies after the horizon
32-request-meaning/two-lpq.yaml                   right
"""
CASE_LINES = [line.split(maxsplit=1) for line in EXPECTED.strip().splitlines()]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("field")) as running_service:
        yield running_service


def test_every_case_has_its_right_answer_here():
    files = {f"{path.parent.name}/{path.name}" for folder in ("30", "31", "32") for path in CASES.glob(f"{folder}-*/*")}
    assert files == {name for name, _ in CASE_LINES}


@pytest.mark.parametrize(("name", "right"), CASE_LINES, ids=lambda text: text.split("/")[-1])
def test_a_file_is_read_by_command_line_and_library(name: str, right: str, catalogue: Catalogue):
    if right == RIGHT:
        judge_request(read_data(CASES / name), catalogue)
        return
    with pytest.raises(RequestError) as caught:
        judge_request(read_data(CASES / name), catalogue)
    told = str(caught.value)
    assert right in told
    assert all(len(str(fault)) < 2_000 for fault in caught.value.faults)
    assert all(fault.remedy or fault.allowed for fault in caught.value.faults)


@pytest.mark.parametrize(("name", "right"), CASE_LINES, ids=lambda text: text.split("/")[-1])
def test_the_editor_says_the_same(name: str, right: str):
    path = CASES / name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return  # no browser sends such a text
    form: Any = "json" if path.suffix == ".json" else "yaml"
    told = answer(Draft(text=text, format=form, options={}), FakeKnown(), Settings(), lambda: ())
    assert bool(told["flaws"]) == (right != RIGHT)
    if right != RIGHT:
        words = " ".join(f"{flaw['pointer']}: {flaw['message']}; remedy: {flaw['remedy']}" for flaw in told["flaws"])
        assert right.rsplit(": ", maxsplit=1)[-1] in words or "UTF-16" in right or "NUL" in right


@pytest.mark.parametrize(("name", "right"), CASE_LINES, ids=lambda text: text.split("/")[-1])
def test_http_says_the_same(name: str, right: str, service: Running):
    raw = (CASES / name).read_bytes()
    if name.endswith(".json"):
        body = b'{"request": ' + raw.removeprefix(b"\xef\xbb\xbf") + b"}"
    else:
        try:
            reading = read_text(raw.decode("utf-8-sig"), "yaml")
        except UnicodeDecodeError:
            return
        if reading.faults:
            return  # what is no YAML has no JSON
        body = json.dumps({"request": reading.data}).encode()
    told = service.client.post("/v1/validations", content=body, headers={"Content-Type": "application/json"})
    assert told.status_code == 200 if right == RIGHT else told.status_code in {400, 422}, told.text
    if right.startswith("/"):
        assert f"/request{right.split(': ', maxsplit=1)[0]}" in [fault["pointer"] for fault in told.json()["errors"]]


@pytest.mark.parametrize("extra", [["--json"], []])
@pytest.mark.parametrize("name", ["latin1.yaml", "utf16.yaml", "binary.json", "digits5000.json", "dupkeys.json"])
def test_the_command_ends_with_2_and_no_traceback(name: str, extra: list[str]):
    done = CliRunner().invoke(app, ["plan", str(CASES / "31-request-encodings" / name), *extra])
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (2, True)
    if extra:
        assert json.loads(done.stdout)["error"]["faults"]


def test_deep_nests_and_long_numbers_end_with_a_sentence(tmp_path: Path):
    for text in ('{"a":' * 50_000, "[" * 100_000, '{"capital": ' + "9" * 100_000 + "}"):
        path = tmp_path / "deep.json"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RequestError):
            read_data(path)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("capital: {per_quarter_usd: 397.000}", "write 397000, or 397"),
        ("capital: {per_quarter_usd: '397.500'}", "write 397500, or 397.5"),
    ],
)
def test_a_point_that_may_stand_for_thousands_is_asked(text: str, remedy: str, tmp_path: Path, catalogue: Catalogue):
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=remedy):
        judge_request(read_data(tmp_path / "r.yaml"), catalogue)


@pytest.mark.parametrize(
    "option", [["--gap", "nan"], ["--time-limit", "nan"], ["--time-limit", "-1"], ["--gap", "inf"]]
)
def test_odd_options_are_refused(option: list[str]):
    assert CliRunner().invoke(app, ["plan", "uber-2027", *option]).exit_code == 2
