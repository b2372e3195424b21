"""Attack a service of its own, and say what it did: figures for the promises of docs/security.md.

    python benchmarks/attack.py            # about two minutes; `--only NAME` one attack; starts `fleetplan serve` on free
                                           # ports of loopback

Each attack is what a stranger or a fault can do cheaply. ``promises`` are compared with what was found; the command exits with 1
when one is broken. Clients run in this process: on a busy machine the times are upper bounds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import attack_faults as faults
from fleetplan.catalogue import load_catalogue
from tests.service_process import ServiceProcess, client_of
from tests.worker_process import ROOT

PROMISES: dict[str, float] = {
    "get_p99_32_ms": 50.0,
    "get_p99_200_ms": 50.0,
    "catalogue_page_p99_ms": 50.0,
    "unread_answers_health_fails": 0.0,
    "post_cancel_bytes_each": 6000.0,
    "over_quota_accepted": 0.0,
    "outgrown_solve_told": 1.0,
    "unknown_figures_health_max_s": 2.0,
    "unknown_figures_cpu_s_each": 2.0,
    "absurd_figures_accepted": 0.0,
    "idle_sockets_health_after_12_s_fails": 0.0,
    "altered_answers_shown": 0.0,
    "wrong_keys_per_s": 50.0,
    "sigterm_s": 5.0,
    "sigint_s": 5.0,
    "clock_back_taken_up": 1.0,
    "clock_back_taken_up_s": 30.0,
    "full_disk_507": 1.0,
    "full_disk_not_ready": 1.0,
    "full_disk_reads": 1.0,
    "full_disk_other_codes": 0.0,
    "lost_database_accepted": 0.0,
    "revoked_streams_end_s": 3.0,
    "revoked_streams_left": 0.0,
    "after_last_key_let_in": 0.0,
    "files_open_to_others": 0.0,
    "solver_killed_once_retried": 1.0,
    "solver_always_killed_told": 1.0,
    "faulty_settings_served": 0.0,
}
AT_LEAST = (
    "outgrown_solve_told",
    "clock_back_taken_up",
    "full_disk_507",
    "full_disk_not_ready",
    "full_disk_reads",
    "solver_killed_once_retried",
    "solver_always_killed_told",
)
WRONG = 20
START_S = 240.0


def cpu_s(process: int) -> float:
    """Return the processor time that a process has taken, in seconds (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def unknown_figures(service: ServiceProcess) -> dict[str, float]:
    """Send requests with 500 figures that nobody knows, twenty at once, and ask for /health meanwhile."""
    overrides = [{"figure": f"zurih/city.toml#markt.tripz_pr_day_{i:040d}", "value": 1} for i in range(500)]
    body = {"request": {"capital": {"per_quarter_usd": 1e6}, "overrides": overrides}}
    waits: list[float] = []
    done = threading.Event()

    def watch() -> None:
        with client_of(service.url) as client:
            while not done.is_set():
                began = time.perf_counter()
                client.get("/health")
                waits.append(time.perf_counter() - began)
                time.sleep(0.02)

    def post(_: int) -> int:
        return httpx2.post(f"{service.url}/v1/validations", json=body, timeout=120).status_code

    watcher = threading.Thread(target=watch)
    before = cpu_s(service.process.pid)
    watcher.start()
    with ThreadPoolExecutor(WRONG) as pool:
        codes = list(pool.map(post, range(WRONG)))
    done.set()
    watcher.join()
    assert set(codes) == {422}, codes
    each = (cpu_s(service.process.pid) - before) / WRONG
    return {"unknown_figures_cpu_s_each": each, "unknown_figures_health_max_s": max(waits)}


def absurd_figures(service: ServiceProcess) -> dict[str, float]:
    """Override every figure of the catalogue with 1e300, and every one that cannot be negative with -1."""
    catalogue = load_catalogue()
    groups = [catalogue.economics, *(city.figures for city in catalogue.cities.values())]
    groups += [catalogue.assumptions, *(stack.figures for stack in catalogue.stacks.values())]
    known = [figure for group in groups for figure in group.values()]
    accepted = 0
    with client_of(service.url) as client:
        for value in (1e300, -1.0):
            for start in range(0, len(known), 150):
                part = [
                    {"figure": figure.key, "factor": None, **_given(figure, value)}
                    for figure in known[start : start + 150]
                ]
                body = {"request": {"capital": {"per_quarter_usd": 1e6}, "overrides": part}}
                told = client.post("/v1/validations", json=body).json()
                wrong = {int(fault["pointer"].split("/")[3]) for fault in told.get("errors", ())}
                asked = [
                    i
                    for i, figure in enumerate(known[start : start + 150])
                    if value > 0 or "elasticity" not in figure.key
                ]
                accepted += len([i for i in asked if i not in wrong])
    return {"absurd_figures_tried": 2.0 * len(known), "absurd_figures_accepted": float(accepted)}


def _given(figure: Any, value: float) -> dict[str, Any]:
    return {"values": [value] * len(figure.values)} if figure.values else {"value": value}


def _health_fails(service: ServiceProcess) -> int:
    """Return how many of ten questions after the service's health fail."""
    fails = 0
    for _ in range(10):
        try:
            fails += httpx2.get(f"{service.url}/health", timeout=5).status_code != 200
        except httpx2.TransportError:
            fails += 1
    return fails


def idle_sockets(service: ServiceProcess) -> dict[str, float]:
    """Open 2,050 connections that say nothing, and see whether others get in after 12 s."""
    taken = []
    for _ in range(2050):
        try:
            taken.append(socket.create_connection(("127.0.0.1", service.port), timeout=5))
        except OSError:
            break
    time.sleep(12)
    fails = _health_fails(service)
    for one in taken:
        one.close()
    return {"idle_sockets": float(len(taken)), "idle_sockets_health_after_12_s_fails": float(fails)}


def wrong_keys(service: ServiceProcess) -> dict[str, float]:
    """Guess keys for five seconds over eight connections; what is counted is those answered."""
    end, answered = time.monotonic() + 5, 0

    def guess(number: int) -> int:
        count = 0
        with client_of(service.url) as client:
            while time.monotonic() < end:
                headers = {"Authorization": f"Bearer fp_{number}_{count}", "X-Forwarded-For": "192.0.2.1"}
                assert client.get("/v1/plans", headers=headers).status_code == 401
                count += 1
        return count

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(guess, range(8)))
    return {"wrong_keys_per_s": answered / 5}


