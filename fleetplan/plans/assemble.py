"""Turn a solution into a :class:`Plan`: decisions, accounts, headline figures, what binds, certificate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.facts import Method
from fleetplan.months import month_text
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.ledger import CAPITAL_LINES, Lines
from fleetplan.optimize.owning import stall_life, vehicle_life
from fleetplan.optimize.prices import RowPrices
from fleetplan.optimize.search import SearchResult
from fleetplan.plans.accounts import (
    Accounts,
    km_per_day,
    kwh_per_day,
    pool_shares,
    present_worth,
    settle,
    stalls_placed,
)
from fleetplan.plans.binding_facts import binding_facts, binds_of
from fleetplan.plans.decisions import Decisions, Rollout, read_decisions
from fleetplan.plans.figures import numbers, told_lines
from fleetplan.plans.files import canonical_sha256
from fleetplan.plans.markets import markets_proof
from fleetplan.plans.outcomes import doubtful_figures, outcome, with_proof
from fleetplan.plans.partner_account import partner_account
from fleetplan.plans.permit_steps import first_of, opening_months, permit_steps
from fleetplan.plans.returns import Account, Holding, returns_of
from fleetplan.plans.status import Proof, status_of
from fleetplan.plans.types import (
    Certificate,
    CityRollout,
    DeploymentPlan,
    DepotPlan,
    Kpis,
    LevelSummary,
    Plan,
    StackFleet,
)
from fleetplan.plans.worth import Valued, by_month, deepest, payback, value
from fleetplan.request import PlanRequest

Array = NDArray[np.float64]
MODE_RANK = ("unpaid_operator", "unpaid_driver_out", "paid_operator", "paid_driver_out")


def request_hash(request: PlanRequest) -> str:
    """Return the SHA-256 of a request's canonical JSON."""
    return canonical_sha256(request.model_dump(mode="json"))


def _merged(parts: list[Lines], periods: int) -> Lines:
    out: Lines = {}
    for lines in parts:
        for line, usd in lines.items():
            out[line] = out.get(line, np.zeros(periods)) + usd
    return out


