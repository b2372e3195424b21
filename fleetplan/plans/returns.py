"""What a plan and each of its cities return: rate of return, fare at which nothing is left, cost of a trip, value after tax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fleetplan.economics import Life, flows_after
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.ledger import CAPITAL_LINES, NOT_RUNNING, Lines
from fleetplan.plans.types import Returns

PER_FARE = ("net_fares", "partner_share", "payment")
"""Lines that follow fares; what is lost on drivers' trips follows the drivers'."""

WRITTEN_OFF = ("vehicles", "stalls", "loan", "resale")
"""Lines that tax knows as wear over a life, not as they are paid."""

LEAST_RATE, MOST_RATE, RATES = -0.9, 10.0, 400
Why = Literal["", "no_outlay", "no_return", "several"]


@dataclass(frozen=True, eq=False)
class Holding:
    """Things of one life bought by period, shape (periods,), counted in full or by a share."""

    life: Life
    count: Array


@dataclass(frozen=True, eq=False)
class Account:
    """A city or a plan: its lines, what it holds, trips a day by period, and the tax on what it earns."""

    lines: Lines
    holdings: tuple[Holding, ...]
    trips: Array
    tax: float


def returns_of(i: Instance, accounts: Iterable[Account], npv: float) -> Returns:
    """Return what some accounts return together; each is taxed for itself."""
    own = list(accounts)
    flows = sum((cash_flows(i, account) for account in own), np.zeros(_halves(i)))
    rate, why = internal_rate(flows)
    fares = sum(_worth_on(i, {k: v for k, v in a.lines.items() if k in PER_FARE}) for a in own)
    net = sum(_worth_on(i, {k: v for k, v in a.lines.items() if k == "net_fares"}) for a in own)
    trips = sum(_worth_on(i, {"trips": a.trips * i.world.days}) for a in own)
    tax = sum(tax_worth(i, account) for account in own)
    return Returns(
        irr=None if rate is None else round(rate, 8),
        irr_why=why,
        break_even_fare=round(1.0 - npv / fares, 6) if fares > 1.0 else None,
        fare_per_trip_usd=round(net / trips, 4) if trips > 0 else None,
        cost_per_trip_usd=round((net - npv) / trips, 4) if trips > 0 else None,
        tax_usd=round(-tax, 2),
        after_tax_npv_usd=round(npv - tax, 2),
    )


def _halves(i: Instance) -> int:
    return 2 * (i.grid.end - i.grid.start + i.world.after_months) + 1


def _growth(i: Instance) -> Array:
    """Return by month after the horizon how running lines have grown by its middle, shape (months after,)."""
    yearly = i.scope.catalogue.assumptions["terminal.growth"].value
    return np.asarray((1.0 + yearly) ** ((np.arange(i.world.after_months) + 0.5) / 12.0))


def cash_flows(i: Instance, account: Account) -> Array:
    """Return all that goes in and out by half months from the start, as the value counts it, shape (half months,)."""
    out = np.zeros(_halves(i))
    starts = 2 * (i.grid.starts - i.grid.start)
    for line, usd in account.lines.items():
        at = starts if line in CAPITAL_LINES else starts + np.asarray(i.grid.lengths)
        np.add.at(out, at, usd)
        if line not in NOT_RUNNING:
            middles = 2 * (i.grid.end - i.grid.start + np.arange(i.world.after_months)) + 1
            np.add.at(out, middles, float(usd @ i.grid.run_rate) * _growth(i))
    for holding in account.holdings:
        for count, bought in zip(holding.count, i.grid.starts, strict=True):
            if count and i.grid.starts[-1] - bought < holding.life.months:
                running, left = flows_after(holding.life, int(bought), i.grid.start, i.grid.end, i.world.after_months)
                for at, amount in (*running, ((len(out) - 1) / 2, left)):
                    out[round(2 * at)] += count * amount
    return out


def internal_rate(flows: Array) -> tuple[float | None, Why]:
    """Return the yearly rate at which flows by half months are worth nothing, or why there is none.

    >>> internal_rate(np.array([-100.0] + [0.0] * 23 + [121.0]))
    (0.21, '')
    """
    first = np.flatnonzero(np.abs(flows) > 0.005)
    if not len(first) or flows[first[0]] > 0:
        return None, "no_outlay"
    if not (flows > 0).any():
        return None, "no_return"
    powers = np.arange(len(flows)) / 24.0
    rates = np.exp(np.linspace(np.log(1 + LEAST_RATE), np.log(1 + MOST_RATE), RATES)) - 1.0
    values = np.array([float(flows @ (1.0 + r) ** -powers) for r in rates])
    turns = np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:]))
    if len(turns) != 1:
        return None, "several" if len(turns) > 1 else "no_return"
    low, high = rates[turns[0]], rates[turns[0] + 1]
    rising = values[turns[0]] < 0
    for _ in range(80):
        middle = (low + high) / 2
        if (float(flows @ (1.0 + middle) ** -powers) < 0) == rising:
            low = middle
        else:
            high = middle
    return round(float((low + high) / 2), 10), ""


def _worth_on(i: Instance, lines: Mapping[str, Array]) -> float:
    """Return the worth of running lines within the horizon and in the years after it."""
    going_on = i.world.going_on[i.world.after_months] * i.grid.run_rate
    return sum(float(usd @ (i.world.disc_mid + going_on)) for usd in lines.values())


def tax_worth(i: Instance, account: Account) -> float:
    """Return the worth of tax on profit: by years from the first month planned, losses carried forward, 0 or positive.

    Profit is what lines bring, without purchases, loans and sales of old things, less what is held written off evenly from the
    price paid to what an old one keeps. In the years after the horizon lines of the last three months and writing off go on.
    """
    horizon, after = i.grid.end - i.grid.start, i.world.after_months
    profit = np.zeros(horizon + after)
    for t, (first, length) in enumerate(zip(i.grid.starts - i.grid.start, i.grid.lengths, strict=True)):
        counted = sum(float(usd[t]) for line, usd in account.lines.items() if line not in WRITTEN_OFF)
        profit[first : first + length] += counted / length
    last = sum(float(usd @ i.grid.run_rate) for line, usd in account.lines.items() if line not in NOT_RUNNING)
    profit[horizon:] += last * _growth(i)
    for holding in account.holdings:
        for count, first in zip(holding.count, i.grid.starts - i.grid.start, strict=True):
            paid = holding.life.price_usd(int(first) + i.grid.start)
            monthly = count * paid * (1.0 - holding.life.keep) / holding.life.months
            profit[first : first + holding.life.months] -= monthly
            profit[max(horizon, first + holding.life.months) :] -= (
                monthly if first + holding.life.months > horizon else 0.0
            )
    owed, brought, rate = 0.0, 0.0, i.scope.request.discount_rate
    first = i.grid.today - i.grid.start
    for begin in range(first, horizon + after, 12):
        months = profit[begin : begin + 12]
        brought += float(months.sum())
        if brought > 0:
            owed += account.tax * brought * (1.0 + rate) ** (-(begin - first + len(months) / 2) / 12.0)
            brought = 0.0
    return owed
