"""A first solution for a rerun: the earlier plan's launches, areas and depots under the new request."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.facts import Reuse
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Flags
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.blocks import LARGE_COLUMNS
from fleetplan.optimize.pair.plans import Apart, Planner
from fleetplan.optimize.pair.race import outline_of
from fleetplan.optimize.pair.tree import Relaxation
from fleetplan.optimize.pair.wire import Task
from fleetplan.optimize.rounding import made_whole
from fleetplan.optimize.rules.constraints import ConstraintRule
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import is_plan, strict_model
from fleetplan.optimize.tidy import reached, tidied, whole_columns
from fleetplan.permits.limits import OPENINGS
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import Plan
from fleetplan.reruns.keep import Kept, kept_decisions

START_S = 5.0
START_GAP = 1e-3
CUT = 0.5  # decisions are whole numbers


def _permitted(f: Formulation, steps: Array) -> None:
    """Put off openings that the permits no longer allow, in place."""
    for q, (data, own) in enumerate(zip(f.instance.deployments, f.columns.deployments, strict=True)):
        some = [reached(f, q, m.milestone, steps) for m in data.modes]
        allowed = np.any(some, axis=0) if some else np.zeros(f.instance.periods, dtype=bool)
        for g, gates in enumerate(data.level_gates):
            ready = [np.any([reached(f, q, m, steps) for m in gate], axis=0) for gate in gates]
            allowed = np.logical_and.reduce([allowed, *ready])
            steps[own.open[g, ~allowed]] = 0.0


def _parent_steps(f: Formulation, kept: Sequence[Kept]) -> Array:
    """Return the parent's step decisions as a column vector; NaN where a column is no step of a parent."""
    steps = np.full(f.model.columns, np.nan)
    for one in kept:
        if one.step:
            steps[one.columns[0]] = one.value
    for (stack, wide), columns in f.columns.programmes.items():
        users = [q for q, d in enumerate(f.instance.deployments) if d.stack == stack and wide in d.shared]
        steps[columns] = np.max([steps[f.columns.deployments[q].begun] for q in users], axis=0)
    _permitted(f, steps)
    return steps


def held(model: Model, values: Array) -> Model:
    """Return the model with every column fixed whose value is a number; values outside the bounds are brought inside."""
    inside = np.clip(np.nan_to_num(values), model.lower, model.upper)
    fixed = ~np.isnan(values)
    return replace(
        model,
        lower=np.where(fixed, inside, model.lower),
        upper=np.where(fixed, inside, model.upper),
        whole=model.whole & ~fixed,
    )


def _no_sooner(model: Model, steps: Array) -> Model:
    """Return the model in which no step is taken sooner than given (NaN: free): which of them, and when, is found anew."""
    known = ~np.isnan(steps)
    upper = np.where(known, np.minimum(model.upper, np.maximum(np.nan_to_num(steps), model.lower)), model.upper)
    return replace(model, upper=upper)


@dataclass(frozen=True, eq=False)
class Start:
    """A plan in whole numbers to begin a rerun with, and what of the parent's decisions it holds; none, and why not."""

    plan: Array | None
    reuse: Reuse


def start_from(f: Formulation, parent: Plan, nodes: NodeClock | None = None) -> Start:
    """Return a plan in whole numbers to begin a rerun with.

    The parent's own plan where it keeps every rule of the rerun; else its launches, areas and depots with the best
    fleets for them under the rerun's inputs. Openings that permits no longer allow are put off until they do. If the
    depots do not go with it, they are free; and if the months do not either, so is all but who enters at all: those of the
    parent, and whom constraints ask for that it did not have. In a portfolio, too large for that, any later months are free.
    Decisions are found by the names of cities, stacks, sites and months, whatever columns stand for them in either problem.
    Where nodes are counted, they count as any of the search.
    """
    i = f.instance
    if i.grid.labels() != parent.periods or list(i.grid.lengths) != parent.period_months:
        return Start(None, "other_periods")
    whole = whole_columns(f)
    for reuse, model in _tries(f, parent):
        plan = _as_planned(f, model, whole, nodes) if reuse == "entries" else _near(model, whole, nodes)
        if plan is not None:
            plan = tidied(f, plan[: f.model.columns], whole)
            if is_plan(f, plan):
                return Start(plan, reuse)
    return Start(None, "rules")


def _near(model: Model, whole: Flags, nodes: NodeClock | None) -> Array | None:
    """Return a solution with everything whole about that with what is free continuous."""
    return made_whole(model, whole, lambda m: solve(m, time_limit_s=START_S, gap=START_GAP, nodes=nodes), wide=False).x


def _as_planned(f: Formulation, model: Model, whole: Flags, nodes: NodeClock | None) -> Array | None:
    """Return a solution made as the first plan of a search is: about where the relaxation's steps rise."""
    outline = outline_of(f, model, whole)
    root, apart = Relaxation(outline), Apart(Task(outline, 0), threading.Event())
    apart.nodes, apart.nothing_usd = nodes, outline.nothing_usd
    planner = Planner(apart)
    if root.optimal:
        planner.from_relaxation(root.x, first=True)
    return planner.best


def _tries(f: Formulation, parent: Plan) -> Iterator[tuple[Reuse, Model]]:
    """Yield the problem with what is held of the parent, most first."""
    kept = kept_decisions(f, parent, f.instance.periods)
    whole, cut = _whole_parent(f, parent, kept)
    yield "remainder" if cut else "plan", whole
    strict, steps = strict_model(f), _parent_steps(f, kept)
    yield "launches", held(strict, steps)
    for own in f.columns.depots.values():
        steps[own.ordered] = np.nan
    yield "openings", held(strict, steps)
    if strict.columns > LARGE_COLUMNS:
        yield "later", _no_sooner(strict, steps)
    else:
        yield "entries", _nobody_else(f, strict, parent)


def _nobody_else(f: Formulation, model: Model, parent: Plan) -> Model:
    """Return the problem in which nobody enters but whom the parent has and whom a new constraint asks for."""
    known = {c.id: c for c in parent.request.constraints}
    asked = [rule for rule in f.rules if isinstance(rule, ConstraintRule) and rule.key in OPENINGS]
    free = {q for r in asked if known.get(r.constraint.id) != r.constraint for q in r.users(f.instance)}
    here, upper = deployments_of(parent), model.upper.copy()
    for q, (data, own) in enumerate(zip(f.instance.deployments, f.columns.deployments, strict=True)):
        if data.key not in here and q not in free:
            steps = np.append(own.begun, own.open)
            upper[steps] = model.lower[steps]
    return replace(model, upper=upper)


def _whole_parent(f: Formulation, parent: Plan, kept: Sequence[Kept]) -> tuple[Model, bool]:
    """Return the problem with every decision of the parent held, and no more riders offered than it offers.

    Also return whether the problem's limits cut some decision of the parent's.
    """
    values = np.full(f.model.columns, np.nan)
    for one in kept:
        if len(one.columns) == 1:
            values[one.columns[0]] = one.value
    model = held(f.model, values)
    upper, plans = model.upper.copy(), deployments_of(parent)
    for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True):
        if data.key in plans:
            offered = np.asarray(plans[data.key].demand_per_day)[None, :]
            upper[own.demand] = np.minimum(upper[own.demand], np.maximum(offered, model.lower[own.demand]))
    cut = bool((np.abs(np.nan_to_num(values - model.lower)) > CUT).any())
    return replace(model, upper=upper), cut
