"""Branch and bound on the linear relaxation, best first: who enters at all, then when steps rise.

The relaxation is open mainly in who enters. A dozen linear programmes, each from the basis of the one before, settle that and
prove most of what a branch-and-bound solver proves in many times as long. Beyond entries a row of steps is cut in half where the
relaxation spreads it most: it rises by a period, or after it.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace

import highspy
import numpy as np

from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model, run_linear
from fleetplan.optimize.trim import trimmed

OPEN = 1e-5  # a step nearer to whole is whole for a solver
SPREAD = 1e-3  # of a row of steps, in sum: below, it is whole
AREA_WEIGHT = 3.0
"""What a spread of areas counts against one of programmes: openings decide over riders. Measured in docs/optimization.md."""


class Relaxation:
    """The linear relaxation, solved again and again with other bounds on steps, each time from a basis nearby."""

    def __init__(self, outline: Outline) -> None:
        self.outline, self.optimal, self.infeasible = outline, False, False
        self.value, self.x, self.prices = np.nan, np.zeros(0), np.zeros(0)
        self.highs = new_highs(0)
        left = trimmed(outline.model, fold=False)
        if left is None:
            self.infeasible = True
            return
        self._left, self._at = left, left.places()
        pass_model(self.highs, left.model, relax=True)
        run_linear(self.highs)
        self.optimal = self._known()
        self.prices = left.duals(np.asarray(self.highs.getSolution().row_dual) * SCALE_USD)  # of the root
        self.highs.setOptionValue("presolve", "off")

    @property
    def worth(self) -> Array:
        """What a unit more of each column is worth as solved last, USD, shape (columns,): 0 or less at a lower bound.

        That of a column which is held from the start is not known: 0.
        """
        out = np.zeros(self.outline.model.columns)
        out[self._left.columns] = np.asarray(self.highs.getSolution().col_dual) * SCALE_USD
        return out

    def _known(self) -> bool:
        """Return whether it was solved; then value, solution and basis are known."""
        kinds = highspy.HighsModelStatus
        self.infeasible = self.highs.getModelStatus() in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}
        if self.highs.getModelStatus() != kinds.kOptimal:
            return False
        self.value = self.highs.getInfo().objective_function_value * SCALE_USD
        self.x = self._left.restored(np.asarray(self.highs.getSolution().col_value))
        self.basis = self.highs.getBasis()
        return True

    def resolve(self, columns: Ints, lower: Array, upper: Array, basis: highspy.HighsBasis) -> bool:
        """Solve it with other bounds on some columns, whole or not; return whether it was solved."""
        at, held = self._at[columns], self._left.held[columns]
        gone = at < 0
        if (lower > upper).any() or ((lower > held) | (upper < held))[gone].any():
            self.infeasible = True
            return False
        free = ~gone
        self.highs.changeColsBounds(int(free.sum()), at[free].astype(np.int32), lower[free], upper[free])
        self.highs.setBasis(basis)
        self.highs.run()
        return self._known()

    def ask(self, row: int, low: float) -> None:
        """Ask at least so much of a row from now on; nothing changes where only columns that are held stand in it."""
        for at in np.flatnonzero(self._left.rows == row).tolist():
            self.highs.changeRowBounds(at, low, highspy.kHighsInf)


@dataclass(order=True)
class Node:
    """A node; the most promising first, the older of two alike."""

    bound: float  # negative: the heap gives the least
    born: int
    fixed: dict[int, bool] = field(compare=False)
    basis: highspy.HighsBasis = field(compare=False)
    settled_in: Node | None = field(compare=False, default=None)
    """The node above it in which it was first settled who enters, as its linear programme bounds it."""


class StepTree:
    """The tree of a problem whose root relaxation is solved.

    Parameters
    ----------
    entries_only
        Branch on nothing but who enters; what is left open then makes a leaf.
    """

    def __init__(self, root: Relaxation, *, entries_only: bool) -> None:
        self.relaxation, self.entries_only = root, entries_only
        outline = root.outline
        self._rows = [(own, row) for own in outline.steps for row in own.rows]
        self._where = {int(c): (row, t) for _, row in self._rows for t, c in enumerate(row)}
        self._columns = np.array(sorted(self._where), dtype=np.int64)
        self._lower, self._upper = outline.bounds()
        self._born = itertools.count(1)
        self._heap = [Node(-root.value, 0, {}, root.basis)]
        self._leaves: list[Node] = []  # a heap as well
        self._closed = -np.inf  # what bounds the nodes that were closed
        self.settled = False
        """Whether the node looked at last is a leaf: nothing left to branch on."""

    @property
    def open(self) -> bool:
        """Whether there are nodes left to look at."""
        return bool(self._heap)

    @property
    def bound(self) -> float:
        """What no solution exceeds, in USD; minus infinity once it is proven that there is none."""
        tops = [-heap[0].bound for heap in (self._heap, self._leaves) if heap]
        return max(self._closed, *tops) if tops else self._closed

    @property
    def resists(self) -> bool:
        """Whether what was closed bounds the rest, so that closing more helps nothing."""
        return self.bound <= self._closed

    def open_above(self, value: float) -> bool:
        """Return whether some solution may be worth more than so many USD."""
        return self.bound > value

    def taken(self, together_below: float = -np.inf) -> Node | None:
        """Take the most promising node out, leaf or not, to :meth:`close` or :meth:`split` it; None where none is left.

        Where it was settled above it who enters, and nothing in there is worth more than ``together_below`` (USD), all of that is
        taken out as one node.
        """
        heaps = [heap for heap in (self._heap, self._leaves) if heap]
        if not heaps:
            return None
        node = heapq.heappop(min(heaps, key=lambda heap: heap[0]))
        whole = node.settled_in
        if whole is None or -whole.bound > together_below:
            return node
        for heap in heaps:
            heap[:] = [other for other in heap if other.settled_in is not whole]
            heapq.heapify(heap)
        return replace(whole, bound=node.bound)

    def close(self, bound: float) -> None:
        """Be done with a node that was taken: no solution in it is worth more than ``bound``, in USD."""
        self._closed = max(self._closed, bound)

    @property
    def divides(self) -> bool:
        """Whether the relaxation as solved last leaves something to branch on."""
        return self._branch(self.relaxation.x) is not None

    def split(self, node: Node, bound: float) -> bool:
        """Branch on a node that was taken, where no solution is worth more than ``bound``; return False where it is a leaf."""
        at = self._branch(self.relaxation.x) if self.resolve(node) else None
        if at is None:
            return False
        self._bear(node, at, max(node.bound, -bound), None)
        return True

    def resolve(self, node: Node) -> bool:
        """Solve the relaxation in a node; return whether it was solved."""
        lower, upper = self.limits(node)
        columns = self._columns
        return self.relaxation.resolve(columns, lower[columns], upper[columns], node.basis)

    def expand(self) -> bool:
        """Look at the most promising node; return whether its relaxation was solved.

        A node that the solver gives up on is a leaf: what bounds the node before it bounds it too.
        """
        node, self.settled = heapq.heappop(self._heap), False
        lower, upper = self.limits(node)
        if (lower > upper).any():
            return False
        if not self.resolve(node):
            if not self.relaxation.infeasible:
                heapq.heappush(self._leaves, node)
            return False
        at = self._branch(self.relaxation.x)
        self.settled = at is None
        bound = max(node.bound, -self.relaxation.value)
        if at is None:
            heapq.heappush(self._leaves, replace(node, bound=bound, basis=self.relaxation.basis))
        elif node.settled_in is None and at not in self.relaxation.outline.entries:
            self._bear(node, at, bound, replace(node, bound=bound, basis=self.relaxation.basis))
        else:
            self._bear(node, at, bound, node.settled_in)
        return True

    def _bear(self, node: Node, at: int, bound: float, settled_in: Node | None) -> None:
        """Put a node's two children up: the step is not taken by then, or it is."""
        for up in (False, True):
            child = Node(bound, next(self._born), {**node.fixed, at: up}, self.relaxation.basis, settled_in)
            heapq.heappush(self._heap, child)

    def limits(self, node: Node) -> tuple[Array, Array]:
        """Return the bounds of all columns in a node, shapes (columns,)."""
        lower, upper = self._lower.copy(), self._upper.copy()
        for column, up in node.fixed.items():  # steps never fall: what is open stays so, what is not was not before
            row, t = self._where[column]
            if up:
                lower[row[t:]] = 1.0
            else:
                upper[row[: t + 1]] = 0.0
        return lower, upper

    def _branch(self, x: Array) -> int | None:
        """Return the step to branch on: the most open entry, else the middle of the row that is spread most."""
        entries = self.relaxation.outline.entries
        open_by = np.abs(x[entries] - np.round(x[entries]))
        if open_by.max(initial=0.0) > OPEN:
            return int(entries[np.argmax(open_by)])
        if self.entries_only:
            return None
        spread = [np.abs(x[row] - np.round(x[row])) for _, row in self._rows]
        weight = [
            float(open_by.sum()) * (1.0 if row is own.begun else AREA_WEIGHT)
            for open_by, (own, row) in zip(spread, self._rows, strict=True)
        ]
        if max(weight, default=0.0) < SPREAD:
            return None
        widest = int(np.argmax(weight))
        risen = np.cumsum(spread[widest])
        return int(self._rows[widest][1][np.searchsorted(risen, risen[-1] / 2)])
