"""Repairs of a request without a plan: the cheapest ways to loosen it, each planned and checked before it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from fleetplan.facts import Conflict
from fleetplan.optimize.at_once import ruled_out_by_permits
from fleetplan.optimize.conflicts import Clashes, allowed_by_permits, clashes_of, conflicts_told
from fleetplan.optimize.formulate import formulated_apart
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.least import Limit, least_whole
from fleetplan.optimize.rooted import Roots, root_of
from fleetplan.optimize.trials import Deadline, Trials
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.remedies import Loosening, Repair
from fleetplan.repair.dials import Dial, dials_of, money_dials, taken_back
from fleetplan.repair.options import Candidate, Option, candidates, further, smallest
from fleetplan.repair.verify import Near, Verified, planned

ENOUGH, MOST, ENOUGH_S = 3, 5, 2.5
"""Repairs that are enough once so many seconds have gone, and repairs that are enough at any time."""

LEAST_S, MOST_S = 5.0, 30.0
"""Seconds for conflicts and repairs: what the search has left, at least and at most."""

BEGUN_S = 1.0
"""With less time left no further candidate is planned: it would end late."""

TOGETHER = 2
STRIDES = 50
"""A look in whole numbers takes a while: they go on in steps of so small a part of what fractions gave up already."""
VERIFY_S = 8.0
"""Seconds for one candidate; where half of what is left is more, that: a busy machine needs it."""


@dataclass(frozen=True, slots=True)
class Infeasible:
    """What stands in the way of a plan, and what would make one possible.

    ``settled``: nothing stands in the way besides; ``searched``: repairs were looked for until there were enough, or none left.
    """

    conflicts: list[Conflict]
    repairs: list[Repair]
    settled: bool
    searched: bool


def seconds_for(left_s: float) -> float:
    """Return the seconds that conflicts and repairs may take where a search has so many left.

    >>> seconds_for(0.0), seconds_for(12.0), seconds_for(100.0)
    (5.0, 12.0, 30.0)
    """
    return min(MOST_S, max(LEAST_S, left_s))


def what_helps(
    prepared: Prepared,
    seconds: float,
    stop: threading.Event | None = None,
    *,
    mend: bool = True,
) -> Infeasible:
    """Return the conflicts of a request without a plan and its repairs, not yet said in words.

    Half of the time may go to conflicts. Without ``mend`` no repair is looked for.
    """
    deadline, soon = Deadline.after(seconds, stop), Deadline.after(ENOUGH_S, stop)
    f = formulated_apart(prepared.formulation)
    with ThreadPoolExecutor(max_workers=1) as pool:
        trials = Trials(f, Deadline.after(seconds / 2, stop))
        root = pool.submit(root_of, f.model, trials.asked_rows) if mend else None
        clashes = clashes_of(trials, ruled_out_by_permits(prepared.instance))
        told = pool.submit(conflicts_told, f.instance, clashes, deadline)
        if root is None:
            return Infeasible(told.result(), [], clashes.settled, searched=False)
        trials.deadline = deadline
        repairs, searched = repairs_of(prepared, Near(trials, Roots(root.result)), clashes, soon)
        return Infeasible(told.result(), repairs, clashes.settled, searched)


def repairs_of(prepared: Prepared, near: Near, clashes: Clashes, soon: Deadline) -> tuple[list[Repair], bool]:
    """Return repairs, those that give up least first, and whether all that could be one was tried, or enough were found.

    Once ``soon`` is over, fewer are enough.
    """
    trials = near.trials
    dials = _dials(prepared, trials.formulation.instance, clashes)
    given = taken_back(prepared.scope) if len(clashes.found) == 1 else {}
    corrections = [*clashes.corrections, *(frozenset({name}) for name in given)]
    search = _Search(prepared, near, soon, candidates(trials, {**dials, **given}, corrections))
    search.run()
    looked = clashes.settled or bool(
        clashes.found
    )  # where nothing was found that clashes, nothing could be repaired yet
    return sorted(search.found, key=lambda r: (r.given_up, -r.npv_usd)), search.enough or (looked and not search.left)


@dataclass(eq=False)
class _Search:
    """Candidates put to the test, the cheapest first, two at a time."""

    prepared: Prepared
    near: Near
    soon: Deadline
    waiting: list[Candidate]
    found: list[Repair] = field(default_factory=list)
    unsure: bool = False

    @property
    def trials(self) -> Trials:
        """Whether there is a plan, were something else asked."""
        return self.near.trials

    @property
    def wanted(self) -> int:
        """How many repairs are enough."""
        return ENOUGH if self.soon.over else MOST

    @property
    def enough(self) -> bool:
        """Whether no more repairs are looked for."""
        return len(self.found) >= self.wanted

    @property
    def left(self) -> bool:
        """Whether something was not tried, or not settled."""
        return self.unsure or bool(self.waiting)

    def run(self) -> None:
        """Try candidates until there are enough repairs, none is left, or the time is over."""
        going: dict[Future[tuple[Candidate, Verified | None]], Candidate] = {}
        with ThreadPoolExecutor(max_workers=TOGETHER) as pool:
            while True:
                while self._another(len(going)) and (one := self._next(going.values())) is not None:
                    going[pool.submit(self._planned, one)] = one
                if not going:
                    return
                done, _ = wait(going, return_when=FIRST_COMPLETED)
                for future in done:
                    del going[future]
                    self._take(*future.result())

    def _another(self, going: int) -> bool:
        room = going < TOGETHER and len(self.found) + going < self.wanted
        return room and bool(self.waiting) and self.trials.deadline.left_s > BEGUN_S

    def _next(self, going: Iterable[Candidate]) -> Candidate | None:
        """Take the cheapest candidate whose dial is not being turned finely: what that finds is a plan after more steps too."""
        busy = [other.options[-1].dial for other in going if other.fine and other.plan is None]
        place = next((k for k, one in enumerate(self.waiting) if one.options[-1].dial not in busy), None)
        return None if place is None else self.waiting.pop(place)

    def _planned(self, one: Candidate) -> tuple[Candidate, Verified | None]:
        """Return a candidate with what became of it; one whose least was looked for is to be planned then (None)."""
        if one.plan is None and (limit := _limit(self.trials, one)) is not None:
            enough = _least_whole(self.trials, one, limit, self._moment())
            return (one, Verified("unknown")) if enough is None else (enough, None)
        known = one.plan
        if known is None and one.seen:  # what keeps more than it asks is a plan of it
            known = self.trials.known(one.asked())
        return one, planned(self.prepared, one.patch, self._moment(), known, self.near)

    def _moment(self) -> Deadline:
        until = self.trials.deadline
        return Deadline.after(min(max(VERIFY_S, until.left_s / 2), until.left_s), until.stop)

    def _take(self, one: Candidate, verified: Verified | None) -> None:
        if verified is None:
            self.waiting.insert(0, one)
        elif verified.plan is not None:
            if all(one.patch != known.patch for known in self.found):  # two ways may come to the same in whole numbers
                self.found.append(_repair(one, verified.plan))
        elif verified.outcome == "unknown" or one.plan is not None or _limit(self.trials, one) is not None:
            self.unsure = True  # of a limit alone the least was looked for before it was planned
        elif (other := _turned_on(self.trials, one)) is not None:
            self.waiting = sorted([*self.waiting, other], key=lambda c: c.given_up)


def _dials(prepared: Prepared, instance: Instance, clashes: Clashes) -> dict[str, Sequence[Dial]]:
    scope, allowed = prepared.scope, allowed_by_permits(instance)
    known = {c.id: c for c in scope.constraints}
    names = {name for clash in clashes.found for name in clash.names}
    return {n: dials_of(known[n], scope, allowed) if n in known else money_dials(n, scope) for n in sorted(names)}


def _turned_on(trials: Trials, one: Candidate) -> Candidate | None:
    """Return a candidate that is not enough with its last dial turned on, until fractions keep it, else whole numbers."""
    if len(one.options) > 1 and one.seen and not trials.deadline.over:
        further_on = further(trials, one)
        if further_on is None or further_on.options[-1].step > one.options[-1].step:
            return further_on
    return _in_whole(trials, one)


def _in_whole(trials: Trials, one: Candidate) -> Candidate | None:
    """Return a candidate with its last dial turned on as far as whole numbers need; None where that is not found in time."""
    *before, last = one.options
    asked = Candidate(tuple(before)).asked()
    if not one.seen or trials.deadline.over:
        return None

    def holds(step: int) -> bool:
        return trials.whole(last.dial.onto(asked, step)) == "plan"

    stride = max(1, last.step // STRIDES)
    step = smallest(last.dial.steps, holds, last.step + stride, stride)
    return None if step is None or trials.deadline.over else Candidate((*before, Option(last.dial, step)))


def _limit(trials: Trials, one: Candidate) -> Limit | None:
    """Return the limit that a candidate's last dial moves by fine steps; None where it moves anything else, or coarsely."""
    *before, last = one.options
    return last.dial.limit(trials, Candidate(tuple(before)).asked()) if one.fine else None


def _least_whole(trials: Trials, one: Candidate, limit: Limit, deadline: Deadline) -> Candidate | None:
    """Return a candidate with its last dial turned on as far as whole numbers need; None where that was not found."""
    *before, last = one.options
    found = least_whole(trials, limit, last.step, last.dial.steps, deadline, one.near)
    return None if found is None else Candidate((*before, Option(last.dial, found.units, found.x)))


def _repair(one: Candidate, plan: Plan) -> Repair:
    return repair_of(one.changes, one.patch, one.given_up, plan)


def repair_of(changes: list[Loosening], patch: dict[str, Any], given_up: float, plan: Plan) -> Repair:
    """Return a repair with what its plan is worth, not yet said in words."""
    return Repair(
        changes=changes,
        patch=patch,
        given_up=round(given_up, 4),
        npv_usd=plan.objective,
        bound_usd=plan.bound,
        vehicles=plan.kpis.vehicles_end,
        cities=[city.city for city in plan.cities if city.launch],
    )
