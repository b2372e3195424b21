"""Which constraints of an infeasible request clash, and which standing rules stand against them.

A deletion filter over business groups (each constraint of the request, the capital budget, the cash floor): drop one group
after another and keep it dropped whenever the rest still has no plan; what cannot be dropped is a minimal conflict. With that
alone, the same filter over the standing rules (supply, growth, stalls, caps ...) and over what the request takes as
given (delays, events, supply changes) finds what stands against it. Then look for further conflicts without it.
Solver-level infeasible subsets would name thousands of bounds instead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from fleetplan.facts import Conflict, Party, RuleKind, RuleLimit
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import outlook_of, paths_of
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.rules import Rule
from fleetplan.optimize.solve import solve
from fleetplan.permits.limits import Allowed

TRIAL_S = 20.0
MOST_CONFLICTS = 4
LIMIT_KINDS = frozenset({"law", "operation", "partner"})
UNQUESTIONED = frozenset(
    {"launch_order", "permit_path", "permit_area", "response_curve", "demand", "city_demand", "depot_site"}
)
"""Rules that say how the world works; leaving one out would make a plan of another world. Permits are told as months instead."""

MONEY_PARTIES = {"capital": Party(kind="capital"), "cash_floor": Party(kind="cash_floor")}


def _groups(formulation: Formulation) -> dict[str, np.ndarray]:
    """Return row indices by business group."""
    rows: dict[str, list[int]] = {}
    for block in formulation.model.blocks:
        name = block.place.constraint
        if block.rule in MONEY_PARTIES and block.part in {"budget", "floor"}:
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


def standing_against(formulation: Formulation, names: Collection[str]) -> list[RuleLimit]:
    """Return a minimal set of standing rules that leave a conflict no plan, by the order of the rules."""
    asked = _groups(formulation)
    others = [asked[name] for name in asked if name not in names]
    model = formulation.model.loosened(np.concatenate([np.zeros(0, np.int64), *others]))
    rules = [
        r for r in formulation.rules if not r.place.constraint and r.kind in LIMIT_KINDS and r.key not in UNQUESTIONED
    ]
    rows = {r.key: model.rows_where(lambda block, key=r.key: block.rule == key) for r in rules}  # type: ignore[misc]
    kept = {key for key, index in rows.items() if len(index)}
    for key in list(rows):
        if key in kept and not _feasible(model, rows, set(rows) - kept | {key}):
            kept.discard(key)
    found = [r for r in rules if r.key in kept]
    return [RuleLimit(rule=r.key, kind=_kind(r), says=r.sentence(formulation.instance)) for r in found]


def _kind(rule: Rule) -> RuleKind:
    assert rule.kind != "definition"  # noqa: S101  # LIMIT_KINDS holds none
    return rule.kind


def given_in_the_way(formulation: Formulation, names: Collection[str]) -> list[str]:
    """Return a minimal set of delays, events and supply changes of the request without which a conflict would have a plan."""
    instance = formulation.instance
    given = [c for c in instance.scope.constraints if c.given]

    def feasible(kept: Collection[str]) -> bool:
        taken = [c for c in given if c.id in kept]
        outlook = outlook_of(instance.world, paths_of(instance.scope, taken), taken)
        again = formulate(Instance(instance.world, outlook, instance.catalogued), loose=True)
        asked = _groups(again)
        return _feasible(again.model, asked, set(asked) - set(names))

    if not given or not feasible(()):
        return []
    kept = [c.id for c in given]
    for name in list(kept):
        if not feasible([k for k in kept if k != name]):
            kept.remove(name)
    return kept


def _allowed(instance: Instance) -> Allowed:
    """Return what permits allow: the first period of paid service of each deployment, were every programme begun at once."""
    labels, months, uncovered = instance.grid.labels(), {}, set()
    for q in instance.deployments:
        paid = [np.flatnonzero(m.milestone.possible) for m in q.modes if m.fare_factor > 0]
        periods = [t for found in paid for t in found if q.area_can_open[t]]
        if periods:
            months[q.stack, q.city] = labels[min(periods)]
        elif any(len(found) for found in paid):
            uncovered.add((q.stack, q.city))
    admitted = {(q.stack, q.city) for q in instance.deployments}
    existing = sum(m.counts for m in instance.scope.catalogue.live_markets)
    return Allowed(admitted, months, labels[-1], existing, uncovered)


def explain_infeasible(formulation: Formulation) -> list[Conflict]:
    """Return the minimal conflicts of a request, not yet said in words; one without parties if it clashes with no constraint.

    ``formulation`` is a loose one: there a constraint acts through its own rows alone, so that freeing them frees it.
    """
    instance = formulation.instance
    constraints = {c.id: c for c in instance.scope.constraints}
    allowed = _allowed(instance)
    found: list[Conflict] = []
    ignored: set[str] = set()
    while len(found) < MOST_CONFLICTS:
        names = minimal_conflict(formulation, ignored)
        if not names:
            break
        parties = [allowed.party(constraints[n]) if n in constraints else MONEY_PARTIES[n] for n in names]
        given = [allowed.party(constraints[n]) for n in given_in_the_way(formulation, names)]
        found.append(Conflict(parties=[*parties, *given], against=standing_against(formulation, names)))
        ignored |= set(names)
    return found or [Conflict()]
