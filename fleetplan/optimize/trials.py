"""Is there a plan, were something else asked? Quick in fractions, by one linear programme kept warm; slower in whole numbers.

Everything is asked of a formulation in which a constraint acts through its own rows alone (the loose one, or the one *apart*):
freeing these rows is leaving the constraint out, and writing its rows for another value is asking for that value.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import highspy
import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, hstack

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.matrix import Array, Builder, Ints, Model, RowBlock
from fleetplan.optimize.otherwise import AS_ASKED, Asked
from fleetplan.optimize.rules import Problem, rules_for
from fleetplan.optimize.rules.constraints import constraint_rule
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model, solve
from fleetplan.optimize.strict import strict_model
from fleetplan.optimize.tidy import whole_columns
from fleetplan.request import AnyConstraint

Verdict = Literal["plan", "none", "unknown"]
Slack = tuple[Ints, Array]
"""Rows, and how a column that gives way stands in each of them."""
MONEY = {"capital": "budget", "cash_floor": "floor"}
"""Rules of money that a request sets, with the part of their rows that is the limit."""

WARM_STEPS = 600
"""Of the simplex method from the basis of the problem that nothing is asked of: what has a solution takes some hundred of them at
most; that something has none takes thousands from there, and presolved from scratch a fraction of that."""

WHOLE_S = 5.0
VERDICTS: dict[str, Verdict] = {"infeasible": "none", "optimal": "plan", "stopped": "unknown"}
HARDLY = 0.05  # seconds in which nothing is worth beginning
USED = 1e-6  # of a deployment's entry: below, the relaxation does without it
KEPT = 1e-6  # by which a row may be missed


@dataclass(frozen=True, slots=True)
class Deadline:
    """When to end: ``ends`` in monotonic seconds, or when a person asks."""

    ends: float
    stop: threading.Event | None = None

    @classmethod
    def after(cls, seconds: float, stop: threading.Event | None = None) -> Deadline:
        """Return the deadline that lies so many seconds ahead."""
        return cls(time.monotonic() + seconds, stop)

    @property
    def left_s(self) -> float:
        """Seconds left, 0 where somebody asked to stop."""
        return 0.0 if self.stop is not None and self.stop.is_set() else max(0.0, self.ends - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether nothing is worth beginning any more."""
        return self.left_s < HARDLY


@dataclass(frozen=True, eq=False)
class Amounts:
    """By how much limits give way, shape (limits,), and the solution in fractions in which they do, shape (columns,)."""

    values: Array
    x: Array


def bound_rows(solver: highspy.Highs, rows: Ints, low: Array, high: Array) -> None:
    """Give rows other limits; shapes (rows,) each."""
    for row, least, most in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
        solver.changeRowBounds(row, least, most)


def groups_of(f: Formulation) -> dict[str, Ints]:
    """Return row indices by what the request asks: constraints by their ids, ``capital``, ``cash_floor``."""
    rows: dict[str, list[int]] = {}
    for block in f.model.blocks:
        if name := named(block):
            rows.setdefault(name, []).extend(block.rows)
    return {name: np.asarray(index, dtype=np.int64) for name, index in rows.items()}


def rows_of(f: Formulation, constraints: Sequence[AnyConstraint]) -> Model:
    """Return the rows of some constraints alone, in the columns of a formulation."""
    rows = Builder(size=f.model.columns)
    problem = Problem(f.instance, rows, f.columns, f.ledger, f.partners, f.reach, f.domain)
    for constraint in constraints:
        constraint_rule(constraint).write(problem)
    more = rows.size - f.model.columns
    assert not more  # noqa: S101  # a constraint speaks of what is decided anyway
    return replace(rows.finish(np.zeros(f.model.columns)))


