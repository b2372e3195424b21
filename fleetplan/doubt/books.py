"""A plan revalued: its decisions as they are, its trips and its money in as many futures as are asked for, at once.

The money is that of docs/model.md, as the independent checker works it out; a future that changes nothing is worth what the
plan says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.fixed import Fixed, fixed_of
from fleetplan.doubt.futures import Futures
from fleetplan.doubt.keeping import Kept, pool_lines, stalls_kept, vehicles_kept
from fleetplan.doubt.lines import Lines, city_lines, service_lines
from fleetplan.doubt.riders import LawShift, Ridden, ridden, served_shares
from fleetplan.doubt.shifts import Shifts
from fleetplan.plans.check.money import CAPITAL_LINES
from fleetplan.plans.check.value import CAPITAL_CHARGED
from fleetplan.plans.types import Plan
from fleetplan.service.types import CityService

Array = NDArray[np.float64]
Changed = Mapping[str, Array]
BELOW_USD = 1e-6


@dataclass(frozen=True, eq=False)
class Account:
    """The lines of a part of a plan and what is left of it, with its share of the pools; shapes (futures or 1, periods)."""

    lines: Lines
    kept: Kept


@dataclass(frozen=True, eq=False)
class Revalued:
    """A plan in many futures.

    Attributes
    ----------
    npv_usd
        Net present value as the request asks for it, shape (futures,).
    city_npv_usd
        By city, shapes (futures,).
    trips
        By ``city/stack``, trips a mean day, shapes (futures, periods).
    cash_usd
        Net cash by period, shape (futures, periods); ``capital_usd``: capital spent by period.
    cumulated_usd
        Cumulated cash at the end of each month, shape (futures, months).
    """

    npv_usd: Array
    city_npv_usd: Mapping[str, Array]
    trips: Mapping[str, Array]
    cash_usd: Array
    capital_usd: Array
    cumulated_usd: Array

    @property
    def trough_usd(self) -> Array:
        """How far cumulated cash falls below zero at the end of any month, shape (futures,)."""
        return np.asarray(np.maximum(0.0, -self.cumulated_usd.min(axis=1)))

    @property
    def payback_month(self) -> Array:
        """Month of the horizon, from 0, at whose end cumulated cash is back for good; nan where it is not, (futures,)."""
        below = self.cumulated_usd < -BELOW_USD
        months = below.shape[1]
        last = months - 1 - np.argmax(below[:, ::-1], axis=1)
        back = np.where(below.any(axis=1), last + 1.0, 0.0)
        return np.where(back >= months, np.nan, back)


@dataclass(frozen=True, eq=False)
class Books:
    """A plan with what revaluing it needs, read once.

    ``shifts`` says what figures that stand in the response curves make of them; without it such figures change nothing.
    """

    fixed: Fixed
    shifts: Shifts | None = field(default=None)

    @staticmethod
    def of(
        plan: Plan, catalogue: Catalogue, services: Mapping[str, CityService], shifts: Shifts | None = None
    ) -> Books:
        """Open the books of a plan; ``catalogue`` as loaded, ``services`` with the overrides of its request."""
        return Books(fixed_of(plan, catalogue, services), shifts)

    @cached_property
    def served(self) -> Mapping[str, Array]:
        """What share of the most possible trips the plan carries, by service."""
        return served_shares(self.fixed, self.futures(1, {}))

    @cached_property
    def likely(self) -> Revalued:
        """The plan at the likely figures."""
        return self.revalued({}, 1)

    def futures(self, size: int, changed: Changed, curves: Changed | None = None) -> Futures:
        """Return futures in which some figures have other values."""
        return Futures(self.fixed.catalogue, size, changed, curves or {})

    def revalued(self, changed: Changed, size: int, curves: Changed | None = None) -> Revalued:
        """Return the plan in ``size`` futures; see :class:`~fleetplan.doubt.futures.Futures` for the other two."""
        fixed, futures = self.fixed, self.futures(size, changed, curves)
        moved: Mapping[str, LawShift] = self.shifts.of(futures) if self.shifts is not None else {}
        carried = ridden(fixed, futures, moved, self.served)
        accounts = self._accounts(futures, carried)
        lines = _sum([account.lines for own in accounts.values() for account in own])
        npv = {city: sum(self._worth(futures, a) for a in own) for city, own in accounts.items()}
        periods = len(fixed.starts)
        tall = (size, periods)
        cash = sum(lines.values(), np.zeros((1, periods)))
        capital = -sum((lines[line] for line in CAPITAL_LINES if line in lines), np.zeros((1, periods)))
        flat = {city: np.broadcast_to(value, (size, 1))[:, 0] for city, value in npv.items()}
        return Revalued(
            npv_usd=np.sum([np.zeros(size), *flat.values()], axis=0),
            city_npv_usd=flat,
            trips={s.name: np.broadcast_to(r.trips, tall) for s, r in zip(fixed.services, carried, strict=True)},
            cash_usd=np.broadcast_to(cash, tall),
            capital_usd=np.broadcast_to(capital, tall),
            cumulated_usd=np.broadcast_to(self._monthly(lines), (size, int(fixed.lengths.sum()))),
        )

    def _accounts(self, futures: Futures, carried: list[Ridden]) -> dict[str, list[Account]]:
        """Return the accounts of every city: its services, its team and depots, its share of the stacks' vehicles."""
        fixed, nothing = self.fixed, Kept(np.zeros((1, 1)), np.zeros((1, 1)))
        pools = {
            p.fleet.stack: (fixed.from_today(pool_lines(fixed, futures, p)), vehicles_kept(fixed, futures, p))
            for p in fixed.pools
        }
        found: dict[str, list[Account]] = {}
        for own in fixed.cities:
            lines, kept = fixed.from_today(city_lines(fixed, futures, own)), stalls_kept(fixed, futures, own)
            found[own.rollout.city] = [Account(lines, kept)]
        for service, ride in zip(fixed.services, carried, strict=True):
            accounts = found[service.city.slug]
            accounts.append(Account(fixed.from_today(service_lines(fixed, futures, service, ride)), nothing))
            if service.stack.slug in pools:
                lines, kept = pools[service.stack.slug]
                last = service.share[-1]
                part = {line: usd * service.share for line, usd in lines.items()}
                accounts.append(Account(part, Kept(kept.running * last, kept.left * last)))
        return found

    def _worth(self, futures: Futures, account: Account) -> Array:
        """Return the net present value of an account, shape (futures or 1, 1)."""
        fixed = self.fixed
        at_start = fixed.discounts((fixed.starts - fixed.starts[0]).astype(float))
        at_middle = fixed.discounts((fixed.starts - fixed.starts[0]).astype(float) + fixed.lengths / 2)
        total = account.kept.running + account.kept.left
        running = np.zeros((1, 1))
        for line, usd in account.lines.items():
            total = total + (usd @ (at_start if line in CAPITAL_LINES else at_middle))[:, None]
            if line not in CAPITAL_CHARGED:
                running = running + (usd @ fixed.run_rate)[:, None]
        return np.asarray(total + running * self._going_on(futures))

    def _going_on(self, futures: Futures) -> Array:
        """Return the worth of 1 USD a month after the horizon, growing, while years count, shape (futures or 1, 1)."""
        counted, growth = futures.months("terminal.years"), 1.0 + futures.own("terminal.growth")
        horizon = float(self.fixed.lengths.sum())
        middles = np.arange(int(counted.max()), dtype=float)[None, :] + 0.5
        each = self.fixed.discounts(horizon + middles) * growth ** (middles / 12.0)
        return np.asarray((each * (middles < counted)).sum(axis=1, keepdims=True))

    def _monthly(self, lines: Lines) -> Array:
        """Return cumulated cash by month: capital goes out in its period's first, all else evenly over its months."""
        fixed = self.fixed
        periods = len(fixed.starts)
        once = sum((usd for line, usd in lines.items() if line in CAPITAL_LINES), np.zeros((1, periods)))
        evenly = sum((usd for line, usd in lines.items() if line not in CAPITAL_LINES), np.zeros((1, periods)))
        lengths = fixed.lengths.astype(int)
        flows = np.repeat(evenly / fixed.lengths, lengths, axis=1)
        flows = np.broadcast_to(flows, (max(len(once), len(flows)), flows.shape[1])).copy()
        flows[:, fixed.starts - fixed.starts[0]] += once
        return np.cumsum(flows, axis=1)


def _sum(parts: list[Lines]) -> Lines:
    out: Lines = {}
    for lines in parts:
        for line, usd in lines.items():
            out[line] = out[line] + usd if line in out else usd
    return out
