"""Kill processes at random while plans are posted and solved; count what was lost and what came twice.

    python benchmarks/durability.py [--kills 200] [--plans 100] [--database sqlite|postgresql] [--solver pretend|real]
    python benchmarks/durability.py --takeover [--database sqlite|postgresql]

The jobs alone, without HTTP (durability_http.py kills `fleetplan serve` itself). One process posts plans under
Idempotency-Keys as the service does (stored, then queued, then answered) and starts over after each death, as a client that
got no answer would; two workers solve. Each kill is a SIGKILL of one of the three, which is started again at once. Workers are
silent for 3 s (30 s in production) before others take up their plans. All on this machine, no ports. The exit code is 1 if
anything was lost or came twice, or if the time given ran out.

Workers that are killed faster than they can start take nothing up. So the second command kills one worker once, with the
settings of production, and tells how long its plan waits for another.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from storm import (
    ROOT,
    TINY,
    Life,
    Taken,
    account,
    command_line,
    database,
    is_clean,
    open_plans,
    pauses,
    print_pauses,
    restarts,
)

from api.jobs.config import JobConfig
from api.jobs.queue import JobQueue, prepare
from api.store.contract import FINAL, NewPlan
from api.store.sqlstore import SqlStore
from fleetplan.options import PlanOptions
from tests.worker_process import FAKE, WorkerProcess

WORKERS = 2
PAUSE_S = (0.2, 1.4)


def body(number: int, solver: str, log: Path) -> dict[str, object]:
    """Return the request of a plan: one small city, or half a second to two of pretence."""
    if solver == "real":
        return {"name": f"plan {number}", **TINY}
    fake = {"seconds": random.Random(number).uniform(0.5, 2.0), "log": str(log)}  # noqa: S311 - not for secrets
    return {"name": f"plan {number}", "fake": fake}


def post(database: str | None, folder: Path, plans: int, solver: str, pause_s: float) -> None:
    """Be the service: store, queue, answer; from the first plan again after each death."""
    config = JobConfig(database, folder)
    store = SqlStore(database, folder)
    prepare(config, store)
    queue = JobQueue(config)
    for number in range(plans):
        new = NewPlan(
            body(number, solver, folder / "starts"),
            PlanOptions(),
            idempotency_key=f"key {number}",
            body_sha256=str(number),
        )
        row, replayed = store.create(new)
        if not replayed:
            queue.enqueue(row.id)
        print(json.dumps([number, row.id]), flush=True)
        if not replayed:
            time.sleep(pause_s)


@dataclass
class Poster:
    """The posting process; what it answered is kept here, as by clients."""

    command: list[str]
    answered: dict[int, set[str]] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and listen to its answers."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - us
        Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            number, plan = json.loads(line)
            self.answered.setdefault(number, set()).add(plan)

    @property
    def done(self) -> bool:
        """Whether it posted everything."""
        return self.process is not None and self.process.poll() == 0

    def kill(self) -> None:
        """Kill it as -9 does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@dataclass
class Run:
    """One run of the benchmark."""

    config: JobConfig
    arguments: argparse.Namespace
    store: SqlStore
    poster: Poster
    workers: list[WorkerProcess] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    taken: list[Taken] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    ended: list[Life] = field(default_factory=list)

    def kill_one(self, chance: random.Random) -> None:
        """Kill one process at random and start it again."""
        victims = ["worker"] * WORKERS + ([] if self.poster.done else ["service"])
        victim = chance.choice(victims)
        self.kills[victim] += 1
        if victim == "service":
            self.poster.kill()
            self.poster.start()
            return
        place = chance.randrange(WORKERS)
        worker = self.workers[place]
        at = datetime.now(UTC)
        worker.kill()
        self.lives[place].end = at
        self.taken += [Taken(plan, at) for plan in self.store.running(worker.name)] if worker.name else []
        self.workers[place], life = WorkerProcess(self.config), Life()
        self.ended.append(self.lives[place])
        self.lives[place] = life
        Thread(target=_ready, args=(self.workers[place], life), daemon=True).start()

    def go(self) -> float:
        """Kill as often as asked, then wait for the rest; return the seconds that it took."""
        chance = random.Random(self.arguments.seed)  # noqa: S311 - not for secrets
        began = time.monotonic()
        self.poster.start()
        for _ in range(WORKERS):
            self.workers.append(WorkerProcess(self.config).ready())
            self.lives.append(Life(datetime.now(UTC)))
        while self.kills.total() < self.arguments.kills and time.monotonic() - began < self.arguments.seconds:
            time.sleep(chance.uniform(*PAUSE_S))
            self.kill_one(chance)
        while (not self.poster.done or open_plans(self.store)) and time.monotonic() - began < self.arguments.seconds:
            time.sleep(0.2)
        took = time.monotonic() - began
        for worker in self.workers:
            worker.close()
        return took


