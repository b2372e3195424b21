"""Somebody else's decisions in the columns of the problem: held whatever they break, or kept as near as the rules allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, hstack

from fleetplan.evaluate.given import GivenDeployment, GivenPlan
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import INF, Array, Builder, Ints, Model, Place
from fleetplan.optimize.rounding import made_whole
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import strict_model
from fleetplan.optimize.tidy import tidied, whole_columns
from fleetplan.optimize.trials import MONEY, Deadline
from fleetplan.plans.check import Violation
from fleetplan.plans.check.report import Named, Saying, say

KEPT_RULES = frozenset({"launch_order", "response_curve", "demand", "city_demand"})
"""Rules that say what a decision is, or how many riders come of it: no plan made elsewhere can break them."""

BROKEN_USD = 1e9
"""What a row counts for that is missed by as much as a unit of its largest column moves it: nothing earned makes up for it.

A row of money is not broken a million times as much as one of vehicles.
"""

NEARLY_USD, NEARLY = 1e5, 1e-3
"""How near to the best completion a search ends: what rules are broken in any case must not hide what is broken needlessly."""

APART_USD = 1e7
"""What a vehicle more or fewer counts for in a year: the nearest plan comes first, and of those as near the one worth most."""

OPENING_VEHICLES = 20.0
"""What an area open or closed otherwise counts for, in vehicles: a small launch fleet. Our judgement."""

SAY, HALF = 1e-6, 0.5


def decided(f: Formulation, given: GivenPlan) -> Mapping[int, GivenDeployment]:
    """Return the deployments of a plan made elsewhere by their place in the problem; those without one are left out."""
    here = {data.key: q for q, data in enumerate(f.instance.deployments) if data.modes}
    return {here[d.key]: d for d in given.deployments if d.key in here}


def within(loose: Formulation, given: GivenPlan) -> tuple[GivenPlan, list[Violation]]:
    """Return as much of a plan as permits and the sampled fleets let be, and what they do not.

    Where nobody may open, nothing runs: what a plan has there breaks a rule, serves nobody and earns nothing.
    """
    labels, found, kept = loose.instance.grid.labels(), [], []
    here = {data.key: q for q, data in enumerate(loose.instance.deployments)}
    for d in given.deployments:
        where = f"{d.city}/{d.stack}"
        if d.key not in here:
            found += _barred(d, where)
            continue
        own, upper = loose.columns.deployments[here[d.key]], loose.model.upper
        may = upper[own.open] > HALF
        first = int(np.argmax(may[0])) if may.any() else -1
        since = labels[first] if first >= 0 else None
        levels = [_level(level, may[:, t]) for t, level in enumerate(d.level)]
        most = _most(loose, here[d.key], may, levels)
        fleet = [int(min(v, most[t])) if may[0, t] else 0 for t, v in enumerate(d.vehicles)]
        for t, label in enumerate(labels):
            at, asked = f"{where}/{label}", d.vehicles[t]
            if not may[0, t] and (asked or d.level[t]):
                found.append(Violation("permit_path", at, _too_early(asked, since), float(asked)))
            elif levels[t] != d.level[t]:
                text = say("level {} open, but permits let level {} open at most", d.level[t], levels[t])
                found.append(Violation("permit_area", at, text, float((d.level[t] or 0) - (levels[t] or 0))))
            elif fleet[t] < asked:
                text = say("{} vehicles, but law, supply and the sampled fleets leave {} at most", asked, fleet[t])
                found.append(Violation("vehicles_max", at, text, float(asked - fleet[t])))
        kept.append(replace(d, vehicles=fleet, level=levels, programme_start=d.programme_start if any(fleet) else None))
    return GivenPlan(tuple(kept)), found


def _most(f: Formulation, q: int, may: NDArray[np.bool_], levels: list[int | None]) -> Array:
    """Return the largest fleets that the areas in force can hold, whichever may be where none is said; shape (periods,)."""
    own, upper = f.columns.deployments[q], f.model.upper
    if not own.vehicles.size:
        return np.zeros(len(levels))
    held = np.minimum(f.reach.deployments[q].levels, upper[own.fleet])
    chosen = may & np.array([[level in {None, g + 1} for level in levels] for g in range(len(may))])
    area = np.where(chosen, held, 0.0).max(axis=0)
    return np.asarray(np.floor(np.minimum(area, upper[own.vehicles].sum(axis=0)) + SAY))


def _too_early(asked: int, since: str | None) -> Saying:
    if since is None:
        return say("{} vehicles, but no permit lets riders in within the horizon", asked)
    return say("{} vehicles, but permits let riders in from {}", asked, Named("month", since))


def _barred(d: GivenDeployment, where: str) -> list[Violation]:
    most = max(d.vehicles)
    text = say("{} vehicles planned where the law bars them, or the request does not admit them", most)
    return [Violation("lawful", where, text, float(most))] if most else []


def _level(level: int | None, may: NDArray[np.bool_]) -> int | None:
    """Return a level that may be open, no larger than the one given; as it is where none is said and some may."""
    if level is None:
        return None if may.any() else 0
    return min(level, int(may.sum()))


def completed(loose: Formulation, given: GivenPlan, deadline: Deadline) -> Array | None:
    """Return a solution with exactly these areas and fleets, the rest as well as can be, breaking as little as can be.

    Shape (columns,); None where the time ran out. Depots, purchases, riders and modes are whatever goes with them best. The plan
    lies :func:`within` what may open.
    """
    model = _elastic(loose, _held(loose, given))
    whole = np.concatenate([whole_columns(loose), np.zeros(model.columns - loose.model.columns, dtype=bool)])
    rough = solve(model, time_limit_s=max(0.1, deadline.left_s), relax=True, stop=deadline.stop).value
    gap = NEARLY if rough is None else min(NEARLY, NEARLY_USD / max(1.0, abs(rough)))
    answer = made_whole(
        model, whole, lambda m: solve(m, time_limit_s=max(0.1, deadline.left_s), gap=gap, stop=deadline.stop)
    )
    return None if answer.x is None else tidied(loose, answer.x[: loose.model.columns], whole_columns(loose))


def _held(f: Formulation, given: GivenPlan) -> Model:
    """Return the problem with decisions held."""
    model, known = f.model, decided(f, given)
    lower, upper = model.lower.copy(), model.upper.copy()
    rows = Builder(size=model.columns)
    served: set[str] = set()
    for q, own in enumerate(f.columns.deployments):
        d = known.get(q)
        if d is None or not (any(d.vehicles) or any(level for level in d.level)):
            upper[own.begun] = lower[own.begun] = 0.0
            continue
        served.add(d.city)
        fleet = np.asarray(d.vehicles, float)
        _steps(own.open, d, lower, upper)
        if d.programme_start is not None:
            lower[own.begun] = upper[own.begun] = (np.arange(len(fleet)) >= d.programme_start).astype(float)
        t = np.arange(len(fleet))
        place = Place("deployment", city=d.city, stack=d.stack)
        rows.write("given", place, t, [(own.vehicles.T, 1.0)], low=fleet, high=fleet)
    for city, depots in f.columns.depots.items():
        if city not in served:
            for columns in vars(depots).values():
                upper[columns] = lower[columns]
    return replace(model.extended(rows, np.zeros(0)), lower=lower, upper=upper)


def _steps(opened: Ints, d: GivenDeployment, lower: Array, upper: Array) -> None:
    """Hold which levels are open; where no area is said, only whether any is."""
    vehicles = np.asarray(d.vehicles)
    first = int(np.argmax(vehicles > 0)) if (vehicles > 0).any() else len(vehicles)
    for t, level in enumerate(d.level):
        if level is not None:
            for g in range(opened.shape[0]):
                at = opened[g, t]
                lower[at] = upper[at] = float(level > g)
        else:
            at = opened[0, t]
            lower[at] = upper[at] = float(t >= first)


def _elastic(f: Formulation, model: Model) -> Model:
    """Return a problem in which every rule that somebody may break gives way, at a price that nothing makes up for."""
    kinds = {rule.key: rule.kind for rule in f.rules}
    index = np.concatenate(
        [
            np.zeros(0, np.int64),
            *(
                np.asarray(block.rows, np.int64)
                for block in model.blocks
                if kinds.get(block.rule, "definition") != "definition"
                and block.rule not in KEPT_RULES
                and (block.rule not in MONEY or MONEY[block.rule] == block.part)
            ),
        ]
    )
    low = index[np.isfinite(model.row_lower[index])]
    high = index[np.isfinite(model.row_upper[index])]
    rows = np.concatenate([low, high])
    signs = np.concatenate([np.ones(len(low)), -np.ones(len(high))])
    more = coo_matrix((signs, (rows, np.arange(len(rows)))), shape=(model.rows, len(rows)))
    counts = model.matrix.copy()
    counts.data = np.where(model.whole[counts.indices], 0.0, counts.data)  # a step's size says nothing of a row's unit
    largest = np.maximum(1.0, abs(counts).max(axis=1).toarray().ravel()[rows])
    return replace(
        model,
        cost=np.concatenate([model.cost, -BROKEN_USD / largest]),
        lower=np.concatenate([model.lower, np.zeros(len(rows))]),
        upper=np.concatenate([model.upper, np.full(len(rows), INF)]),
        whole=np.concatenate([model.whole, np.zeros(len(rows), dtype=bool)]),
        matrix=csr_matrix(hstack([model.matrix, more], format="csr")),
    )


def nearest_model(f: Formulation, given: GivenPlan) -> Model:
    """Return the problem whose best plan lies nearest to decisions made elsewhere, and of those as near is worth most.

    Distance is counted in vehicle-years: vehicles more or fewer, and for each area open or closed otherwise those of a launch.
    """
    base, known = strict_model(f), decided(f, given)
    rows = Builder(size=base.columns)
    cost: list[Array] = []
    years = np.asarray(f.instance.world.months) / 12.0
    cost_of_steps = np.zeros(base.columns)
    constant = 0.0
    for q, own in enumerate(f.columns.deployments):
        d, t = known.get(q), np.arange(f.instance.periods)
        fleet = np.zeros(len(t)) if d is None else np.asarray(d.vehicles, float)
        apart = rows.block((2, len(t)))
        place = Place("deployment", city=f.instance.deployments[q].city, stack=f.instance.deployments[q].stack)
        terms = [(own.vehicles[:, t].T, 1.0), (apart[0], -1.0), (apart[1], 1.0)]
        rows.write("nearest", place, t, terms, low=fleet, high=fleet)
        cost.append(np.tile(-APART_USD * years, 2))
        for g, at in _asked_open(d, own.open):
            weight = APART_USD * OPENING_VEHICLES * years / own.open.shape[0]
            cost_of_steps[own.open[g]] += np.where(at, weight, -weight)
            constant -= float(weight[at].sum())
    wider = base.extended(rows, np.concatenate([np.zeros(0), *cost]))
    added = np.zeros(wider.columns - base.columns)
    return replace(wider, cost=wider.cost + np.concatenate([cost_of_steps, added]), constant=wider.constant + constant)


def _asked_open(d: GivenDeployment | None, opened: Ints) -> Iterator[tuple[int, np.ndarray]]:
    """Yield by level in which periods it is asked to be open; levels that nothing is said of are left out."""
    levels, periods = opened.shape
    if d is None:
        yield from ((g, np.zeros(periods, dtype=bool)) for g in range(levels))
        return
    said = all(level is not None for level in d.level)
    vehicles = np.asarray(d.vehicles) > 0
    for g in range(levels if said else min(1, levels)):
        yield g, np.array([(level or 0) > g for level in d.level]) if said else np.maximum.accumulate(vehicles)
