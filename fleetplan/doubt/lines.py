"""Every money line of a plan in many futures, by the formulas of docs/model.md; plus comes in, minus goes out, USD a period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.doubt.fixed import DAYS_PER_MONTH, CityFixed, Fixed, PoolFixed, ServiceFixed
from fleetplan.doubt.futures import Futures
from fleetplan.doubt.keeping import plain_price, vehicle_life
from fleetplan.doubt.riders import Ridden
from fleetplan.plans.check.money import FIELD_DUTY, HOURS_PER_MONTH, OPERATOR_HOURS_PER_MONTH, PUBLIC_KWH_PER_DAY

Array = NDArray[np.float64]
Lines = dict[str, Array]


def fare_usd(futures: Futures, service: ServiceFixed, trip_km: Array) -> Array:
    """Return the fare of a mean trip in the level in force, tax taken out, in a fully paid mode, (futures or 1, periods)."""
    city = service.city
    usd = futures.of(city, "market.mean_fare_local") * futures.own(f"fx.{city.currency}")
    length = 0.25 + 0.75 * trip_km / futures.of(city, "market.mean_trip_km")
    fare = usd * futures.of(service.stack, "contract.fare_multiplier") / (1.0 + futures.of(city, "market.fare_tax"))
    return np.asarray(np.where(trip_km > 0, fare * length, 0.0))


def displaced(fixed: Fixed, futures: Futures, service: ServiceFixed, ridden: Ridden) -> Array:
    """Return what the platform loses on drivers' trips, whether it counts or not."""
    shares = futures.in_years(service.city.figures["market.displaced_share_by_year"], fixed.starts.tolist())
    drivers = fare_usd(futures, service, ridden.trip_km) / futures.of(service.stack, "contract.fare_multiplier")
    return np.asarray(-shares * futures.of(service.city, "market.human_take_net") * drivers * ridden.trips * fixed.days)


def service_lines(fixed: Fixed, futures: Futures, service: ServiceFixed, ridden: Ridden) -> Lines:
    """Return the lines of a deployment."""
    lines = _running(fixed, futures, service, ridden) | _one_off(futures, service)
    lines["wear"] = _wear(fixed, futures, service, ridden)
    if fixed.case.request.value == "incremental":
        lines["displaced"] = displaced(fixed, futures, service, ridden)
    return lines


def _running(fixed: Fixed, futures: Futures, service: ServiceFixed, ridden: Ridden) -> Lines:
    city, stack = service.city, service.stack
    trips, km = ridden.trips * fixed.days, ridden.km * fixed.days
    fares = fare_usd(futures, service, ridden.trip_km) * service.paying * trips
    vehicle_months = service.vehicles * fixed.lengths
    licence, cover = (_index(fixed, futures, f"price.{kind}_index_by_year") for kind in ("licence", "insurance"))
    paid = {
        "payment": futures.eco("payment_processing") * fares,
        "support": futures.eco("customer_support_per_trip") * trips,
        "energy": _kwh(fixed, futures, service, ridden) * futures.of(city, "cost.electricity_usd_per_kwh"),
        "maintenance": futures.eco("maintenance_and_tyres_per_km") * km,
        "licence": futures.of(stack, "contract.licence_usd_per_km") * licence * km,
        "insurance": futures.of(city, "cost.insurance_usd_per_km") * cover * km,
        "safety_operator": futures.of(city, "cost.operator_usd_per_h")
        * OPERATOR_HOURS_PER_MONTH
        * (service.operators * fixed.lengths),
        **{line: usd * vehicle_months for line, usd in _vehicle_month(futures, service).items()},
    }
    lines = {line: -usd if service.pays(line) else np.zeros_like(fares) for line, usd in paid.items()}
    local = futures.of(city, "market.av_local_charge_usd_month") * vehicle_months
    return lines | {
        "net_fares": fares,
        "partner_share": -(1.0 - futures.of(stack, "contract.platform_fare_share")) * fares,
        "local_charges": -local if service.pays("data") else np.zeros_like(local),
        "fixed_fee": -futures.of(stack, "contract.fee_usd_per_vehicle_day") * DAYS_PER_MONTH * vehicle_months,
    }


def _index(fixed: Fixed, futures: Futures, key: str) -> Array:
    """Return a list by calendar year over its first year, by period."""
    known = futures.catalogue.assumptions[key]
    return np.asarray(futures.in_years(known, fixed.starts.tolist()) / futures.many(known)[:, :1])


