"""A plan within commitments: before a month it does no more than was decided for every scenario, and pays for the rest of that.

With ``C[j,t]`` the count committed of slot ``j`` (a programme, purchases, sites, stalls) in period ``t``, ``x[j,t]`` the plan's
own and ``T`` the periods before the month:

    x[j,t] <= C[j,t]                        t < T
    u[j,t] >= C[j,t] - x[j,t],  u >= 0      what is left undone
    x[j,t]  = C[j,t]                        t < T, of areas and fleets that are named: nothing they rest upon is open

``u`` costs what the same column costs in the plan: a site or a stall its price, a purchase its price less what it fetches when it
is sold, both as though they stood idle to the end; a programme its launch and its team up to the month, each counted whole even
where a stack's other programme or a city's other service would share it. What ``u`` spends of the budget is not there for the
plan. The plan that comes out holds only what it uses; value and budget know the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import Fault, RequestError
from fleetplan.months import month_number
from fleetplan.optimize.formulate import Formulation, GivenUp
from fleetplan.optimize.instance import Array, Ints
from fleetplan.optimize.ledger import CAPITAL_LINES
from fleetplan.optimize.matrix import PLAN, Builder, RowLabel
from fleetplan.options import Commitment, Commitments, CommonPrices, Price
from fleetplan.recourse.idle import IdleCosts, Key
from fleetplan.reruns.keep import periods_before

COMMITTED = "committed"
MILLION = 1e6
MOST_OF_ONE = 1e7
"""Options count no more of a thing."""
SPENT = frozenset({"programme", "purchase", "site", "stalls"})
"""What is committed at most, and costs something to leave undone."""
PRICED = frozenset({"programme", "site", "stalls"})
"""What may have a price: of vehicles, only those that a programme tests with count, in the programme's."""
LASTING = frozenset({"site", "stalls"})
"""What stands idle after the month too, until the plan uses it."""


@dataclass(frozen=True, eq=False)
class Slot:
    """Columns that together hold a count by period, shape (parts, periods)."""

    key: Key
    columns: Ints


def key_of(one: Commitment | Price) -> Key:
    """Return the slot that a commitment or a price is of."""
    return one.what, one.stack or "", one.city or "", getattr(one, "level", None) or 0


def slots_of(f: Formulation) -> Iterator[Slot]:
    """Yield everything of a problem that can be committed."""
    for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True):
        yield Slot(("programme", data.stack, data.city, 0), own.begun[None, :])
        for g, steps in enumerate(own.open):
            yield Slot(("opening", data.stack, data.city, g + 1), steps[None, :])
        yield Slot(("fleet", data.stack, data.city, 0), own.vehicles)
    for stack, bought in f.columns.bought.items():
        yield Slot(("purchase", stack, "", 0), bought[None, :])
    for city, depot in f.columns.depots.items():
        yield Slot(("site", "", city, 0), depot.ordered)
        yield Slot(("stalls", "", city, 0), depot.stalls[:, 0])


def counts_of(f: Formulation, commitments: Commitments) -> dict[Key, Array]:
    """Return what is committed by slot and period, shape (periods,) each; after the month the last count goes on.

    Raises
    ------
    RequestError
        Where something is committed that the request does not plan, or in a month that it does not.
    """
    grid = f.instance.grid
    known = {slot.key for slot in slots_of(f)}
    faults, found = [], dict[Key, Array]()
    for k, one in sorted(enumerate(commitments.decisions), key=lambda pair: pair[1].month):
        at = month_number(one.month)
        if key_of(one) not in known:
            what = f"is a {one.what} of {one.stack or one.city or 'nobody'}, which the request does not plan"
            faults.append(Fault(f"/commit/decisions/{k}", what, "what the request plans", "take it out"))
        elif not grid.start <= at < grid.end:
            allowed = f"{grid.labels()[0]} to {grid.labels()[-1]}"
            faults.append(
                Fault(f"/commit/decisions/{k}/month", f"{one.month} is outside the horizon", allowed, "take it out")
            )
        else:
            counts, t = found.setdefault(key_of(one), np.zeros(len(grid))), grid.period_of(at)
            counts[t : t + 1 if one.what == "purchase" else None] = one.count
    if faults:
        raise RequestError(faults)
    return found


