"""What every decision earns and costs, the capital budget and the cash floor.

capital_t = sum of capital flows,   sum_{tau <= t} capital_tau <= cumulated budget_t      (columns in millions of USD)
cash_t    = sum of all flows,       sum_{tau <= t} cash_tau >= -floor
"""

from __future__ import annotations

import itertools

import numpy as np

from fleetplan.optimize.instance import Array, DeploymentData, Instance, Ints
from fleetplan.optimize.matrix import PLAN, Place
from fleetplan.optimize.remote import oldest_agents
from fleetplan.optimize.rules.base import Problem, Rule

MILLION = 1e6
BOOKED = "it books money: money_lines checks every line anew, npv what they are worth"


class RunningMoneyRule(Rule):
    """Fares, and what trips, their kilometres and vehicles in service cost."""

    key = "running_money"
    title = "Trips earn fares and cost energy, upkeep and fees"
    source = "economics.csv; city.toml; the contract"
    kind = "money"
    unchecked = BOOKED

    def write(self, p: Problem) -> None:
        """Book the flows of trips and vehicles."""
        for q, data in enumerate(p.instance.deployments):
            self.book(p, q, data)

    def book(self, p: Problem, q: int, data: DeploymentData) -> None:
        """Book the flows of trips and vehicles of one deployment at the rates of ``data``."""
        self._trips(p, q, data)
        self._kilometres(p, q, data)
        self._vehicles(p, q, data)

    def _trips(self, p: Problem, q: int, data: DeploymentData) -> None:
        own, rates, days = p.columns.deployments[q], data.rates, p.instance.world.days
        factors = data.fare_factors or (0.0,)
        for g, level in enumerate(p.instance.levels_of(q)):
            full = rates.fare_usd(level.mean_trip_km, factors[-1]) * days
            steps = [rates.fare_usd(level.mean_trip_km, b - a) * days for a, b in itertools.pairwise(factors)]
            for line, share in rates.per_net_fare.items():
                p.ledger.book(line, p.place(q), p.every, own.trips[g], full * share)
                for cheap, step in zip(own.cheap if own.cheap is not None else (), steps, strict=True):
                    p.ledger.book(line, p.place(q), p.every, cheap[g], -step * share)
            displaced = np.array([rates.displaced_usd(level.mean_trip_km, int(m)) for m in p.instance.grid.starts])
            p.ledger.beside("displaced", p.place(q), p.every, own.trips[g], displaced * days)
            for line, usd in rates.per_trip.items():
                p.ledger.book(line, p.place(q), p.every, own.trips[g], usd * days)

    def _kilometres(self, p: Problem, q: int, data: DeploymentData) -> None:
        i, own, rates = p.instance, p.columns.deployments[q], data.rates
        winter = np.array([rates.winter(list(i.grid.months_in(t))) for t in range(i.periods)])
        loss = 1.0 - rates.charging_loss
        wheels = {line: usd * rates.kwh_per_km * winter / loss for line, usd in rates.per_kwh.items()}
        for line, usd in {**rates.per_km, **wheels}.items():
            moved = np.array([rates.moved(line, int(m)) for m in i.grid.starts])
            for g, level in enumerate(i.levels_of(q)):
                per_day = np.asarray(usd) * moved * i.world.days
                p.ledger.book(line, p.place(q), p.every, own.trips[g], per_day * level.surface.km_per_trip)
                p.ledger.book(line, p.place(q), p.every, own.fleet[g], per_day * level.surface.km_per_vehicle_day)

    def _vehicles(self, p: Problem, q: int, data: DeploymentData) -> None:
        i, own, rates, months = p.instance, p.columns.deployments[q], data.rates, p.instance.world.months
        every = own.vehicles.T
        for line, usd in rates.per_vehicle_month.items():
            p.ledger.book(line, p.place(q), p.every, every, (usd * months)[:, None])
        agents = rates.agent_usd_month * months
        p.ledger.book("remote", p.place(q), p.every, every, (oldest_agents(data) * agents)[:, None])
        if own.agents is not None:
            p.ledger.book("remote", p.place(q), p.every, own.agents, agents)
        for line, usd in rates.per_kwh.items():
            aux = usd * rates.aux_kwh_per_vehicle_day / (1.0 - rates.charging_loss)
            p.ledger.book(line, p.place(q), p.every, every, (aux * i.world.days)[:, None])
        manned = [m for m, mode in enumerate(data.modes) if mode.operator]
        cost = (rates.safety_operator_usd_month * months)[:, None]
        p.ledger.book("safety_operator", p.place(q), p.every, own.vehicles[manned].T, cost)


