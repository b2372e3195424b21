"""Without which rule a city that stays closed would be worth opening, everything in other cities as it is.

A closed city that could open is either worth nothing, or kept out: its partner would not come, money or a limit of the request
does not reach. Which of the two it is follows from the problem of that city alone, with what is decided elsewhere held, without
each rule in turn that somebody set. In the loose formulation a rule acts through its own rows alone: freeing these excuses it.
Searches end by nodes, so that the same plan tells the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Flags, Ints
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.rules import Rule
from fleetplan.optimize.solve import Solution, attempted
from fleetplan.optimize.tidy import whole_columns
from fleetplan.optimize.trials import KEPT, MONEY

LEAST_USD, LEAST_SHARE = 1e5, 1e-3
"""Less than that, or than this share of the plan, is nothing to speak of."""

SEARCH_S, GAP = 0.25, 0.02  # of one city with one rule excused
SOMEBODY = frozenset({"law", "partner", "money", "target"})
DEFINING = frozenset({"permit_path", "permit_area", "fare_allowed", "owned_fleet"})
"""Without these rows a service would run under no permit at all, or with cars that nobody bought."""


@dataclass(frozen=True, eq=False)
class Excused:
    """Rules without which, all of them together, a city would be worth opening, and about how much more the plan would be then.

    ``stacks`` are those whose own limit is passed then, or else those with which the city opens.
    """

    rules: tuple[Rule, ...]
    stacks: tuple[str, ...]
    worth_usd: float


@dataclass(frozen=True, eq=False)
class CityAlone:
    """The problem of one city with everything else as a plan has it; ``columns`` and ``rows`` are those of the whole problem."""

    model: Model
    columns: Ints
    rows: Ints

    def without(self, rows: Ints) -> Model:
        """Return the problem with some rows of the whole free."""
        return self.model.loosened(np.flatnonzero(np.isin(self.rows, rows)))


def excused_rules(loose: Formulation, x: Array, city: str) -> list[Excused] | None:
    """Return the rules each of which alone keeps a closed city out of a plan, the dearest first; else those that do together.

    Parameters
    ----------
    loose
        The plan's problem as :func:`fleetplan.optimize.formulate.formulate` writes it with ``loose``.
    x
        The plan's columns, shape (columns,).

    Empty where the city is worth nothing even without them all, or as much with them; None where that is not known: nothing was
    found in so few nodes, and nothing proven.
    """
    alone = alone_in(loose, x, city)
    groups = dict(_groups(loose, alone))
    now = loose.model.value(x[: loose.model.columns])
    least = max(LEAST_USD, LEAST_SHARE * abs(now))
    every = _rows(groups.values())
    if not len(every) or _relaxed(alone.without(every)) < now + least:
        return []
    least += max(0.0, _searched(alone.model)[0] - now)
    singles = [(rule, rows) for rule, rows in groups.items() if _relaxed(alone.without(rows)) >= now + least]
    found = [one for rule, rows in singles if (one := _excused(loose, alone, {rule: rows}, now, least)) is not None]
    if not found:
        together = _excused(loose, alone, _needed(alone, groups, now + least), now, least)
        if together is None:
            return [] if _bound(alone.without(every)) < now + least else None
        found = [together]
    return sorted(found, key=lambda one: -one.worth_usd)


def alone_in(f: Formulation, x: Array, city: str) -> CityAlone:
    """Return a city's problem with what a plan decides elsewhere held; the plan itself is always one of its solutions."""
    model, x = f.model, x[: f.model.columns]
    held = _elsewhere(f, city)
    free = np.flatnonzero(~held)
    own = model.matrix[:, free]
    rows = np.flatnonzero(np.diff(own.tocsr().indptr))
    activity, ours = (model.matrix @ x)[rows], (own @ x[free])[rows]
    return CityAlone(
        Model(
            cost=model.cost[free],
            constant=model.constant + float((model.cost[held] * x[held]).sum()),
            lower=np.minimum(model.lower[free], x[free]),
            upper=np.maximum(model.upper[free], x[free]),
            whole=model.whole[free],
            matrix=own[rows].tocsr(),
            row_lower=np.minimum(model.row_lower[rows], activity) - (activity - ours),
            row_upper=np.maximum(model.row_upper[rows], activity) - (activity - ours),
            blocks=(),
        ),
        free,
        rows,
    )


def _elsewhere(f: Formulation, city: str) -> Flags:
    """Return which columns decide something of other cities, or of stacks that are not offered in this one."""
    here = {d.stack for d in f.instance.deployments if d.city == city}
    held = np.zeros(f.model.columns, dtype=bool)
    for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True):
        if data.city != city:
            for columns in vars(own).values():
                if columns is not None:
                    held[columns.ravel()] = True
    for where, depot in f.columns.depots.items():
        if where != city:
            for columns in vars(depot).values():
                held[columns.ravel()] = True
    for stack, columns in f.columns.bought.items():
        held[columns] = stack not in here
    return held