def commit(f: Formulation, commitments: Commitments) -> Formulation:
    """Return a problem whose plans lie within commitments and pay for what they leave undone.

    Raises
    ------
    RequestError
        As :func:`counts_of`, and where the month is none.
    """
    before = periods_before(f.instance.grid, commitments.until)
    counts = counts_of(f, commitments)
    lower, upper = f.model.lower.copy(), f.model.upper.copy()
    rows = Builder(size=f.model.columns)
    undone: list[GivenUp] = []
    usd: list[float] = []
    spending = Spending.of(f, before)
    drains: list[tuple[int, Ints, Array, Array]] = []
    for slot in slots_of(f):
        count = counts.get(slot.key, np.zeros(f.instance.periods))
        if slot.key[0] not in SPENT:
            if slot.key in counts:
                _exactly(rows, (lower, upper), slot, count[:before])
            continue
        _no_more(rows, upper, slot, count[:before])
        last = f.instance.periods if slot.key[0] in LASTING else before
        for t in np.flatnonzero(count[:last] > 0.0).tolist():
            own = spending.of_slot(slot, t)
            if own.worth_usd >= 0.0:
                continue
            column = int(rows.block((1,), float(count[t]))[0])
            terms = [(column, 1.0), *((int(c), 1.0) for c in slot.columns[:, t])]
            rows.row(RowLabel(COMMITTED, PLAN, t, "undone"), terms, low=float(count[t]))
            undone.append(GivenUp(column, slot.columns[:, t], float(count[t])))
            usd.append(own.worth_usd)
            drains.append((column, own.periods, own.capital_usd, own.cash_usd))
    _money(f, rows, drains)
    model = replace(f.model, lower=lower, upper=upper).extended(rows, np.array(usd))
    return replace(f, model=model, given_up=tuple(undone))


def priced(f: Formulation, asked: CommonPrices) -> Formulation:
    """Return a problem in which what is decided before a month has prices; see :mod:`fleetplan.recourse.price`.

    What is paid for one is at most what it costs to leave it undone. Where more is asked, the rest is added to every plan's value
    for as many as could be committed at all, for they may be though this scenario makes no use of them; less the vehicles to
    test with that whoever commits a programme has bought by then (:func:`_untested`). So a bound holds for any prices. Sites and
    stalls are paid for in the periods in which leaving them undone costs something.

    Raises
    ------
    RequestError
        Where something has a price that the request does not plan.
    """
    before = periods_before(f.instance.grid, asked.until)
    slots, spending = {slot.key: slot for slot in slots_of(f)}, Spending.of(f, before)
    cost, constant = f.model.cost.copy(), f.model.constant
    faults, beyond = [], dict[Key, Beyond]()
    for k, one in enumerate(asked.prices):
        slot, t = slots.get(key_of(one)), f.instance.grid.period_of(month_number(one.month))
        if slot is None or not 0 <= t < before:
            what = f"is of a {one.what} in {one.month} that the request does not plan by then"
            faults.append(Fault(f"/prices/prices/{k}", what, "what the request plans", "take it out"))
            continue
        paid = _paid(_idle_costs(spending, slot, t), one.usd)
        for at, usd in paid.items():
            cost[slot.columns[:, at]] += usd
        if (rest := one.usd - sum(paid.values())) > 0.0:
            constant += rest * _most(spending, slot, t)
            if t == before - 1 and one.tests:
                beyond[slot.key] = Beyond(rest, one.tests)
    if faults:
        raise RequestError(faults)
    return _untested(replace(f, model=replace(f.model, cost=cost, constant=constant)), spending, beyond)


def costs_of(f: Formulation, until: str) -> IdleCosts:
    """Return what one of each slot costs that is left undone before a month.

    A programme in the last period with its vehicles to test with. Purchases have none.
    """
    before, periods = periods_before(f.instance.grid, until), f.instance.periods
    spending, found, later = Spending.of(f, before), dict[Key, Array](), dict[Key, Array]()
    fleets = {("programme", data.stack, data.city, 0): data.test_fleet for data in f.instance.deployments}
    for slot in slots_of(f):
        if slot.key[0] not in PRICED:
            continue
        costs = np.array([_idle_costs(spending, slot, t)[t] for t in range(before)])
        after = _idle_costs(spending, slot, before - 1)
        costs[-1] += fleets[slot.key] * _idle_usd(spending, slot.key) if slot.key in fleets else 0.0
        rest = np.array([after.get(t, 0.0) for t in range(before, periods)])
        if costs.any() or rest.any():
            found[slot.key] = costs
            if slot.key[0] in LASTING:
                later[slot.key] = rest
    return IdleCosts(found, later)


