"""Rows under which every solution is a plan, for the rules whose own rows only relax them (so far: waits).

Bounds come from the relaxing rows, plans from these. A formulation without such a rule is its own strict form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.matrix import Builder, Model
from fleetplan.optimize.relaxing import limits
from fleetplan.optimize.rules.constraints import ServiceLevelRule
from fleetplan.optimize.suspended import paused
from fleetplan.optimize.tidy import in_force
from fleetplan.optimize.waits import keeping_rows, strict_line

MINUTES = 1e-6  # of wait, that a limit may be passed by
MISSED = 1e-3  # a plan that breaks a row by more is none


def near(f: Formulation, x: Array, *, more_fleet: bool) -> Model | None:
    """Return the problem with the steps of a solution and rows that keep its waits near its fleets and demands.

    Where its fleets are too small, with larger ones (``more_fleet``) or with fewer riders.

    None where no fleet keeps the limit in an area that is open in ``x``.
    """
    lower, upper = f.model.lower.copy(), f.model.upper.copy()
    steps = f.model.whole
    lower[steps] = upper[steps] = np.round(x[steps])
    rows = Builder(size=f.model.columns)
    for rule in limits(f):
        for q, g, t in _open(f, rule, x):
            own, surface = f.columns.deployments[q], f.instance.levels_of(q)[g].surface
            fleet, demand = int(own.fleet[g, t]), int(own.demand[g, t])
            limit = rule.constraint.max_wait_min
            keep = keeping_rows(surface, limit, float(x[fleet]), float(x[demand]), more_fleet=more_fleet)
            if keep is None:
                return None
            lower[demand] = max(lower[demand], min(keep.demand_low, upper[demand]))
            upper[demand] = min(upper[demand], keep.demand_high)
            terms = [(np.array([fleet]), 1.0), (np.array([demand]), -keep.slope)]
            rows.write(rule.key, rule.place, np.array([t]), terms, low=keep.floor, part="keeping")
    return replace(f.model.extended(rows, np.zeros(0)), lower=lower, upper=upper)


def kept(f: Formulation, x: Array) -> bool:
    """Return whether a solution keeps the waits asked for, read from the sampled law itself."""
    for rule in limits(f):
        for q, g, t in _open(f, rule, x):
            own, surface = f.columns.deployments[q], f.instance.levels_of(q)[g].surface
            wait = float(surface.evaluate(x[own.fleet[g, t]], x[own.demand[g, t]]).wait_min)
            if not wait <= rule.constraint.max_wait_min + MINUTES:
                return False
    return True


def is_plan(f: Formulation, x: Array) -> bool:
    """Return whether a solution in whole numbers keeps every row, and the rules that rows only relax."""
    return f.model.worst_violation(x) <= MISSED and kept(f, x)


def strict_model(f: Formulation) -> Model:
    """Return the problem whose every solution in whole steps is a plan: the formulation's own where its rows relax nothing."""
    return everywhere(f) if limits(f) else f.model


def _open(f: Formulation, rule: ServiceLevelRule, x: Array) -> Iterator[tuple[int, int, int]]:
    for q in rule.users(f.instance):
        for g, t in np.argwhere(in_force(f, q, x) & ~paused(f.instance, q)).tolist():
            yield q, g, t


def everywhere(f: Formulation) -> Model:
    """Return the problem with rows that keep the waits wherever service may open: its plans are plans, its bound is none."""
    rows = Builder(size=f.model.columns)
    for rule in limits(f):
        for q in rule.users(f.instance):
            own, every = f.columns.deployments[q], np.flatnonzero(~paused(f.instance, q))
            for g, level in enumerate(f.instance.levels_of(q)):
                line = strict_line(level.surface, rule.constraint.max_wait_min)
                force = [(own.open[g, every], 1.0)]
                if g + 1 < own.open.shape[0]:
                    force.append((own.open[g + 1, every], -1.0))
                if own.ended is not None:
                    force.append((own.ended[g, every], -1.0))
                if line is None:
                    rows.write(rule.key, rule.place, every, force, high=0.0, part="strict")
                else:
                    fleet = [(own.fleet[g, every], 1.0), (own.demand[g, every], -line[0])]
                    terms = [*fleet, *((columns, -line[1] * sign) for columns, sign in force)]
                    rows.write(rule.key, rule.place, every, terms, low=0.0, part="strict")
    return f.model.extended(rows, np.zeros(0))
