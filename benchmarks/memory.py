"""Measure the memory of `fleetplan serve`: idle, after 100 plans made, and after each of them was read in every form.

    python benchmarks/memory.py [--plans 100] [--plan out/plan.json]

The service runs as users run it, on a free port of loopback with its worker in the same process; only the solver is a pretence
that hands out copies of one plan (a made-up one, or that of ``--plan``), each of other worth, so that no two answers are the
same bytes. Solvers are processes of their own and do not count. Reading is a plan's status, a table, the map and a comparison
with the plan before: what is kept in memory for later readers is bounded, so more plans do not mean more memory for ever.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402 - the path comes first

from tests.api_support import answer  # noqa: E402
from tests.service_process import PRETEND, ServiceProcess, client_of  # noqa: E402

READ = ("", "/tables/launches", "/map", "/explanation")


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def post_all(client: httpx2.Client, folder: Path, plan: dict[str, object], count: int) -> list[str]:
    """Post plans, each with an answer of its own, and return their ids."""
    ids = []
    for number in range(count):
        file = folder / f"answer{number}.json"
        file.write_text(json.dumps({**plan, "objective": float(str(plan["objective"])) + number}), encoding="utf-8")
        note = json.dumps({"seconds": 0.05, "answer": str(file)})
        request = {"name": f"plan {number}", "note": note, "capital": {"per_quarter_usd": 1e8}}
        answered = client.post("/v1/plans", json={"request": request})
        assert answered.status_code == 202, answered.text
        ids.append(str(answered.json()["id"]))
    return ids


def await_all(client: httpx2.Client, ids: list[str]) -> None:
    """Wait until every plan is made."""
    for plan in ids:
        while client.get(f"/v1/plans/{plan}").json()["state"] in {"queued", "running"}:
            time.sleep(0.2)


def read_all(client: httpx2.Client, ids: list[str]) -> None:
    """Read every plan in several forms."""
    for before, plan in zip([None, *ids], ids, strict=False):
        for path in READ:
            assert client.get(f"/v1/plans/{plan}{path}", timeout=120).status_code == 200, path
        if before is not None:
            compared = client.get(f"/v1/plans/{before}/comparison", params={"with": plan}, timeout=120)
            assert compared.status_code == 200, compared.text


def main() -> None:
    """Start a service, have plans made and read, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--plans", type=int, default=100)
    parser.add_argument("--plan", type=Path, help="a plan.json to hand out")
    given = parser.parse_args()
    plan = json.loads(given.plan.read_bytes() if given.plan else answer())
    told = {**PRETEND, "concurrency": 2}
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("wb") as log:
        folder = Path(name)
        service = ServiceProcess(folder / "data", told=told, log=log)
        try:
            service.ready()
            time.sleep(2.0)
            figures = {"idle": memory_mb(service.process.pid)}
            with client_of(service.url) as client:
                ids = post_all(client, folder, plan, given.plans)
                await_all(client, ids)
                figures[f"after {len(ids)} plans"] = memory_mb(service.process.pid)
                for turn in ("first", "second"):
                    read_all(client, ids)
                    figures[f"after reading all, {turn} time"] = memory_mb(service.process.pid)
        finally:
            service.close()
    for label, value in figures.items():
        print(f"{label:<32} {value:>8,.0f} MB")


if __name__ == "__main__":
    main()