@dataclass(frozen=True, eq=False)
class Beyond:
    """What is paid for a programme beyond what it costs to leave it undone, USD, and the vehicles that it tests with."""

    usd: float
    tests: int


def _idle_usd(spending: Spending, programme: Key) -> float:
    """Return what a vehicle that a programme tests with costs idle at least; 0 where the platform buys none, or it may not test.

    A service that may open in the period in which its programme begins need not have tested.
    """
    f, (_, stack, city, _) = spending.formulation, programme
    data = next(d for d in f.instance.deployments if (d.stack, d.city) == (stack, city))
    every = np.arange(f.instance.periods)
    if stack not in f.columns.bought or any((r == every).any() for m in data.modes for r in m.milestone.reach.values()):
        return 0.0
    slot = Slot(("purchase", stack, "", 0), f.columns.bought[stack][None, :])
    return min(max(0.0, -spending.of_slot(slot, t).worth_usd) for t in range(spending.before))


def _untested(f: Formulation, spending: Spending, beyond: Mapping[Key, Beyond]) -> Formulation:
    """Return a problem in which what is paid beyond the cost of a programme left undone is less what its vehicles cost idle.

    With ``r`` paid beyond, ``n`` the vehicles that testing takes, each ``c`` at least where it stands idle, and ``x`` what the
    plan buys before the month:  ``max(0, r - c max(0, n - x)) <= r - min(c, r/n) max(0, n - x)``. Of a stack's programmes, which
    may test with the same vehicles in different futures, only that with the most paid beyond.
    """
    most = {key[1]: key for key in sorted(beyond, key=lambda key: beyond[key].usd)}
    rows, costs, undone = Builder(size=f.model.columns), list[float](), list[GivenUp]()
    for stack, key in most.items():
        own, usd = beyond[key], _idle_usd(spending, key)
        if not usd:
            continue
        bought = f.columns.bought[stack][: spending.before]
        idle = int(rows.block((1,), float(own.tests))[0])
        terms = [(idle, 1.0), *((int(c), 1.0) for c in bought)]
        rows.row(RowLabel(COMMITTED, PLAN, spending.before - 1, "tests"), terms, low=float(own.tests))
        costs.append(-min(usd, own.usd / own.tests))
        undone.append(GivenUp(idle, bought, float(own.tests)))
    return replace(f, model=f.model.extended(rows, np.array(costs)), given_up=tuple(undone)) if undone else f


def _idle_costs(spending: Spending, slot: Slot, t: int) -> dict[int, float]:
    """Return what one costs that is committed in a period before the month and left undone, by the periods it costs that in."""
    last = spending.formulation.instance.periods if slot.key[0] in LASTING and t == spending.before - 1 else t + 1
    return {at: max(0.0, -spending.of_slot(slot, at).worth_usd) for at in range(t, last)}


def _paid(costs: Mapping[int, float], usd: float) -> dict[int, float]:
    """Return what of a price is paid in which period: at first what is lost then, of the rest as much as is lost later."""
    first, *later = costs
    paid = {first: min(usd, costs[first])}
    owed, lost = usd - paid[first], sum(costs[at] for at in later)
    share = min(1.0, owed / lost) if lost else 0.0
    return paid | {at: share * costs[at] for at in later if share}


def _most(spending: Spending, slot: Slot, t: int) -> float:
    """Return how many can be committed at all: a programme once, of others what can be used and what the budget can buy."""
    if slot.key[0] == "programme":
        return 1.0
    f = spending.formulation
    spent = float(spending.of_slot(slot, t).capital_usd.sum())
    usable = float(f.model.upper[slot.columns[:, t]].sum())
    return min(usable + float(f.instance.world.budget_usd[-1]) / spent if spent > 0.0 else np.inf, MOST_OF_ONE)


def _no_more(rows: Builder, upper: Array, slot: Slot, count: Array) -> None:
    """Let the columns of a slot together hold no more than is committed."""
    for t, most in enumerate(count.tolist()):
        columns = slot.columns[:, t]
        upper[columns] = np.minimum(upper[columns], most)
        if len(columns) > 1 and most > 0.0:
            rows.row(RowLabel(COMMITTED, PLAN, t, slot.key[0]), [(int(c), 1.0) for c in columns], high=most)


