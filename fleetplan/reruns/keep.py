"""What a rerun owes its parent plan: decisions kept, a price on changes, a first solution.

With ``hat`` for the parent's decisions, ``until`` the month up to which they stay, ``p`` the price of change in USD:

    freeze         Y, l, v by mode, buy, order, k  =  hat            in every period that begins before ``until``
    change cost    C = p * (sum_q moved[q] + sum_q sum_y |V[q, end of y] - hat V[q, end of y]|)
    moved[q]       1 when the first opening of q falls in another period, is new or is dropped

The rerun maximises ``NPV - C``; ``C`` is no cash and stands in no account of the plan. A bound ``B`` on ``NPV - C`` says that no
plan whose changes cost at most ``C`` has an NPV above ``B + C``; that sum is what the plan reports as its bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import Fault, RequestError
from fleetplan.months import Grid, month_number
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.matrix import Builder, Ints, Place, RowLabel
from fleetplan.plans.deployments import deployments_of, year_ends
from fleetplan.plans.types import DeploymentPlan, DepotPlan, Plan

FREEZE = "freeze"
CHANGE = "change_price"


@dataclass(frozen=True, slots=True)
class Kept:
    """One decision of a parent plan in the columns of a rerun: these columns together had this value."""

    place: Place
    period: int
    columns: tuple[int, ...]
    value: float
    step: bool


def periods_before(grid: Grid, until: str) -> int:
    """Return how many periods begin before a month."""
    return int(np.sum(grid.starts < month_number(until)))


def _same_periods(i: Instance, parent: Plan, count: int, why: str) -> None:
    ours, theirs = i.grid.labels()[:count], parent.periods[:count]
    if ours != theirs or list(i.grid.lengths[:count]) != parent.period_months[:count]:
        text = f"cuts time into other periods than the parent plan ({parent.periods[0]} on), so {why}"
        allowed = "the parent's horizon start and single_months"
        raise RequestError([Fault("/horizon", text, allowed, "keep the parent's horizon, or rerun without it")])


def _deployments(f: Formulation, parent: Plan, count: int) -> Iterator[Kept]:
    plans = deployments_of(parent)
    labels = f.instance.grid.labels()
    nothing = [0] * count
    for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True):
        plan, place = plans.get(data.key), Place("deployment", city=data.city, stack=data.stack)
        names = sorted({m.name for m in data.modes} | set(plan.vehicles_by_mode if plan else ()))
        for t in range(count):
            begun = plan is not None and plan.programme_start <= labels[t]
            yield Kept(place, t, (int(own.begun[t]),), float(begun), step=True)
            for g in range(own.open.shape[0]):
                is_open = plan is not None and max(plan.level[: t + 1]) > g
                yield Kept(place, t, (int(own.open[g, t]),), float(is_open), step=True)
                if own.ended is not None:
                    over = plan is not None and plan.ended is not None and plan.ended <= labels[t]
                    out = over and plan is not None and max(plan.level) == g + 1
                    yield Kept(place, t, (int(own.ended[g, t]),), float(out), step=True)
            for name in names:
                columns = tuple(int(own.vehicles[m, t]) for m, mode in enumerate(data.modes) if mode.name == name)
                placed = plan.vehicles_by_mode.get(name, nothing)[t] if plan else 0
                yield Kept(place, t, columns, float(placed), step=False)


def _purchases(f: Formulation, parent: Plan, count: int) -> Iterator[Kept]:
    bought = {s.stack: s.bought for s in parent.stacks}
    for stack, columns in f.columns.bought.items():
        place = Place("stack", stack=stack)
        for t in range(count):
            yield Kept(place, t, (int(columns[t]),), float(bought[stack][t]) if stack in bought else 0.0, step=False)


def _depots(f: Formulation, parent: Plan, count: int) -> Iterator[Kept]:
    sites: dict[tuple[str, str], DepotPlan] = {(c.city, d.site): d for c in parent.cities for d in c.depots}
    labels = f.instance.grid.labels()
    for city, own in f.columns.depots.items():
        data, place = f.instance.cities[city], Place("city", city=city)
        for k, alike in enumerate(data.depot_classes):
            known = [sites[city, data.depots[s].name] for s in alike.sites if (city, data.depots[s].name) in sites]
            for t in range(count):
                ordered = sum(plan.ordered <= labels[t] for plan in known)
                yield Kept(place, t, (int(own.ordered[k, t]),), float(ordered), step=True)
                stalls = (sum(plan.stalls[t] for plan in known), sum(plan.stalls_partner[t] for plan in known))
                for payer, number in enumerate(stalls):
                    yield Kept(place, t, (int(own.stalls[k, payer, t]),), float(number), step=False)


def kept_decisions(f: Formulation, parent: Plan, count: int) -> list[Kept]:
    """Return the parent's decisions in the first ``count`` periods, in the columns of ``f``."""
    return [*_deployments(f, parent, count), *_purchases(f, parent, count), *_depots(f, parent, count)]


