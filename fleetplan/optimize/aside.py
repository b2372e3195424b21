"""A search that can be put aside and gone on with later: its tree stays, and nothing that it proved is proven again."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from weakref import WeakSet

import numpy as np

from fleetplan.optimize.solve import POLL_S, Solution, Watch

LOOK_S = 0.2
Begin = Callable[[Watch, threading.Event], Solution]
"""Begins a search that tells what it knows to the one and ends once the other is set."""


_BEGUN: WeakSet[PutAside] = WeakSet()
"""Searches that may still wait."""


@atexit.register
def _end_all() -> None:
    """End what still waits: a solver that calls back into an interpreter that is gone takes the process down with it."""
    for search in list(_BEGUN):
        search.leave()


class PutAside:
    """One search in a thread of its own, which waits in the midst of it while it is put aside.

    ``best`` and ``bound`` are what it has found and proven so far, USD.
    """

    def __init__(self, begin: Begin) -> None:
        self.best, self.bound = -np.inf, np.inf
        self._begin, self._answer, self._failed = begin, list[Solution](), list[Exception]()
        self._go, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def go_on(self, enough: Callable[[], bool]) -> Solution | None:
        """Go on until it has an answer, or until ``enough`` says that it is put aside (None).

        Raises
        ------
        SolverError
            If the solver ended in a state that proves nothing.
        """
        self._go.set()
        if self._thread.ident is None:
            _BEGUN.add(self)
            self._thread.start()
        while self._thread.is_alive():
            self._thread.join(POLL_S)
            if self._thread.is_alive() and enough():
                self._go.clear()
                return None
        return self._told()

    def end(self) -> Solution | None:
        """End it for good, and return what it has; None where it was never begun."""
        return self._told() if self.leave() else None

    def leave(self) -> bool:
        """End it for good, whatever it has; return whether it was begun."""
        self._end.set()
        self._go.set()
        if self._thread.ident is None:
            return False
        self._thread.join()
        return True

    def _told(self) -> Solution:
        if self._failed:
            raise self._failed[0]
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._begin(self._hear, self._end))
        except Exception as error:  # noqa: BLE001  # whoever waits for it hears of it
            self._failed.append(error)

    def _hear(self, best: float | None, bound: float | None, _seconds: float) -> None:
        """Note what is known, and wait here while it is put aside."""
        self.best = self.best if best is None else max(self.best, best)
        self.bound = self.bound if bound is None else min(self.bound, bound)
        while not self._go.is_set() and not self._end.is_set():
            self._go.wait(LOOK_S)