class LaunchMoneyRule(Rule):
    """Programmes, areas, teams and the delivery of vehicles."""

    key = "launch_money"
    title = "Launches, areas, teams and deliveries are paid for; a stack's later launches cost less than its first"
    source = "economics.csv; assumptions.toml; the contract"
    kind = "money"
    scope = "joint"
    unchecked = BOOKED

    def write(self, p: Problem) -> None:
        """Book the one-off flows of launches and the running cost of city teams."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own, rates, place = p.columns.deployments[q], data.rates, p.place(q)
            share = i.world.followup_factor if data.stack in p.columns.first else 1.0
            p.ledger.step("launch", place, own.begun, rates.launch_usd * share)
            areas = [level.area_km2 for level in i.levels_of(q)]
            for g in range(1, len(areas)):
                p.ledger.step("area", place, own.open[g], rates.area_usd_per_km2 * (areas[g] - areas[g - 1]))
            p.ledger.book("placing", place, p.every, own.added, rates.placing_usd, "start")
            self._leaving(p, q)
        self._first_programmes(p)
        self._teams(p)

    def _leaving(self, p: Problem, q: int) -> None:
        """Book what it costs to take vehicles out (added less the rise is what left) and to end a service."""
        own, rates, place, later = p.columns.deployments[q], p.instance.deployments[q].rates, p.place(q), p.every[1:]
        vehicles = own.vehicles.T
        p.ledger.book("withdrawal", place, p.every, own.added, rates.withdrawal_usd)
        p.ledger.book("withdrawal", place, p.every, vehicles, -rates.withdrawal_usd)
        p.ledger.book("withdrawal", place, later, vehicles[later - 1], rates.withdrawal_usd)
        for steps in own.ended if own.ended is not None else ():
            p.ledger.book("exit", place, p.every, steps, -p.instance.world.suspension.exit_usd)
            p.ledger.book("exit", place, later, steps[later - 1], p.instance.world.suspension.exit_usd)

    def _first_programmes(self, p: Problem) -> None:
        i = p.instance
        for stack, first in p.columns.first.items():
            users, place = i.of_stack(stack), Place("stack", stack=stack)
            full = i.deployments[users[0]].rates.launch_usd
            p.ledger.step("launch", place, first, full * (1.0 - i.world.followup_factor))
            p.never_falls(self, place, first, part="first")
            self._covers(p, place, first, users, "first")

    def _teams(self, p: Problem) -> None:
        i = p.instance
        cost = -i.world.team_usd_month * i.world.months
        for city in p.columns.live:
            users, place = i.of_city(city), Place("city", city=city)
            shared = p.columns.team.get(city)
            if shared is None:
                own = p.columns.deployments[users[0]]
                p.ledger.book("team", place, p.every, own.begun, cost)
                for steps in own.ended if own.ended is not None else ():
                    p.ledger.book("team", place, p.every, steps, -cost)
            else:
                p.ledger.book("team", place, p.every, shared, cost)
                self._covers(p, place, shared, users, "team")

    def _covers(self, p: Problem, place: Place, shared: Ints, users: list[int], part: str) -> None:
        for q in users:
            gone = p.ended(q, p.every, -1.0) if part == "team" else []
            terms = [(p.columns.deployments[q].begun, 1.0), *gone, (shared, -1.0)]
            p.at_most(self, place, p.every, terms, part=part)


class AssetMoneyRule(Rule):
    """Vehicles and depots: what they cost, and what is left of them."""

    key = "asset_money"
    title = "Vehicles and depots are paid for, and what is left of them at the end counts"
    source = "partners/<stack>.toml; city.toml; assumptions.toml"
    kind = "money"
    scope = "joint"
    unchecked = BOOKED

    def write(self, p: Problem) -> None:
        """Book purchases, loans, depots, what is left of them, and their renewal after the horizon."""
        self._vehicles(p)
        for city in p.columns.depots:
            self._depots(p, city)

    def _vehicles(self, p: Problem) -> None:
        after = p.instance.world.after_months
        for stack, bought in p.columns.bought.items():
            data, place = p.instance.stacks[stack], Place("stack", stack=stack)
            p.ledger.book("vehicles", place, p.every, bought, -data.own_cash_usd, "start")
            p.ledger.book(
                "loan", place, p.every, np.broadcast_to(bought[None, :], data.loan_usd.shape), data.loan_usd.T
            )
            p.ledger.book(
                "resale", place, p.every, np.broadcast_to(bought[None, :], data.resale_usd.shape), data.resale_usd.T
            )
            p.ledger.ending("residual", place, bought, data.kept[after].left_usd)
            p.ledger.ending("renewal", place, bought, data.kept[after].running_usd)

    def _depots(self, p: Problem, city: str) -> None:
        i, own, place = p.instance, p.columns.depots[city], Place("city", city=city)
        data = i.cities[city]
        rates = [i.deployments[q].rates for q in i.of_city(city)]
        kept = data.stalls_kept[i.world.after_months]
        for k in range(len(own.ordered)):
            if any(r.charger_paid for r in rates):
                p.ledger.step("depot_site", place, own.ordered[k], -data.depot_fixed_usd)
            p.ledger.step("stalls", place, own.stalls[k, 0], -data.stall_usd)
            p.ledger.ending("residual", place, own.stalls[k, 0], _by_rise(kept.left_usd))
            p.ledger.ending("renewal", place, own.stalls[k, 0], _by_rise(kept.running_usd))
        extra = next((r.public_charging_usd_month for r in rates), 0.0)
        p.ledger.book("public_charging", place, p.every, own.public[0], extra * i.world.months)


def _by_rise(usd: Array) -> Array:
    """Return the worth per unit of a count that never falls, where each unit of its rise in a period is worth ``usd``."""
    return np.asarray(usd - np.append(usd[1:], 0.0))


class CapitalRule(Rule):
    """Capital stays within the budget."""

    key = "capital"
    title = "Capital spent stays within the quarterly budget; what is not spent carries over"
    source = "the request: capital.per_quarter_usd"
    kind = "money"
    scope = "joint"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with all that may be spent."""
        return f"{self.title}: {float(instance.world.budget_usd[-1]):,.0f} USD in all"

    def write(self, p: Problem) -> None:
        """Sum capital by period and bound its running total."""
        _sum(p, self, p.columns.capital, capital_only=True)
        p.at_most(
            self, PLAN, p.every, [_so_far(p.columns.capital)], p.instance.world.budget_usd / MILLION, part="budget"
        )


