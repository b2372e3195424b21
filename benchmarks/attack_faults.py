"""Faults that a machine, its disk or its keeper bring upon a service that runs, each done to it; for benchmarks/attack.py."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import httpx2

from api.store.sqlstore import SqlStore
from tests.service_process import PRETEND, ServiceProcess, client_of

SOON = {**PRETEND, "heartbeat_s": 0.5, "silence_s": 3.0}
DISK_BYTES = 3_000_000
AHEAD = "UPDATE workers SET beat_at = datetime(beat_at, '+2 hours') WHERE id = (SELECT worker FROM plans WHERE id = ?)"
FILL, PAD = 2000, 2000


def post(client: httpx2.Client, name: str, pretended: Mapping[str, Any] | None = None) -> str:
    """Ask for a plan of one city whose solver is pretended, and return its id."""
    told = client.post("/v1/plans", json=_body(name, pretended), timeout=60)
    assert told.status_code in {200, 202}, told.text
    return str(told.json()["id"])


def _body(name: str, pretended: Mapping[str, Any] | None = None) -> dict[str, Any]:
    request = {"name": name, "note": json.dumps(pretended or {}), "capital": {"per_quarter_usd": 1e6}}
    return {"request": {**request, "cities": ["zurich"]}}


def ended(client: httpx2.Client, plan: str, seconds: float = 120.0) -> dict[str, Any]:
    """Return a plan's status once it is final: on a busy machine that takes its time."""
    end = time.monotonic() + seconds
    while (told := client.get(f"/v1/plans/{plan}").json())["state"] in {"queued", "running"}:
        assert time.monotonic() < end, f"the plan is {told['state']} after {seconds:g} s"
        time.sleep(0.1)
    return dict(told)


@contextmanager
def served(folder: Path, told: Mapping[str, Any] = PRETEND, **environment: str) -> Iterator[ServiceProcess]:
    """Give a service of its own that takes plans."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        with (folder.parent / "log").open("ab") as log, ServiceProcess(folder, told=told, log=log) as service:
            yield service.ready(180.0)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def clock_set_back(folder: Path) -> dict[str, float]:
    """Kill a worker in mid-plan, set the clock back two hours (what it wrote lies ahead), and wait for another to take the plan.

    No worker may be believed to live since its last word lies in the future.
    """
    with served(folder, SOON) as first, served(folder, SOON) as second:
        with client_of(first.url) as client:
            plan = post(client, "clock", {"log": str(folder.parent / "starts"), "seconds": 600.0, "again": 0.0})
            _until((folder.parent / "starts").is_file)
        holder, spare = _holder(folder.parent / "starts", first, second)
        holder.kill()
        with closing(sqlite3.connect(folder / "fleetplan.sqlite", timeout=30)) as database, database:
            database.execute(AHEAD, (plan,))
        began = time.monotonic()
        with client_of(spare.url) as client:
            state = ended(client, plan)["state"]
    return {"clock_back_taken_up": float(state == "succeeded"), "clock_back_taken_up_s": time.monotonic() - began}


def _holder(starts: Path, one: ServiceProcess, other: ServiceProcess) -> tuple[ServiceProcess, ServiceProcess]:
    """Return who solves a plan, and who does not: the solver whose number stands in a file is a child of its service."""
    _until(lambda: starts.read_text(encoding="ascii").endswith("\n"))
    number = int(starts.read_text(encoding="ascii").split()[0])
    parents = set()
    while number > 1:
        number = int(Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
        parents.add(number)
    return (one, other) if one.process.pid in parents else (other, one)


def _until(there: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


def full_disk(folder: Path) -> dict[str, float]:
    """Serve from a disk of 3 MB (root only: it is mounted), post until nothing fits any more, and read what was stored."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:  # noqa: S603  our own command
        return {}
    try:
        with served(folder / "data", FLEETPLAN_MIN_FREE_BYTES="0") as service, client_of(service.url) as client:
            kept = post(client, "kept")
            ended(client, kept)
            codes: list[int] = []
            while len(codes) < FILL and codes[-3:] != [507] * 3:
                made = client.post("/v1/plans", json=_body(f"f{len(codes)}", {"pad": "x" * PAD}))
                codes.append(made.status_code)
                if made.status_code == 202:
                    client.post(f"/v1/plans/{made.json()['id']}/cancel")
            return {
                "full_disk_plans": float(codes.count(202)),
                "full_disk_other_codes": float(len([code for code in codes if code not in {202, 507}])),
                "full_disk_507": float(codes[-3:] == [507] * 3),
                "full_disk_not_ready": float(client.get("/ready").status_code == 503),
                "full_disk_reads": float(client.get(f"/v1/plans/{kept}").status_code == 200),
            }
    finally:
        subprocess.run(["umount", "-l", folder], check=False)  # noqa: S603, S607  as above


