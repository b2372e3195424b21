"""Bounds block by block of cities: at the relaxation's prices each is worth at most what its own branch and bound proves.

At any prices of the coupling rows, no plan is worth more than the limits of those rows at their prices and what each block could
earn alone when it pays them. With steps whole a block earns less than in the relaxation, so every block solved lowers the bound
of all, and one that is stopped early lowers it by what it has proven. Blocks are small enough to have everything whole, vehicles
too. When all are solved, the schedules found say what the coupling rows are worth in whole numbers; the blocks are asked again at
prices between. Their schedules together may even be a plan.
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
from fleetplan.optimize.pair.asking import USUAL, Asker, Hear, Others, in_turn
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.citywise import relaxed_by_block
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.plans import FAR_S, HEURISTICS, Surroundings
from fleetplan.optimize.pair.processes import cores
from fleetplan.optimize.pair.relaxed import Master
from fleetplan.optimize.pair.units import Answer, Unit, bound_unit
from fleetplan.optimize.pair.wire import Channel, Found, Proven
from fleetplan.optimize.solve import Watch, solve

LOG = logging.getLogger(__name__)
WAIT_S = 0.05  # how often prices are looked for
HERE_CPU_S, SPARE_CPU_S = 2.5, 8.0
"""Processor seconds for a block where the bound process solves it itself, and what all that need it may take beyond that."""

PATIENCE, LEAST_GAIN = 3, 1e-5
"""Rounds at other prices in a row that lower the bound by less, as a share of it: then they end."""

CLOSED = 1e-4  # of the bound, between it and the mix of whole schedules: prices have no more to give
FREE = 0.05  # of the bound, that the coupling rows' limits are worth at the prices: more, and they tie the blocks
FALL = 1e-4  # of a bound while a search goes on, for it to be heard
LEAST_STEP = 1e-6  # of a bound, for it to be told again


@dataclass(frozen=True, slots=True)
class Pace:
    """How to go about it.

    Attributes
    ----------
    gaps
        Of each block in the rounds at the first prices.
    hold
        Weight of the best prices so far in the next.
    cpu_s
        Processor seconds of this process after which no further round is begun.
    least
        What the rounds at the first prices must close of what is open to the best plan, for other prices to be tried.
    """

    gaps: tuple[float, ...]
    hold: float
    cpu_s: float
    least: float


THOROUGH = Pace((2e-3, 2e-4), 0.9, float("inf"), -float("inf"))  # first all roughly, then all closely
BRIEF = Pace((1e-6,), 0.7, 2.5, 0.2)
"""Where linear programmes and SCIP wait for their turn: what ties cities closely (scarce capital) they prove sooner."""


class CityBounds:
    """What each block is proven to be worth at the prices asked for, and the best prices so far."""

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
        self._at_first = [part.priced(self.best) for part in blocks.parts]
        pairs = zip(self._at_first, blocks.parts, strict=True)
        relaxed = [proven_bound(model, prices[part.rows]) for model, part in pairs]
        self.first = np.array(relaxed)  # what each is worth at most there, in fractions
        self._schedules = dict(self.master.known)  # the best known of each: nothing at all, where that is one

    def run(self) -> None:
        """Prove until stopped, or until prices have no more to give."""
        if self.begin():
            self.go_on()

    def begin(self) -> bool:
        """Prove at the first prices; return whether that closes enough for others to be tried.

        Blocks are asked of which more is open than a round leaves: of most, nothing is, for they are proven to be worth nothing.
        What left more than the round before allowed ran out of time there, and would again.
        """
        worth, before = self.first.copy(), np.full(len(self.first), np.inf)
        first = self.master.most(self.best, worth)
        for gap in self.pace.gaps:
            if self.bound <= self.channel.task.enough_usd(self.channel.best_usd):
                break
            known = self._known()
            left, about = worth - known, np.abs(np.where(np.isfinite(known), known, worth))
            limit = np.maximum(gap * about, LEAST_GAIN * abs(first))
            self._first_round(worth, np.flatnonzero((left > limit) & (left <= before)), gap)
            before = limit
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
            self._round(hold * self.best + (1.0 - hold) * prices, self.pace.gaps[-1])
            for_nothing = 0 if before - self.bound > LEAST_GAIN * abs(before) else for_nothing + 1

    def _known(self) -> Array:
        """Return what the best schedules known are worth at the first prices, shape (blocks,); minus infinity without one."""
        known = self._schedules
        return np.array([m.value(known[k]) if k in known else -np.inf for k, m in enumerate(self._at_first)])

    def _closed(self, first: float) -> float:
        """Return the share that is closed of what was open between the ``first`` bound and the best plan; all without a plan."""
        open_ = first - self.channel.best_usd
        return (first - self.bound) / open_ if 0.0 < open_ < np.inf else 1.0

    def _first_round(self, worth: Array, asked: Ints, gap: float) -> None:
        """Ask some blocks at the first prices, those worth most first, what is proven told; ``worth`` falls in place."""
        prices = self.best

        def hear(k: int, bound_usd: float) -> None:
            self._tell(prices, np.where(np.arange(len(worth)) == k, np.minimum(worth, bound_usd), worth))

        order = asked[np.argsort(-worth[asked], kind="stable")]
        for k, answer in self._answers(self._at_first, order.tolist(), gap, hear):
            worth[k] = min(worth[k], answer.bound_usd)
            if answer.x is not None:
                self._schedules[k] = answer.x
            self._tell(prices, worth)
        self._tell(prices, worth)
        self._try(self._schedules)

    def _round(self, prices: Array, gap: float) -> None:
        """Ask every block at other prices."""
        models = [part.priced(prices) for part in self.blocks.parts]
        worth, schedules = np.full(len(models), np.inf), dict[int, Array]()
        for k, answer in self._answers(models, range(len(models)), gap):
            worth[k] = answer.bound_usd
            if answer.x is not None:
                schedules[k] = answer.x
        self._tell(prices, worth)
        self._try(schedules)

    def _answers(
        self,
        models: Sequence[Model],
        order: Iterable[int],
        gap: float,
        hear: Callable[[int, float], None] | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Yield blocks with their answers, whose schedules may be mixed from then on."""

        def ask(k: int) -> Future[Answer]:
            unit = bound_unit(models[k], gap, self.channel.task.seed)
            return self.asker.ask(unit, hear=None if hear is None else partial(hear, k))

        for k, answer in in_turn(order, ask, self.channel.stopped, self.asker.at_once):
            if answer.x is not None:
                self.master.add(k, answer.x)
            yield k, answer

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
            self.bound, self.best = bound, prices
            self.channel.tell(Proven(bound, "cities at prices"))


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
        """Solve a block as far as time allows; once stopped, no answer comes."""
        began, model = time.process_time(), unit.outline.model
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
        gap=BRIEF.gaps[-1],
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