class _Assembly:
    """Holds what every part of the plan is read from."""

    def __init__(self, f: Formulation, result: SearchResult) -> None:
        self.formulation, self.result = f, result
        self.instance: Instance = f.instance
        self.decisions: Decisions = read_decisions(f, result.x)
        self.accounts: Accounts = settle(f, result.x, self.decisions)
        self.shares = {s: pool_shares(self.instance, self.decisions, s) for s in self.instance.stacks}
        self.steps = {r.data.key: permit_steps(self.instance, self.decisions, r) for r in self.decisions.rollouts}

    def worth(self, r: Rollout) -> Valued:
        """Return what a deployment is worth, with its share of its stack's vehicles."""
        stack, accounts = r.data.stack, self.accounts
        displaced = accounts.displaced[r.data.key]
        own = value(self.instance, accounts.deployments[r.data.key], displaced=displaced)
        if stack not in accounts.stacks:
            return own
        share = self.shares[stack][r.data.key]
        lines = {line: usd * share for line, usd in accounts.stacks[stack].items()}
        return own + value(self.instance, lines, accounts.vehicles_kept.get(stack), float(share[-1]))

    def city_worth(self, slug: str) -> Valued:
        """Return what a city is worth: its deployments, team and depots."""
        accounts = self.accounts
        own = value(self.instance, accounts.cities.get(slug, {}), accounts.stalls_kept.get(slug))
        return sum((self.worth(r) for r in self.decisions.rollouts if r.data.city == slug), own)

    def account(self, slug: str) -> Account:
        """Return what a city earns, pays and holds, with its shares of pools."""
        i, accounts = self.instance, self.accounts
        rollouts = [r for r in self.decisions.rollouts if r.data.city == slug]
        parts, holdings = [accounts.cities.get(slug, {}), *(accounts.deployments[r.data.key] for r in rollouts)], []
        for r in rollouts:
            stack = r.data.stack
            if stack in accounts.stacks:
                share = self.shares[stack][r.data.key]
                parts.append({line: usd * share for line, usd in accounts.stacks[stack].items()})
                bought = np.asarray(self.decisions.bought.get(stack, np.zeros(i.periods)), float) * float(share[-1])
                holdings.append(Holding(vehicle_life(i.scope, stack), bought))
        if slug in self.decisions.depots:
            holdings.append(Holding(stall_life(i.scope, slug), stalls_placed(self.decisions, slug)))
        trips = np.sum([np.zeros(i.periods), *(r.trips for r in rollouts)], axis=0)
        tax = i.scope.catalogue.cities[slug].value("cost.profit_tax")
        return Account(_merged(parts, i.periods), tuple(holdings), trips, tax)

    def whole(self) -> Valued:
        """Return what the whole plan is worth."""
        accounts = self.accounts
        displaced = _merged(list(accounts.displaced.values()), self.instance.periods)
        own = value(self.instance, self.all_lines(), displaced=displaced)
        kept = [*accounts.stalls_kept.values(), *accounts.vehicles_kept.values()]
        return sum((value(self.instance, {}, ends) for ends in kept), own)

    def deployment(self, r: Rollout) -> DeploymentPlan:
        i, levels = self.instance, self.instance.cities[r.data.city].levels
        waits: list[float | None] = []
        empty: list[float | None] = []
        for t in range(i.periods):
            if r.level[t] and r.fleet[t]:
                quality = levels[r.level[t] - 1].surface.evaluate(float(r.fleet[t]), float(r.demand[t]))
                waits.append(round(float(quality.wait_min), 2))
                empty.append(round(float(quality.deadhead_share), 4))
            else:
                waits.append(None)
                empty.append(None)
        names = list(dict.fromkeys(m.name for m in r.data.modes))
        by_mode = {n: sum(r.by_mode[k] for k, m in enumerate(r.data.modes) if m.name == n) for n in names}
        out = np.flatnonzero(np.asarray(by_mode.get("paid_driver_out", np.zeros(i.periods))) > 0)
        labels = i.grid.labels()
        stack = i.catalogue_stack(r.data.stack)
        worth = self.worth(r)
        displaced = self.accounts.displaced[r.data.key].get("displaced", np.zeros(i.periods))
        return DeploymentPlan(
            stack=r.data.stack,
            partner=stack.partner,
            city=r.data.city,
            contract=stack.contract_type,
            programme_start=labels[r.begun],
            ended=None if r.ended is None else labels[r.ended],
            launch=labels[r.opened] if r.opened is not None else "",
            driver_out=labels[int(out[0])] if len(out) else None,
            permits=self.steps[r.data.key],
            mode=[self._mode(by_mode, t) for t in range(i.periods)],
            vehicles=r.fleet.tolist(),
            vehicles_by_mode={n: np.asarray(v).tolist() for n, v in sorted(by_mode.items()) if np.any(v)},
            test_vehicles=r.testing.tolist(),
            public_charging_partner=[0] * i.periods if r.public is None else r.public.tolist(),
            level=r.level.tolist(),
            demand_per_day=numbers(r.demand),
            trips_per_day=numbers(r.trips),
            wait_min=waits,
            deadhead_share=empty,
            km_per_day=numbers(km_per_day(i, r), 2),
            energy_kwh_per_day=numbers(kwh_per_day(i, r), 2),
            lines_usd=told_lines(self.accounts.deployments[r.data.key]),
            displaced_usd=numbers(displaced, 2),
            npv_usd=round(worth.npv, 2),
            worth=worth.told(),
            partner_account=partner_account(self.formulation, self.result.x, r.data.key),
            launch_months=opening_months(i, self.decisions, r, r.opened, names),
            driver_out_months=opening_months(i, self.decisions, r, first_of(out), ("paid_driver_out",)),
        )

    @staticmethod
    def _mode(by_mode: dict[str, NDArray[np.int64]], t: int) -> str:
        running = [m for m in MODE_RANK if m in by_mode and by_mode[m][t] > 0]
        return running[-1] if running else ""

    def depots(self, city: str) -> list[DepotPlan]:
        i, own = self.instance, self.decisions.depots[city]
        found = []
        for s, site in enumerate(i.scope.catalogue.cities[city].depots):
            order = own.ordered[s]
            if order is None:
                continue
            month = int(i.grid.starts[order])
            found.append(
                DepotPlan(
                    site=site.name,
                    lat=site.lat,
                    lon=site.lon,
                    ordered=month_text(month),
                    live=month_text(month + site.lead_months),
                    stalls=own.stalls[s, 0].tolist(),
                    stalls_partner=own.stalls[s, 1].tolist(),
                )
            )
        return sorted(found, key=lambda d: (d.ordered, d.site))

    def city(self, slug: str) -> CityRollout:
        i, facts = self.instance, self.instance.scope.catalogue.cities[slug]
        rollouts = [r for r in self.decisions.rollouts if r.data.city == slug]
        plans = [self.deployment(r) for r in rollouts]
        own: Lines = self.accounts.cities.get(slug, {})
        account = self.account(slug)
        everything = account.lines
        cash = by_month(i, everything)
        capital = -sum((everything[n].sum() for n in CAPITAL_LINES if n in everything), 0.0)
        launch = min((p.launch for p in plans if p.launch), default=None)
        nothing = [0] * i.periods
        public = self.decisions.depots[slug].public.tolist() if slug in self.decisions.depots else [nothing, nothing]
        worth = self.city_worth(slug)
        return CityRollout(
            city=slug,
            name=facts.name,
            currency=facts.currency,
            usd_per_currency=i.scope.catalogue.assumptions[f"fx.{facts.currency}"].value,
            launch=launch,
            deployments=plans,
            depots=self.depots(slug) if slug in self.decisions.depots else [],
            public_charging_vehicles=public[0],
            public_charging_partner=public[1],
            levels=[
                LevelSummary(
                    level=g + 1,
                    name=level.name,
                    cells=len(level.cells),
                    area_km2=round(level.area_km2, 3),
                    population=round(level.population, 1),
                    addressable_trips_per_day=round(level.surface.demand_trips_per_day, 3),
                )
                for g, level in enumerate(i.cities[slug].levels)
            ],
            city_lines_usd=told_lines(own),
            npv_usd=round(worth.npv, 2),
            worth=worth.told(),
            returns=returns_of(i, [account], worth.npv),
            capital_usd=round(float(capital), 2),
            peak_funding_usd=round(deepest(cash), 2),
            payback=payback(i, cash),
            binds=[],
            doubtful_figures=doubtful_figures(i, slug, [r.data.stack for r in rollouts]),
            outcome=outcome(self.formulation, slug, plans),
        )

    def stack(self, slug: str) -> StackFleet:
        i, data = self.instance, self.instance.stacks[slug]
        users = [r for r in self.decisions.rollouts if r.data.stack == slug]
        nothing = np.zeros(i.periods, dtype=np.int64)
        bought = self.decisions.bought.get(slug, nothing)
        return StackFleet(
            stack=slug,
            partner=data.partner,
            platform_owned=data.owned,
            bought=bought.tolist(),
            owned=(bought @ data.alive).astype(int).tolist(),
            in_service=sum((r.fleet for r in users), nothing).tolist(),
            testing=sum((r.testing for r in users), nothing).tolist(),
            ceiling=i.ceilings[slug].tolist(),
            lines_usd=told_lines(self.accounts.stacks.get(slug, {})),
            lead_months=i.catalogue_stack(slug).lead_months,
        )

    def all_lines(self) -> Lines:
        parts = [*self.accounts.deployments.values(), *self.accounts.cities.values(), *self.accounts.stacks.values()]
        return _merged(parts, self.instance.periods)

    def curve_error(self) -> float:
        """Return the share of all planned trips that the sampled service law does not give, wherever it gives fewer.

        It is of trips and riders as the plan tells them: what rounding takes from some tens of trips a day is seen in the share.
        """
        planned = beyond = 0.0
        for r in self.decisions.rollouts:
            levels = self.instance.cities[r.data.city].levels
            trips, riders = numbers(r.trips), numbers(r.demand)
            for t in np.flatnonzero(r.fleet * r.level):
                quality = levels[r.level[t] - 1].surface.evaluate(float(r.fleet[t]), riders[t])
                planned += trips[t] * float(self.instance.world.days[t])
                beyond += max(trips[t] - quality.trips_per_day, 0.0) * float(self.instance.world.days[t])
        return beyond / planned if planned > 0 else 0.0


