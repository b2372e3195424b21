"""Bounds block by block of cities: at the relaxation's prices each is worth at most what its own branch and bound proves.

At any prices of the coupling rows, no plan is worth more than the limits of those rows at their prices and what each block could
earn alone when it pays them. With steps whole a block earns less than in the relaxation, so every block solved lowers the bound
of all, and one that is stopped early lowers it by what it has proven. When all are solved, the schedules found say what the
coupling rows are worth in whole numbers; the blocks are asked again at prices between. Their schedules together may be a plan.

A block is small enough to have everything whole, vehicles too. But most of what fractions add is in the steps, so those alone are
made whole first: one block of a hundred cities is proven to be worth 34.0 M USD at most after 14 s of that, and 58.3 M after 25 s
with depots and vehicles whole from the start.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.pair.asking import Asker, Hear, Others, as_they_come
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.citywise import relaxed_by_block
from fleetplan.optimize.pair.mixing import Master
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.plans import HEURISTICS, Surroundings
from fleetplan.optimize.pair.processes import cores
from fleetplan.optimize.pair.units import LONG, USUAL, Answer, Unit, bound_unit
from fleetplan.optimize.pair.wire import Channel, Found, Proven
from fleetplan.optimize.solve import Watch, solve

LOG = logging.getLogger(__name__)
WAIT_S = 0.05  # how often prices are looked for
FAR_S = 300.0  # so long at most where processor seconds are the limit
HERE_CPU_S, SPARE_CPU_S = 2.5, 8.0
"""Processor seconds for a block where the bound process solves it itself, and what all that need it may take beyond that."""

PATIENCE, LEAST_GAIN = 3, 1e-5
"""Rounds at other prices in a row that lower the bound by less, as a share of it: then they end."""

CLOSED = 1e-4  # of the bound, between it and the mix of whole schedules: prices have no more to give
FREE = 0.05  # of the bound, that the coupling rows' limits are worth at the prices: more, and they tie the blocks
FALL = 1e-4  # of a bound while a search goes on, for it to be heard
LEAST_STEP = 1e-6  # of a bound, for it to be told again
WHOLE = 1e-4  # from a whole number: as near as that is whole to a solver


@dataclass(frozen=True, slots=True)
class Stage:
    """How closely to ask the blocks once.

    Attributes
    ----------
    gap
        Relative, at which a block is closed.
    limit_s
        How far to go for a block, as :func:`~fleetplan.optimize.pair.plans.looks_in` counts; :class:`Here` has limits of its own.
    """

    gap: float
    limit_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How to go about it.

    Attributes
    ----------
    first
        What is asked at the first prices, one after another.
    other
        What is asked at other prices.
    hold
        Weight of the best prices so far in the next.
    cpu_s
        Processor seconds of this process after which no further round is begun.
    least
        What the rounds at the first prices must close of what is open to the best plan, for other prices to be tried.
    """

    first: tuple[Stage, ...]
    other: Stage
    hold: float
    cpu_s: float
    least: float


THOROUGH = Pace((Stage(2e-3), Stage(2e-4, 120.0)), Stage(2e-4), 0.9, float("inf"), -float("inf"))
"""First all roughly, then closely what is still open."""

BRIEF = Pace((Stage(1e-6),), Stage(1e-6), 0.7, 2.5, 0.2)
"""Where linear programmes and SCIP wait for their turn: what ties cities closely (scarce capital) they prove sooner."""


