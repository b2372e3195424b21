"""What a worker does besides solving: it scores plans made elsewhere, one at a time, in a process of low priority.

One is taken up when the best plan of its request has ended, so that it is held against that. What is lost is made anew by whoever
finds its lease run out.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api.jobs.beside import Patience, last_word, one_after_another, problem_of
from api.store.errors import AnswerDamaged
from api.store.evaluations import LeasedEvaluation
from api.store.sqlstore import SqlStore

LOOK_S = 1.0
LONGEST_S = 900.0
"""How often an idle worker looks for work, and after how many seconds an evaluation is ended."""


class Evaluating:
    """The thread that scores plans made elsewhere.

    Parameters
    ----------
    lease_s
        Says for how many seconds one is leased; renewed three times as often.
    command
        What scores one: see :mod:`api.jobs.evaluation_child`.
    """

    def __init__(self, store: SqlStore, worker: str, lease_s: Callable[[], float], command: Sequence[str]) -> None:
        self.store, self.worker, self.lease_s = store, worker, lease_s
        self._command = [*command, str(os.getpid())]

    def run(self, stop: threading.Event) -> None:
        """Score until told to stop."""
        one_after_another(lambda: self._next(stop), stop, LOOK_S, "evaluating")

    def _next(self, stop: threading.Event) -> bool:
        """Score a plan, if there is one; return whether there was."""
        if not self.store.evaluations_wait():
            return False
        one = self.store.lease_evaluation(self.worker, self.lease_s())
        if one is None:
            return False
        patience = Patience(LOOK_S / 4, min(self.lease_s() / 3, LOOK_S), LONGEST_S)
        said = last_word(
            self._command,
            self._told(one),
            lambda _: self.store.renew_evaluation(one.id, self.worker, self.lease_s()),
            stop,
            patience,
            died="evaluation-died",
        )
        if said is None:
            self.store.return_evaluation(one.id, self.worker)
        elif said["kind"] == "evaluation":
            self.store.end_evaluation(one.id, self.worker, answer=json.dumps(said["evaluation"]).encode())
        else:
            self.store.end_evaluation(one.id, self.worker, problem=problem_of(said))
        return True

    def _told(self, one: LeasedEvaluation) -> Mapping[str, Any]:
        try:
            best = self.store.answer(one.plan)
        except AnswerDamaged:
            best = None
        return {
            "request": dict(one.request),
            "name": one.name,
            "content": base64.b64encode(one.content).decode(),
            "best": None if best is None else best.decode(),
            "infeasible": one.infeasible,
        }
