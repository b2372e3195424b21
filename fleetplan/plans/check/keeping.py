"""What vehicles and stalls cost after the horizon and what is left of them, month by month, for the checker alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleetplan.plans.check.case import Case
from fleetplan.plans.check.money import (
    deflated,
    financed_share,
    loan_due,
    loan_left,
    loan_months,
    vehicle_life,
    vehicle_usd,
)


def discount(case: Case, months: float) -> float:
    """Return the present worth, in the first month planned, of 1 USD so many months after the horizon's start."""
    return float(case.discount_base ** (case.today - case.start - months))


def after_months(case: Case) -> int:
    """Return how many months count after the horizon."""
    return round(12 * case.own("terminal.years"))


@dataclass(frozen=True)
class After:
    """Worth today of what is kept after the horizon: what goes on costs or brings, and what is left in the end."""

    running: float = 0.0
    left: float = 0.0

    def __add__(self, other: After) -> After:
        """Return both together."""
        return After(self.running + other.running, self.left + other.left)

    def __mul__(self, number: float) -> After:
        """Return as many of it."""
        return After(self.running * number, self.left * number)


@dataclass(frozen=True)
class _Thing:
    """How long a thing lasts, what an old one keeps of its price, what a new one costs in a month, and the loan on it."""

    life: int
    rest: float
    price: Callable[[int], float]
    financed: float = 0.0


@dataclass(frozen=True)
class Followed:
    """One thing bought in a month at a price: what it costs and brings after the horizon, and what is left in the end, USD."""

    bought: int
    paid: float
    life: int
    rest: float
    flows: tuple[tuple[float, float], ...]
    left: float

    def worth(self, case: Case, months: int) -> After:
        """Return both discounted."""
        running = sum(usd * discount(case, wait) for wait, usd in self.flows)
        return After(running, self.left * discount(case, case.end + months - case.start))


def _followed(case: Case, thing: _Thing, bought: int, months: int) -> Followed:
    """Follow one thing from the horizon's end on: its renewals, its loans, and its sale in the end."""
    flows: list[tuple[float, float]] = []  # (months after the start, USD)
    owner, paid = bought, thing.price(bought)
    renewals = range(max(case.end, bought + thing.life), case.end + months, thing.life)
    for month in renewals:
        now = thing.price(month)
        flows.append((month - case.start, min(paid, now) * thing.rest - now * (1 - thing.financed)))
        flows += _payments(case, thing, (owner, paid), month)
        owner, paid = month, now
    last = case.end + months
    flows += _payments(case, thing, (owner, paid), last)
    used = min(1.0, (last - owner) / thing.life)
    left = min(paid, thing.price(last)) * (1 - used * (1 - thing.rest))
    if thing.financed:
        left -= paid * thing.financed * loan_left(case, last - owner)
    return Followed(bought, thing.price(bought), thing.life, thing.rest, tuple(flows), left)


def followed(case: Case, life: int, rest: float, price: Callable[[int], float], bought: int, months: int) -> After:
    """Return the worth of one thing without a loan, bought in a month, for so many months after the horizon."""
    return _followed(case, _Thing(life, rest, price), bought, months).worth(case, months)


def _payments(case: Case, thing: _Thing, owned: tuple[int, float], until: int) -> list[tuple[float, float]]:
    """Return the loan payments after the horizon on what was bought in a month at a price, up to another month."""
    since, paid = owned
    if not thing.financed:
        return []
    over = min(until, since + loan_months(case))
    due = paid * thing.financed * loan_due(case)
    months = range(max(case.end, since), over)
    return [(month + 0.5 - case.start, -due * deflated(case, month + 0.5 - since)) for month in months]


def vehicles_held(case: Case, stack: str, months: int) -> list[tuple[int, Followed]]:
    """Return the vehicles of a stack that the platform buys, by the period of purchase; nothing is left of those sold in time."""
    maker = case.catalogue.stacks[stack]
    fleet = next((f for f in case.plan.stacks if f.stack == stack), None)
    if fleet is None or "capital" not in maker.platform_pays:
        return []
    rest, financed = case.own("fleet.residual_share"), financed_share(case, stack)
    thing = _Thing(vehicle_life(case), rest, lambda month: vehicle_usd(case, stack, month), financed)
    found = []
    for start, count in zip(case.starts, fleet.bought, strict=True):
        lives = case.starts[-1] - start < thing.life
        sold = Followed(start, thing.price(start), thing.life, rest, (), 0.0)
        if count:
            found.append((count, _followed(case, thing, start, months) if lives else sold))
    return found


def stalls_held(case: Case, city: str, months: int) -> list[tuple[int, Followed]]:
    """Return a city's stalls of the platform by the period in which they were placed."""
    price = case.catalogue.cities[city].value("cost.charger_stall_usd")
    thing = _Thing(round(12 * case.own("depot.stall_life_years")), 0.0, lambda _: price)
    found = []
    for rollout in case.plan.cities:
        for depot in rollout.depots if rollout.city == city else ():
            for t in case.periods:
                placed = depot.stalls[t] - (depot.stalls[t - 1] if t else 0)
                if placed:
                    found.append((placed, _followed(case, thing, case.starts[t], months)))
    return found


def vehicles_after(case: Case, stack: str, months: int) -> After:
    """Return the worth of the vehicles of a stack that the platform owns, for so many months after the horizon."""
    return sum((thing.worth(case, months) * n for n, thing in vehicles_held(case, stack, months)), After())


def stalls_after(case: Case, city: str, months: int) -> After:
    """Return the worth of a city's stalls of the platform, for so many months after the horizon."""
    return sum((thing.worth(case, months) * n for n, thing in stalls_held(case, city, months)), After())
