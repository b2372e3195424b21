"""Limits that count how often HiGHS looks up, not seconds: a search ends at the same place on any load.

HiGHS looks up after every round of cuts and every node, but never within a linear programme. One that stands at a degenerate
corner for ever is left after a while, in processor seconds, and goes another way with another seed.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import highspy

LOG = logging.getLogger(__name__)
HUNG_S, STARVED, LONGER, TRIES = 8.0, 0.5, 4.0, 6
"""So long after a look a run ends; it has hung if it had so much of a processor meanwhile, else it has so many times as long."""

Run = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Looks:
    """A limit in looks: HiGHS looks up after every round of cuts and every node whether to end, at the same places on any load.

    Attributes
    ----------
    most
        Looks after which a search ends.
    soon
        Looks after which it ends once it has a solution.
    """

    most: int
    soon: int


class Counted:
    """Lets a solver end after so many looks; where nothing else limits it, also a while after the last one.

    Then it hangs, or was given no processor.
    """

    def __init__(self, solver: highspy.Highs, looks: Looks) -> None:
        self._solver, self._looks, self._within_s = solver, looks, math.inf
        self.seen, self._at = 0, 0.0
        solver.cbMipInterrupt += self._look

    def run(self, within_s: float, run: Run) -> Literal["over", "hung", "starved"]:
        """Run from the start; return how that ended."""
        self._within_s, self.seen, self._at = within_s, 0, time.process_time()
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + within_s)
        run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kTimeLimit:
            return "over"
        return "hung" if time.process_time() - self._at > STARVED * within_s else "starved"

    def _look(self, event: Any) -> None:
        self.seen, self._at = self.seen + 1, time.process_time()
        if math.isfinite(self._within_s):
            self._solver.setOptionValue("time_limit", event.data_out.running_time + self._within_s)
        found = abs(event.data_out.mip_primal_bound) < highspy.kHighsInf
        if self.seen >= (self._looks.soon if found else self._looks.most):
            event.interrupt()


def run_in_looks(counted: Counted, solver: highspy.Highs, seed: int, run: Run) -> None:
    """Run a problem whose limit is in looks, from the start by ``run``; where it hangs it goes another way with another seed.

    Hanging is counted in processor seconds, of which all else takes far fewer: whoever solves it comes to the same answer.
    """
    within_s = HUNG_S
    for _ in range(TRIES):
        ended = counted.run(within_s, run)
        if ended == "over":
            return
        LOG.info("a search %s after %d looks and begins anew", "hangs" if ended == "hung" else "starves", counted.seen)
        if ended == "hung":
            seed += 1
            solver.setOptionValue("random_seed", seed)
        else:
            within_s *= LONGER
