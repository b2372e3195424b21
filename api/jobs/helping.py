"""What a worker does while it has no plan to solve: it solves units of other workers' plans, one in each of its threads.

Whatever becomes of it meanwhile, nothing is lost: its lease runs out, and another takes the unit. It stops within a moment when
the unit is wanted no more, when it gets a plan of its own, and when it goes down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from api.jobs.beside import one_after_another
from api.jobs.offers import expanded, squeezed
from api.store.sqlstore import SqlStore
from api.store.units import LeasedUnit
from fleetplan.optimize.pair.unit_process import UnitProcess

LOOK_S = 0.25
"""How often an idle worker looks for units, and a busy one whether its unit is still wanted."""

IDLE_S = 60.0
"""Seconds without a unit after which the process that solves them is ended."""

_log = logging.getLogger(__name__)


class Helping:
    """One thread that helps, with a process of its own while there is work.

    Parameters
    ----------
    busy
        Says whether the worker has a plan of its own to solve.
    lease_s
        Says for how many seconds a unit is leased; renewed three times as often.
    """

    def __init__(self, store: SqlStore, worker: str, lease_s: Callable[[], float], busy: Callable[[], bool]) -> None:
        self.store, self.worker, self.lease_s, self.busy = store, worker, lease_s, busy
        self._child: UnitProcess | None = None
        self._used_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Help until told to stop."""
        try:
            one_after_another(lambda: not self.busy() and self._help(stop), stop, LOOK_S, "helping", idle=self._rest)
        finally:
            self._dismiss()

    def _help(self, stop: threading.Event) -> bool:
        """Solve a unit, if there is one; return whether there was."""
        if not self.store.open_units(self.worker):
            return False
        unit = self.store.lease_unit(self.worker, self.lease_s())
        if unit is None:
            return False
        self._used_at = time.monotonic()
        if self._child is None:
            self._child = UnitProcess()
        self._child.ask(expanded(unit.content))
        try:
            answer = self._answer(unit, self._child, stop)
        except EOFError:
            _log.warning("the process that solved a unit of %s died", unit.plan)
            answer = None
        if answer is None:
            self._dismiss()
            self.store.return_unit(unit, self.worker)
        else:
            self.store.answer_unit(unit, squeezed(answer))
        return True

    def _answer(self, unit: LeasedUnit, child: UnitProcess, stop: threading.Event) -> bytes | None:
        """Return the answer; None when the unit is wanted no more, or somebody wants this worker for something else."""
        renew_at = time.monotonic() + self.lease_s() / 3
        while (answer := child.answer(LOOK_S)) is None:
            if stop.is_set() or self.busy():
                return None
            if time.monotonic() >= renew_at:
                renew_at = time.monotonic() + self.lease_s() / 3
                if not self.store.renew_unit(unit, self.worker, self.lease_s()):
                    return None
            elif not self.store.is_wanted(unit, self.worker):
                return None
        return answer

    def _rest(self) -> None:
        if self._child is not None and (self.busy() or time.monotonic() > self._used_at + IDLE_S):
            self._dismiss()

    def _dismiss(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