def lost_database(folder: Path) -> dict[str, float]:
    """Delete the database of a running service, then put another in its place: no plan may be taken."""
    codes = []
    with served(folder) as service, client_of(service.url) as client:
        path = folder / "fleetplan.sqlite"
        path.rename(folder / "away")
        codes += [client.post("/v1/plans", json=_body("gone")).status_code, client.get("/ready").status_code]
        other = SqlStore(None, folder / "other")
        other.migrate()
        other.close()
        (folder / "other" / "fleetplan.sqlite").rename(path)
        codes += [client.post("/v1/plans", json=_body("other")).status_code, client.get("/ready").status_code]
    return {"lost_database_accepted": float(len([code for code in codes if code != 503]))}


def open_doors(folder: Path) -> dict[str, float]:
    """Follow a plan with a key and revoke it; come without a key once the last is revoked; look at modes of files."""
    with served(folder) as service:
        store = SqlStore(None, folder)
        secret = store.add_key("last", ["admin"])
        time.sleep(1.1)
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx2.Client(base_url=service.url, headers=headers, timeout=60) as client:
            plan = post(client, "followed", {"before_plan": 600})
            streams = [threading.Thread(target=_follow, args=(service.url, plan, headers)) for _ in range(5)]
            for stream in streams:
                stream.start()
            time.sleep(1.0)
            store.revoke("last")
            began = time.monotonic()
            for stream in streams:
                stream.join(30)
            took = time.monotonic() - began
            time.sleep(max(0.0, 1.2 - took))  # what the store said of a key holds for a second
            codes = [client.get("/v1/plans").status_code, httpx2.get(f"{service.url}/v1/plans").status_code]
        store.close()
        open_to_others = [path for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    return {
        "revoked_streams_end_s": took,
        "revoked_streams_left": float(sum(stream.is_alive() for stream in streams)),
        "after_last_key_let_in": float(len([code for code in codes if code != 401])),
        "files_open_to_others": float(len(open_to_others)),
    }


def _follow(url: str, plan: str, headers: Mapping[str, str]) -> None:
    try:
        with httpx2.stream("GET", f"{url}/v1/plans/{plan}/events", headers=headers, timeout=60) as answer:
            for _ in answer.iter_lines():
                pass
    except httpx2.TransportError:
        return


def dead_solver(folder: Path) -> dict[str, float]:
    """Let a solver die as by -9, once and each time it is started."""
    with served(folder) as service, client_of(service.url) as client:
        once = ended(client, post(client, "once", {"log": str(folder.parent / "once"), "end": "die-once"}))
        always = ended(client, post(client, "always", {"log": str(folder.parent / "always"), "end": "die"}))
    return {
        "solver_killed_once_retried": float(once["state"] == "succeeded"),
        "solver_always_killed_told": float(always["state"] == "failed" and bool(always["problem"]["detail"])),
    }


def missing_settings(folder: Path, log: IO[bytes]) -> dict[str, float]:
    """Start with a configuration that is not there, and with a name for a proxy and no key: neither may serve."""
    started = 0
    for name, value in (
        ("FLEETPLAN_CONFIG", str(folder / "none.toml")),
        ("FLEETPLAN_ALLOWED_HOSTS", "plans.example.com"),
    ):
        os.environ[name] = value
        try:
            service = ServiceProcess(folder / name, log=log)
            try:
                started += service.process.wait(60) == 0
            except subprocess.TimeoutExpired:
                started += 1
            finally:
                service.kill()
        finally:
            del os.environ[name]
    return {"faulty_settings_served": float(started)}
