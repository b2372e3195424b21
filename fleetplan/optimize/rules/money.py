"""What every decision earns and costs, the capital budget and the cash floor.

capital_t = sum of capital flows,   sum_{tau <= t} capital_tau <= cumulated budget_t      (columns in millions of USD)
cash_t    = sum of all flows,       sum_{tau <= t} cash_tau >= -floor
"""

from __future__ import annotations

from fleetplan.economics import DeploymentRates
from fleetplan.optimize.instance import DeploymentData
from fleetplan.optimize.rules.base import Problem, Rule

MILLION = 1e6


class TripMoney(Rule):
    """Fares, and what each trip and the km it causes cost."""

    key = "running_money"
    title = "Trips earn fares and cost energy, upkeep and fees"
    source = "economics.csv; city.toml; the contract"

    def write(self, p: Problem) -> None:
        """Book the flows of trips and vehicles."""
        for q, data in enumerate(p.instance.deployments):
            for t in range(p.instance.periods):
                self._trips(p, q, data, t)
                self._vehicles(p, q, data, t)

    def _per_km(self, rates: DeploymentRates, winter: float) -> dict[str, float]:
        energy = rates.per_kwh["energy"] * rates.kwh_per_km * winter / (1.0 - rates.charging_loss)
        return {**rates.per_km, "energy": energy}

    def _trips(self, p: Problem, q: int, data: DeploymentData, t: int) -> None:
        i, own, rates = p.instance, p.columns.deployments[q], data.rates
        days = float(i.days[t])
        full = max(m.fare_factor for m in data.modes) if data.modes else 0.0
        low = min(m.fare_factor for m in data.modes) if data.modes else 0.0
        per_km = self._per_km(rates, rates.winter(list(i.grid.months_in(t))))
        for g, level in enumerate(i.cities[data.city].service.levels):
            trips, fleet = int(own.trips[g, t]), int(own.fleet[g, t])
            fare = rates.fare_usd(level.mean_trip_km, full)
            for line, share in rates.per_net_fare.items():
                p.ledger.flow(line, t, trips, fare * share * days)
                if own.cheap is not None:
                    loss = rates.fare_usd(level.mean_trip_km, full - low)
                    p.ledger.flow(line, t, int(own.cheap[g, t]), -loss * share * days)
            for line, usd in rates.per_trip.items():
                p.ledger.flow(line, t, trips, usd * days)
            for line, usd in per_km.items():
                p.ledger.flow(line, t, trips, usd * level.surface.km_per_trip * days)
                p.ledger.flow(line, t, fleet, usd * level.surface.km_per_vehicle_day * days)

    def _vehicles(self, p: Problem, q: int, data: DeploymentData, t: int) -> None:
        i, own, rates = p.instance, p.columns.deployments[q], data.rates
        months, days = float(i.months[t]), float(i.days[t])
        aux = rates.per_kwh["energy"] * rates.aux_kwh_per_vehicle_day / (1.0 - rates.charging_loss)
        for m, mode in enumerate(data.modes):
            column = int(own.vehicles[m, t])
            for line, usd in rates.per_vehicle_month.items():
                p.ledger.flow(line, t, column, usd * months)
            p.ledger.flow("remote", t, column, rates.remote_usd_month(int(i.grid.starts[t]) // 12) * months)
            p.ledger.flow("energy", t, column, aux * days)
            if mode.operator:
                p.ledger.flow("safety_operator", t, column, rates.safety_operator_usd_month * months)


class OneOffMoney(Rule):
    """Launch, area, team, vehicles, placing, depots, and what is left at the end."""

    key = "one_off_money"
    title = "Launches, areas, vehicles and depots are paid for"
    source = "economics.csv; assumptions.toml; the contract"

    def write(self, p: Problem) -> None:
        """Book the one-off flows, residual values and the charge for vehicles after the horizon."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own, rates = p.columns.deployments[q], data.rates
            first = p.columns.first.get(data.stack)
            share = i.followup_factor if first is not None else 1.0
            p.ledger.step("launch", own.begun, rates.launch_usd * share)
            if first is not None:
                for t in range(i.periods):
                    p.at_most(self.key, data.stack, t, [(int(own.begun[t]), 1.0), (int(first[t]), -1.0)])
            levels = i.cities[data.city].service.levels
            for g in range(1, len(levels)):
                added_km2 = levels[g].area_km2 - levels[g - 1].area_km2
                p.ledger.step("area", own.open[g], rates.area_usd_per_km2 * added_km2)
            for t in range(i.periods):
                p.ledger.flow("placing", t, int(own.added[t]), rates.placing_usd, "start")
        self._first_programmes(p)
        self._teams(p)
        self._vehicles(p)
        self._depots(p)

    def _first_programmes(self, p: Problem) -> None:
        i = p.instance
        for stack, first in p.columns.first.items():
            launch = next(d.rates.launch_usd for d in i.deployments if d.stack == stack)
            p.ledger.step("launch", first, launch * (1.0 - i.followup_factor))
            for t in range(1, i.periods):
                p.at_most(self.key, stack, t, [(int(first[t - 1]), 1.0), (int(first[t]), -1.0)])

    def _teams(self, p: Problem) -> None:
        i = p.instance
        for q, data in enumerate(i.deployments):
            shared = p.columns.team.get(data.city)
            for t in range(i.periods):
                cost = -i.team_usd_month * float(i.months[t])
                if shared is None:
                    p.ledger.flow("team", t, int(p.columns.deployments[q].begun[t]), cost)
                else:
                    begun = (int(p.columns.deployments[q].begun[t]), 1.0)
                    p.at_most(self.key, data.city, t, [begun, (int(shared[t]), -1.0)])
        for shared in p.columns.team.values():
            for t in range(i.periods):
                p.ledger.flow("team", t, int(shared[t]), -i.team_usd_month * float(i.months[t]))

    def _vehicles(self, p: Problem) -> None:
        i = p.instance
        last = i.periods - 1
        for stack, bought in p.columns.bought.items():
            data = i.stacks[stack]
            for tau in range(i.periods):
                column = int(bought[tau])
                p.ledger.flow("vehicles", tau, column, -data.own_cash_usd, "start")
                for t in range(tau, i.periods):
                    p.ledger.flow("loan", t, column, float(data.loan_usd[tau, t]))
                p.ledger.value(column, float(data.residual_usd[tau]) * i.disc_end)
                if data.alive[tau, last]:
                    p.ledger.value(column, -i.capital_charge_usd[stack] * i.terminal_factor)

    def _depots(self, p: Problem) -> None:
        i = p.instance
        for city, own in p.columns.depots.items():
            data = i.cities[city]
            rates = [d.rates for d in i.deployments if d.city == city]
            if any(r.charger_paid for r in rates):
                for site in own.ordered:
                    p.ledger.step("depot_site", site, -data.depot_fixed_usd)
            extra = next((r.public_charging_usd_month for r in rates), 0.0)
            for s in range(own.stalls.shape[0]):
                p.ledger.step("stalls", own.stalls[s, 0], -data.stall_usd)
                worth = data.stall_usd * i.disc_end
                for t in range(i.periods):
                    later = data.stall_residual[t + 1] if t + 1 < i.periods else 0.0
                    p.ledger.value(int(own.stalls[s, 0, t]), worth * float(data.stall_residual[t] - later))
            for t in range(i.periods):
                p.ledger.flow("public_charging", t, int(own.public[0, t]), extra * float(i.months[t]))


class CapitalRule(Rule):
    """Capital stays within the budget."""

    key = "capital"
    title = "Capital spent stays within the quarterly budget; what is not spent carries over"
    source = "the request: capital.per_quarter_usd"

    def write(self, p: Problem) -> None:
        """Sum capital by period and bound its running total."""
        for t in range(p.instance.periods):
            spent_now = [(c, usd / MILLION) for c, usd in p.ledger.capital[t]]
            p.equal(self.key, "sum", t, [*spent_now, (int(p.columns.capital[t]), -1.0)])
            spent = [(int(c), 1.0) for c in p.columns.capital[: t + 1]]
            p.at_most(self.key, "budget", t, spent, float(p.instance.budget_usd[t]) / MILLION)


class CashFloorRule(Rule):
    """Cumulated cash stays above the floor."""

    key = "cash_floor"
    title = "Cumulated net cash never falls below the floor"
    source = "the request: capital.cash_floor_usd"

    def write(self, p: Problem) -> None:
        """Sum cash by period and bound its running total."""
        floor = p.instance.scope.request.capital.cash_floor_usd
        if p.columns.cash is None or floor is None:
            return
        for t in range(p.instance.periods):
            earned_now = [(c, usd / MILLION) for c, usd in p.ledger.cash[t]]
            p.equal(self.key, "sum", t, [*earned_now, (int(p.columns.cash[t]), -1.0)])
            p.at_least(self.key, "floor", t, [(int(c), 1.0) for c in p.columns.cash[: t + 1]], -floor / MILLION)


MONEY_RULES: tuple[Rule, ...] = (TripMoney(), OneOffMoney(), CapitalRule(), CashFloorRule())