@dataclass(eq=False)
class Trials:
    """A request's problem, and whether it has a plan when something else is asked.

    ``found`` are plans in whole numbers that trials came upon, shape (columns,) each: whatever they keep has a plan.
    """

    formulation: Formulation
    deadline: Deadline
    found: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        model = self.formulation.model
        self.groups = groups_of(self.formulation)
        self.whole_numbers = whole_columns(self.formulation)
        self.strict = strict_model(self.formulation)
        self._lp = new_highs(0)
        free = model.loosened(self.asked_rows)
        pass_model(self._lp, replace(free, cost=np.zeros(model.columns), constant=0.0), relax=True)
        self._freed = set(self.groups)
        self._more: dict[str, Array] = {}
        self._x: Array | None = None  # the solution of the last linear programme
        self._known: list[tuple[frozenset[str], Verdict, Array | None]] = []
        self._run()
        self._basis = self._lp.getBasis()
        self._lp.setOptionValue("presolve", "off")
        self._lp.setOptionValue("simplex_iteration_limit", WARM_STEPS)
        self.found.append(np.clip(np.zeros(model.columns), model.lower, model.upper))

    @property
    def asked_rows(self) -> Ints:
        """The rows of all that is asked."""
        return np.concatenate([np.zeros(0, np.int64), *self.groups.values()])

    # --- in fractions ---

    def relaxed(self, asked: Asked = AS_ASKED) -> Verdict:
        """Return whether there is a solution in fractions; ``unknown`` where the time ran out.

        What was solved for groups left out holds for more of them where there is a solution, for fewer where there is none.
        """
        left_out = None if asked.instead or asked.more else asked.without & set(self.groups)
        if left_out is not None:
            for names, verdict, x in self._known:
                if names <= left_out if verdict == "plan" else names >= left_out:
                    self._x = x if verdict == "plan" else self._x
                    return verdict
        verdict = self._solved(asked)
        if left_out is not None and verdict != "unknown":
            self._known.append((left_out, verdict, self._x))
        return verdict

    def _solved(self, asked: Asked) -> Verdict:
        with _Written(self, asked):
            verdict = self._run()
            if verdict != "unknown":
                self._x = np.asarray(self._lp.getSolution().col_value)
                return verdict
        if self.deadline.over:
            return "unknown"
        model = self.model_of(asked, self.formulation.model)
        free = replace(model, cost=np.zeros(model.columns), constant=0.0)
        answer = solve(free, relax=True, time_limit_s=self.deadline.left_s)
        self._x = answer.x
        return VERDICTS[answer.status]

    def least(
        self, asked: Asked, moved: Sequence[tuple[AnyConstraint, AnyConstraint]], worth: Sequence[float]
    ) -> Amounts | None:
        """Return the least amounts by which some limits have to give way for a solution in fractions, and that solution.

        Parameters
        ----------
        moved
            Constraints as they are asked, each with what it would be one unit looser; their rows differ in limits alone.
        worth
            What a unit of each counts for.

        None where no amount is enough, or where the time ran out.
        """
        return self._amounts(giving_limits(self, self.formulation.model, asked, moved), worth)

    def least_money(self, asked: Asked, group: str, each: Array) -> Amounts | None:
        """Return the least amount by which a limit of money has to give way; ``each`` is what a unit moves of every row."""
        return self._amounts((self.model_of(asked, self.formulation.model), [(self.groups[group], -each)]), [1.0])

    def _amounts(self, giving: tuple[Model, Sequence[Slack]], worth: Sequence[float]) -> Amounts | None:
        """Return the least values of columns that give way in some rows each; from scratch, which presolve makes quick."""
        if self.deadline.over:
            return None
        answer = solve(giving_way(*giving, worth), relax=True, time_limit_s=self.deadline.left_s)
        if answer.x is None or answer.status != "optimal":
            return None
        size = self.formulation.model.columns
        return Amounts(answer.x[size:], answer.x[:size])

    def _run(self) -> Verdict:
        if self.deadline.over:
            return "unknown"
        self._lp.setOptionValue("time_limit", self._lp.getRunTime() + self.deadline.left_s)
        self._lp.run()
        kinds = highspy.HighsModelStatus
        status = self._lp.getModelStatus()
        if status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
            return "none"
        return "plan" if status == kinds.kOptimal else "unknown"

    def _set(self, asked: Asked) -> None:
        """Free the rows of what is left out or asked otherwise, and hold those of the rest."""
        model, moved = self.formulation.model, dict(asked.more)
        wanted = set(asked.without) | {c.id for c in asked.instead}
        for name, rows in self.groups.items():
            before, now = self._more.get(name), moved.get(name)
            if (name in wanted) == (name in self._freed) and before is now:
                continue
            low, high = model.row_lower[rows], model.row_upper[rows]
            if name in wanted:
                low, high = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
            elif now is not None:
                low, high = low + now, high + now
            bound_rows(self._lp, rows, low, high)
        self._freed, self._more = wanted & set(self.groups), moved

    # --- in whole numbers ---

    def whole(self, asked: Asked = AS_ASKED) -> Verdict:
        """Return whether there is a plan in whole numbers; ``unknown`` where it was not settled in the time left.

        What is known to be a plan is tried first, then plans of those deployments that the relaxation uses, then all.
        """
        relaxed = self.relaxed(asked)
        if relaxed != "plan":
            return relaxed
        assert self._x is not None  # noqa: S101  # there is a solution
        used = self._x[: self.formulation.model.columns]
        model = self.model_of(asked, self.strict)
        if any(_keeps(model, x) for x in self.found):
            return "plan"
        unsettled = model is not self.strict and bool(self.strict.rows > self.formulation.model.rows)
        for tried in (self.with_used(model, used), model):
            if self.deadline.over:
                return "unknown"
            answer = solve(
                replace(tried, whole=self.whole_numbers, cost=np.zeros(model.columns)),
                time_limit_s=min(WHOLE_S, self.deadline.left_s),
                gap=1.0,
                stop=self.deadline.stop,
            )
            if answer.x is not None:
                self.found.append(np.where(self.whole_numbers, np.round(answer.x), answer.x))
                return "plan"
        return "none" if answer.status == "infeasible" and not unsettled else "unknown"

    def model_of(self, asked: Asked, base: Model) -> Model:
        """Return the problem, or its strict form, with what is asked otherwise."""
        moved = dict(asked.more)
        low, high = base.row_lower.copy(), base.row_upper.copy()
        left_out = {*asked.without, *(c.id for c in asked.instead)}
        for name in sorted({*left_out, *moved}):
            rows = base.rows_where(lambda b, name=name: named(b) == name)  # type: ignore[misc]
            if name in left_out:
                low[rows], high[rows] = -np.inf, np.inf
            else:
                low[rows] += moved[name]
                high[rows] += moved[name]
        model = replace(base, row_lower=low, row_upper=high)
        if not asked.instead:
            return model
        more = Builder(size=base.columns)
        f = self.formulation
        problem = Problem(f.instance, more, f.columns, f.ledger, f.partners, f.reach, f.domain)
        for constraint in asked.instead:
            constraint_rule(constraint).write(problem)
        return model.extended(more, np.zeros(0))

    def formulated(self, asked: Asked, instance: Instance) -> Formulation:
        """Return the problem of a request that asks otherwise, and of its instance; not written down anew."""
        model = self.model_of(asked, self.formulation.model)
        return replace(self.formulation, instance=instance, model=model, rules=rules_for(instance))

    def known(self, asked: Asked) -> Array | None:
        """Return the best plan that trials came upon and that keeps what is asked; None where there is none but doing nothing."""
        model = self.model_of(asked, self.strict)
        kept = [x for x in self.found[1:] if _keeps(model, x)]
        return max(kept, key=self.formulation.model.value, default=None)

    def with_used(self, model: Model, used: Array) -> Model:
        """Return the problem with only those deployments that a relaxation's solution uses."""
        upper = model.upper.copy()
        for own in self.formulation.columns.deployments:
            if own.open.size and used[own.begun].max(initial=0.0) < USED:
                upper[own.begun] = np.minimum(upper[own.begun], model.lower[own.begun])
        return replace(model, upper=upper)


