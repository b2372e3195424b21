"""Numbers from the field that are very small, very large or at an edge: plans scale with them; stricter wishes earn no more."""

from __future__ import annotations

from typing import Any

import pytest

from api.store.contract import FINAL
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.options import parse_options
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.run import Run
from tests.api_support import Running, running

FARES = {"figure": "houston/city.toml#market.mean_fare_local", "factor": 2.0}
"""Fares at which Houston is worth something."""

BASE: dict[str, Any] = {
    "capital": {"per_quarter_usd": 25e6},
    "cities": ["houston"],
    "permit_durations": "min",
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
}
GAP = 0.01
SAME_AS_BASE: dict[str, dict[str, Any]] = {
    "a tiny number of trips": {
        "constraints": [{"id": "t", "type": "minimum_trips", "trips_per_day": 1e-9, "start": "2027-12"}]
    },
    "caps that never bind": {
        "constraints": [
            {"id": f"cap-{k}", "type": "fleet_cap", "vehicles": 1_000_000 + k, "city": "houston", "start": "2027-06"}
            for k in range(100)
        ]
    },
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a thousand times the riders": (
        {"overrides": [{**FARES, "figure": "houston/city.toml#market.trips_per_day", "factor": 1000}]},
        "/request/overrides/0/factor",
    ),
    "a dollar worth a million": (
        {"overrides": [{"figure": "assumptions.toml#fx.USD", "value": 1e6}]},
        "/request/overrides/0/value",
    ),
    "more money than there is": ({"capital": {"per_quarter_usd": 1e30}}, "/request/capital/per_quarter_usd"),
}


def asked(**changes: Any) -> dict[str, Any]:
    return {**BASE, "overrides": [FARES], **changes}


def planned(catalogue: Catalogue, **changes: Any) -> Plan:
    options = parse_options({"time_limit_s": 60, "gap": GAP})
    return plan_with_context(asked(**changes), options, Run(catalogue=catalogue)).plan


@pytest.fixture(scope="module")
def base(catalogue: Catalogue) -> Plan:
    return planned(catalogue)


@pytest.mark.parametrize("name", SAME_AS_BASE)
def test_what_asks_for_next_to_nothing_changes_next_to_nothing(name: str, base: Plan, catalogue: Catalogue) -> None:
    plan = planned(catalogue, **SAME_AS_BASE[name])
    assert base.objective > 0
    assert plan.bound >= base.objective - 1
    assert base.bound >= plan.objective - 1


def test_no_money_does_nothing_and_all_money_earns_no_less(base: Plan, catalogue: Catalogue) -> None:
    for capital in (
        {"per_quarter_usd": 0.001},
        {"per_quarter_usd": 25e6, "cash_floor_usd": 0.01},
    ):  # nothing to be lent
        none = planned(catalogue, capital=capital)
        assert (none.objective, none.kpis.cities_live) == (0, 0)
    assert planned(catalogue, capital={"per_quarter_usd": 1e13}).bound >= base.objective - 1


def test_a_stricter_wait_earns_no_more_and_what_keeps_it_is_within_its_bound(base: Plan, catalogue: Catalogue) -> None:
    waits = [max((w for w in row.wait_min if w is not None), default=0.0) for row in base.cities[0].deployments]
    loose = max(waits) + 0.001

    def within(minutes: float) -> Plan:
        return planned(catalogue, constraints=[{"id": "w", "type": "service_level", "max_wait_min": minutes}])

    kept, strict = within(loose), within(0.8 * loose)
    assert kept.bound >= base.objective - 1, "the plan without the wish keeps it"
    assert kept.bound >= strict.objective - 1


def test_many_constraints_with_one_that_cannot_be_kept_name_that_one(catalogue: Catalogue) -> None:
    caps = SAME_AS_BASE["caps that never bind"]["constraints"]
    floor = {"id": "floor", "type": "fleet_floor", "vehicles": 5000, "city": "houston", "start": "2027-06"}
    with pytest.raises(InfeasibleError) as caught:
        planned(catalogue, constraints=[*caps, floor])
    assert [[p.constraint for p in clash.parties if p.constraint] for clash in caught.value.clashes] == [["floor"]]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_at_its_field_over_http(name: str, service: Running) -> None:
    changes, pointer = REFUSED[name]
    told = service.client.post("/v1/validations", json={"request": {**asked(), **changes}})
    assert told.status_code == 422
    assert pointer in [flaw["pointer"] for flaw in told.json()["errors"]]


@pytest.mark.parametrize("name", SAME_AS_BASE)
def test_edges_are_taken_over_http(name: str, service: Running) -> None:
    told = service.client.post("/v1/plans", json={"request": asked(**SAME_AS_BASE[name])})
    assert told.status_code == 202, told.text
    assert told.json()["state"] not in FINAL


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("numbers")) as found:
        yield found