class CashFloorRule(Rule):
    """Cumulated cash stays above the floor."""

    key = "cash_floor"
    title = "Cumulated net cash never falls below the floor"
    source = "the request: capital.cash_floor_usd"
    kind = "money"
    scope = "joint"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the floor, if there is one."""
        floor = instance.scope.request.capital.cash_floor_usd
        return f"{self.title}: {'none is set' if floor is None else f'{-floor:,.0f} USD'}"

    def write(self, p: Problem) -> None:
        """Sum cash by period and bound its running total."""
        floor = p.instance.scope.request.capital.cash_floor_usd
        if p.columns.cash is None or floor is None:
            return
        _sum(p, self, p.columns.cash, capital_only=False)
        state = p.instance.scope.request.starting_state
        least = -floor - (0.0 if state is None else state.cash_usd)
        held = np.where(p.every < p.instance.grid.done, min(0.0, least), least)
        p.at_least(self, PLAN, p.every, [_so_far(p.columns.cash)], held / MILLION, part="floor")


def _sum(p: Problem, rule: Rule, totals: Ints, *, capital_only: bool) -> None:
    """Add that a column by period is the sum of what the ledger books then, in millions of USD."""
    periods, columns, usd = p.ledger.flows(capital_only=capital_only)
    triplets = (
        np.concatenate([periods, p.every]),
        np.concatenate([columns, totals]),
        np.concatenate([usd / MILLION, -np.ones(len(totals))]),
    )
    p.builder.write_sparse(rule.key, PLAN, p.every, triplets, low=0.0, high=0.0, part="sum")


def _so_far(columns: Ints) -> tuple[Ints, np.ndarray]:
    count = len(columns)
    return np.broadcast_to(columns[None, :], (count, count)), np.tril(np.ones((count, count)))


BOOKING_RULES: tuple[Rule, ...] = (RunningMoneyRule(), LaunchMoneyRule(), AssetMoneyRule())
MONEY_RULES: tuple[Rule, ...] = (CapitalRule(), CashFloorRule())
"""Written last: they read everything that was booked."""