def named(block: RowBlock) -> str:
    """Return the group that rows belong to; empty for those of standing rules."""
    return block.rule if MONEY.get(block.rule) == block.part else block.place.constraint


def giving_limits(
    trials: Trials, base: Model, asked: Asked, moved: Sequence[tuple[AnyConstraint, AnyConstraint]]
) -> tuple[Model, list[Slack]]:
    """Return a problem with constraints asked, and what moves the limits of each of them by a unit."""
    f = trials.formulation
    at = base.rows + sum(rows_of(f, [c]).rows for c in asked.instead)
    columns = []
    for now, looser in moved:
        one, two = rows_of(f, [now]), rows_of(f, [looser])
        index, value = elastic(one, two)
        columns.append((index + at, value))
        at += one.rows
    return trials.model_of(replace(asked, instead=(*asked.instead, *(now for now, _ in moved))), base), columns


def giving_way(model: Model, columns: Sequence[Slack], worth: Sequence[float]) -> Model:
    """Return a problem with columns that give way in some rows each, and the least of them as its aim; nothing is whole."""
    rows = np.concatenate([index for index, _ in columns])
    values = np.concatenate([value for _, value in columns])
    where = np.repeat(np.arange(len(columns)), [len(index) for index, _ in columns])
    more = coo_matrix((values, (rows, where)), shape=(model.rows, len(columns)))
    size = model.columns
    return replace(
        model,
        cost=np.concatenate([np.zeros(size), -SCALE_USD * np.asarray(worth, float)]),
        constant=0.0,
        lower=np.concatenate([model.lower, np.zeros(len(columns))]),
        upper=np.concatenate([model.upper, np.full(len(columns), np.inf)]),
        whole=np.zeros(size + len(columns), dtype=bool),
        matrix=csr_matrix(hstack([model.matrix, more], format="csr")),
    )


