"""A worker: takes plans from the queue, solves each in a child process, and looks after plans of workers that died.

DBOS brings a plan to exactly one living worker; one without a plan helps others with theirs (:mod:`api.jobs.helping`). Our
own code steps in where DBOS has no answer: a worker that starts hands out what its predecessor of that name left, a heartbeat
(:mod:`api.jobs.beating`) and a sweep take up the plans of a worker that stays silent, cancelling reaches a running solver, and
the plans table records each outcome once, whoever computed it.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer

from api.jobs import outcome
from api.jobs.beating import Beating
from api.jobs.config import JobConfig
from api.jobs.evaluating import Evaluating
from api.jobs.helping import Helping
from api.jobs.memory import most_bytes
from api.jobs.offers import Sharing
from api.jobs.outcome import Outcome
from api.jobs.queue import APPLICATION, PORTABLE, QUEUE, TIDY_AT_ONCE, VERSION, WORKFLOW, JobQueue, prepare
from api.jobs.simulating import Simulating, months_of
from api.jobs.slot import Slot
from api.jobs.solve import Solve, job, warm
from api.store.contract import MENDING, PlanRow
from api.store.errors import AnswerDamaged
from api.store.sqlstore import SqlStore
from api.store.work import Released
from fleetplan.optimize.pair.processes import cores

TICK_S = 0.25
POLL_S = 0.2
DRAIN_S = 10.0
KEEP_S = 3.5
"""Seconds that solvers have, when the worker is told to end, to finish and check the best plan so far."""

TIDY_EVERY_S = 600.0
TRIES = 6
_log = logging.getLogger(__name__)


class Draining(Exception):
    """The worker is going down and takes nothing up."""


class Worker:
    """Solves plans and watches over them; one a process, since DBOS is one a process."""

    def __init__(self, config: JobConfig, store: SqlStore, queue: JobQueue, name: str) -> None:
        self.config, self.store, self.queue, self.name = config, store, queue, name
        self._solves: dict[str, Solve] = {}
        self._lock = threading.Lock()
        # DBOS counts by queue; work it brings back after a restart may come on top.
        self._places = threading.BoundedSemaphore(config.concurrency)
        self._most_bytes = most_bytes(config.solver_bytes, config.concurrency)
        self._draining = False
        self._suspects: frozenset[str] = frozenset()
        self._tidy_at = 0.0
        self.beating = Beating(lambda: store.beat(name, ()), config.heartbeat_s, config.silence_s)

    # --- one plan -------------------------------------------------------------------------------------------------------

    def solve(self, plan: str) -> str:
        """Solve a plan and record the outcome; return the plan's state here, for DBOS's own record."""
        with self._places:
            if self._draining:
                raise Draining
            solve = self._register(plan)
            if solve is None:
                return "elsewhere"
            try:
                if self._mended(plan, solve):
                    return "infeasible"
                if not self.store.start(plan, self.name):
                    self.store.release(plan, self.name)  # ours from before a restart, and asked to stop since
                    return "elsewhere"
                found = self._outcome(plan, solve)
                if found.state is None:
                    self._keep(plan, found.answer)
                    return "abandoned"
                state, answer, problem = found.state, found.answer, found.problem
                months = months_of(answer, self.config.replays_each)
                patiently(lambda: self.store.finish(plan, state, answer=answer, problem=problem, replay=months))
                return state
            finally:
                self._forget(plan)

    def _mended(self, plan: str, solve: Solve) -> bool:
        """Look for what would give a plan that ended at once one, and return whether it is such a plan.

        What no worker found in the tries that it has is left open.
        """
        row = self.store.get(plan)
        if row is None or row.phase != MENDING:
            return False
        tried = self.store.deliveries(plan) > self.config.max_attempts
        found = Outcome("failed") if tried else solve.run(job(row.request, row.options, None))
        if found.state is None:
            return True  # the worker is going down: the sweep hands it out again
        seen = {**(row.problem or {}), "mending": False}
        problem = found.problem if found.state == "infeasible" and found.problem is not None else seen
        patiently(lambda: self.store.mend(plan, problem))
        return True

    def _keep(self, plan: str, best: bytes | None) -> None:
        """Keep the best plan so far for whoever goes on; one whose work is counted in nodes begins anew, as promised."""
        row = self.store.get(plan)
        if best is not None and row is not None and row.options.node_limit is None:
            self.store.keep_so_far(plan, best)

    def _register(self, plan: str) -> Solve | None:
        row = self.store.get(plan)
        if row is None:
            return None
        emit = self._emitter(plan)
        with self._lock:
            if plan in self._solves:
                return None
            solve = Solve(self.config.solver, row.options.time_limit_s, emit, self._most_bytes)
            self._solves[plan] = solve
            return solve

    def _forget(self, plan: str) -> None:
        with self._lock:
            del self._solves[plan]

    def _emitter(self, plan: str) -> Callable[[str, dict[str, Any]], None]:
        def emit(kind: str, data: dict[str, Any]) -> None:
            patiently(lambda: self.store.add_event(plan, kind, data))

        return emit

    def _outcome(self, plan: str, solve: Solve) -> Outcome:
        if self.store.attempts(plan) > self.config.max_attempts:
            return outcome.failed("gave-up", f"{self.config.max_attempts} workers died over it")
        row = self.store.get(plan)
        if row is None:
            return Outcome(None)
        parent = self._parent(row)
        if row.parent is not None and parent is None and row.options.needs_parent:
            return outcome.failed("parent-gone", f"{row.parent} has no stored plan any more")
        told = job(row.request, row.options, parent, self._sharing(plan), self.store.so_far(plan))
        try:
            found = solve.run(told)
            died = found.problem is not None and found.problem["code"] == "solver-died"
            if died:
                _log.warning("plan %s: its solver died and is started once more", plan)
                found = solve.run(told)
        except OSError:
            _log.exception("plan %s: no solver process", plan)
            return outcome.failed("internal")
        return found

    def _sharing(self, plan: str) -> dict[str, Any]:
        c = self.config
        return Sharing(c.database_url, str(c.data_dir), plan, self.name, c.silence_s).told()

    def _parent(self, row: PlanRow) -> Mapping[str, Any] | None:
        try:
            stored = None if row.parent is None else self.store.answer(row.parent)
        except AnswerDamaged:
            _log.warning("plan %s: the stored plan of its parent %s is damaged", row.id, row.parent)
            stored = None
        if stored is None:
            return None
        read: Mapping[str, Any] = json.loads(stored)
        return read

    # --- helping others ---

    def help(self, stop: threading.Event) -> list[threading.Thread]:
        """Start solving units of other workers' plans whenever there is no plan here; return the threads that do."""
        count = cores() if self.config.helpers is None else self.config.helpers
        helping = [Helping(self.store, self.name, self.beating.patience_s, self._busy) for _ in range(count)]
        return [_begun(one.run, stop, "help") for one in helping]

    def replay(self, stop: threading.Event) -> threading.Thread:
        """Start replaying months of plans, one at a time, until told to stop; return the thread that does."""
        one = Simulating(self.store, self.name, self.beating.patience_s, self.config.simulator, self._busy)
        return _begun(one.run, stop, "replay")

    def evaluate(self, stop: threading.Event) -> threading.Thread:
        """Start scoring plans made elsewhere, one at a time, until told to stop; return the thread that does."""
        one = Evaluating(self.store, self.name, self.beating.patience_s, self.config.evaluator)
        return _begun(one.run, stop, "evaluate")

    def _busy(self) -> bool:
        return self._draining or bool(self._solves)

    # --- watching -------------------------------------------------------------------------------------------------------

    def watch(self, stop: threading.Event) -> None:
        """Sweep, pass on cancellations and keep the time, until told to stop."""
        sweep_at = 0.0
        while not stop.is_set():
            try:
                if time.monotonic() >= sweep_at:
                    sweep_at = time.monotonic() + self.config.heartbeat_s
                    self.sweep()
                self._pass_on()
            except Exception:  # noqa: BLE001 - whatever the database says, the watch must go on
                _log.exception("the worker's watch goes on")
            stop.wait(TICK_S)

    def _pass_on(self) -> None:
        with self._lock:
            solves = dict(self._solves)
        if not solves:
            return
        for solve in solves.values():
            solve.tick(self.beating.late())
        for plan in self.store.stops(self.name):
            if plan in solves:
                solves[plan].cancel()

    def sweep(self) -> None:
        """Take up plans of silent workers, plans that the queue lost, and plans that this worker itself forgot."""
        patience_s = self.beating.patience_s()
        for plan, worker in self.store.orphans(patience_s):
            self._again(plan, worker)
        with self._lock:
            # A plan may stand as ours for a moment before we know of it; twice in a row means forgotten.
            forgotten = frozenset(self.store.running(self.name)) - self._solves.keys()
        for plan in forgotten & self._suspects:
            self._again(plan, self.name)
        self._suspects = forgotten
        waiting = self.store.waiting(patience_s)
        living = self.store.living(patience_s)
        for plan, delivery in self.queue.lost(waiting, living):
            self._deliver_again(plan, delivery)
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_EVERY_S
            self.store.purge(patience_s)
            self.store.forget_empty(self.config.empty_days)
            self.store.empty_bin(self.config.undo_days)
            while self.queue.tidy() == TIDY_AT_ONCE:  # a storm of posts and cancels leaves more than one go takes
                pass

    def inherit(self) -> None:
        """Hand out what a dead worker of this name left behind; to be called before the first beat.

        A new worker takes a while to begin. If it only beat meanwhile, and perhaps died again before it began, its
        predecessor's plans would look as if they were in good hands, and nobody else would take them.
        """
        for plan in self.store.running(self.name):
            self._again(plan, self.name)
        for plan, delivery in self.queue.held(self.name):
            self._deliver_again(plan, delivery)

    def _again(self, plan: str, worker: str, reason: Released = "worker_lost") -> None:
        delivery = self.store.release(plan, worker, reason)
        if delivery is not None:
            _log.warning("plan %s: worker %s has left it, whoever is free takes it up", plan, worker)
            self.queue.deliver(plan, delivery)

    def _deliver_again(self, plan: str, delivery: int) -> None:
        following = self.store.redeliver(plan, delivery)
        if following is not None:
            self.queue.deliver(plan, following)

    def drain(self) -> None:
        """End every solver and leave the plans to other workers, with the best that was found of each."""
        self._draining = True
        with self._lock:
            solves = dict(self._solves)
        for solve in solves.values():
            solve.hand_back()
        self._await_end(KEEP_S)
        for solve in solves.values():
            solve.abandon()
        self._await_end(DRAIN_S)
        for plan in solves:
            self._again(plan, self.name, "handed_back")

    def _await_end(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._solves and time.monotonic() < until:
            time.sleep(0.02)


def _begun(work: Callable[[threading.Event], None], stop: threading.Event, name: str) -> threading.Thread:
    thread = threading.Thread(target=work, args=(stop,), name=f"fleetplan-{name}", daemon=True)
    thread.start()
    return thread


_worker: Worker | None = None


@DBOS.step(name="solve", retries_allowed=True, max_attempts=3, interval_seconds=1.0)
def _solve_step(plan: str) -> str:
    if _worker is None:
        raise Draining
    return _worker.solve(plan)


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None, serialization_type=PORTABLE)
def _solve_plan(plan: str) -> str:
    return _solve_step(plan)


