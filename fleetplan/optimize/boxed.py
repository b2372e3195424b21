"""The best plan that differs from some structures, found box by box (:mod:`fleetplan.optimize.boxes`).

The box with the highest bound is solved in fractions, then near the plan that it is cut from, then in whole numbers, until no
box can hold a plan that is better than the best one by more than the gap. Two are solved side by side, and one that can hold no
better plan any more is put aside, for the next alternative to go on with where it stands; where nodes are counted, one after
the other and each anew.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.aside import PutAside
from fleetplan.optimize.boxes import LINEAR, NEAR, UNSOLVED, WHOLE, Box, Known, Part, boxes_of, loosened, within
from fleetplan.optimize.ending import tolerance_usd
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.pair.race import FIRST_PLAN_S, NOTHING_S, Limits, outline_of
from fleetplan.optimize.pair.windows import near
from fleetplan.optimize.relaxing import limits as relaxing
from fleetplan.optimize.rules.others import Step
from fleetplan.optimize.settling import settle_near
from fleetplan.optimize.solve import Solution, Watching, solve

TOGETHER = 2
FOR_EVER_S = 1e6
"""Of a search that may be put aside: when it ends is seen from outside."""

PERIODS, NEAR_S = 2, 10.0
"""By how much steps may lie off those of the plan that a box is cut from, and how long a plan is looked for there at most."""


def solve_by_boxes(board: Board, limits: Limits, *, seed: int, known: Known) -> bool:
    """Find the best plan of a problem that goes without some structures; return False where it is proven that there is none.

    What is found out of boxes is added to what is known of them.

    Raises
    ------
    SolverError
        If the time ran out before a plan was found.
    """
    boxes = _Boxes(board, limits, seed, known)
    boxes.run()
    if np.isneginf(boxes.bound):
        return board.found
    if not board.plans:
        msg = "no plan was found in the time given; allow more time or loosen the request"
        raise SolverError(msg)
    return True


class _Boxes:
    """The boxes of one problem at work."""

    def __init__(self, board: Board, limits: Limits, seed: int, known: Known) -> None:
        self.board, self.limits, self.seed, self.known = board, limits, seed, known
        self.parts = {box: known.of(box) for box in boxes_of(board.formulation)}
        self.relaxing = bool(relaxing(board.formulation))
        self.whole = board.formulation.model.whole if self.relaxing else board.whole
        self.outline = outline_of(board.formulation, board.formulation.model, board.whole)
        self.best_usd = board.value
        """The best solution in whole numbers that was heard of, which may not be on the board yet."""

    @property
    def left_s(self) -> float:
        """Seconds left, or nodes as seconds; some more where there is no plan yet."""
        if self.board.found or self.limits.nodes is not None:
            return self.limits.left_s
        return self.limits.left_s + self.limits.more_s(NOTHING_S if self.board.plans else FIRST_PLAN_S)

    @property
    def bound(self) -> float:
        """What no plan is worth more than; minus infinity where there is none."""
        return max((part.bound for part in self.parts.values()), default=-np.inf)

    @property
    def enough(self) -> float:
        """The bound at which a box needs no more work: what it may hold betters what is found by no more than the gap."""
        best = max(self.best_usd, self.board.value)
        return best + self.limits.gap * max(abs(best), 1.0) + tolerance_usd(best) if np.isfinite(best) else -np.inf

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to end, with a plan to keep."""
        stop = self.limits.stop
        return self.board.found and stop is not None and stop.is_set()

    def run(self) -> None:
        """Solve boxes until what is left cannot better the best plan by more than the gap, or the time is up."""
        for part in sorted(self.parts.values(), key=self._worth, reverse=True):
            self._take(part)
        together = TOGETHER if self.limits.nodes is None else 1
        running: dict[Future[Solution], tuple[Box, Part]] = {}
        with ThreadPoolExecutor(together) as pool:
            while True:
                for one in self._open(running.values())[: together - len(running)]:
                    running[pool.submit(self._solved, *one)] = one
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    self._heard(*running.pop(done), done.result())
                if np.isfinite(self.bound):
                    self.board.take_bound(self.bound)

    def _open(self, running: Collection[tuple[Box, Part]]) -> list[tuple[Box, Part]]:
        """Return the boxes to go on with: they may hold a better plan, and are not solved or at work.

        What is quick comes first, since it may make the rest needless; then the highest bound.
        """
        if self.over:
            return []
        enough = self.enough
        every = [one for one in self.parts.items() if one[1].bound > enough and one[1].solved < WHOLE]
        return sorted(
            (one for one in every if one not in running), key=lambda one: (one[1].solved == NEAR, -one[1].bound)
        )

    def _solved(self, box: Box, part: Part) -> Solution:
        """Return a box solved a stage further; in fractions, what holds it."""
        f, limits = self.board.formulation, self.limits
        if part.solved == UNSOLVED:
            model = within(f, loosened(f, box), f.model)
            return solve(model, relax=True, time_limit_s=self.left_s, seed=self.seed)
        if part.solved == NEAR and limits.nodes is None:
            return self._gone_on_with(box, part)
        model, left_s, aside = within(f, box, f.model), self.left_s, _Aside(self)
        if part.solved == LINEAR:
            model, left_s = self._near(box, model), min(left_s, NEAR_S)
        return solve(
            replace(model, whole=self.whole),
            time_limit_s=left_s,
            gap=limits.gap / 2,
            seed=self.seed,
            nodes=limits.nodes,
            start=part.x,
            watch=aside.watch,
            stop=aside,
            cutoff=self.enough,
        )

    def _gone_on_with(self, box: Box, part: Part) -> Solution:
        """Return a box searched in whole numbers as far as need be: to the end where it holds the best plan, else put aside."""
        f, known = self.board.formulation, self.known
        if box not in known.searches:
            model = replace(within(f, box, f.model), whole=self.whole)
            begun = partial(
                solve, model, time_limit_s=FOR_EVER_S, gap=self.limits.gap / 2, seed=self.seed, start=part.x
            )
            known.searches[box] = PutAside(lambda watch, stop: begun(watch=watch, stop=stop))
        search = known.searches[box]
        answer = search.go_on(partial(self._is_enough, search))
        if answer is None and search.best < max(self.best_usd, self.board.value):
            return Solution("stopped", None, None, search.bound, 0.0)
        del known.searches[box]
        if answer is None:
            answer = search.end()
        assert answer is not None  # noqa: S101  # it was begun
        return answer

    def _is_enough(self, search: PutAside) -> bool:
        """Return whether a search is put aside: it can hold no better plan, or nobody waits for one any more."""
        if not self.relaxing:
            self.best_usd = max(self.best_usd, search.best)
        return self.over or search.bound <= self.enough

    @property
    def over(self) -> bool:
        """Whether nothing is gone on with."""
        return self.stopped or self.left_s <= 0.0

    def _near(self, box: Box, model: Model) -> Model:
        """Return a box with steps near those of the plan that it is cut from; free in the city that sets it apart."""
        x = self.known.begun_with(box)
        assert x is not None  # noqa: S101  # it is looked for where there is one
        lower, upper = near(self.outline, x, PERIODS, free=frozenset({self._city(box[-1])}))
        low, high = np.maximum(model.lower, lower), np.minimum(model.upper, upper)
        return replace(model, lower=np.minimum(low, model.upper), upper=np.maximum(high, model.lower))

    def _city(self, step: Step) -> int:
        entry = self.board.formulation.columns.deployments[step.deployment].open[0, -1]
        return next(own.city for own in self.outline.steps if own.entry == entry)

    def _heard(self, box: Box, part: Part, answer: Solution) -> None:
        """Note what a box was found to hold, and take its plan."""
        bound, before = -np.inf if answer.status == "infeasible" else answer.bound, part.solved
        if before != LINEAR:
            part.bound = min(part.bound, bound)
        if before == UNSOLVED:
            self._heard_linear(box, part, answer, bound)
            return
        if before == LINEAR or answer.status != "stopped":
            part.solved = NEAR if before == LINEAR else WHOLE
        if answer.x is not None:
            part.x = answer.x
            self._take(part)

    def _heard_linear(self, box: Box, part: Part, answer: Solution, bound: float) -> None:
        if answer.status != "stopped":
            part.solved = NEAR if self.known.begun_with(box) is None else LINEAR
        self.known.note(loosened(self.board.formulation, box), bound)
        for other in self.parts:
            self.known.of(other)

    def _worth(self, part: Part) -> float:
        return -np.inf if part.x is None else self.board.formulation.model.value(part.x)

    def _take(self, part: Part) -> None:
        """Put the plan of a box on the board, if it betters what is there."""
        if part.x is None or self._worth(part) <= self.board.value:
            return
        if self.relaxing:
            settle_near(self.board, part.x, self.seed, self.limits.nodes)
        else:
            self.board.take_plan(part.x)


class _Aside(Watching):
    """Set once a box can hold no better plan, or somebody asks to end; where nodes are counted, at once or never."""

    def __init__(self, boxes: _Boxes) -> None:
        super().__init__(None)
        self._boxes, self._bound = boxes, np.inf

    def watch(self, best: float | None, bound: float | None, seconds: float) -> None:
        """Hear of solutions and bounds."""
        super().watch(best, bound, seconds)
        self._bound = self._bound if bound is None else bound
        if best is not None and not self._boxes.relaxing:
            self._boxes.best_usd = max(self._boxes.best_usd, best)

    def is_set(self) -> bool:
        """Return whether to stop now."""
        boxes = self._boxes
        return boxes.stopped or (boxes.limits.nodes is None and self._bound <= boxes.enough)
