"""Vehicles and stalls in many futures: what they cost and fetch in the horizon and in the years counted after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.doubt.fixed import CityFixed, Fixed, PoolFixed
from fleetplan.doubt.futures import Futures

Array = NDArray[np.float64]
PriceOf = Callable[[int], Array]
"""Price in an absolute month, shape (futures or 1, 1)."""


def plain_price(futures: Futures, pool: PoolFixed, month: int, duty: float) -> Array:
    """Return the price of a vehicle without spares in an absolute month, USD, shape (futures or 1, 1).

    A line that the request switches on has a price of its own, and no duty.
    """
    own, stack = futures.catalogue.assumptions, pool.stack
    whole, kit = futures.of(stack, "vehicle.price_usd"), futures.of(stack, "vehicle.kit_share")
    kit_list, cells = own["price.kit_index_by_year"], own["price.battery_usd_per_kwh_by_year"]
    index = futures.in_years(kit_list, [month]) / futures.many(kit_list)[:, :1]
    fallen = futures.many(cells)[:, :1] - futures.in_years(cells, [month])
    price = np.maximum(whole * (1.0 - kit + kit * index) - futures.of(stack, "vehicle.battery_kwh") * fallen, 0.0)
    there = pool.built
    if there is None or month < there.month:
        return np.asarray(price * duty)
    dearer = futures.own("supply.fixed_cost_share") * there.short * whole * (1.0 - kit)
    times = np.ones((1, 1)) if there.price_usd is None else there.price_usd / whole
    return np.asarray(np.maximum(times * (price + dearer), 0.0))


def priced(fixed: Fixed, futures: Futures, pool: PoolFixed) -> PriceOf:
    """Return what a vehicle of a stack costs with its share of spares, by absolute month; worked out once a month."""
    known: dict[int, Array] = {}

    def price(month: int) -> Array:
        if month not in known:
            plain = plain_price(futures, pool, month, fixed.tariffs(pool.fleet.stack, month))
            known[month] = plain * (1.0 + futures.own("service.spare_share"))
        return known[month]

    return price


@dataclass(frozen=True, eq=False)
class LoanTerms:
    """A loan: share financed, monthly payment on 1 USD, months, inflation; shapes (futures or 1, 1)."""

    share: Array
    due: Array
    months: Array
    rate: Array
    inflation: Array

    def deflated(self, months: Array | float) -> Array:
        """Return what 1 USD of the day is worth so many months later."""
        return np.asarray((1.0 + self.inflation) ** (-np.asarray(months) / 12.0))

    def left(self, age: Array) -> Array:
        """Return what is still owed of 1 USD so many months after purchase, in prices of the purchase."""
        owed = self.due / annuity(self.rate, np.maximum(self.months - age, 1.0)) * self.deflated(age)
        return np.where(age < self.months, owed, 0.0)


def annuity(rate: Array, months: Array) -> Array:
    """Return the monthly payment that repays 1 USD at yearly ``rate``, ``1 / months`` at rate zero."""
    monthly = rate / 12.0
    safe = np.where(monthly == 0.0, 1.0, monthly)
    return np.where(monthly == 0.0, 1.0 / months, safe / (1.0 - (1.0 + safe) ** -months))


def vehicle_life(futures: Futures) -> Array:
    """Return the months after which a vehicle is renewed, shape (futures or 1, 1)."""
    return futures.months("fleet.life_years", 1)


def loan_terms(futures: Futures, pool: PoolFixed) -> LoanTerms:
    """Return the loan on a stack's vehicles."""
    months = np.minimum(vehicle_life(futures), futures.months("finance.term_years"))
    rate = futures.own("finance.interest")
    share = np.minimum(futures.of(pool.stack, "contract.financed_share"), futures.own("finance.loan_to_value"))
    return LoanTerms(share, annuity(rate, months), months, rate, futures.own("finance.inflation"))


def pool_lines(fixed: Fixed, futures: Futures, pool: PoolFixed) -> dict[str, Array]:
    """Return purchases, loans, sales and shortfalls of a stack's vehicles by period, shapes (futures or 1, periods)."""
    price, loan, periods = priced(fixed, futures, pool), loan_terms(futures, pool), len(fixed.starts)
    zero = np.zeros((1, periods))
    short = _short(fixed, futures, pool)
    if not pool.buys or not pool.bought.any():
        return {"vehicles": zero, "loan": zero, "resale": zero, "shortfall": short}
    prices = np.concatenate(np.broadcast_arrays(*(price(int(m)) for m in fixed.starts)), axis=1)
    horizon = np.arange(fixed.starts[0], fixed.starts[-1] + int(fixed.lengths[-1]))
    life, rest = vehicle_life(futures), futures.own("fleet.residual_share")
    due, sold = np.zeros((1, len(horizon))), zero
    for t in np.flatnonzero(pool.bought):
        age = (horizon - fixed.starts[t]).astype(float)[None, :]
        paid = (age >= 0) & (age < loan.months)
        due = due + np.where(paid, loan.deflated(age + 0.5), 0.0) * prices[:, t : t + 1] * pool.bought[t]
        sold = sold + _sold(fixed, prices, int(t), life, rest) * pool.bought[t]
    by_period = np.add.reduceat(due, fixed.starts - fixed.starts[0], axis=1)
    return {
        "vehicles": -prices * (1.0 - loan.share) * pool.bought,
        "loan": -loan.share * loan.due * by_period,
        "resale": sold,
        "shortfall": short,
    }


