"""A first solution for a rerun: the earlier plan's launches, areas and depots under the new request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.solve import solve
from fleetplan.optimize.tidy import reached
from fleetplan.plans.types import Plan
from fleetplan.reruns.keep import kept_decisions

START_S = 5.0


START_GAP = 1e-3


def _permitted(f: Formulation, steps: Array) -> None:
    """Put off openings that the permits no longer allow, in place."""
    for q, (data, own) in enumerate(zip(f.instance.deployments, f.columns.deployments, strict=True)):
        some = [reached(f, q, m.milestone, steps) for m in data.modes]
        allowed = np.any(some, axis=0) if some else np.zeros(f.instance.periods, dtype=bool)
        for g, gates in enumerate(data.level_gates):
            allowed = np.logical_and.reduce([allowed, *(reached(f, q, gate, steps) for gate in gates)])
            steps[own.open[g, ~allowed]] = 0.0


def _parent_steps(f: Formulation, parent: Plan) -> Array:
    """Return the parent's step decisions as a column vector; NaN where a column is no step of a parent."""
    steps = np.full(f.model.columns, np.nan)
    for kept in kept_decisions(f, parent, f.instance.periods):
        if kept.step:
            steps[kept.columns[0]] = kept.value
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


def start_from(f: Formulation, parent: Plan) -> Array | None:
    """Return the parent's launches, areas and depots with the best fleets for them under the rerun's inputs: a first solution.

    Openings that permits no longer allow are put off until they do. If the depots do not go with it, they are free; None when
    the launches themselves break a rule of the rerun, or the periods are not the parent's.
    """
    i = f.instance
    if i.grid.labels() != parent.periods or list(i.grid.lengths) != parent.period_months:
        return None
    steps = _parent_steps(f, parent)
    depots = np.concatenate([np.zeros(0, np.int64), *(own.ordered.ravel() for own in f.columns.depots.values())])
    for free in (np.zeros(0, np.int64), depots):
        values = steps.copy()
        values[free] = np.nan
        answer = solve(held(f.model, values), time_limit_s=START_S, gap=START_GAP)
        if answer.x is not None:
            return answer.x
    return None