def _keeps(model: Model, x: Array) -> bool:
    return model.worst_violation(x) <= KEPT


def elastic(now: Model, looser: Model) -> tuple[Ints, Array]:
    """Return the rows whose limits a unit moves, and by how much a column that gives way stands in each of them."""
    low, high = (
        np.subtract(then, before, out=np.zeros(len(before)), where=np.isfinite(before))
        for then, before in ((looser.row_lower, now.row_lower), (looser.row_upper, now.row_upper))
    )
    move = np.where(low != 0.0, low, high)
    index = np.flatnonzero(move)
    return index.astype(np.int64), -move[index]


def limits_alone(f: Formulation, now: AnyConstraint, looser: AnyConstraint) -> bool:
    """Return whether two constraints write the same rows but for their limits."""
    one, two = rows_of(f, [now]), rows_of(f, [looser])
    return one.rows == two.rows and one.matrix.shape == two.matrix.shape and not abs(one.matrix - two.matrix).sum()


class _Written:
    """What is asked, written into the linear programme as long as this lasts."""

    def __init__(self, trials: Trials, asked: Asked) -> None:
        self._trials, self._asked, self._count = trials, asked, 0

    def __enter__(self) -> None:
        t = self._trials
        t._set(self._asked)  # noqa: SLF001  # one class in two
        t._lp.setBasis(t._basis)  # noqa: SLF001
        if self._asked.instead:
            rows = rows_of(t.formulation, self._asked.instead)
            m, self._count = rows.matrix, rows.rows
            t._lp.addRows(  # noqa: SLF001
                rows.rows,
                rows.row_lower,
                rows.row_upper,
                m.nnz,
                m.indptr[:-1].astype(np.int32),
                m.indices.astype(np.int32),
                m.data,
            )

    def __exit__(self, *_: object) -> None:
        if self._count:
            first = self._trials.formulation.model.rows
            rows = np.arange(first, first + self._count, dtype=np.int32)
            self._trials._lp.deleteRows(self._count, rows)  # noqa: SLF001
