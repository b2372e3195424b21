"""Plan files that somebody broke: each is refused in a few words, with exit code 2, or fails the check, with exit code 1."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan import cli
from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InputError
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.files import OtherVersion, read_plan
from fleetplan.request import parse_request
from fleetplan.service import city_service
from tests.test_ending import WORTH_IT

Data = dict[str, Any]
LONGEST_LINE = 600
HUGE = 1e200


@pytest.fixture(scope="module")
def whole() -> Data:
    """Return a checked plan of one city as plain data."""
    plan = plan_with_context(parse_request(WORTH_IT), PlanOptions(time_limit_s=30)).plan
    return dict(json.loads(plan.model_dump_json()))


@pytest.fixture(autouse=True, scope="module")
def _read_once() -> Iterator[None]:
    """Read catalogue and curves once instead of for every file."""
    with pytest.MonkeyPatch.context() as patch:
        known = load_catalogue()
        patch.setattr("fleetplan.catalogue.load_catalogue", lambda: known)
        curves = cache(partial(city_service, known))
        patch.setattr("fleetplan.service.city_service", lambda _, city: curves(city))
        yield


def row(data: Data) -> Data:
    return dict.__getitem__(data, "cities")[0]["deployments"][0]  # type: ignore[no-any-return]


def put(holder: Callable[[Data], Any], key: Any, value: Any) -> Callable[[Data], None]:
    """Return an edit that replaces a field or an entry."""

    def edit(data: Data) -> None:
        holder(data)[key] = value

    return edit


def itself(data: Data) -> Data:
    return data


def twice(holder: Callable[[Data], list[Any]]) -> Callable[[Data], None]:
    def edit(data: Data) -> None:
        holder(data).append(copy.deepcopy(holder(data)[0]))

    return edit


REFUSED: tuple[tuple[str, Callable[[Data], None], str], ...] = (
    ("a field that is none", put(itself, "hello", 1), "/hello"),
    ("no launch", put(row, "launch", None), "/cities/0/deployments/0/launch"),
    ("part of a vehicle", put(lambda d: row(d)["vehicles"], 5, 20.5), "/cities/0/deployments/0/vehicles/5"),
    ("a text for a number", put(itself, "objective", "x" * 9000), "/objective"),
    ("an unknown status", put(itself, "status", "feasible" * 500), "/status"),
    (
        "more vehicles than any double",
        put(lambda d: row(d)["vehicles"], 5, 10**400),
        "/cities/0/deployments/0/vehicles/5",
    ),
    ("a list without end", put(row, "vehicles", [1] * 30_000), "has 30,000 entries"),
    ("no certificate", lambda d: d.pop("certificate"), "/certificate"),
    ("a request without capital", lambda d: d["request"].pop("capital"), "/request/capital"),
)
BROKEN: tuple[tuple[str, Callable[[Data], None], str], ...] = (
    ("a city twice", twice(lambda d: d["cities"]), "a city stands twice"),
    ("a deployment twice", twice(lambda d: d["cities"][0]["deployments"]), "a deployment stands twice"),
    ("an empty list", put(row, "trips_per_day", []), "has 0 entries for 17 periods"),
    ("a short list", lambda d: row(d)["vehicles"].pop(), "has 16 entries for 17 periods"),
    ("a level that is none", put(lambda d: row(d)["level"], 6, 99), "a level lies outside 0 to"),
    ("a mode that is none", put(lambda d: row(d)["mode"], 11, "flying"), "mode is 'flying'"),
    ("no cities", put(itself, "cities", []), "kpis.npv_usd: is $"),
    ("an absurd objective", put(itself, "objective", HUGE), "$1e+200 stands against"),
    ("a bound that is none", put(itself, "bound", -HUGE), "stands against"),
    ("a wrong first period", put(lambda d: d["periods"], 0, "2026-01"), "the periods are not those of the request"),
    ("a month that is none", put(lambda d: d["periods"], 0, "2027-00"), "the periods are not those of the request"),
    ("an unknown city", put(lambda d: d["cities"][0], "city", "atlantis"), "the catalogue holds no such city"),
    ("an unknown stack", put(row, "stack", "cruise-bolt"), "the plan has no pool for the stack"),
    ("vehicles below zero", put(lambda d: row(d)["vehicles"], 5, -3), "holds a negative number"),
    ("a wait below zero", put(lambda d: row(d)["wait_min"], 11, -3.0), "holds a negative number"),
    ("a programme in no month", put(row, "programme_start", "soon"), "which is no month"),
    ("a programme that never opens", put(row, "level", [0] * 17), "programme_opens"),
)


def checked(data: Data, whole: Data, folder: Path) -> tuple[int, str]:
    """Return exit code and words of ``fleetplan check`` for a plan file."""
    path = folder / "plan.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return said_of(path)


def said_of(path: Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["check", str(path), "--search", "0"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert max((len(line) for line in done.output.splitlines()), default=0) <= LONGEST_LINE
    return done.exit_code, done.output


def edited(whole: Data, edit: Callable[[Data], Any]) -> Data:
    data = copy.deepcopy(whole)
    edit(data)
    return data


def test_the_plan_as_it_was_written_keeps_every_rule(whole: Data, tmp_path: Path):
    code, said = checked(whole, whole, tmp_path)
    assert code == 0, said
    assert "every rule is kept" in said


@pytest.mark.parametrize(("edit", "where"), [pytest.param(e, w, id=n) for n, e, w in REFUSED])
def test_a_file_that_is_no_plan_is_refused_at_its_field(
    edit: Callable[[Data], Any], where: str, whole: Data, tmp_path: Path
):
    code, said = checked(edited(whole, edit), whole, tmp_path)
    assert code == 2
    assert where in said


@pytest.mark.parametrize(("edit", "sentence"), [pytest.param(e, s, id=n) for n, e, s in BROKEN])
def test_a_plan_that_somebody_broke_fails_the_check_in_words(
    edit: Callable[[Data], Any], sentence: str, whole: Data, tmp_path: Path
):
    code, said = checked(edited(whole, edit), whole, tmp_path)
    assert code == 1, said
    assert sentence in said


def test_a_plan_of_a_city_that_the_request_gives_a_wrong_name_is_refused(whole: Data, tmp_path: Path):
    data = edited(whole, put(lambda d: d["request"], "cities", ["atlantis"]))
    code, said = checked(data, whole, tmp_path)
    assert code == 2
    assert "no city is called 'atlantis'" in said


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_where_it_ends_and_not_echoed(share: float, whole: Data, tmp_path: Path):
    text = json.dumps(whole, indent=1)
    path = tmp_path / "cut.json"
    path.write_text(text[: round(share * len(text))], encoding="utf-8")
    code, said = said_of(path)
    assert code == 2
    assert "is not JSON here" in said
    assert len(said) < 600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is empty"),
        (b"[1, 2]", "is a list"),
        (b"[" * 100_000, "nested deeper than 16 levels"),
        (b'{"schema_version": NaN}', "NaN is no JSON number"),
        (b'{"objective": 1e999}', "too large a number"),
        (b'{"objective": ' + b"9" * 9000 + b"}", "digits"),
        (b'{"a": 1, "a": 2}', "stands twice in one object"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
    ids=["empty", "list", "deep", "nan", "infinite", "long number", "twins", "bytes"],
)
def test_a_file_that_is_no_strict_json_is_refused_in_a_sentence(text: bytes, said: str):
    with pytest.raises(InputError) as caught:
        read_plan(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("version", ["1", 2, None, "x" * 9000, {"a": 1}])
def test_a_plan_of_another_version_is_refused_with_what_to_do(version: object, whole: Data):
    with pytest.raises(OtherVersion) as caught:
        read_plan(json.dumps({**whole, "schema_version": version}))
    assert "make the plan again" in str(caught.value)
    assert len(str(caught.value)) < 600
