"""Which constraints of an infeasible request clash.

A deletion filter over business groups (each constraint of the request, the capital budget, the cash floor): drop one group
after another and keep it dropped whenever the rest still has no plan; what cannot be dropped is a minimal conflict. Then look
for further conflicts without it. Solver-level infeasible subsets would name thousands of bounds instead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.solve import solve
from fleetplan.request import AnyConstraint, ForceDeployment, LaunchBy, LaunchFixed, MarketsLive

TRIAL_S = 20.0
MOST_CONFLICTS = 4
MONEY_GROUPS = {"capital": "the capital budget", "cash_floor": "the cash floor"}


def _groups(formulation: Formulation) -> dict[str, np.ndarray]:
    """Return row indices by business group."""
    rows: dict[str, list[int]] = {}
    for block in formulation.model.blocks:
        name = block.place.constraint
        if block.rule in MONEY_GROUPS and block.part in {"budget", "floor"}:
            name = block.rule
        if name:
            rows.setdefault(name, []).extend(block.rows)
    return {name: np.asarray(index) for name, index in rows.items()}


def _without(model: Model, groups: dict[str, np.ndarray], dropped: Collection[str]) -> Model:
    low, high = model.row_lower.copy(), model.row_upper.copy()
    for name in dropped:
        low[groups[name]], high[groups[name]] = -np.inf, np.inf
    return replace(model, cost=np.zeros(model.columns), row_lower=low, row_upper=high)


def _feasible(model: Model, groups: dict[str, np.ndarray], dropped: Collection[str]) -> bool:
    answer = solve(_without(model, groups, dropped), time_limit_s=TRIAL_S, gap=1.0)
    return answer.status != "infeasible"


def minimal_conflict(formulation: Formulation, ignored: Collection[str] = ()) -> list[str]:
    """Return a minimal set of groups that have no plan together (empty: there is one once ``ignored`` is dropped)."""
    groups = _groups(formulation)
    dropped = set(ignored)
    if _feasible(formulation.model, groups, dropped):
        return []
    for name in sorted(groups, reverse=True):
        if name not in dropped and not _feasible(formulation.model, groups, dropped | {name}):
            dropped.add(name)
    return sorted(set(groups) - dropped)


def _earliest(instance: Instance, city: str, stack: str | None) -> str:
    months = [
        t
        for q in instance.deployments
        if q.city == city and stack in {None, q.stack}
        for m in q.modes
        if m.fare_factor > 0
        for t in range(instance.periods)
        if m.milestone.possible[t]
    ]
    return instance.grid.labels()[min(months)] if months else ""


def _sentence(instance: Instance, constraint: AnyConstraint) -> str:
    asked = ", ".join(
        f"{key} {value}" for key, value in constraint.model_dump(exclude={"id", "type"}, exclude_none=True).items()
    )
    text = f"constraint {constraint.id!r} ({constraint.type}: {asked})"
    if isinstance(constraint, LaunchBy | LaunchFixed | ForceDeployment):
        earliest = _earliest(instance, constraint.city, constraint.stack)
        fact = (
            f"permits allow it from {earliest} at the earliest"
            if earliest
            else "no permit allows it within the horizon"
        )
        return f"{text}; {fact}"
    if isinstance(constraint, MarketsLive):
        months = {c: _earliest(instance, c, None) for c in instance.cities}
        in_time = sorted(c for c, m in months.items() if m and m <= constraint.by)
        return f"{text}; permits allow {len(in_time)} of the request's cities by then: {', '.join(in_time) or 'none'}"
    return text


def explain_infeasible(formulation: Formulation) -> list[str]:
    """Return one sentence per minimal conflict.

    ``formulation`` is a loose one: there a constraint acts through its own rows alone, so that freeing them frees it.
    """
    instance = formulation.instance
    by_id = {c.id: c for c in instance.scope.constraints}
    sentences: list[str] = []
    ignored: set[str] = set()
    while len(sentences) < MOST_CONFLICTS:
        conflict = minimal_conflict(formulation, ignored)
        if not conflict:
            break
        parts = [_sentence(instance, by_id[n]) if n in by_id else MONEY_GROUPS[n] for n in conflict]
        how = "cannot be kept" if len(parts) == 1 else "cannot be kept together"
        sentences.append(f"{' and '.join(parts)} {how}")
        ignored |= set(conflict)
    return sentences or ["the rules of law and supply alone leave no plan; loosen supply or fleet floors"]