def _exactly(rows: Builder, bounds: tuple[Array, Array], slot: Slot, count: Array) -> None:
    """Let the columns of a slot together hold just what is committed."""
    for t, own in enumerate(count.tolist()):
        columns = slot.columns[:, t]
        if len(columns) == 1 or own == 0.0:
            for bound in bounds:
                bound[columns] = own
        else:
            rows.row(RowLabel(COMMITTED, PLAN, t, slot.key[0]), [(int(c), 1.0) for c in columns], low=own, high=own)


@dataclass(frozen=True, eq=False)
class Spent:
    """What one of a slot that is left undone is worth (below 0: what it costs), and its flows by period, USD."""

    worth_usd: float
    periods: Ints
    capital_usd: Array
    cash_usd: Array


@dataclass(frozen=True, eq=False)
class Spending:
    """The money booked on columns, one entry a row: column, period, USD, discount, whether it is capital."""

    formulation: Formulation
    before: int
    at: Mapping[int, tuple[Ints, Array, Array, Array]]

    @staticmethod
    def of(f: Formulation, before: int) -> Spending:
        """Gather what is booked on everything that costs something to leave undone; ``before`` counts the periods."""
        world = f.instance.world
        wanted = np.zeros(f.model.columns, dtype=bool)
        for slot in slots_of(f):
            if slot.key[0] in SPENT:
                wanted[slot.columns.ravel()] = True
        for shared in (*f.columns.first.values(), *f.columns.team.values()):
            wanted[shared] = True
        parts: list[list[Array]] = [[], [], [], [], []]
        for entry in f.ledger.entries:
            here = wanted[entry.columns]
            if here.any():
                discount = world.disc_start if entry.when == "start" else world.disc_mid
                own = (entry.columns, entry.periods, entry.usd, discount[entry.periods])
                for part, values in zip(parts, own, strict=False):
                    part.append(np.asarray(values[here], float))
                parts[4].append(np.full(int(here.sum()), float(entry.line in CAPITAL_LINES)))
        columns, periods, usd, disc, capital = (np.concatenate([np.zeros(0), *part]) for part in parts)
        order = np.argsort(columns, kind="stable")
        cuts = np.flatnonzero(np.diff(columns[order])) + 1
        found = {}
        for rows in np.split(order, cuts) if len(order) else ():
            found[int(columns[rows[0]])] = (periods[rows].astype(np.int64), usd[rows], disc[rows], capital[rows])
        return Spending(f, before, found)

    def of_slot(self, slot: Slot, t: int) -> Spent:
        """Return what one that is left undone in a period costs."""
        what, stack, city, _ = slot.key
        columns = [int(slot.columns[0, t])]
        if what == "programme":
            shared = (self.formulation.columns.first.get(stack), self.formulation.columns.team.get(city))
            columns += [int(own[t]) for own in shared if own is not None]
        nothing = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
        found = [self.at.get(column, nothing) for column in columns]
        periods, usd, disc, capital = (np.concatenate(part) for part in zip(*found, strict=True))
        if what != "programme":
            return Spent(float(self.formulation.model.cost[columns[0]]), periods, -usd * capital, usd)
        spent = periods < self.before  # given up when it is known
        worth = float((usd * disc)[spent].sum())
        return Spent(worth, periods[spent], -(usd * capital)[spent], usd[spent])


def _money(f: Formulation, rows: Builder, drains: list[tuple[int, Ints, Array, Array]]) -> None:
    """Let what is left undone take its part of the budget, and of the cash floor where there is one."""
    floor = f.instance.scope.request.capital.cash_floor_usd
    kinds: list[tuple[Ints, int, Array, float]] = [
        (f.columns.capital, 2, f.instance.world.budget_usd / MILLION, 1.0),
    ]
    if f.columns.cash is not None and floor is not None:
        kinds.append((f.columns.cash, 3, np.full(f.instance.periods, floor / MILLION), -1.0))
    for own, which, most, sign in kinds:
        for t in range(f.instance.periods) if drains else ():
            terms = [(int(c), sign) for c in own[: t + 1]]
            for drain in drains:
                periods, flows = drain[1], np.asarray(drain[which])
                spent = float(flows[periods <= t].sum()) / MILLION * sign
                terms += [(drain[0], spent)] if spent else []
            rows.row(RowLabel(COMMITTED, PLAN, t, "money"), terms, high=float(most[t]))
