"""A plan as tables: one row an event or a period, declared columns, declared units.

Every column of every table stands in :data:`COLUMNS` with its dtype, its unit and what it means; :func:`tables` gives
exactly those columns in that order. Money is USD, positive comes in. A period is named by its first month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fleetplan.plans.finance import quarters
from fleetplan.plans.reading import area_km2, ordered_deployments
from fleetplan.plans.types import CityRollout, DeploymentPlan, OpeningMonths, Plan

PROMISES = {
    "promised": "if the promise is kept",
    "median": "within which half of such promises are kept",
    "careful": "within which nine in ten of such promises are kept",
}
MODES = ("unpaid_operator", "unpaid_driver_out", "paid_operator", "paid_driver_out")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column: pandas dtype, unit (empty for text) and meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str


def _text(name: str, meaning: str) -> Column:
    return Column(name, "string", "", meaning)


def _month(name: str, meaning: str) -> Column:
    return Column(name, "string", "YYYY-MM", meaning)


def _count(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "Int64", unit, meaning)


def _number(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "Float64", unit, meaning)


_PERIOD = (_month("period", "first month of the period"), _count("months", "months", "length of the period"))
_CITY = _text("city", "slug of the city")
_STACK = _text("stack", "slug of the partner's stack")

COLUMNS: dict[str, tuple[Column, ...]] = {
    "launches": (
        _count("order", "", "place in the order of first openings"),
        _CITY,
        _text("city_name", "name of the city"),
        _STACK,
        _text("partner", "partner who supplies the stack"),
        _text("contract", "type of contract"),
        _month("programme_start", "month in which the programme begins"),
        _month("launch", "month in which the first area opens to riders"),
        _month("driver_out", "first month of paid service without an operator on board"),
        _month("ended", "month in which the service ends"),
        *(
            _month(f"{what}_{when}", f"month of {words} {by}, the programme begun as planned")
            for what, words in (("launch", "launch"), ("driver_out", "driver-out service"))
            for when, by in PROMISES.items()
        ),
        _number("area_km2_launch", "km2", "area open at launch"),
        _number("area_km2_end", "km2", "area open at the end of the horizon"),
        _count("vehicles_launch", "vehicles", "vehicles in service at launch"),
        _count("vehicles_end", "vehicles", "vehicles in service at the end of the horizon"),
        _number("cash_npv_usd", "USD", "discounted net cash of the deployment within the horizon"),
        _number("residual_usd", "USD", "discounted worth of what is left of its vehicles"),
        _number("terminal_usd", "USD", "discounted worth of the years after the horizon"),
        _number("npv_usd", "USD", "net present value of the deployment: the three together"),
    ),
    "fleets": (
        *_PERIOD,
        _CITY,
        _STACK,
        _text("mode", "highest mode with vehicles in service, empty before launch"),
        _count("vehicles", "vehicles", "vehicles in service, all modes"),
        *(_count(mode, "vehicles", f"vehicles in service in mode {mode}") for mode in MODES),
        _count("test_vehicles", "vehicles", "vehicles on test, not in service"),
        _count("level", "", "ladder level open, 0 before launch"),
        _number("area_km2", "km2", "area open to riders"),
    ),
    "permits": (
        _CITY,
        _STACK,
        _text("permit", "id of the permit in the catalogue"),
        _text("title", "what it is"),
        _text("authority", "who grants it"),
        _text("jurisdiction", "slug of the jurisdiction"),
        _text("scope", "union, state or city"),
        _text("opens", "what it opens"),
        Column("held", "boolean", "", "in hand before the horizon"),
        _month("start", "month in which it starts"),
        _month("finish", "month in which it is in hand"),
        _month("earliest", "finish with shortest durations and earliest events"),
        _month("latest", "finish with longest durations and latest events"),
        _month("promised", "finish if every promise is kept"),
        _month("median", "finish by which half of such promises are kept"),
        _month("careful", "finish by which nine in ten of such promises are kept"),
        _text("event", "calendar event it waits for"),
        _text("source", "where its duration comes from"),
        _text("confidence", "how far that source is to be trusted"),
    ),
    "trips": (
        *_PERIOD,
        _CITY,
        _STACK,
        _number("demand_per_day", "trips/day", "addressable trips a mean day"),
        _number("trips_per_day", "trips/day", "trips served a mean day"),
        _number("trips_per_vehicle_day", "trips/vehicle-day", "trips a vehicle in service and day"),
        _number("wait_min", "min", "mean wait of a rider"),
        _number("deadhead_share", "share of km", "empty kilometres, depot trips included"),
        _number("km_per_day", "km/day", "kilometres driven a mean day"),
        _number("energy_kwh_per_day", "kWh/day", "energy used a mean day"),
    ),
    "money": (
        *_PERIOD,
        _text("scope", "deployment, city or stack: what the line belongs to"),
        _text("city", "slug of the city, empty for lines of a stack's pool"),
        _text("stack", "slug of the stack, empty for lines of a city"),
        _text("line", "money line, as named in docs/model.md"),
        _number("usd", "USD", "total of the period, positive comes in"),
    ),
    "cash": (
        *_PERIOD,
        _number("cash_usd", "USD", "net cash of the period"),
        _number("cumulated_cash_usd", "USD", "net cash since the start"),
        _number("capital_usd", "USD", "capital spent in the period"),
        _number("cumulated_capital_usd", "USD", "capital spent since the start"),
        _number("cumulated_budget_usd", "USD", "capital that may be spent since the start"),
    ),
    "results": (
        _month("quarter", "first month of the quarter of the horizon"),
        _count("months", "months", "length of the quarter"),
        _number("result_usd", "USD", "operating result: all that is earned and paid but capital and loans"),
        _number("capital_usd", "USD", "capital spent"),
        _number("loans_usd", "USD", "the rest of cash: loans, vehicles sold, exits"),
        _number("cash_usd", "USD", "net cash"),
    ),
    "returns": (
        _text("city", "slug of the city, empty for the plan as a whole"),
        _number("irr", "share a year", "rate at which all counted years together would be worth nothing"),
        _text("irr_why", "why there is no such rate: no_outlay, no_return or several"),
        _number("break_even_fare", "share of fares", "of today's fares at which nothing would be left"),
        _number("fare_per_trip_usd", "USD/trip", "net fare a trip, discounted, all counted years together"),
        _number("cost_per_trip_usd", "USD/trip", "everything else a trip, likewise"),
        _number("tax_usd", "USD", "discounted tax on profit, 0 or negative"),
        _number("after_tax_npv_usd", "USD", "net present value with that tax"),
        _number("npv_usd", "USD", "net present value before it"),
    ),
    "depots": (
        *_PERIOD,
        _CITY,
        _text("site", "name of the depot site"),
        _number("lat", "degrees", "latitude, EPSG:4326"),
        _number("lon", "degrees", "longitude, EPSG:4326"),
        _month("ordered", "month in which it is ordered"),
        _month("live", "month from which it charges"),
        _count("stalls", "stalls", "charger stalls paid by the platform"),
        _count("stalls_partner", "stalls", "charger stalls paid by the partner"),
    ),
    "stacks": (
        *_PERIOD,
        _STACK,
        _text("partner", "partner who supplies the stack"),
        Column("platform_owned", "boolean", "", "the platform buys the vehicles"),
        _count("bought", "vehicles", "vehicles bought at the start of the period"),
        _count("owned", "vehicles", "vehicles owned and still in life"),
        _count("in_service", "vehicles", "vehicles in service in all cities"),
        _count("testing", "vehicles", "vehicles on test"),
        _count("ceiling", "vehicles", "vehicles that can be had"),
    ),
}


def tables(plan: Plan) -> dict[str, pd.DataFrame]:
    """Return the plan's tables by name, with the columns and dtypes of :data:`COLUMNS`."""
    rows: dict[str, Iterable[Row]] = {
        "launches": _launches(plan),
        "fleets": _by_deployment(plan, _fleet_row),
        "permits": _permits(plan),
        "trips": _by_deployment(plan, _trip_row),
        "money": _money(plan),
        "cash": _cash(plan),
        "results": _results(plan),
        "returns": _returns(plan),
        "depots": _depots(plan),
        "stacks": _stacks(plan),
    }
    return {name: _frame(name, list(items)) for name, items in rows.items()}


