"""The accounts of a plan: every money line of every deployment, city and stack, by period, and what it is worth today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.instance import Instance
from fleetplan.optimize.ledger import CAPITAL_LINES, NOT_RUNNING
from fleetplan.plans.decisions import Decisions, Rollout

Array = NDArray[np.float64]
Lines = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Accounts:
    """Lines in USD by period, undiscounted."""

    deployments: dict[str, Lines]  # by stack@city
    cities: dict[str, Lines]
    stacks: dict[str, Lines]
    stall_residual: dict[str, float]  # by city, discounted
    vehicle_residual: dict[str, float]  # by stack, discounted
    capital_charge: dict[str, float]  # by stack, discounted (negative): vehicles after the horizon


def _at(period: int | None, periods: int, usd: float) -> Array:
    out = np.zeros(periods)
    if period is not None:
        out[period] = usd
    return out


def km_per_day(i: Instance, r: Rollout) -> Array:
    """Return driven km a mean day of one rollout, by period."""
    levels = i.cities[r.data.city].service.levels
    out = np.zeros(i.periods)
    for t in np.flatnonzero(r.level):
        surface = levels[r.level[t] - 1].surface
        out[t] = surface.km_per_trip * r.trips[t] + surface.km_per_vehicle_day * r.fleet[t]
    return out


def kwh_per_day(i: Instance, r: Rollout) -> Array:
    """Return grid energy a mean day of one rollout, by period."""
    km = km_per_day(i, r)
    rates = r.data.rates
    return np.array(
        [
            rates.kwh_per_day(float(km[t]), float(r.fleet[t]), rates.winter(list(i.grid.months_in(t))))
            for t in range(i.periods)
        ]
    )


def _running(i: Instance, r: Rollout) -> Lines:
    rates, levels = r.data.rates, i.cities[r.data.city].service.levels
    factors = [m.fare_factor for m in r.data.modes] or [1.0]
    fare = np.zeros(i.periods)
    for t in np.flatnonzero(r.level):
        factor = max(factors) if r.full_fare[t] else min(factors)
        fare[t] = rates.fare_usd(levels[r.level[t] - 1].mean_trip_km, factor)
    gross = fare * r.trips * i.days
    km, kwh = km_per_day(i, r) * i.days, kwh_per_day(i, r) * i.days
    lines: Lines = {line: gross * share for line, share in rates.per_net_fare.items()}
    lines |= {line: usd * r.trips * i.days for line, usd in rates.per_trip.items()}
    lines |= {line: usd * km for line, usd in rates.per_km.items()}
    lines |= {line: usd * kwh for line, usd in rates.per_kwh.items()}
    lines |= {line: usd * r.fleet * i.months for line, usd in rates.per_vehicle_month.items()}
    remote = np.array([rates.remote_usd_month(int(m) // 12) for m in i.grid.starts])
    lines["remote"] = remote * r.fleet * i.months
    operators = np.array([m.operator for m in r.data.modes], dtype=bool)
    lines["safety_operator"] = rates.safety_operator_usd_month * r.by_mode[operators].sum(axis=0) * i.months
    return lines


def _one_off(i: Instance, r: Rollout, *, first_of_stack: bool, several: bool) -> Lines:
    rates, levels = r.data.rates, i.cities[r.data.city].service.levels
    share = i.followup_factor if several and not first_of_stack else 1.0
    area = np.zeros(i.periods)
    for g in range(1, len(levels)):
        added_km2 = levels[g].area_km2 - levels[g - 1].area_km2
        area += _at(r.open_at[g], i.periods, rates.area_usd_per_km2 * added_km2)
    growth = np.maximum(0, np.diff(r.fleet, prepend=0))
    return {
        "launch": _at(r.begun, i.periods, rates.launch_usd * share),
        "area": area,
        "placing": rates.placing_usd * growth.astype(float),
    }


def _city_lines(i: Instance, d: Decisions, city: str) -> Lines:
    data, own = i.cities[city], d.depots[city]
    rollouts = [r for r in d.rollouts if r.data.city == city]
    rates = [q.rates for q in i.deployments if q.city == city]
    begun = min((r.begun for r in rollouts), default=None)
    team = np.zeros(i.periods)
    if begun is not None:
        team[begun:] = -i.team_usd_month * i.months[begun:]
    paid = any(r.charger_paid for r in rates)
    sites = sum((_at(o, i.periods, -data.depot_fixed_usd) for o in own.ordered), np.zeros(i.periods))
    platform = own.stalls[:, 0].sum(axis=0) if len(own.ordered) else np.zeros(i.periods)
    extra = next((r.public_charging_usd_month for r in rates), 0.0)
    return {
        "team": team,
        "depot_site": sites if paid else np.zeros(i.periods),
        "stalls": -data.stall_usd * np.diff(platform, prepend=0).astype(float),
        "public_charging": extra * own.public[0] * i.months,
    }


def settle(i: Instance, d: Decisions) -> Accounts:
    """Return the accounts of a plan's decisions."""
    several = {s for s in i.stacks if sum(q.stack == s for q in i.deployments) > 1}
    first = {
        s: min((r.begun, r.data.city) for r in d.rollouts if r.data.stack == s)
        for s in {r.data.stack for r in d.rollouts}
    }
    deployments = {}
    for r in d.rollouts:
        is_first = first[r.data.stack] == (r.begun, r.data.city)
        deployments[r.data.key] = _running(i, r) | _one_off(
            i, r, first_of_stack=is_first, several=r.data.stack in several
        )
    stacks: dict[str, Lines] = {}
    vehicle_residual, charge = {}, {}
    last = i.periods - 1
    for stack, bought in d.bought.items():
        data = i.stacks[stack]
        stacks[stack] = {
            "vehicles": -data.own_cash_usd * bought.astype(float),
            "loan": np.asarray(bought.astype(float) @ data.loan_usd),
        }
        vehicle_residual[stack] = float(bought @ data.residual_usd) * i.disc_end
        alive = float(bought[data.alive[:, last]].sum())
        charge[stack] = -i.capital_charge_usd[stack] * i.terminal_factor * alive
    cities = {city: _city_lines(i, d, city) for city in d.depots}
    residual = {}
    for city, own in d.depots.items():
        added = np.diff(own.stalls[:, 0].sum(axis=0), prepend=0)
        residual[city] = float(added @ i.cities[city].stall_residual) * i.cities[city].stall_usd * i.disc_end
    return Accounts(deployments, cities, stacks, residual, vehicle_residual, charge)


def present_worth(i: Instance, lines: Lines) -> float:
    """Return the worth today of lines within the horizon: capital lines at period start, others in the middle."""
    return float(sum((usd @ (i.disc_start if line in CAPITAL_LINES else i.disc_mid)) for line, usd in lines.items()))


def terminal_worth(i: Instance, lines: Lines) -> float:
    """Return the worth today of going on after the horizon as in its last period, capital apart."""
    running = sum(float(usd[-1]) for line, usd in lines.items() if line not in NOT_RUNNING)
    return running / float(i.months[-1]) * 12.0 * i.terminal_factor