def _kpis(parts: _Assembly, cities: list[CityRollout], lines: Lines) -> Kpis:
    i, cash = parts.instance, by_month(parts.instance, lines)
    capital_lines = {n: lines[n] for n in CAPITAL_LINES if n in lines}
    worth = parts.whole()
    counts = i.scope.request.value == "incremental"
    fleet = sum((r.fleet for r in parts.decisions.rollouts), np.zeros(i.periods, dtype=np.int64))
    trips = float(sum(r.trips[-1] for r in parts.decisions.rollouts))
    years = [int(m) // 12 for m in i.grid.starts]
    live = sum(any(d.level[-1] for d in c.deployments) for c in cities)
    existing = sum(m.counts for m in i.scope.catalogue.live_markets)
    return Kpis(
        npv_usd=round(worth.npv, 2),
        cash_usd=round(worth.cash, 2),
        residual_usd=round(worth.residual, 2),
        terminal_usd=round(worth.terminal, 2),
        incremental_npv_usd=round(worth.npv + (0.0 if counts else worth.displaced), 2),
        gross_npv_usd=round(worth.npv - (worth.displaced if counts else 0.0), 2),
        years_after=i.world.after_months / 12,
        npv_by_horizon_usd=round(worth.at[0], 2),
        npv_twice_after_usd=round(worth.at[2 * i.world.after_months], 2),
        capital_usd=round(-sum(float(v.sum()) for v in capital_lines.values()), 2),
        discounted_capital_usd=round(-present_worth(i, capital_lines), 2),
        peak_funding_usd=round(deepest(cash), 2),
        payback=payback(i, cash),
        cities_live=live,
        markets_live_with_existing=live + existing,
        vehicles_end=int(fleet[-1]),
        trips_per_day_end=round(trips, 2),
        vehicles_by_year={str(y): int(fleet[len(years) - 1 - years[::-1].index(y)]) for y in sorted(set(years))},
        trips_per_vehicle_day_end=round(trips / fleet[-1], 2) if fleet[-1] else None,
    )


def assemble(f: Formulation, result: SearchResult, prices: RowPrices, proof: Proof) -> Plan:
    """Return the plan that a solution stands for: not yet checked (``certificate.checker`` is empty), nor said in words."""
    parts = _Assembly(f, result)
    i = f.instance
    cities = [parts.city(c) for c in i.scope.cities]
    lines = parts.all_lines()
    kpis = _kpis(parts, cities, lines)
    cash = sum(lines.values(), np.zeros(i.periods))
    capital = -sum((lines[n] for n in CAPITAL_LINES if n in lines), np.zeros(i.periods))
    objective = kpis.npv_usd
    bound = round(max(proof.bound, objective), 2)
    gap = (bound - objective) / max(abs(objective), 1.0)
    request, markets = i.scope.request, markets_proof(f, result)
    plan = Plan(
        status=status_of(objective, bound, proof, more_markets=markets is not None and not markets.closed),
        name=request.name,
        objective=objective,
        bound=bound,
        gap=round(gap, 8),
        markets=markets,
        periods=i.grid.labels(),
        period_months=list(i.grid.lengths),
        kpis=kpis,
        returns=returns_of(i, [parts.account(c) for c in i.scope.cities], kpis.npv_usd),
        cities=cities,
        stacks=[parts.stack(s) for s in sorted(i.stacks)],
        cash_usd=numbers(cash, 2),
        cumulated_cash_usd=numbers(np.cumsum(cash), 2),
        capital_usd=numbers(capital, 2),
        cumulated_budget_usd=numbers(i.world.budget_usd, 2),
        binds=[],
        certificate=Certificate(
            request_sha256=request_hash(request),
            catalogue_sha256=i.scope.catalogue.digest,
            version=proof.version,
            seed=proof.seed,
            method=Method(),
            objective_usd=objective,
            bound_usd=bound,
            gap=round(gap, 8),
            gap_of_capital=round((bound - objective) / max(kpis.discounted_capital_usd, 1.0), 8),
            solver=proof.solver,
            checker="",
            rules_checked=[],
            curve_error=round(parts.curve_error(), 6),
            gap_asked=proof.gap_wanted,
        ),
        request=request,
    )
    return _explained(plan, f, prices, parts.decisions)


def _explained(plan: Plan, f: Formulation, prices: RowPrices, decisions: Decisions) -> Plan:
    """Return a plan with what binds it, and with what its bound proves of cities that stay closed."""
    binds = binding_facts(f, prices, decisions, plan)
    cities = []
    for city in plan.cities:
        own = binds_of(binds, city.city, {d.stack for d in city.deployments})
        cities.append(with_proof(city, plan).model_copy(update={"binds": own}))
    return plan.model_copy(update={"binds": binds, "cities": cities})