def data_dictionary() -> pd.DataFrame:
    """Return one row per declared column: table, column, dtype, unit, meaning."""
    return pd.DataFrame(
        [(t, c.name, c.dtype, c.unit, c.meaning) for t, columns in COLUMNS.items() for c in columns],
        columns=["table", "column", "dtype", "unit", "meaning"],
    )


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of plain Python values, None for what is missing."""
    return frame.astype("object").where(frame.notna(), None)


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV: comma, line feed, empty for missing; numbers rounded to six digits after the point."""
    return frame.to_csv(index=False, lineterminator="\n", float_format=lambda x: f"{x:.6f}".rstrip("0").rstrip("."))


def _frame(name: str, rows: list[Row]) -> pd.DataFrame:
    columns = COLUMNS[name]
    data = {c.name: pd.Series([row[c.name] for row in rows], dtype=pd.api.types.pandas_dtype(c.dtype)) for c in columns}
    return pd.DataFrame(data)


def _periods(plan: Plan) -> list[Row]:
    return [{"period": p, "months": n} for p, n in zip(plan.periods, plan.period_months, strict=True)]


def _sure(what: str, found: OpeningMonths | None) -> Row:
    """Return how sure a month is as cells of a row; empty ones where nothing is known."""
    return {f"{what}_{when}": getattr(found, when) if found else None for when in PROMISES}