def _groups(f: Formulation, alone: CityAlone) -> Iterator[tuple[Rule, Ints]]:
    """Yield what somebody set, law, partner, money or whoever asks, with its rows that reach into a city."""
    inside = np.zeros(f.model.rows, dtype=bool)
    inside[alone.rows] = True
    by_name = {(rule.key, rule.place.constraint): rule for rule in f.rules}
    found: dict[Rule, list[int]] = {}
    for block in f.model.blocks:
        rule = by_name.get((block.rule, block.place.constraint))
        if rule is not None and _excusable(rule, block.part):
            found.setdefault(rule, []).extend(k for k in block.rows if inside[k])
    yield from ((rule, np.array(rows, np.int64)) for rule, rows in found.items() if rows)


def _excusable(rule: Rule, part: str) -> bool:
    if rule.kind == "money":
        return MONEY.get(rule.key) == part
    return rule.kind in SOMEBODY and rule.key not in DEFINING and part != "sum"


def _rows(groups: Collection[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *groups])


def _answer(model: Model, **how: Any) -> Solution | None:
    """Return what a few nodes find out about a problem; None where the solver gives up."""
    return attempted(model, nodes=NodeClock(), **how)


def _relaxed(model: Model) -> float:
    """Return what a problem is worth at most, steps in fractions, in USD; without a bound where the solver gives up."""
    answer = _answer(model, relax=True)
    if answer is None:
        return np.inf
    return -np.inf if answer.status == "infeasible" else answer.bound


def _bound(model: Model) -> float:
    """Return what a problem is worth at most with whole steps, as far as so few nodes prove it, in USD."""
    answer = _answer(model, time_limit_s=SEARCH_S, gap=GAP)
    return np.inf if answer is None else answer.bound


def _searched(model: Model) -> tuple[float, Array | None]:
    """Return what a problem is worth with whole steps, in USD, and a solution; nothing where the solver gives up."""
    answer = _answer(model, time_limit_s=SEARCH_S, gap=GAP)
    return (-np.inf, None) if answer is None or answer.value is None else (answer.value, answer.x)


def _excused(f: Formulation, alone: CityAlone, groups: Mapping[Rule, Ints], now: float, least: float) -> Excused | None:
    """Return what a city is worth more without some rules; None where a search finds nothing to speak of, or opens nobody."""
    freed = _rows(groups.values())
    problem = alone.without(freed)
    worth, x = _searched(problem)
    if x is None or worth < now + least:
        return None
    worth, whole_x = _searched(_whole_things(f, alone, problem, x))
    if whole_x is None or worth < now + least:
        return None
    x = whole_x
    whole = np.zeros(f.model.columns)
    whole[alone.columns] = x
    opened = {
        data.stack
        for data, own in zip(f.instance.deployments, f.columns.deployments, strict=True)
        if own.open.size and whole[own.open[0]].max() > 0.5  # a step is 0 or 1
    }
    passed = _passed(f, alone, x, freed)
    return Excused(tuple(groups), tuple(sorted(passed or opened)), worth - now) if opened else None


def _whole_things(f: Formulation, alone: CityAlone, problem: Model, x: Array) -> Model:
    """Return a problem with the steps of a solution held, and vehicles, purchases and stalls whole."""
    steps = np.round(x)
    return replace(
        problem,
        lower=np.where(problem.whole, steps, problem.lower),
        upper=np.where(problem.whole, steps, problem.upper),
        whole=whole_columns(f)[alone.columns] & ~problem.whole,
    )


def _passed(f: Formulation, alone: CityAlone, x: Array, freed: Ints) -> set[str]:
    """Return the stacks whose own rows, among those freed, a solution breaks."""
    m = alone.model
    activity = m.matrix @ x
    broken = alone.rows[(activity < m.row_lower - KEPT) | (activity > m.row_upper + KEPT)]
    rows = set(np.intersect1d(broken, freed).tolist())
    return {block.place.stack for block in f.model.blocks if block.place.stack and not rows.isdisjoint(block.rows)}


def _needed(alone: CityAlone, groups: Mapping[Rule, Ints], wanted: float) -> dict[Rule, Ints]:
    """Return a smallest set of rules without which together a city is worth so much, in fractions of steps."""
    left = dict(groups)
    for rule in groups:
        fewer = {other: rows for other, rows in left.items() if other is not rule}
        if fewer and _relaxed(alone.without(_rows(fewer.values()))) >= wanted:
            left = fewer
    return left
