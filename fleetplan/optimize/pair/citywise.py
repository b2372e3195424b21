"""Plans of a portfolio, block by block: none of the problems solved grows with the number of cities.

The relaxation's mix keeps every coupling row. So one block after another is made whole, those that it leaves least open first:
about where its steps rise, at the prices of what is scarce, within its own share of the coupling rows and what earlier blocks
left of theirs. Purchases are made whole last, and that is a plan. Then a few blocks at a time are planned anew with the others as
they stand, those first that fall furthest short of what they are worth at the prices.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.asking import IN_FLIGHT, Asker, awaited
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.part import Part, part_around
from fleetplan.optimize.pair.plans import Apart, Effort, Planner, Surroundings
from fleetplan.optimize.pair.processes import cores
from fleetplan.optimize.pair.relaxed import GAP, BlockRelaxation, Relaxed
from fleetplan.optimize.pair.units import URGENT, USUAL, Answer, Kind, Unit
from fleetplan.optimize.pair.wire import Found, Proven, Task

LOG = logging.getLogger(__name__)
WAY = "relaxation by blocks"
ROUGH_GAP = 0.05  # between bound and mix, at which the first plan is made about the mix
STEPS_GAP, WHOLE_GAP = 0.025, 0.01  # in the first plan, of what a block is worth on average
BETTER_GAP = 2e-3  # the same where blocks are planned anew
SHARED_S = 30.0
LEAST_WORTH = 0.05  # of the average: gaps are shares of no less
GIVE_WAY = 5  # blocks tried one after another where purchases, or a block, find no room
TIGHT = 1.0  # of a coupling row: hardly loose, most count vehicles
LAST = 3  # of the blocks still to be made whole, one in so many is planned at once: the last ones have what all others left
LARGEST = 3  # blocks planned anew at once
FADES = 0.5  # how the interest in a block falls when nothing was found there
LEAST_INTEREST = 1e-6  # of the plan's value
PATIENCE = 4  # tries in a row for every block that find nothing, before the search ends: no less than LEAST_TRIES
LEAST_TRIES = 40
FITS = 1e-4  # by which a coupling row may be missed: rounding of many parts, far below what a plan may miss
NEVER = threading.Event()


@dataclass(frozen=True, eq=False)
class Flight:
    """Blocks that are being planned: their problem, where its columns stood then, and what will be found."""

    chosen: list[int]
    part: Part
    base: Array
    future: Future[Answer]

    @property
    def found(self) -> bool:
        """Whether anything was."""
        return self.future.done() and self.future.result().x is not None


class Citywise:
    """The plan so far, block by block, and the ways to better ones.

    Some blocks are planned at a time, by whoever is free, each with the others as they stood when it set out. What is found is
    taken in the order in which it was asked for, so that the same plans are found whoever solves them. Coupling rows are
    linear, so changes add up; two that want the same vehicles or the same month's launch team do not fit together, which is
    rare, and the later one is planned again.
    """

    def __init__(self, channel: Surroundings, blocks: Blocks, relaxed: Relaxed, asker: Asker) -> None:
        self.channel, self.blocks, self.asker = channel, blocks, asker
        self.outline, self.model = channel.task.outline, channel.task.outline.model
        self.x = relaxed.x.copy()
        self.at_prices(relaxed)

    def at_prices(self, relaxed: Relaxed) -> None:
        """Look at what blocks are worth at other prices from now on; the plan stays."""
        self.relaxed, prices = relaxed, relaxed.prices[self.blocks.coupling]
        self.priced = self.blocks.priced(prices)
        # What is needed of shared columns costs what it costs: priced as well, it would cost nothing, and more would be bought.
        self.scarce = self.blocks.priced(np.where(self.blocks.linking, 0.0, prices))
        average = float(np.mean(relaxed.values))
        self.gaps = average / np.maximum(relaxed.values, LEAST_WORTH * average)  # in shares of a block's own worth

    # --- blocks on their way ---

    def _sent(self, kind: Kind, chosen: list[int]) -> Flight:
        """Have some blocks planned, all others as they stand."""
        first, shared = kind == "first", len(self.blocks.shared)
        part = part_around(self.outline, self.blocks, chosen, self.x, self.scarce if first else self.model.cost)
        at, gap = self.x[part.columns], float(np.mean(self.gaps[chosen]))
        gaps = (STEPS_GAP * gap, WHOLE_GAP * gap) if first else (BETTER_GAP * gap, BETTER_GAP * gap)
        unit = Unit(kind, part.outline, at, shared, *gaps, self.channel.task.seed)
        return Flight(chosen, part, at, self.asker.ask(unit, URGENT if first else USUAL))

    def _landed(self, flight: Flight) -> Array | None:
        """Return all columns with what was found; None where that is nothing, or does not fit what was found meanwhile."""
        stopped = (
            self.channel.stopped if self.channel.best_usd > self.channel.nothing_usd else NEVER
        )  # some plan is found in any case
        answer = awaited(flight.future, stopped)
        if answer is None or answer.x is None:
            if answer is not None and answer.failed:
                LOG.warning("blocks %s: %s", flight.chosen, answer.failed)
            return None
        found = self._with(flight, answer.x)
        return found if self._missed(found) <= max(FITS, self._missed(self.x)) else None

    def _with(self, flight: Flight, answer: Array) -> Array:
        """Return all columns with what was found for some blocks: shared columns change by as much as they did there."""
        found, shared = self.x.copy(), self.blocks.shared
        own = len(answer) - len(shared)
        found[flight.part.columns[:own]] = answer[:own]
        moved = self.x[shared] + answer[own:] - flight.base[own:]
        found[shared] = np.where(self.model.whole[shared], answer[own:], moved)
        return found

    def _missed(self, x: Array) -> float:
        """Return by how much the coupling row is missed that is missed most, or the limit of a shared column."""
        m, rows, shared = self.model, self.blocks.coupling, self.blocks.shared
        activity = self.blocks.entries @ x
        of_rows = np.maximum(m.row_lower[rows] - activity, activity - m.row_upper[rows])
        of_columns = np.maximum(m.lower[shared] - x[shared], x[shared] - m.upper[shared])
        return float(max(of_rows.max(initial=0.0), of_columns.max(initial=0.0)))

    # --- the first plan ---

    def first_plan(self) -> bool:
        """Make every block whole; return whether that gave a plan."""
        left = self._made_whole(self._least_open_first())
        failed = [k for k in left if not self._room_made(k)]
        if failed:
            LOG.info("no plan block by block: %d blocks have no room", len(failed))
            return False
        if not self._shared_whole():
            LOG.info("no plan block by block: no room for whole purchases")
            return False
        self._tell("city by city")
        return True

    def _made_whole(self, order: Sequence[int]) -> list[int]:
        """Plan blocks about where the mix has them, at the prices, in whole numbers; return those that found no room."""
        failed: list[int] = []
        flights = deque[Flight]()
        for place, k in enumerate(order):
            if len(flights) >= self._at_once(len(order) - place):
                failed += self._taken(flights.popleft())
            flights.append(self._sent("first", [k]))
        while flights:
            failed += self._taken(flights.popleft())
        return failed

    def _at_once(self, left: int) -> int:
        """Return how many blocks to plan at once when so many are left."""
        return min(IN_FLIGHT, max(1, left // LAST))

    def _taken(self, flight: Flight) -> list[int]:
        """Take what was found for a block, now or with the others as they stand by now; return it if that is nothing."""
        found = self._landed(flight)
        if found is None and flight.found:  # it does not fit what was found meanwhile
            found = self._landed(self._sent("first", flight.chosen))
        if found is None:
            return flight.chosen
        self.x = found
        return []

    def _room_made(self, k: int) -> bool:
        """Plan a block that found no room together with another that gives way; return whether that is possible.

        Others may rely on it: a partner adds vehicles somewhere as fast as it does because it has some here.
        """
        for other in self._rivals(k)[:GIVE_WAY]:
            found = self._landed(self._sent("first", [k, other]))
            if found is not None:
                self.x = found
                return True
        return False

    def _rivals(self, k: int) -> list[int]:
        """Return the other blocks, those first that have most to do with one in limits that are hardly loose."""
        rows, limit = self.blocks.coupling, ~self.blocks.linking
        m, activity = self.model, self.blocks.entries @ self.x
        slack = np.minimum(m.row_upper[rows] - activity, activity - m.row_lower[rows])
        tight = limit & (slack < TIGHT) & (np.diff(self.blocks.parts[k].ties.indptr) > 0)
        uses = [np.count_nonzero(np.abs(part.ties @ self.x[part.columns])[tight] > FITS) for part in self.blocks.parts]
        return [int(j) for j in np.argsort(-np.array(uses), kind="stable") if j != k]

    def _shared_whole(self) -> bool:
        """Make shared columns whole, purchases above all: with the blocks as they are, else with some that give way."""
        largest = [int(k) for k in np.argsort(-self.relaxed.values, kind="stable")]
        some = [largest[: 2**n] for n in range(1, len(largest).bit_length())]
        return any(map(self._purchased, [[], *([k] for k in largest[:GIVE_WAY]), *some, largest]))

    def _purchased(self, free: list[int]) -> bool:
        """Make shared columns whole, the vehicles of some blocks chosen anew; return whether that is possible."""
        part = part_around(self.outline, self.blocks, free, self.x, self.model.cost)
        task = Task(part.outline, self.channel.task.seed)
        planner = Planner(Apart(task, self.channel.stopped, in_looks=True))
        o, x = part.outline, self.x[part.columns]
        lower, upper = o.bounds()
        lower[o.model.whole] = upper[o.model.whole] = x[o.model.whole]
        answer = planner.solve(lower, upper, o.whole & ~o.model.whole, Effort(WHOLE_GAP, SHARED_S))
        if answer.x is None:
            return False
        self.x[part.columns] = np.where(o.whole, np.round(answer.x), answer.x)
        return True

    def _least_open_first(self) -> list[int]:
        open_by = np.zeros(len(self.blocks.parts))
        entry = self.x[self.outline.entries]
        np.maximum.at(open_by, self.blocks.of_column[self.outline.entries], np.minimum(entry, 1.0 - entry))
        return [int(k) for k in np.argsort(open_by, kind="stable")]

    # --- better plans ---

    def improve(self) -> None:
        """Plan blocks anew, each alone, then a few together where most is to be hoped for.

        Ends when it is stopped, and when nothing more was found in many tries.
        """
        interest, for_nothing, flights = self._short_of(), 0, deque[Flight]()
        turns, count = self._turns(interest, flights), len(self.blocks.parts)
        while not self.channel.stopped.is_set() and for_nothing < max(LEAST_TRIES, PATIENCE * count):
            while len(flights) < self._at_once(count):
                flights.append(self._sent("better", next(turns)))
            flight = flights.popleft()
            found = self._landed(flight)
            gained = found is not None and self._bettered(found, f"{len(flight.chosen)} blocks")
            for_nothing = 0 if gained else for_nothing + 1
            interest[flight.chosen] = self._short_of()[flight.chosen] if gained else FADES * interest[flight.chosen]

    def _turns(self, interest: Array, flights: deque[Flight]) -> Iterator[list[int]]:
        """Yield which blocks to plan anew: each of interest alone first, then a few at random, none that is on its way."""
        rng = np.random.default_rng(self.channel.task.seed)
        yield from ([int(k)] for k in np.argsort(-interest, kind="stable") if interest[k] > self._least_interest)
        for turn in itertools.count():
            away = [k for flight in flights for k in flight.chosen]
            yield self._chosen(rng, interest, 2 + turn % (LARGEST - 1), away)

    @property
    def _least_interest(self) -> float:
        """What every block has at least, USD."""
        return max(1.0, LEAST_INTEREST * abs(self.channel.best_usd))

    def _chosen(self, rng: np.random.Generator, interest: Array, count: int, away: list[int]) -> list[int]:
        """Return different blocks at random, by interest, none of those that are on their way."""
        weight = np.maximum(interest, self._least_interest)
        weight[away] = 0.0
        free = int((weight > 0.0).sum())
        return [int(k) for k in rng.choice(len(weight), size=min(count, free), replace=False, p=weight / weight.sum())]

    def _short_of(self) -> Array:
        """Return by how much each block falls short of what it is worth at the prices."""
        taken = self.priced * self.x
        earned = np.array([taken[block.columns].sum() for block in self.blocks.parts])
        short: Array = np.maximum(0.0, self.relaxed.values - earned)
        return short

    def _bettered(self, found: Array, way: str) -> bool:
        """Take over a plan that is worth more than the one so far; return whether it is."""
        if self.model.value(found) <= self.model.value(self.x):
            return False
        self.x = found
        self._tell(way)
        return True

    def _tell(self, way: str) -> None:
        """Hand over the plan if it is better than what is known."""
        value = self.model.value(self.x)
        if value > self.channel.best_usd:
            self.channel.tell(Found("plan", self.x.copy(), value, way))


def relaxed_by_block(blocks: Blocks, at_once: int, stopped: threading.Event) -> Relaxed | None:
    """Return the relaxation solved by blocks; None where that does not work, and it must be solved as a whole."""
    return _solved(BlockRelaxation(blocks, at_once, stopped), GAP)


def _solved(relaxation: BlockRelaxation, gap: float) -> Relaxed | None:
    try:
        return relaxation.solve(gap)
    except SolverError as error:
        LOG.info("the relaxation is not solved by blocks: %s", error)
        return None


def plan_by_block(channel: Surroundings, of_column: Ints, asker: Asker) -> bool:
    """Find plans until stopped, or until nothing more is found.

    The first is made about a rough solution of the relaxation, which then is solved closely.

    Return False where that gave none, and the problem must be solved as a whole.
    """
    blocks = split(channel.task.outline.model, of_column)
    relaxation = BlockRelaxation(blocks, cores(), channel.stopped)
    rough = _solved(relaxation, ROUGH_GAP)
    if rough is None:
        return False
    channel.tell(Proven(rough.bound, WAY))
    city_by_city = Citywise(channel, blocks, rough, asker)
    start = channel.task.start
    if start is not None:
        channel.best_usd = max(channel.best_usd, channel.task.outline.model.value(start))
    known = channel.best_usd
    found = city_by_city.first_plan()
    if start is not None and channel.best_usd <= known:
        city_by_city.x, found = start.copy(), True
    closely = _solved(relaxation, GAP) or rough  # prices of any mix bound, and the bounds are waited for
    channel.tell(Proven(closely.bound, WAY, closely.prices))
    city_by_city.at_prices(closely)
    if found:
        city_by_city.improve()
    return found