def _final(client: httpx2.Client, name: str) -> str:
    """Return the id of a plan that is made."""
    plan = faults.post(client, name)
    assert faults.ended(client, plan)["state"] == "succeeded"
    return plan


def altered_answers(service: ServiceProcess, folder: Path) -> dict[str, float]:
    """Let a plan be made (solver pretended), alter its file, and read it everywhere."""
    with client_of(service.url) as client:
        plan = _final(client, "a")
        for path in (folder / "artefacts").glob("*/*"):
            path.write_bytes(path.read_bytes() + b" ")
        places = ("map", "explanation", "export", "tables/cash")
        codes = [client.get(f"/v1/plans/{plan}/{place}").json().get("code") for place in places]
    return {"altered_answers_shown": float(len([code for code in codes if code != "answer-damaged"]))}


def _raw(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html, */*\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def many_readers(service: ServiceProcess) -> dict[str, float]:
    """Read one plan over 32 and over 200 connections, as fast as they get answers, while 200 streams of another are open.

    Clients run in a process of their own, so that only the machine is shared with the service.
    """
    with client_of(service.url) as client:
        plan = _final(client, "r")
        other = faults.post(client, "other", {"before_plan": 3600})
        streams = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
        for stream in streams:
            stream.sendall(_raw(f"/v1/plans/{other}/events"))
        time.sleep(1)
        found: dict[str, float] = {}
        for clients in (32, 200):
            command = [sys.executable, "-c", _LOAD, str(service.port), f"/v1/plans/{plan}", str(clients)]
            before = cpu_s(service.process.pid)
            told = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)  # noqa: S603
            each = (cpu_s(service.process.pid) - before) / max(1.0, 5.0 * told["rate"])
            found |= {
                f"get_p50_{clients}_ms": told["p50"],
                f"get_p99_{clients}_ms": told["p99"],
                f"get_per_s_{clients}": told["rate"],
            }
            found |= {f"get_cpu_us_{clients}": 1e6 * each}
        for stream in streams:
            stream.close()
        client.post(f"/v1/plans/{other}/cancel")
    return found


_LOAD = """
import asyncio, json, sys
from benchmarks.http_load import _get, load, percentile
port, path, clients = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
taken = asyncio.run(load(port, _get(path), clients=clients, seconds=5.0, expected=200))[clients:]
print(json.dumps({"p50": percentile(taken, 0.5), "p99": percentile(taken, 0.99), "rate": len(taken) / 5.0}))
"""


def catalogue_pages(service: ServiceProcess) -> dict[str, float]:
    """Read the pages of the catalogue again and again over one connection."""
    taken: list[float] = []
    with client_of(service.url) as client:
        for _ in range(40):
            for path in (
                "/catalogue",
                "/catalogue/figures",
                "/catalogue/permits",
                "/catalogue/partners",
                "/v1/partners",
            ):
                began = time.perf_counter()
                assert client.get(path, headers={"Accept": "text/html"}).status_code == 200
                taken.append(time.perf_counter() - began)
    return {
        "catalogue_page_p99_ms": 1000 * sorted(taken)[int(0.96 * len(taken))],
        "catalogue_pages_per_s": len(taken) / sum(taken),
    }


def unread_answers(service: ServiceProcess) -> dict[str, float]:
    """Ask for 4.8 MB over a few hundred connections, read nothing, and see who gets in after 35 s."""
    with client_of(service.url) as client:
        page = client.get("/plans", headers={"Accept": "text/html"}).text
    script = "/assets/" + page.partition("/assets/")[2].partition('"')[0]
    taken = []
    for _ in range(2050):
        try:
            one = socket.create_connection(("127.0.0.1", service.port), timeout=5)
            one.sendall(_raw(script if "plotly" in script else f"/assets/plotly-{metadata.version('plotly')}.min.js"))
        except OSError:
            break
        taken.append(one)
    time.sleep(36)
    fails = _health_fails(service)
    for one in taken:
        one.close()
    return {"unread_answers": float(len(taken)), "unread_answers_health_fails": float(fails)}


def growth(service: ServiceProcess, folder: Path) -> dict[str, float]:
    """Post and cancel three hundred plans, and say how much each leaves behind in both databases."""

    def size() -> int:
        return sum(
            path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        )

    request = {"name": "g", "capital": {"per_quarter_usd": 1e6}, "cities": ["zurich"]}
    with client_of(service.url) as client:
        before = size()
        for _ in range(300):
            plan = client.post("/v1/plans", json={"request": request}).json()["id"]
            client.post(f"/v1/plans/{plan}/cancel")
    return {"post_cancel_bytes_each": (size() - before) / 300}


def over_quota(folder: Path) -> dict[str, float]:
    """Post to a service that holds as much as it may."""
    os.environ["FLEETPLAN_MAX_STORE_BYTES"] = "1000"
    try:
        with (folder.parent / "log").open("ab") as log, ServiceProcess(folder, log=log) as service:
            service.ready(START_S)
            request = {"name": "q", "capital": {"per_quarter_usd": 1e6}, "cities": ["zurich"]}
            codes = [httpx2.post(f"{service.url}/v1/plans", json={"request": request}).status_code for _ in range(5)]
    finally:
        del os.environ["FLEETPLAN_MAX_STORE_BYTES"]
    return {"over_quota_accepted": float(len([code for code in codes if code != 507]))}


def outgrown(folder: Path) -> dict[str, float]:
    """Let a solver (pretended) grow without end where 500 MB are allowed, and see what is told of it."""
    os.environ["FLEETPLAN_MAX_SOLVER_BYTES"] = "500000000"
    try:
        with (folder.parent / "log").open("ab") as log, ServiceProcess(folder, log=log) as service:
            service.ready(START_S)
            note = json.dumps({"end": "grow"})
            request = {"name": "o", "note": note, "capital": {"per_quarter_usd": 1e6}, "cities": ["zurich", "munich"]}
            began = time.monotonic()
            told = httpx2.post(
                f"{service.url}/v1/plans", json={"request": request}, headers={"Prefer": "wait=60"}, timeout=90
            ).json()
    finally:
        del os.environ["FLEETPLAN_MAX_SOLVER_BYTES"]
    problem = told["problem"] or {}
    return {
        "outgrown_solve_told": float(problem.get("code") == "memory" and problem["fits"] > 0),
        "outgrown_solve_s": time.monotonic() - began,
    }


def ending(folder: Path, number: int) -> float:
    """Return the seconds in which a service with open streams ends after a signal."""
    with (folder.parent / "log").open("ab") as log, ServiceProcess(folder, log=log) as service:
        service.ready(START_S)
        with client_of(service.url) as client:
            request = {"name": "b", "capital": {"per_quarter_usd": 1e6}, "cities": ["zurich"]}
            plan = client.post("/v1/plans", json={"request": request}).json()["id"]
            with client.stream("GET", f"/v1/plans/{plan}/events"):
                began = time.monotonic()
                service.process.send_signal(number)
                service.process.wait(60)
    return time.monotonic() - began


def missing_settings(home: Path) -> dict[str, float]:
    """Start with faulty settings."""
    with (home / "log").open("ab") as log:
        return faults.missing_settings(home / "settings", log)


def _told(found: dict[str, float]) -> dict[str, float]:
    """Print figures as soon as they are known: a later attack may end the run."""
    print(json.dumps({key: round(value, 3) for key, value in found.items()}), file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Attack, print, and compare with the promises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of an attack's name")
    only = parser.parse_args().only
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        home, folder = Path(name), Path(name) / "data"
        alone: dict[str, Callable[[], dict[str, float]]] = {
            "quota": lambda: over_quota(home / "quota"),
            "memory": lambda: outgrown(home / "memory"),
            "sigterm": lambda: {"sigterm_s": ending(home / "term", signal.SIGTERM)},
            "sigint": lambda: {"sigint_s": ending(home / "int", signal.SIGINT)},
            "clock": lambda: faults.clock_set_back(home / "clock" / "data"),
            "full_disk": lambda: faults.full_disk(home / "disk"),
            "lost_database": lambda: faults.lost_database(home / "lost" / "data"),
            "open_doors": lambda: faults.open_doors(home / "doors" / "data"),
            "dead_solver": lambda: faults.dead_solver(home / "dead" / "data"),
            "missing_settings": lambda: missing_settings(home),
        }
        for attack in (made for name, made in alone.items() if only in name):
            found |= _told(attack())
        with (home / "log").open("ab") as log, ServiceProcess(folder, log=log) as service:
            service.ready(START_S)
            attacks: dict[str, Callable[[], dict[str, float]]] = {
                "unknown_figures": lambda: unknown_figures(service),
                "absurd_figures": lambda: absurd_figures(service),
                "altered_answers": lambda: altered_answers(service, folder),
                "idle_sockets": lambda: idle_sockets(service),
                "wrong_keys": lambda: wrong_keys(service),
                "growth": lambda: growth(service, folder),
                "many_readers": lambda: many_readers(service),
                "catalogue_pages": lambda: catalogue_pages(service),
                "unread_answers": lambda: unread_answers(service),
            }
            for attack in (made for name, made in attacks.items() if only in name):
                found |= _told(attack())
    broken = [name for name, most in PROMISES.items() if name in found and found[name] > most]
    broken += [name for name in AT_LEAST if name in found and found[name] < PROMISES[name]]
    print(
        json.dumps(
            {"found": {k: round(v, 3) for k, v in found.items()}, "promises": PROMISES, "broken": broken}, indent=1
        )
    )
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
