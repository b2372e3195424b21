"""Attack a service of its own, and say what it did: figures for the promises of docs/security.md.

    python benchmarks/attack.py            # about a minute; starts `fleetplan serve` on a free port of loopback

Each attack is what a stranger or a fault can do cheaply. ``promises`` are compared with what was found; the command exits with 1
when one is broken. Clients run in this process: on a busy machine the times are upper bounds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2

from fleetplan.catalogue import load_catalogue
from tests.service_process import ServiceProcess, client_of

PROMISES: dict[str, float] = {
    "unknown_figures_health_max_s": 2.0,
    "unknown_figures_cpu_s_each": 2.0,
    "absurd_figures_accepted": 0.0,
    "idle_sockets_health_after_12_s_fails": 0.0,
    "altered_answers_shown": 0.0,
    "wrong_keys_per_s": 50.0,
    "sigterm_s": 5.0,
    "sigint_s": 5.0,
}
WRONG = 20


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


def idle_sockets(service: ServiceProcess) -> dict[str, float]:
    """Open 2,050 connections that say nothing, and see whether others get in after 12 s."""
    taken = []
    for _ in range(2050):
        try:
            taken.append(socket.create_connection(("127.0.0.1", service.port), timeout=5))
        except OSError:
            break
    time.sleep(12)
    fails = 0
    for _ in range(10):
        try:
            fails += httpx2.get(f"{service.url}/health", timeout=5).status_code != 200
        except httpx2.TransportError:
            fails += 1
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


def altered_answers(service: ServiceProcess, folder: Path) -> dict[str, float]:
    """Let a plan be made (solver pretended), alter its file, and read it everywhere."""
    request = {"name": "a", "capital": {"per_quarter_usd": 1e6}, "cities": ["zurich"]}
    with client_of(service.url) as client:
        plan = client.post("/v1/plans", json={"request": request}, headers={"Prefer": "wait=30"}).json()["id"]
        until = time.monotonic() + 30
        while client.get(f"/v1/plans/{plan}").json()["state"] in {"queued", "running"} and time.monotonic() < until:
            time.sleep(0.1)
        for path in (folder / "artefacts").glob("*/*"):
            path.write_bytes(path.read_bytes() + b" ")
        places = ("map", "explanation", "export", "tables/cash")
        codes = [client.get(f"/v1/plans/{plan}/{place}").json().get("code") for place in places]
    return {"altered_answers_shown": float(len([code for code in codes if code != "answer-damaged"]))}


def ending(folder: Path, number: int) -> float:
    """Return the seconds in which a service with open streams ends after a signal."""
    with (folder.parent / "log").open("ab") as log, ServiceProcess(folder, log=log) as service:
        service.ready()
        with client_of(service.url) as client:
            request = {"name": "b", "capital": {"per_quarter_usd": 1e6}, "cities": ["zurich"]}
            plan = client.post("/v1/plans", json={"request": request}).json()["id"]
            with client.stream("GET", f"/v1/plans/{plan}/events"):
                began = time.monotonic()
                service.process.send_signal(number)
                service.process.wait(60)
    return time.monotonic() - began


def main() -> None:
    """Attack, print, and compare with the promises."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "data"
        with (Path(home) / "log").open("ab") as log, ServiceProcess(folder, log=log) as service:
            service.ready()
            attacks: list[Callable[[], dict[str, float]]] = [
                lambda: unknown_figures(service),
                lambda: absurd_figures(service),
                lambda: altered_answers(service, folder),
                lambda: idle_sockets(service),
                lambda: wrong_keys(service),
            ]
            for attack in attacks:
                found |= attack()
        found["sigterm_s"] = ending(Path(home) / "term", signal.SIGTERM)
        found["sigint_s"] = ending(Path(home) / "int", signal.SIGINT)
    broken = [name for name, most in PROMISES.items() if found[name] > most]
    print(
        json.dumps(
            {"found": {k: round(v, 3) for k, v in found.items()}, "promises": PROMISES, "broken": broken}, indent=1
        )
    )
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