def _short(fixed: Fixed, futures: Futures, pool: PoolFixed) -> Array:
    """Return what is owed at the end for vehicles short of a contract's minimum."""
    years = futures.of(pool.stack, "contract.minimum_years")
    due = futures.of(pool.stack, "contract.minimum_quantity") * np.minimum(1.0, fixed.lengths.sum() / 12.0 / years)
    short = np.maximum(0.0, due - pool.taken) if pool.buys else np.zeros((1, 1))
    last = np.arange(len(fixed.starts)) == len(fixed.starts) - 1
    return np.asarray(-futures.of(pool.stack, "contract.shortfall_usd_per_vehicle") * short * last)


def _sold(fixed: Fixed, prices: Array, t: int, life: Array, rest: Array) -> Array:
    """Return what a vehicle bought in period ``t`` fetches, in the first period that begins when its life is over."""
    over = np.searchsorted(fixed.starts, fixed.starts[t] + life[:, 0])
    here = over[:, None] == np.arange(len(fixed.starts))[None, :]
    return np.asarray(here * np.minimum(prices[:, t : t + 1], prices) * rest)


@dataclass(frozen=True, eq=False)
class Kept:
    """Worth today of keeping things after the horizon: what goes on, what is left; shapes (futures or 1, 1)."""

    running: Array
    left: Array


def vehicles_kept(fixed: Fixed, futures: Futures, pool: PoolFixed) -> Kept:
    """Return the worth of a stack's vehicles of the platform after the horizon."""
    if not pool.buys:
        return Kept(np.zeros((1, 1)), np.zeros((1, 1)))
    price, loan, rest = priced(fixed, futures, pool), loan_terms(futures, pool), futures.own("fleet.residual_share")
    life = vehicle_life(futures)
    total = Kept(np.zeros((1, 1)), np.zeros((1, 1)))
    for t in np.flatnonzero(pool.bought):
        bought = int(fixed.starts[t])
        lives = fixed.starts[-1] - bought < life
        one = _followed(fixed, futures, _Thing(life, rest, price, loan), bought)
        total = Kept(
            total.running + np.where(lives, one.running, 0.0) * pool.bought[t],
            total.left + np.where(lives, one.left, 0.0) * pool.bought[t],
        )
    return total


def stalls_kept(fixed: Fixed, futures: Futures, city: CityFixed) -> Kept:
    """Return the worth of a city's stalls of the platform after the horizon."""
    stall, life = futures.of(city.city, "cost.charger_stall_usd"), futures.months("depot.stall_life_years")
    thing = _Thing(life, np.zeros((1, 1)), lambda _: stall, None)
    total = Kept(np.zeros((1, 1)), np.zeros((1, 1)))
    for t in np.flatnonzero(city.placed):
        one = _followed(fixed, futures, thing, int(fixed.starts[t]))
        total = Kept(total.running + one.running * city.placed[t], total.left + one.left * city.placed[t])
    return total


@dataclass(frozen=True, eq=False)
class _Thing:
    life: Array
    rest: Array
    price: PriceOf
    loan: LoanTerms | None


def _followed(fixed: Fixed, futures: Futures, thing: _Thing, bought: int) -> Kept:
    """Follow one thing from the horizon's end on: its renewals, its loan, and its sale when the counted years are over."""
    start, end = int(fixed.starts[0]), int(fixed.starts[-1] + fixed.lengths[-1])
    counted = futures.months("terminal.years")
    owner, paid = np.full((1, 1), float(bought)), thing.price(bought)
    running, left = np.zeros((1, 1)), np.zeros((1, 1))
    most = int(counted.max())
    after = np.arange(end, end + most, dtype=np.float64) - start
    at_first, at_middle = fixed.discounts(after), fixed.discounts(after + 0.5)
    for month in range(end, end + most + 1):
        at_end = counted == month - end
        if at_end.any():
            left = np.where(at_end, _left(thing, owner, paid, month), left)
        if month == end + most:
            break
        counts = counted > month - end
        renewed, now = counts & (month - owner >= thing.life), thing.price(month)
        share = thing.loan.share if thing.loan else 0.0
        net = np.minimum(paid, now) * thing.rest - now * (1.0 - share)
        running = running + np.where(renewed, net, 0.0) * at_first[month - end]
        owner, paid = np.where(renewed, float(month), owner), np.where(renewed, now, paid)
        if thing.loan is not None:
            age = month - owner
            due = paid * thing.loan.share * thing.loan.due * thing.loan.deflated(age + 0.5)
            running = running - np.where(counts & (age < thing.loan.months), due, 0.0) * at_middle[month - end]
    return Kept(running, left * fixed.discounts(end + counted - start))


def _left(thing: _Thing, owner: Array, paid: Array, last: int) -> Array:
    age = last - owner
    used = np.minimum(1.0, age / thing.life)
    worth = np.minimum(paid, thing.price(last)) * (1.0 - used * (1.0 - thing.rest))
    if thing.loan is not None:
        worth = worth - paid * thing.loan.share * thing.loan.left(age)
    return np.asarray(worth)
