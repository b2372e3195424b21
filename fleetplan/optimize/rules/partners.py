"""The partner's own account of each deployment, and that it comes out even.

What a partner earns and pays is booked in a ledger of its own, in the columns of the plan: trips, kilometres, vehicles,
additions, steps. ``account[q]`` is the sum of it, discounted: over the horizon, over the years that the contract goes on with
vehicles and stalls renewed, and with what is left of these in the end.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fleetplan.economics import Life, going_on, kept, vehicle_life_months
from fleetplan.economics.partner import RECEIVED, PartnerRates, partner_rates, years_after
from fleetplan.months import Grid
from fleetplan.optimize.instance import Array, DeploymentData, Instance, Ints
from fleetplan.optimize.ledger import NOT_RUNNING, Ledger
from fleetplan.optimize.lines import bought_usd
from fleetplan.optimize.rules.base import Problem, Rule
from fleetplan.optimize.rules.money import RunningMoneyRule
from fleetplan.request.constraints import PartnerParticipation

MILLION = 1e6


def excused(i: Instance, q: int) -> bool:
    """Return whether the request says that the partner of a deployment need not earn its money back."""
    asked = [c for c in i.scope.constraints if isinstance(c, PartnerParticipation)]
    return any(q in i.matching(c.city, c.stack) for c in asked)


def must_earn(i: Instance, q: int) -> bool:
    """Return whether a partner's account has to come out even: the vehicles are its own, and nothing excuses it."""
    data = i.deployments[q]
    return not i.stacks[data.stack].owned and not excused(i, q)


def least_margin(i: Instance) -> float:
    """Return which share of what the platform pays a partner must be left of its account, where it must earn."""
    return i.scope.catalogue.assumptions["partner.least_margin"].value


class PartnerEarnsRule(Rule):
    """A partner that never earns its money back, and the margin that it asks for, does not come."""

    key = "partner_earns"
    title = "A partner that owns the vehicles earns its money back within its contract"
    source = "the contract; assumptions.toml: partner.contract_years, partner.least_margin"
    kind = "partner"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the years of a contract, and the margin where one is asked for."""
        years = instance.scope.catalogue.assumptions["partner.contract_years"].value
        margin = least_margin(instance)
        more = f", and {100 * margin:g}% of what it is paid besides" if margin else ""
        return f"{self.title} of {years:g} years{more}"

    def write(self, p: Problem) -> None:
        """Book what partners earn and pay, and bound the account of those that must earn."""
        for q, data in enumerate(p.instance.deployments):
            book_partner(p, q, data)
            if must_earn(p.instance, q):
                columns, usd = account_terms(p.instance, p.partners, q, margin=least_margin(p.instance))
                rows = np.zeros(len(columns), np.int64)
                p.builder.write_sparse(
                    self.key, p.place(q), np.array([0]), (rows, columns, usd / MILLION), low=0.0, part="account"
                )


def book_partner(p: Problem, q: int, data: DeploymentData) -> None:
    """Book what the partner of a deployment earns and pays in the partners' ledger."""
    i, own, place = p.instance, p.columns.deployments[q], p.place(q)
    catalogue = i.scope.catalogue
    rates = partner_rates(catalogue, catalogue.stacks[data.stack], catalogue.cities[data.city])
    theirs = DeploymentData(replace(data.terms, rates=rates.running), data.outlook)
    RunningMoneyRule().book(replace(p, ledger=p.partners), q, theirs)
    p.partners.step("launch", place, own.begun, rates.running.launch_usd)
    areas = [level.area_km2 for level in i.levels_of(q)]
    for g in range(1, len(areas)):
        p.partners.step("area", place, own.open[g], rates.running.area_usd_per_km2 * (areas[g] - areas[g - 1]))
    if own.public is not None:
        usd = rates.running.public_charging_usd_month * i.world.months
        p.partners.book("public_charging", place, p.every, own.public, usd)
    if rates.owns_vehicles:
        _vehicles(p, q, data, rates)