def _ready(worker: WorkerProcess, life: Life) -> None:
    try:
        worker.ready()
        life.ready = datetime.now(UTC)
    except (RuntimeError, ValueError):
        return  # killed before it was


def measure(arguments: argparse.Namespace, url: str | None, folder: Path) -> bool:
    """Run, print, and return whether nothing was lost and nothing came twice."""
    config = JobConfig(url, folder, concurrency=1, heartbeat_s=0.5, silence_s=3.0, queue_limit=0, max_attempts=10_000)
    if arguments.solver == "pretend":
        config = replace(config, solver=FAKE)
    store = SqlStore(url, folder)
    prepare(config, store)
    pause_s = arguments.kills * sum(PAUSE_S) / 2 / arguments.plans * 0.8
    told = json.dumps([url, str(folder), arguments.plans, arguments.solver, pause_s])
    run = Run(config, arguments, store, Poster([sys.executable, __file__, "--post", told]))
    took = run.go()
    told_at_last = account(store, run.poster.answered, arguments.plans, folder / "starts")
    print(f"{arguments.database}, {arguments.solver} solver, {WORKERS} workers, seed {arguments.seed}: {took:.0f} s")
    print(f"  kills: {run.kills.total()} ({', '.join(f'{n} {who}' for who, n in sorted(run.kills.items()))})")
    for name, number in told_at_last.items():
        print(f"  {name}: {number}")
    print(f"  solves begun again: {restarts(store, len(run.poster.answered))}")
    print_pauses(pauses(store, run.taken), [*run.ended, *run.lives])
    store.close()
    return is_clean(told_at_last) and run.kills.total() == arguments.kills


def takeover(arguments: argparse.Namespace, url: str | None, folder: Path) -> bool:
    """Kill a worker for good, print how long its plan waits and how long a cancel takes; return whether both keep promises."""
    config = JobConfig(url, folder, solver=FAKE)
    store = SqlStore(url, folder)
    prepare(config, store)
    queue = JobQueue(config)
    workers = {w.name: w for w in (WorkerProcess(config).ready() for _ in range(WORKERS))}
    request = {"name": "long", "fake": {"seconds": 600.0}}
    plan = store.create(NewPlan(request, PlanOptions(time_limit_s=900.0)))[0].id
    queue.enqueue(plan)
    first = _runs_under(store, plan, not_under=None)
    time.sleep(1.0)
    workers.pop(first).kill()
    began = time.monotonic()
    _runs_under(store, plan, not_under=first)
    took = time.monotonic() - began
    store.request_cancel(plan)
    asked = time.monotonic()
    while (row := store.get(plan)) is not None and row.state not in FINAL:
        time.sleep(0.02)
    stopped = time.monotonic() - asked
    print(f"{arguments.database}, silence {config.silence_s:.0f} s: taken over after {took:.1f} s")
    print(f"  cancel to the recorded outcome: {stopped:.2f} s")
    for worker in workers.values():
        worker.close()
    queue.close()
    store.close()
    return took <= 60.0 and stopped <= 1.0


def _runs_under(store: SqlStore, plan: str, *, not_under: str | None) -> str:
    """Wait until a plan runs under another worker; return that."""
    while True:
        row = store.get(plan)
        if row is not None and row.state == "running" and row.worker is not None and row.worker != not_under:
            return row.worker
        time.sleep(0.05)


def main() -> None:
    """Read the command line and run."""
    parser = command_line(__doc__ or "", seconds=900.0)
    parser.add_argument("--takeover", action="store_true", help="kill one worker, with production's settings")
    parser.add_argument("--post", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.post:
        url, folder, plans, solver, pause_s = json.loads(arguments.post)
        post(url, Path(folder), plans, solver, pause_s)
        return
    with database(arguments.database) as url, tempfile.TemporaryDirectory() as folder:
        act = takeover if arguments.takeover else measure
        clean = act(arguments, url, Path(folder))
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
