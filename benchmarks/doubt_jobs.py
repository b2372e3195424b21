"""Plans made again by workers of the service: each a rerun of a stored plan, durable, taken by whoever is free."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from storm import database  # noqa: E402 - the path comes first

from api.jobs.config import JobConfig  # noqa: E402
from api.jobs.queue import JobQueue, prepare  # noqa: E402
from api.store.contract import FINAL, NewPlan  # noqa: E402
from api.store.sqlstore import SqlStore  # noqa: E402
from benchmarks.process_tree import TreeWatch  # noqa: E402
from fleetplan.options import PlanOptions  # noqa: E402
from fleetplan.plans.files import plan_text  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.reruns.patch import apply_patch  # noqa: E402
from tests.worker_process import WorkerProcess  # noqa: E402

OPTIONS = PlanOptions(gap=0.02, node_limit=400, time_limit_s=60.0, causes=False)
"""As the service asks for them (:func:`api.asked_reruns.again_options`)."""
MOST_S = 1800.0


def by_workers(plan: Plan, patches: Sequence[Mapping[str, Any]], count: int, kind: str) -> None:
    """Have so many workers, one plan at a time each, make the rerun of every patch; print how long it took."""
    with tempfile.TemporaryDirectory() as folder, database(kind) as url:
        config = JobConfig(url, Path(folder), concurrency=1)
        store = SqlStore(config.database_url, config.data_dir)
        prepare(config, store)
        queue, workers = JobQueue(config), [WorkerProcess(config) for _ in range(count)]
        try:
            for worker in workers:
                worker.ready()
            watches = [TreeWatch(worker.process.pid) for worker in workers]
            for watch in watches:
                watch.__enter__()
            began = time.monotonic()
            made = _posted(plan, patches, store, queue)
            while any((row := store.get(one)) is None or row.state not in FINAL for one in made):
                if time.monotonic() - began > MOST_S:
                    break
                time.sleep(0.2)
            wall = time.monotonic() - began
            for watch in watches:
                watch.__exit__()
            used = sum(sum(watch.cpu_s.values()) for watch in watches)
            rows = [row for one in made if (row := store.get(one)) is not None]
            done = sum(row.state in {"succeeded", "infeasible"} for row in rows)
            widest = max((row.gap or 0.0 for row in rows), default=0.0)
            print(
                f"{len(made)} reruns by {count} workers, {kind:22} {wall:7.2f} s   processor {used:7.2f} s   "
                f"{done} known, widest gap {widest:.2%}"
            )
            for row in rows:
                if row.state not in {"succeeded", "infeasible"}:
                    print(f"  {row.id} is {row.state}: {(row.problem or {}).get('detail', '')}")
        finally:
            for worker in workers:
                worker.close()
            queue.close()
            store.close()


def _posted(plan: Plan, patches: Sequence[Mapping[str, Any]], store: SqlStore, queue: JobQueue) -> list[str]:
    """Store the plan, and ask for the rerun of every patch."""
    request = plan.request.model_dump(mode="json")
    parent = store.create(NewPlan(request, OPTIONS))[0].id
    store.start(parent, "benchmark")
    store.finish(parent, "succeeded", answer=plan_text(plan).encode())
    made = []
    for patch in patches:
        new = NewPlan(apply_patch(request, dict(patch)), OPTIONS, parent=parent, patch=dict(patch))
        made.append(store.create(new)[0].id)
        queue.enqueue(made[-1])
    return made