def _vehicles(p: Problem, q: int, data: DeploymentData, rates: PartnerRates) -> None:
    """Book vehicles as they are added, test vehicles as the programme begins, and what keeping them all is worth."""
    i, own, place, size = p.instance, p.columns.deployments[q], p.place(q), float(data.test_fleet)
    figures = i.scope.catalogue.assumptions
    spares, grid, count = 1.0 + figures["service.spare_share"].value, i.grid, i.periods
    car = Life(
        vehicle_life_months(figures),
        figures["fleet.residual_share"].value,
        lambda month: spares * bought_usd(i.scope, data.stack, month),
    )
    stall = Life(round(12 * figures["depot.stall_life_years"].value), 0.0, lambda _: rates.stalls_usd)
    flows = {
        "vehicles": _owned(car, grid),
        "stalls": _owned(stall, grid),
        "depot_site": np.eye(count) * rates.sites_usd,
        "placing": np.eye(count) * -rates.running.placing_usd,
    }
    months, rate = months_after(i), i.scope.request.discount_rate
    ends = [
        [kept(life, _born(life, grid, t), grid.today, grid.end, months, rate) for t in range(count)]
        for life in (car, stall)
    ]
    left = np.array([sum(e[t].left_usd for e in ends) for t in range(count)])
    goes_on = np.array([sum(e[t].running_usd for e in ends) for t in range(count)])
    for columns, each in ((own.added, 1.0), (own.begun, size), (own.begun[:-1], -size)):
        t = p.every[count - len(columns) :]
        for line, usd in flows.items():
            p.partners.book(line, place, p.every, np.broadcast_to(columns, (count, len(t))), -each * usd[t].T, "start")
        p.partners.ending("residual", place, columns, each * left[t])
        p.partners.ending("renewal", place, columns, each * goes_on[t])


def _owned(life: Life, grid: Grid) -> Array:
    """Return what one thing costs by (period bought, period): its price, and renewals within the horizon less what is left."""
    out = np.zeros((len(grid), len(grid)))
    for p, start in enumerate(grid.starts.tolist()):
        out[p, p], born = life.price_usd(start), start
        for t in range(p + 1, len(grid)):
            now = int(grid.starts[t])
            if now - born >= life.months:
                out[p, t] = life.price_usd(now) - life.worth(life.price_usd(born), now - born, now)
                born = now
    return out


def _born(life: Life, grid: Grid, t: int) -> int:
    """Return the month in which the thing was bought that stands at the end of the horizon for one bought in a period."""
    born = int(grid.starts[t])
    for now in grid.starts[t + 1 :].tolist():
        born = now if now - born >= life.months else born
    return born


def months_after(i: Instance) -> int:
    """Return how many months contracts go on after the horizon, and count."""
    return round(12 * years_after(i.scope.catalogue, sum(i.grid.lengths)))


def after_usd_month(i: Instance) -> float:
    """Return the discounted worth of 1 USD a month over the months that contracts go on after the horizon."""
    growth = i.scope.catalogue.assumptions["terminal.growth"].value
    return going_on(i.scope.request.discount_rate, i.grid.end - i.grid.today, months_after(i), growth)


def account_terms(i: Instance, ledger: Ledger, q: int, *, margin: float = 0.0) -> tuple[Ints, Array]:
    """Return the account of a deployment's partner, less a share of what it is paid, by column, discounted, shapes (n,)."""
    data, world = i.deployments[q], i.world
    further = after_usd_month(i) * i.grid.run_rate
    columns, amounts = [np.zeros(0, np.int64)], [np.zeros(0)]
    for entry in ledger.entries:
        if (entry.holder.stack, entry.holder.city) == (data.stack, data.city):
            factor = (world.disc_start if entry.when == "start" else world.disc_mid)[entry.periods]
            if entry.line not in NOT_RUNNING:
                factor = factor + further[entry.periods]
            columns.append(entry.columns)
            amounts.append(entry.usd * factor * (1.0 - margin if entry.line in RECEIVED else 1.0))
    for worth in ledger.worths:
        if (worth.holder.stack, worth.holder.city) == (data.stack, data.city):
            columns.append(worth.columns)
            amounts.append(worth.usd)
    return np.concatenate(columns), np.concatenate(amounts)


PARTNER_RULES: tuple[Rule, ...] = (PartnerEarnsRule(),)
