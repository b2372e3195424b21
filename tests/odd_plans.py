"""Plans that a search may well return and that nobody draws by hand: empty, never opening, opening at the very end.

Each comes from :func:`tests.fake_plan.fake_plan`, so that it is type-valid and speaks of cities of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleetplan.plans.types import Plan
from fleetplan.service.types import CityService
from tests.fake_plan import LABELS, fake_plan

Data = dict[str, Any]
PERIODS = len(LABELS)
NO_WORTH: Data = dict.fromkeys(("cash_usd", "residual_usd", "terminal_usd", "displaced_usd"), 0.0)
NO_RETURNS: Data = {
    **dict.fromkeys(("irr", "break_even_fare", "fare_per_trip_usd", "cost_per_trip_usd")),
    "irr_why": "no_outlay",
    "tax_usd": 0.0,
    "after_tax_npv_usd": 0.0,
}
NOTHING: Data = {
    "npv_usd": 0.0,
    "worth": NO_WORTH,
    "returns": NO_RETURNS,
    "capital_usd": 0.0,
    "peak_funding_usd": 0.0,
    "payback": None,
    "launch": None,
    "depots": [],
}
BY_PERIOD = (
    "level",
    "vehicles",
    "test_vehicles",
    "demand_per_day",
    "trips_per_day",
    "km_per_day",
    "energy_kwh_per_day",
)


def _zeros() -> list[float]:
    return [0] * PERIODS


def _stay_out(city: Data) -> None:
    outcome = {"kind": "not_worth", "earliest": "2028-01", "sentence": f"{city['name']} is not launched."}
    city.update({**NOTHING, "deployments": [], "binds": [], "outcome": outcome, "city_lines_usd": {}})
    city["public_charging_vehicles"] = city["public_charging_partner"] = _zeros()


def _keep_shut(row: Data) -> None:
    """Let a deployment begin its programme, test, and never open."""
    row.update({name: _zeros() for name in BY_PERIOD})
    begun = LABELS.index(row["programme_start"])
    row.update(launch="", driver_out=None, mode=[""] * PERIODS, vehicles_by_mode={}, npv_usd=-5.6e6)
    row.update(worth=NO_WORTH | {"cash_usd": -5.6e6}, displaced_usd=_zeros())
    row.update(wait_min=[None] * PERIODS, deadhead_share=[None] * PERIODS)
    row["test_vehicles"] = [20 if t >= begun else 0 for t in range(PERIODS)]
    row["lines_usd"] = {"permits": [-250_000.0 if t >= begun else 0.0 for t in range(PERIODS)]}


def _open_last(row: Data) -> None:
    """Let a deployment open in the last period."""
    _keep_shut(row)
    last = {"level": 1, "vehicles": 20, "demand_per_day": 700.0, "trips_per_day": 380.0, "km_per_day": 4000.0}
    row.update({name: [*_zeros()[1:], value] for name, value in last.items()})
    row.update(launch=LABELS[-1], mode=[*[""] * (PERIODS - 1), "paid_operator"])
    row.update(wait_min=[*[None] * (PERIODS - 1), 7.0], deadhead_share=[*[None] * (PERIODS - 1), 0.4])
    row["vehicles_by_mode"] = {"paid_operator": row["vehicles"]}
    row["test_vehicles"][-1] = 0


def _totals(data: Data) -> None:
    """Make the headline figures those of the deployments that are left."""
    rows = [row for city in data["cities"] for row in city["deployments"]]
    end, trips = sum(r["vehicles"][-1] for r in rows), sum(r["trips_per_day"][-1] for r in rows)
    npv = sum(city["npv_usd"] for city in data["cities"])
    data["kpis"] |= {
        **dict.fromkeys(("npv_usd", "cash_usd", "incremental_npv_usd", "gross_npv_usd"), npv),
        **dict.fromkeys(("npv_by_horizon_usd", "npv_twice_after_usd"), npv),
        "terminal_usd": 0.0,
        "residual_usd": 0.0,
        "payback": None,
    }
    data["kpis"] |= {"cities_live": sum(c["launch"] is not None for c in data["cities"]), "vehicles_end": end}
    data["kpis"] |= {"trips_per_day_end": trips, "trips_per_vehicle_day_end": trips / end if end else None}
    data["kpis"] |= {"vehicles_by_year": dict.fromkeys(data["kpis"]["vehicles_by_year"], 0) | {"2030": end}}
    used = {row["stack"] for row in rows}
    data["stacks"] = [s for s in data["stacks"] if s["stack"] in used]
    for stack in data["stacks"]:
        mine = [r for r in rows if r["stack"] == stack["stack"]]
        fleet = [sum(r["vehicles"][t] for r in mine) for t in range(PERIODS)]
        stack.update(bought=_zeros(), owned=_zeros(), in_service=fleet, lines_usd={})
    lines = [
        v
        for c in data["cities"]
        for h in (c["city_lines_usd"], *(d["lines_usd"] for d in c["deployments"]))
        for v in h.values()
    ]
    cash = [float(sum(v[t] for v in lines)) for t in range(PERIODS)]
    data.update(
        cash_usd=cash, cumulated_cash_usd=[sum(cash[: t + 1]) for t in range(PERIODS)], capital_usd=_zeros(), binds=[]
    )
    data.update(returns=NO_RETURNS | {"after_tax_npv_usd": npv})
    data.update(objective=npv, bound=npv, gap=0.0, status="optimal")
    if not rows:
        data["kpis"] |= {"capital_usd": 0.0, "discounted_capital_usd": 0.0, "peak_funding_usd": 0.0}
    data["certificate"] |= {"objective_usd": npv, "bound_usd": npv, "gap": 0.0, "gap_of_capital": 0.0}


def no_cities(data: Data) -> None:
    """Leave no city at all."""
    data["cities"] = []
    _totals(data)


def all_out(data: Data) -> None:
    """Let every city stay out: the empty plan, proven best."""
    for city in data["cities"]:
        _stay_out(city)
    _totals(data)


def out_of_time(data: Data) -> None:
    """Let every city stay out because the time ran out at once: billions are open."""
    all_out(data)
    data.update(status="time_limit", bound=15.7e9, gap=15.7e9)
    data["certificate"] |= {"bound_usd": 15.7e9, "gap": 15.7e9, "gap_of_capital": 15.7e9}


def only_shut(data: Data) -> None:
    """Let London begin a programme that opens nothing, and all others stay out."""
    for city in data["cities"]:
        rows = city["deployments"] if city["city"] == "london" else []
        _stay_out(city)
        city["deployments"] = rows
        for row in rows:
            _keep_shut(row)
            city["npv_usd"] += row["npv_usd"]
    _totals(data)


def one_shut(data: Data) -> None:
    """Let the second deployment of the Bay Area and the only one of London never open; the rest stays as it is."""
    for city in data["cities"]:
        rows = (
            city["deployments"][1:]
            if city["city"] == "bay-area"
            else city["deployments"]
            if city["city"] == "london"
            else []
        )
        for row in rows:
            _keep_shut(row)
        if city["city"] == "london":
            outcome = {"kind": "not_worth", "earliest": "2028-01", "sentence": "London is not launched."}
            city.update(launch=None, payback=None, depots=[], outcome=outcome)
    _totals(data)


def opens_last(data: Data) -> None:
    """Let London open in the last period, and all others stay out."""
    for city in data["cities"]:
        rows = city["deployments"] if city["city"] == "london" else []
        _stay_out(city)
        city["deployments"] = rows
        for row in rows:
            _open_last(row)
            city.update(launch=row["launch"], outcome={"kind": "opens", "sentence": f"{city['name']} opens."})
    _totals(data)


def no_depots(data: Data) -> None:
    """Take every depot away."""
    for city in data["cities"]:
        city["depots"] = []


def _first(value: Any) -> Any:
    """Return plain data with every list by period cut to its first entry."""
    if isinstance(value, dict):
        return {name: _first(part) for name, part in value.items()}
    if isinstance(value, list):
        return value[:1] if len(value) == PERIODS else [_first(part) for part in value]
    return value


def one_period(data: Data) -> None:
    """Leave the first month: nothing but programmes can have begun by then."""
    for city in data["cities"]:
        rows = [row for row in city["deployments"] if row["programme_start"] == LABELS[0]]
        _stay_out(city)
        city["deployments"] = rows
        for row in rows:
            _keep_shut(row)
    _totals(data)
    _one_month(data)


def opens_in_the_only_period(data: Data) -> None:
    """Leave one month, in which London opens."""
    opens_last(data)
    for city in data["cities"]:
        for row in city["deployments"]:
            row.update({name: row[name][::-1] for name in (*BY_PERIOD, "mode", "wait_min", "deadhead_share")})
            row.update(launch=LABELS[0], programme_start=LABELS[0], vehicles_by_mode={"paid_operator": row["vehicles"]})
            city["launch"] = LABELS[0]
    _totals(data)
    _one_month(data)


def _one_month(data: Data) -> None:
    data.update(_first(data))
    data["period_months"] = [1]
    data["kpis"]["vehicles_by_year"] = {"2027": data["kpis"]["vehicles_end"]}
    data["request"] |= {"horizon": {"start": LABELS[0], "months": 1, "single_months": 1}, "constraints": []}


CONSTRAINTS: tuple[Data, ...] = (
    {"id": "two", "type": "markets_live", "count": 2, "by": "2028-12"},
    {"id": "not-before", "type": "launch_not_before", "city": "london", "month": "2027-06"},
    {"id": "by", "type": "launch_by", "city": "bay-area", "month": "2029-12"},
    {"id": "fixed", "type": "launch_fixed", "city": "london", "stack": "wayve-ford", "month": "2027-09"},
    {"id": "forced", "type": "force_deployment", "city": "london", "stack": "wayve-ford"},
    {"id": "forbidden", "type": "forbid_deployment", "city": "munich", "stack": "nvidia-hyperion"},
    {"id": "cap", "type": "fleet_cap", "vehicles": 9000},
    {"id": "floor", "type": "fleet_floor", "vehicles": 1, "start": "2030-01"},
    {"id": "share", "type": "partner_share", "partner": "Lucid + Nuro", "max_share": 0.9},
    {"id": "teams", "type": "launches_per_quarter", "max": 2},
    {"id": "stacks", "type": "stacks_per_city", "max": 2},
    {"id": "slow", "type": "permit_delay", "city": "london", "months": 3},
    {"id": "wait", "type": "service_level", "city": "london", "max_wait_min": 9},
    {"id": "riders", "type": "minimum_trips", "city": "london", "trips_per_day": 100, "start": "2030-01"},
)
"""One of every type that speaks of what a plan opens: pages tell how each stands."""

KINDS: Mapping[str, Callable[[Data], None]] = {
    "no cities": no_cities,
    "all out": all_out,
    "out of time": out_of_time,
    "only shut": only_shut,
    "one shut": one_shut,
    "opens last": opens_last,
    "no depots": no_depots,
    "one period": one_period,
    "opens in the only period": opens_in_the_only_period,
}


def odd_plan(kind: str, services: dict[str, CityService] | None = None) -> Plan:
    """Return a plan of a kind."""
    data = fake_plan(name=f"plan: {kind}", services=services).model_dump(mode="json")
    data["request"]["constraints"] = list(CONSTRAINTS)
    KINDS[kind](data)
    return Plan.model_validate(data)
