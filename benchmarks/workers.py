"""Measure what more workers bring to one large request: time to its first plan, and until gaps are proven.

    python benchmarks/workers.py                                   # 30 cities x 12 stacks through 1, 2 and 4 workers, PostgreSQL
    python benchmarks/workers.py --cities 100 --stacks 20 --months 60 --single-months 24 --seconds 300 --gap 0.02
    python benchmarks/workers.py --workers 2 --database sqlite

Each worker is a process like `fleetplan worker`, held to one core: worker k to core k modulo the cores there are. So two
workers on two cores stand for two machines of one core each; more workers than cores share them, and can bring nothing but
what sharing costs. One worker solves the plan, the others help it. Seconds count from when the matrix is written on.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from storm import database  # noqa: E402 - the path comes first

from api.jobs.config import JobConfig  # noqa: E402
from api.jobs.queue import JobQueue, prepare  # noqa: E402
from api.store.contract import FINAL, EventRow, NewPlan  # noqa: E402
from api.store.sqlstore import SqlStore  # noqa: E402
from benchmarks import portfolio  # noqa: E402
from benchmarks.portfolio_files import Recipe  # noqa: E402
from benchmarks.process_tree import TreeWatch, busy_seconds, machine  # noqa: E402
from fleetplan.options import PlanOptions  # noqa: E402
from tests.worker_process import WorkerProcess  # noqa: E402

MARKS = 0.02, 0.01
SLACK_S = 300.0  # beyond the limit of the search, for reading, checking and storing


@dataclass
class Found:
    """What was seen of one run."""

    workers: int
    state: str = ""
    first_s: float | None = None
    proven_s: Mapping[float, float] | None = None
    best_usd: float = 0.0
    gap: float | None = None
    cpu_s: Sequence[float] = ()
    others_cores: float = 0.0

    def line(self) -> str:
        """Return it as a row of a table."""
        proven = self.proven_s or {}
        times = [self.first_s, *(proven.get(mark) for mark in MARKS)]
        cells = [f"{t:8.1f}" if t is not None else "       -" for t in times]
        gap = f"{self.gap:.2%}" if self.gap is not None else "-"
        cpu = " + ".join(f"{s:.0f}" for s in self.cpu_s)
        return f"{self.workers:>7} {' '.join(cells)} {self.best_usd / 1e6:>10,.1f} {gap:>7}  {cpu}  {self.others_cores:.1f}"


HEAD = "workers    first     2 %      1 %   worth M USD    gap  CPU s of each worker  cores others had"


def judged(found: Found, events: Sequence[EventRow]) -> None:
    """Read from a plan's events when it had its first plan, and when its gap was proven to be small."""
    began = next(e.at for e in events if e.kind == "phase" and e.data["phase"] == "formulating")
    proven: dict[float, float] = {}
    for event in events:
        seconds, gap = (event.at - began).total_seconds(), event.data.get("gap")
        if event.kind == "incumbent" and found.first_s is None:
            found.first_s = seconds
        if event.kind in {"incumbent", "bound"} and gap is not None:
            for mark in MARKS:
                if gap <= mark:
                    proven.setdefault(mark, seconds)
    found.proven_s = proven


def measured(config: JobConfig, count: int, request: Mapping[str, Any], options: PlanOptions) -> Found:
    """Have so many workers solve a request."""
    found, cores = Found(count), sorted(os.sched_getaffinity(0))
    store = SqlStore(config.database_url, config.data_dir)
    prepare(config, store)
    queue, workers = JobQueue(config), [WorkerProcess(config) for _ in range(count)]
    for number, worker in enumerate(workers):
        os.sched_setaffinity(worker.process.pid, {cores[number % len(cores)]})
    watches = [TreeWatch(worker.process.pid) for worker in workers]
    try:
        for worker in workers:
            worker.ready()
        busy, began = busy_seconds(), time.monotonic()
        for watch in watches:
            watch.__enter__()
        plan = store.create(NewPlan(request, options))[0].id
        queue.enqueue(plan)
        while (row := store.get(plan)) is not None and row.state not in FINAL:
            if time.monotonic() - began > options.time_limit_s + SLACK_S:
                break
            time.sleep(0.2)
        wall = time.monotonic() - began
        for watch in watches:
            watch.__exit__()
        assert row is not None
        found.state, found.best_usd, found.gap = row.state, row.objective or 0.0, row.gap
        found.cpu_s = [sum(watch.cpu_s.values()) for watch in watches]
        found.others_cores = max(0.0, busy_seconds() - busy - sum(found.cpu_s)) / wall
        judged(found, store.events(plan, limit=10_000))
    finally:
        for worker in workers:
            worker.close()
        queue.close()
        store.close()
    return found


def made(given: argparse.Namespace, folder: Path) -> Mapping[str, Any]:
    """Make the portfolio where every process of this one finds it; return the request."""
    recipe = Recipe(given.cities, given.stacks, months=given.months, single_months=given.single_months)
    root = portfolio.write(recipe, folder)
    portfolio.keep_curves(recipe, root)
    os.environ["FLEETPLAN_CATALOGUE"] = str(root)
    return portfolio.request_of(recipe)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4", help="how many, with commas between")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--cities", type=int, default=30)
    parser.add_argument("--stacks", type=int, default=12)
    parser.add_argument("--months", type=int, default=48)
    parser.add_argument("--single-months", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=120.0, help="time limit of every search")
    parser.add_argument("--gap", type=float, default=0.01, help="gap at which every search stops")
    given = parser.parse_args()
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}\n{HEAD}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        request = made(given, Path(name) / "portfolio")
        options = PlanOptions(time_limit_s=given.seconds, gap=given.gap)
        for count in (int(word) for word in given.workers.split(",")):
            with database(given.database) as url, tempfile.TemporaryDirectory() as data:
                print(measured(JobConfig(url, Path(data)), count, request, options).line(), flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