class CityBounds:
    """What each block is proven to be worth at the prices asked for, and the best prices so far.

    ``worth`` is that of each block at the best prices, shape (blocks,): what they prove of it, in fractions to begin with.
    """

    def __init__(
        self,
        channel: Surroundings,
        blocks: Blocks,
        prices: Array,
        asker: Asker,
        pace: Pace = THOROUGH,
        together: Callable[[list[Array]], None] | None = None,
    ) -> None:
        self.channel, self.blocks, self.asker, self.pace, self.together = channel, blocks, asker, pace, together
        self.master = Master(blocks)
        self.best, self.bound = prices[blocks.coupling], np.inf
        pairs = [(part.priced(self.best), part) for part in blocks.parts]
        self.first = np.array([proven_bound(model, prices[part.rows]) for model, part in pairs])  # in fractions
        self.worth = self.first
        steps = channel.task.outline.loose_orders
        self._steps = [steps[part.columns] for part in blocks.parts]
        self._schedules = dict(self.master.known)  # the best known of each: nothing at all, where that is one

    def run(self) -> None:
        """Prove until stopped, or until prices have no more to give."""
        if self.begin():
            self.go_on()

    def begin(self) -> bool:
        """Prove at the first prices; return whether that closes enough for others to be tried."""
        first = self.master.most(self.best, self.worth)
        for stage in self.pace.first:
            if self._enough:
                break
            self._ask(stage)
        return self._closed(first) >= self.pace.least

    def go_on(self) -> None:
        """Prove at other prices, until stopped or until they have no more to give."""
        ends, for_nothing = time.process_time() + self.pace.cpu_s, 0
        while for_nothing < PATIENCE and not self.channel.stopped.is_set() and time.process_time() < ends:
            value, prices = self.master.solve()
            if self.bound - value <= CLOSED * abs(self.bound):
                return
            before = self.bound
            hold = self.pace.hold
            self._round(hold * self.best + (1.0 - hold) * prices, self.pace.other)
            for_nothing = 0 if before - self.bound > LEAST_GAIN * abs(before) else for_nothing + 1

    @property
    def _enough(self) -> bool:
        """Whether no more has to be proven."""
        return self.bound <= self.channel.task.enough_usd(self.channel.best_usd)

    def _closed(self, first: float) -> float:
        """Return the share that is closed of what was open between the ``first`` bound and the best plan; all without a plan."""
        open_ = first - self.channel.best_usd
        return (first - self.bound) / open_ if 0.0 < open_ < np.inf else 1.0

    def _ask(self, stage: Stage) -> None:
        """Ask blocks at the best prices of which more is open than the stage leaves, what is proven told.

        Of most, nothing is: they are proven to be worth nothing. Those of which most is open come first.
        """
        prices, worth, known = self.best, self.worth.copy(), self._schedules
        models = [part.priced(prices) for part in self.blocks.parts]
        values = np.array([m.value(known[k]) if k in known else -np.inf for k, m in enumerate(models)])
        about = np.abs(np.where(np.isfinite(values), values, worth))
        left, least = worth - values, LEAST_GAIN * abs(self.master.most(prices, worth))
        asked = np.flatnonzero(left > np.maximum(stage.gap * about, least))

        def hear(k: int, bound_usd: float) -> None:
            self._tell(prices, np.where(np.arange(len(worth)) == k, np.minimum(worth, bound_usd), worth))

        order = asked[np.argsort(-left[asked], kind="stable")]
        for k, answer in self._answers(models, order.tolist(), stage, hear):
            worth[k] = min(worth[k], answer.bound_usd)
            if answer.x is not None and _is_whole(models[k], answer.x):
                known[k] = answer.x
            self._tell(prices, worth)
        self._tell(prices, worth)
        self._try(known)

    def _round(self, prices: Array, stage: Stage) -> None:
        """Ask every block at other prices."""
        models = [part.priced(prices) for part in self.blocks.parts]
        worth, schedules = np.full(len(models), np.inf), dict[int, Array]()
        for k, answer in self._answers(models, range(len(models)), stage):
            worth[k] = answer.bound_usd
            if answer.x is not None and _is_whole(models[k], answer.x):
                schedules[k] = answer.x
        self._tell(prices, worth)
        self._try(schedules)

    def _answers(
        self,
        models: Sequence[Model],
        order: Iterable[int],
        stage: Stage,
        hear: Callable[[int, float], None] | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Yield blocks with their answers as these come; all their schedules may be mixed from then on."""

        def ask(k: int) -> Future[Answer]:
            unit = bound_unit(models[k], self._steps[k], stage.gap, stage.limit_s, self.channel.task.seed)
            return self.asker.ask(unit, LONG, None if hear is None else partial(hear, k))

        found: dict[int, Array] = {}
        for k, answer in as_they_come(order, ask, self.channel.stopped, self.asker.at_once):
            if answer.x is not None:
                found[k] = answer.x
            yield k, answer
        for k in sorted(found):  # the same prices whoever was first
            self.master.add(k, found[k])

    def _try(self, schedules: Mapping[int, Array]) -> None:
        """See whether the blocks' own schedules are a plan together, where each has one."""
        if self.together is not None and not self.channel.stopped.is_set() and len(schedules) == len(self.blocks.parts):
            self.together([schedules[k] for k in range(len(schedules))])

    @property
    def free(self) -> bool:
        """Whether hardly anything is paid for what the blocks share: at such prices each can do nearly what it would alone."""
        most = self.master.most(self.best, self.first)
        return bool(most - self.blocks.model.constant - self.first.sum() <= FREE * abs(most))

    def _tell(self, prices: Array, worth: Array) -> None:
        """Tell a bound that is lower than before."""
        bound = self.master.most(prices, worth)
        if bound < self.bound - LEAST_STEP * max(1.0, abs(bound)):
            self.bound, self.best, self.worth = bound, prices, worth.copy()
            self.channel.tell(Proven(bound, "cities at prices"))


def _is_whole(model: Model, x: Array) -> bool:
    own = x[model.whole]
    return bool(np.abs(own - np.round(own)).max(initial=0.0) <= WHOLE)


def prove_by_block(channel: Channel, of_column: Ints) -> bool:
    """Prove bounds until stopped, or until there is no more to prove.

    Return False where no prices are found, and the problem must be searched as a whole.
    """
    prices = _prices(channel, split(channel.task.outline.model, of_column))
    if prices is None:
        return channel.stopped.is_set()
    CityBounds(channel, whole_blocks(channel.task.outline, of_column), prices, Others(channel)).run()
    return True


def whole_blocks(outline: Outline, of_column: Ints) -> Blocks:
    """Return a problem by blocks in which everything is whole that is whole in a plan."""
    return split(replace(outline.model, whole=outline.whole), of_column)


class Spent(threading.Event):
    """Set once this process has used so many processor seconds, or another event is: the clock says little on a busy machine."""

    def __init__(self, cpu_s: float, asked: threading.Event) -> None:
        super().__init__()
        self._ends, self._asked = time.process_time() + cpu_s, asked

    def is_set(self) -> bool:
        """Return whether to stop now."""
        return self._asked.is_set() or time.process_time() > self._ends


def falling(hear: Hear) -> Watch:
    """Return what watches a search and has its bound heard, in USD, whenever it has fallen by what is worth telling."""
    told = np.inf

    def watch(_best: float | None, bound: float | None, _seconds: float) -> None:
        nonlocal told
        if bound is not None and bound < told - FALL * abs(bound):
            told = bound
            hear(bound)

    return watch


class Here:
    """Solves blocks in the process that asks, for some processor seconds each, and some more for those that need them."""

    at_once = 1

    def __init__(self, stopped: threading.Event) -> None:
        self.stopped, self._spare_s = stopped, SPARE_CPU_S

    def ask(self, unit: Unit, urgency: int = USUAL, hear: Hear | None = None) -> Future[Answer]:  # noqa: ARG002  # nobody else has to wait
        """Solve a block as far as time allows, everything whole from the start; once stopped, no answer comes."""
        began, model = time.process_time(), replace(unit.outline.model, whole=unit.outline.whole)
        spent = Spent(HERE_CPU_S + self._spare_s, self.stopped)
        watch = None if hear is None else falling(hear)
        future: Future[Answer] = Future()
        if not self.stopped.is_set():
            found = solve(
                model,
                time_limit_s=FAR_S,
                gap=unit.gap,
                seed=unit.seed,
                stop=spent,
                watch=watch,
                heuristics=HEURISTICS,
            )
            future.set_result(Answer(found.x, found.bound))
            self._spare_s -= min(self._spare_s, max(0.0, time.process_time() - began - HERE_CPU_S))
        return future


def apart(channel: Channel, prices: Array) -> CityBounds | None:
    """Return what proves bounds by blocks of cities where the problem is searched as a whole, at the prices of its relaxation.

    What the blocks do alone is told as a plan where it is one. None where there is one block.
    """
    task = channel.task
    if task.outline.apart is None:
        return None
    blocks = whole_blocks(task.outline, task.outline.apart)
    if len(blocks.parts) == 1:
        return None
    return CityBounds(channel, blocks, prices, Here(channel.stopped), BRIEF, partial(_together, channel, blocks))


def _together(channel: Channel, blocks: Blocks, schedules: list[Array]) -> None:
    """Tell the plan that the blocks' own schedules make, what they share made to go with them, where there is one."""
    task, model = channel.task, blocks.model
    lower, upper = task.outline.bounds()
    for part, x in zip(blocks.parts, schedules, strict=True):
        whole = part.columns[part.model.whole]
        lower[whole] = upper[whole] = np.round(x[part.model.whole])
    held = replace(model, lower=lower, upper=upper)
    found = solve(
        held,
        time_limit_s=FAR_S,
        stop=Spent(HERE_CPU_S, channel.stopped),
        gap=BRIEF.other.gap,
        seed=task.seed,
        cutoff=channel.best_usd,
    )
    if found.x is not None and found.value is not None and found.value > channel.best_usd:
        kind: Literal["plan", "steps"] = "plan" if task.told_prices else "steps"  # rows that relax a rule make no plans
        whole_x = np.where(model.whole, np.round(found.x), found.x)
        channel.tell(Found(kind, whole_x, found.value, "cities at prices"))


def _prices(channel: Channel, blocks: Blocks) -> Array | None:
    """Return the relaxation's prices: those that the plan process tells, where it will."""
    if channel.task.told_prices:
        while channel.prices is None:
            if channel.stopped.wait(WAIT_S):
                return None
        return channel.prices
    relaxed = relaxed_by_block(blocks, max(1, cores() - 1), channel.stopped)
    if relaxed is None:
        return None
    channel.tell(Proven(relaxed.bound, "relaxation by blocks", relaxed.prices))
    return relaxed.prices