def _vehicle_month(futures: Futures, service: ServiceFixed) -> Lines:
    city = service.city
    by_age = futures.many(futures.catalogue.assumptions["remote.vehicles_per_agent_by_half_year"])
    minded = np.minimum(np.maximum.accumulate(by_age, axis=1), service.lawful_agents)
    agents = (1.0 / minded) @ service.staff_halves
    fielded = futures.eco("event_response_vehicles_per_field_agent")
    return {
        "operator_fee": futures.of(city, "cost.operator_fee_usd_per_vehicle_month"),
        "data": futures.eco("connectivity_and_data_per_vehicle_month"),
        "remote": futures.of(city, "cost.remote_agent_usd_per_h") * HOURS_PER_MONTH * agents,
        "field": FIELD_DUTY * futures.of(city, "cost.field_agent_usd_per_h") * HOURS_PER_MONTH / fielded,
    }


def _kwh(fixed: Fixed, futures: Futures, service: ServiceFixed, ridden: Ridden) -> Array:
    """Return the energy bought in a period, charging losses included."""
    frost = 1.0 + (futures.of(service.city, "weather.winter_energy_factor") - 1.0) * fixed.winter
    wheels = ridden.km * futures.of(service.stack, "vehicle.energy_kwh_per_km") * frost
    computer = futures.own("service.aux_kw") * futures.own("service.service_hours") * service.vehicles
    return np.asarray((wheels + computer) / (1.0 - futures.eco("charging_loss")) * fixed.days)


def _wear(fixed: Fixed, futures: Futures, service: ServiceFixed, ridden: Ridden) -> Array:
    """Return what is set aside for vehicles that kilometres wear out before their years are over."""
    if not service.pays("capital"):
        return np.zeros((1, len(fixed.starts)))
    by_km = ridden.km * fixed.days / futures.own("fleet.life_km")
    spares = 1.0 + futures.own("service.spare_share")
    by_age = service.vehicles * spares * fixed.lengths / vehicle_life(futures)
    pool = next(p for p in fixed.pools if p.fleet.stack == service.stack.slug)
    prices = _plain_prices(fixed, futures, service, pool)
    return np.asarray(-np.maximum(0.0, by_km - by_age) * prices * (1.0 - futures.own("fleet.residual_share")))


def _plain_prices(fixed: Fixed, futures: Futures, service: ServiceFixed, pool: PoolFixed) -> Array:
    months = zip(fixed.starts.tolist(), service.duties, strict=True)
    parts = [plain_price(futures, pool, month, float(duty)) for month, duty in months]
    return np.concatenate(np.broadcast_arrays(*parts), axis=1)


def _one_off(futures: Futures, service: ServiceFixed) -> Lines:
    stack = service.stack
    share = futures.of(stack, "contract.launch_share")
    launch = futures.of(stack, "contract.launch_cost_usd") * share
    charged = np.ones((1, 1)) if service.first_of_stack else futures.own("launch.followup_factor")
    bears = 1.0 if service.pays("capital") else 0.0
    return {
        "launch": -launch * charged * service.started,
        "area": -futures.own("area.expansion_usd_per_km2") * service.area_km2 * share,
        "placing": -futures.own("fleet.delivery_usd") * bears * service.added,
        "withdrawal": -futures.own("fleet.move_usd_per_vehicle") * bears * service.left,
        "exit": -futures.own("exit.usd_per_service") * service.exits,
    }


def city_lines(fixed: Fixed, futures: Futures, own: CityFixed) -> Lines:
    """Return the lines of a city: its team, sites, stalls and public charging."""
    city = own.city
    electricity = futures.of(city, "cost.electricity_usd_per_kwh")
    premium = np.maximum(0.0, futures.own("public_charge_usd_per_kwh") - electricity)
    kwh = own.public * PUBLIC_KWH_PER_DAY * DAYS_PER_MONTH * fixed.lengths
    site = futures.of(city, "cost.depot_fixed_usd") if own.site_paid else np.zeros((1, 1))
    return {
        "team": -futures.own("team.usd_per_year") / 12.0 * own.team_months,
        "depot_site": -site * own.ordered,
        "stalls": -futures.of(city, "cost.charger_stall_usd") * own.placed,
        "public_charging": -kwh * premium,
    }
