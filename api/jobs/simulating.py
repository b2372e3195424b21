"""What a worker does besides solving: it replays months of stored plans, one at a time, in a process of low priority.

What somebody asked for is made at once, beside whatever is solved. What nobody asked for waits until no plan waits or is solved
anywhere, and is given back when one comes. A replay that is lost is made anew by whoever finds its lease run out.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api.jobs.beside import Patience, last_word, one_after_another, problem_of
from api.store.errors import AnswerDamaged
from api.store.simulations import LeasedSimulation
from api.store.sqlstore import SqlStore
from fleetplan.errors import InputError
from fleetplan.plans.files import read_plan
from fleetplan.replays.months import months_to_replay
from fleetplan.replays.types import ReplayAsked

LOOK_S = 1.0
"""How often an idle worker looks for replays, and a busy one whether its own is still wanted."""

LONGEST_S = 1800.0
"""Seconds after which a replay is ended."""


def months_of(answer: bytes | None, most: int) -> list[dict[str, Any]]:
    """Return what is to be replayed of a plan that is about to be stored; nothing of what is no plan."""
    if answer is None or not most:
        return []
    try:
        plan = read_plan(answer)
    except InputError:
        return []
    asked = (ReplayAsked(city=one.city, month=one.month) for one in months_to_replay(plan, most))
    return [one.model_dump(mode="json") for one in asked]


class Simulating:
    """The thread that replays months.

    Parameters
    ----------
    lease_s
        Says for how many seconds a replay is leased; renewed three times as often.
    command
        What replays one month: see :mod:`api.jobs.simulation_child`.
    busy
        Says whether the worker has a plan to solve, or goes down.
    """

    def __init__(
        self,
        store: SqlStore,
        worker: str,
        lease_s: Callable[[], float],
        command: Sequence[str],
        busy: Callable[[], bool],
    ) -> None:
        self.store, self.worker, self.lease_s, self.busy = store, worker, lease_s, busy
        self._command = [*command, str(os.getpid())]

    def run(self, stop: threading.Event) -> None:
        """Replay until told to stop."""
        one_after_another(lambda: self._next(stop), stop, LOOK_S, "replaying")

    def _quiet(self) -> bool:
        """Return whether what nobody asked for may be made."""
        return not self.busy() and not self.store.plans_wait()

    def _next(self, stop: threading.Event) -> bool:
        """Replay a month, if there is one; return whether there was."""
        quiet = self._quiet()
        if not self.store.simulations_wait(background=quiet):
            return False
        one = self.store.lease_simulation(self.worker, self.lease_s(), background=quiet)
        if one is None:
            return False
        try:
            plan = self.store.answer(one.plan)
        except AnswerDamaged:
            plan = None
        if plan is None:
            self.store.end_simulation(one.id, self.worker, problem={"code": "no-answer", "detail": "the plan is gone"})
            return True
        said = self._made(one, plan, stop)
        if said is None:
            self.store.return_simulation(one.id, self.worker)
        elif said["kind"] == "month":
            answer = json.dumps(said["month"]).encode()
            self.store.end_simulation(one.id, self.worker, answer=answer, standing=said["standing"])
        else:
            self.store.end_simulation(one.id, self.worker, problem=problem_of(said))
        return True

    def _made(self, one: LeasedSimulation, plan: bytes, stop: threading.Event) -> Mapping[str, Any] | None:
        """Return the last word of the process that replays a month; None when it was ended for something else."""

        def wanted(progress: float) -> bool:
            if not self.store.renew_simulation(one.id, self.worker, self.lease_s(), progress):
                return False
            return not one.background or self._quiet() or self._asked_meanwhile(one)

        patience = Patience(LOOK_S / 4, min(self.lease_s() / 3, LOOK_S), LONGEST_S)
        told = {"plan": plan.decode(), "asked": dict(one.asked)}
        return last_word(self._command, told, wanted, stop, patience, died="simulation-died")

    def _asked_meanwhile(self, one: LeasedSimulation) -> bool:
        row = self.store.simulation(one.plan, one.id)
        return row is not None and not row.background