def patiently(act: Callable[[], Any]) -> None:
    """Do something to the database; wait out a short outage."""
    for attempt in range(TRIES):
        try:
            act()
        except Exception:
            if attempt == TRIES - 1:
                raise
            _log.warning("the database did not answer; again in %d s", 2**attempt, exc_info=True)
            time.sleep(2**attempt)
        else:
            return


def run_worker(
    config: JobConfig, *, stop: threading.Event | None = None, ready: Callable[[str], None] | None = None
) -> None:
    """Work until told to stop: by the event, or, without one (main thread only), by SIGTERM or SIGINT.

    Parameters
    ----------
    ready
        Called with the worker's name once it takes plans.
    """
    global _worker  # noqa: PLW0603 - DBOS's functions are global too
    if stop is None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_, event=stop: event.set())
    warm(config.solver)
    store = SqlStore(config.database_url, config.data_dir, queue_limit=config.queue_limit)
    prepare(config, store)
    queue, slot = JobQueue(config), Slot(config.data_dir)
    worker = _worker = Worker(config, store, queue, slot.worker)
    worker.inherit()
    worker.beating.once()
    beating = _begun(worker.beating.run, stop, "beat")
    _launch(config, worker.name)
    helping: list[threading.Thread] = []
    try:
        watching = _begun(worker.watch, stop, "watch")
        helping = [*worker.help(stop), worker.replay(stop), worker.evaluate(stop)]
        if ready is not None:
            ready(worker.name)
        stop.wait()
        for thread in (watching, beating):
            thread.join()
        worker.drain()
        for thread in helping:
            thread.join()
    finally:
        _worker = None
        DBOS.destroy()
        queue.close()
        store.close()
        slot.release()


def _launch(config: JobConfig, name: str) -> None:
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": config.queue_url,
            "application_version": VERSION,
            "executor_id": name,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
    )
    DBOS.launch()
    DBOS.register_queue(
        QUEUE, worker_concurrency=config.concurrency, polling_interval_sec=POLL_S, on_conflict="always_update"
    )