def _launches(plan: Plan) -> Iterator[Row]:
    for order, (city, d) in enumerate(ordered_deployments(plan), start=1):
        first = next((t for t, level in enumerate(d.level) if level), None)
        yield {
            "order": order,
            "city": city.city,
            "city_name": city.name,
            "stack": d.stack,
            "partner": d.partner,
            "contract": d.contract,
            "programme_start": d.programme_start,
            "launch": d.launch or None,
            "driver_out": d.driver_out,
            "ended": d.ended,
            **_sure("launch", d.launch_months),
            **_sure("driver_out", d.driver_out_months),
            "area_km2_launch": None if first is None else area_km2(city, d.level[first]),
            "area_km2_end": area_km2(city, d.level[-1]),
            "vehicles_launch": None if first is None else d.vehicles[first],
            "vehicles_end": d.vehicles[-1],
            "cash_npv_usd": d.worth.cash_usd,
            "residual_usd": d.worth.residual_usd,
            "terminal_usd": d.worth.terminal_usd,
            "npv_usd": d.npv_usd,
        }


def _by_deployment(plan: Plan, row: Any) -> Iterator[Row]:
    for t, period in enumerate(_periods(plan)):
        for city in plan.cities:
            for d in city.deployments:
                yield {**period, "city": city.city, "stack": d.stack, **row(city, d, t)}


def _fleet_row(city: CityRollout, d: DeploymentPlan, t: int) -> Row:
    modes = {m: d.vehicles_by_mode[m][t] if m in d.vehicles_by_mode else 0 for m in MODES}
    return {
        "mode": d.mode[t],
        "vehicles": d.vehicles[t],
        **modes,
        "test_vehicles": d.test_vehicles[t],
        "level": d.level[t],
        "area_km2": area_km2(city, d.level[t]),
    }


def _trip_row(_: CityRollout, d: DeploymentPlan, t: int) -> Row:
    return {
        "demand_per_day": d.demand_per_day[t],
        "trips_per_day": d.trips_per_day[t],
        "trips_per_vehicle_day": d.trips_per_day[t] / d.vehicles[t] if d.vehicles[t] else None,
        "wait_min": d.wait_min[t],
        "deadhead_share": d.deadhead_share[t],
        "km_per_day": d.km_per_day[t],
        "energy_kwh_per_day": d.energy_kwh_per_day[t],
    }


def _permits(plan: Plan) -> Iterator[Row]:
    for city, d in ordered_deployments(plan):
        for step in d.permits:
            yield {"city": city.city, "stack": d.stack, **step.model_dump()}


def _money(plan: Plan) -> Iterator[Row]:
    periods = _periods(plan)
    owners = [("deployment", d.city, d.stack, d.lines_usd) for city in plan.cities for d in city.deployments]
    owners += [("city", city.city, "", city.city_lines_usd) for city in plan.cities]
    owners += [("stack", "", s.stack, s.lines_usd) for s in plan.stacks]
    for scope, city_slug, stack, lines in owners:
        for line, values in sorted(lines.items()):
            for period, usd in zip(periods, values, strict=True):
                if usd:
                    yield {**period, "scope": scope, "city": city_slug, "stack": stack, "line": line, "usd": usd}


def _cash(plan: Plan) -> Iterator[Row]:
    spent = np.cumsum(plan.capital_usd)
    for t, period in enumerate(_periods(plan)):
        yield {
            **period,
            "cash_usd": plan.cash_usd[t],
            "cumulated_cash_usd": plan.cumulated_cash_usd[t],
            "capital_usd": plan.capital_usd[t],
            "cumulated_capital_usd": float(spent[t]),
            "cumulated_budget_usd": plan.cumulated_budget_usd[t],
        }


def _results(plan: Plan) -> Iterator[Row]:
    for q in quarters(plan):
        yield {
            "quarter": q.first,
            "months": q.months,
            "result_usd": q.result_usd,
            "capital_usd": q.capital_usd,
            "loans_usd": q.loans_usd,
            "cash_usd": q.cash_usd,
        }


def _returns(plan: Plan) -> Iterator[Row]:
    busy = [(c.city, c.returns, c.npv_usd) for c in plan.cities if c.deployments]
    for city, returns, npv in [*busy, ("", plan.returns, plan.kpis.npv_usd)]:
        yield {"city": city, **returns.model_dump(), "npv_usd": npv}


def _depots(plan: Plan) -> Iterator[Row]:
    for t, period in enumerate(_periods(plan)):
        for city in plan.cities:
            for depot in city.depots:
                by_period = {"stalls": depot.stalls[t], "stalls_partner": depot.stalls_partner[t]}
                yield {
                    **period,
                    "city": city.city,
                    **depot.model_dump(exclude={"stalls", "stalls_partner"}),
                    **by_period,
                }


def _stacks(plan: Plan) -> Iterator[Row]:
    for t, period in enumerate(_periods(plan)):
        for s in plan.stacks:
            counts = {k: getattr(s, k)[t] for k in ("bought", "owned", "in_service", "testing", "ceiling")}
            yield {**period, "stack": s.stack, "partner": s.partner, "platform_owned": s.platform_owned, **counts}