def _lost(i: Instance, parent: Plan, until: str) -> Iterator[Fault]:
    """Yield what the parent began before ``until`` and the rerun has no place for."""
    here = {d.key for d in i.deployments}
    for key, plan in deployments_of(parent).items():
        if plan.programme_start < until and key not in here:
            text = f"{until} keeps {key}, begun in {plan.programme_start}, but the request no longer admits it"
            yield Fault("/freeze_until", text, f"{plan.programme_start} or earlier, or a request that admits it")
    for city in parent.cities:
        known = {d.name for d in i.cities[city.city].depots} if city.city in i.cities else set()
        for depot in city.depots:
            if depot.ordered < until and depot.site not in known:
                text = f"{until} keeps the depot {depot.site!r} in {city.city}, which the request no longer has"
                yield Fault("/freeze_until", text, f"{depot.ordered} or earlier, or a request that has it")


def freeze(f: Formulation, parent: Plan, until: str) -> Formulation:
    """Keep every decision of the parent in the periods that begin before the month ``until``.

    Programme starts, openings, areas, vehicles by mode, purchases, depots ordered and stalls stay, and nothing else begins;
    demand, trips and money follow from the rerun's own inputs. Each is a row of rule ``freeze``.

    Raises
    ------
    RequestError
        If the periods before ``until`` differ, or the request has no place for something already begun.
    """
    try:
        count = periods_before(f.instance.grid, until)
    except ValueError as error:
        raise RequestError([Fault("/freeze_until", str(error), "a month as YYYY-MM")]) from error
    _same_periods(f.instance, parent, count, f"decisions before {until} cannot be kept")
    faults = list(_lost(f.instance, parent, until))
    if faults:
        raise RequestError(faults)
    rows = Builder(size=f.model.columns)
    for kept in kept_decisions(f, parent, count):
        label = RowLabel(FREEZE, kept.place, kept.period)
        rows.row(label, [(c, 1.0) for c in kept.columns], low=kept.value, high=kept.value)
    return replace(f, model=f.model.extended(rows, np.zeros(0)), kept_sites=_sites_in_order(parent, until))


def _sites_in_order(parent: Plan, until: str) -> dict[str, tuple[str, ...]]:
    """Return by city the sites that the parent orders before a month, first ordered first: they keep their names."""
    found = {c.city: sorted((d for d in c.depots if d.ordered < until), key=lambda d: d.ordered) for c in parent.cities}
    return {city: tuple(d.site for d in depots) for city, depots in found.items()}


def _moved_row(rows: Builder, place: Place, steps: Ints, moved: int, opened: int | None) -> None:
    """Raise ``moved`` to 1 when the first opening falls in another period than ``opened`` (None: never)."""
    last = len(steps) - 1
    if opened is None:
        rows.row(RowLabel(CHANGE, place, last), [(moved, 1.0), (int(steps[last]), -1.0)], low=0.0)
        return
    rows.row(RowLabel(CHANGE, place, opened), [(moved, 1.0), (int(steps[opened]), 1.0)], low=1.0)
    if opened:
        rows.row(RowLabel(CHANGE, place, opened), [(moved, 1.0), (int(steps[opened - 1]), -1.0)], low=0.0)


def price_changes(f: Formulation, parent: Plan, usd: float) -> Formulation:
    """Take ``usd`` (0 or more) from the objective for every launch moved and every vehicle shifted.

    A launch is moved when a deployment's first opening falls in another period than the parent's, is new or is dropped. Vehicles
    are compared by deployment at the end of each calendar year, as plans are published: each one more or fewer counts once a
    year, so one that goes to another city counts there and here. Months in between may differ at no price.

    Raises
    ------
    RequestError
        If the rerun's periods are not the parent's.
    """
    _same_periods(f.instance, parent, max(f.instance.periods, len(parent.periods)), "changes cannot be counted")
    if usd == 0.0:
        return f
    rows = Builder(size=f.model.columns)
    plans, here = deployments_of(parent), {d.key for d in f.instance.deployments}
    ends = year_ends(parent.periods)
    rows.constant = -usd * sum(_all_changes(p, ends) for key, p in plans.items() if key not in here)
    for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True):
        plan, place = plans.get(data.key), Place("deployment", city=data.city, stack=data.stack)
        moved = int(rows.block((1,), 1.0)[0])
        opened = parent.periods.index(plan.launch) if plan and plan.launch else None
        _moved_row(rows, place, own.open[0], moved, opened)
        for t in ends.values():
            more, fewer = (int(c) for c in rows.block((2,)))
            terms = [(int(c), 1.0) for c in own.vehicles[:, t]]
            before = float(plan.vehicles[t]) if plan else 0.0
            rows.row(RowLabel(CHANGE, place, t), [*terms, (more, -1.0), (fewer, 1.0)], low=before, high=before)
    return replace(f, model=f.model.extended(rows, np.full(rows.size - f.model.columns, -usd)))


def _all_changes(plan: DeploymentPlan, ends: dict[str, int]) -> int:
    """Return what it counts to drop a deployment altogether."""
    return int(bool(plan.launch)) + sum(plan.vehicles[t] for t in ends.values())


def changes_between(parent: Plan, child: Plan) -> tuple[int, int]:
    """Return how many launches were moved, and how many vehicles shifted at year ends, as :func:`price_changes` counts."""
    one, two = deployments_of(parent), deployments_of(child)
    ends = year_ends(parent.periods)
    moved = shifted = 0
    for key in sorted(set(one) | set(two)):
        a, b = one.get(key), two.get(key)
        moved += (a.launch if a else "") != (b.launch if b else "")
        shifted += sum(abs((a.vehicles[t] if a else 0) - (b.vehicles[t] if b else 0)) for t in ends.values())
    return moved, shifted


# --- a first solution ---
