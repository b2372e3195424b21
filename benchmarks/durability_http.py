"""Kill `fleetplan serve` and `fleetplan worker` at random while a client posts over HTTP; count what was lost or came twice.

    python benchmarks/durability_http.py [--kills 200] [--plans 100] [--database sqlite|postgresql] [--solver pretend|real]

On SQLite there is one process, which serves and solves; on PostgreSQL one serves and two workers solve. All have the settings
of production; only the solver may be a pretence of half a second to two, so that the storm is mostly about the rest. Each kill
is a SIGKILL of a process at random, at a random moment (also while it starts), and it is started again at once. The client
posts under Idempotency-Keys, posts again after each lost connection, and follows plans live, resuming with Last-Event-ID.
Loopback only. The exit code is 1 if anything was lost or came twice, or if the time given ran out.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO

import httpx2
from storm import TINY, Taken, account, command_line, database, is_clean, open_plans, pauses, print_pauses, restarts

from api.store.contract import FINAL
from api.store.sqlstore import SqlStore
from tests.service_process import PRETEND, CommandProcess, ServiceProcess, client_of, events_of

WORKERS = 2
SHORTEST_S = 0.2
LONGEST = {"sqlite": 1.8, "postgresql": 1.0}
"""Pauses between kills last at most so many times as the service takes to start: quicker ones would only kill what starts."""

HARD = {"capital": {"per_quarter_usd": 4e6}, "cities": ["zurich", "munich"]}
LIMIT_S = 8.0
"""Seconds that the real solver may search for a plan; the longest pause is longer by that."""


def body(number: int, solver: str, starts: Path) -> dict[str, object]:
    """Return what is posted: a plan of two cities that takes seconds; or a note that tells a pretending solver what to do."""
    if solver == "real":
        return {"request": {"name": f"plan {number}", **HARD}, "options": {"time_limit_s": LIMIT_S, "gap": 0.0}}
    fake = {"seconds": random.Random(number).uniform(0.5, 2.0), "log": str(starts)}  # noqa: S311 - not for secrets
    return {"request": {"name": f"plan {number}", "note": json.dumps(fake), **TINY}}


@dataclass
class Client:
    """Posts every plan, each until it is answered; then, or meanwhile, follows each to its end."""

    url: str
    bodies: list[dict[str, object]]
    pause_s: float
    answered: dict[int, set[str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    followed: int = 0
    resumed: int = 0
    posted: Event = field(default_factory=Event)
    stop: Event = field(default_factory=Event)

    def start(self) -> list[Thread]:
        """Begin to post and to follow."""
        threads = [Thread(target=self._post_all, daemon=True), Thread(target=self._follow_all, daemon=True)]
        for thread in threads:
            thread.start()
        return threads

    def _post_all(self) -> None:
        with client_of(self.url) as client:
            for number, asked in enumerate(self.bodies):
                plan = self._post(client, number, asked)
                if plan is None:
                    return
                self.order.append(plan)
                self.stop.wait(self.pause_s)
        self.posted.set()

    def _post(self, client: httpx2.Client, number: int, asked: dict[str, object]) -> str | None:
        """Post under the plan's key until there is an answer."""
        while not self.stop.is_set():
            try:
                answered = client.post("/v1/plans", json=asked, headers={"Idempotency-Key": f"key-{number}"})
            except httpx2.TransportError as error:
                self.failures[type(error).__name__] += 1
                time.sleep(0.1)
                continue
            if answered.status_code in {200, 202}:
                plan = str(answered.json()["id"])
                self.answered.setdefault(number, set()).add(plan)
                return plan
            self.failures[f"status {answered.status_code}"] += 1
            time.sleep(0.5)
        return None

    def _follow_all(self) -> None:
        done = 0
        with client_of(self.url) as client:
            while not self.stop.is_set() and done < len(self.bodies):
                if done < len(self.order):
                    self._follow(client, self.order[done])
                    done += 1
                else:
                    time.sleep(0.05)

    def _follow(self, client: httpx2.Client, plan: str) -> None:
        """Follow a plan to its end through lost connections; every number must come once, in order."""
        seen, lost, last = 0, 0, ""
        while last not in FINAL and not self.stop.is_set():
            try:
                for number, kind, data in events_of(client, plan, seen):
                    self.missed += number != seen + 1
                    self.resumed += lost > 0 and number == lost + 1
                    seen, last = number, data["state"] if kind == "state" else last
            except httpx2.TransportError:
                lost = seen
                time.sleep(0.1)
        self.followed += last in FINAL


@dataclass(eq=False)
class Victim:
    """A process that may be killed; ``folder`` is its own, if it solves."""

    name: str
    process: CommandProcess
    folder: Path | None

    @property
    def worker(self) -> str:
        """The name under which it solves; empty until it first did."""
        file = None if self.folder is None else self.folder / "workers" / "name"
        return f"worker-{file.read_text(encoding='ascii')}-0" if file is not None and file.exists() else ""


@dataclass
class Storm:
    """One run."""

    victims: list[Victim]
    store: SqlStore
    client: Client
    arguments: argparse.Namespace
    longest_s: float
    kills: Counter[str] = field(default_factory=Counter)
    taken: list[Taken] = field(default_factory=list)

    def kill_one(self, chance: random.Random) -> None:
        """Kill one process at random and start it again."""
        victim = chance.choice(self.victims)
        at = datetime.now(UTC)
        victim.process.kill()
        self.kills[victim.name] += 1
        self.taken += [Taken(plan, at) for plan in self.store.running(victim.worker)]
        victim.process.start_again()

    def go(self) -> float:
        """Kill as often as asked, then wait for the rest; return the seconds that it took."""
        chance = random.Random(self.arguments.seed)  # noqa: S311 - not for secrets
        began = time.monotonic()
        threads = self.client.start()
        while self.kills.total() < self.arguments.kills and time.monotonic() - began < self.arguments.seconds:
            time.sleep(chance.uniform(SHORTEST_S, self.longest_s))
            self.kill_one(chance)
        while any(t.is_alive() for t in threads) or open_plans(self.store):
            if time.monotonic() - began > self.arguments.seconds:
                break
            time.sleep(0.2)
        took = time.monotonic() - began
        self.client.stop.set()
        for thread in threads:
            thread.join(40)
        for victim in self.victims:
            victim.process.close()
        return took


def longest_pause(arguments: argparse.Namespace, start_s: float) -> float:
    """Return the longest pause between two kills, for a service that takes so long to start."""
    return LONGEST[arguments.database] * start_s + (LIMIT_S if arguments.solver == "real" else 0.0)


def victims_of(url: str | None, folder: Path, solver: str, log: IO[bytes]) -> list[Victim]:
    """Start what is to be killed."""
    told = PRETEND if solver == "pretend" else None
    if url is None:
        return [Victim("service", ServiceProcess(folder / "service", told=told, log=log), folder / "service")]
    more = ["--database", url, "--workers", "0"]
    found = [Victim("service", ServiceProcess(folder / "service", more=more, told=told, log=log), None)]
    for number in range(WORKERS):
        own = folder / f"worker{number}"
        arguments = ["worker", "--database", url, "--data", str(own)]
        found.append(Victim("worker", CommandProcess(arguments, told=told, log=log), own))
    return found


def measure(arguments: argparse.Namespace, url: str | None, folder: Path) -> bool:
    """Run, print, and return whether nothing was lost and nothing came twice."""
    with (folder / "log").open("wb") as log:
        victims = victims_of(url, folder, arguments.solver, log)
        service = victims[0].process
        assert isinstance(service, ServiceProcess)
        began = time.monotonic()
        service.ready()
        start_s = time.monotonic() - began
        longest_s = longest_pause(arguments, start_s)
        store = SqlStore(url, folder / "service")
        starts = folder / "starts"
        bodies = [body(number, arguments.solver, starts) for number in range(arguments.plans)]
        pause_s = 0.8 * arguments.kills * (SHORTEST_S + longest_s) / 2 / arguments.plans
        client = Client(service.url, bodies, pause_s)
        storm = Storm(victims, store, client, arguments, longest_s)
        took = storm.go()
    told = account(store, client.answered, arguments.plans, starts)
    told |= {
        "lost: events not seen by a follower": client.missed,
        "lost: plans not followed": arguments.plans - client.followed,
    }
    who = "serve" if url is None else f"serve and {WORKERS} workers"
    print(f"{arguments.database}, {arguments.solver} solver, {who} over HTTP, seed {arguments.seed}: {took:.0f} s")
    by_name = ", ".join(f"{n} {name}" for name, n in sorted(storm.kills.items()))
    print(f"  started in {start_s:.1f} s; kills: {storm.kills.total()} ({by_name})")
    for name, number in told.items():
        print(f"  {name}: {number}")
    lost_calls = ", ".join(f"{n} {name}" for name, n in client.failures.most_common()) or "none"
    print(f"  posts tried again after: {lost_calls}; streams resumed in mid-plan: {client.resumed}")
    print(f"  solves begun again: {restarts(store, arguments.plans)}")
    print_pauses(pauses(store, storm.taken))
    store.close()
    return is_clean(told) and storm.kills.total() == arguments.kills


def main() -> None:
    """Read the command line and run."""
    parser = command_line(__doc__ or "", seconds=1800.0)
    arguments = parser.parse_args()
    with database(arguments.database) as url, tempfile.TemporaryDirectory() as folder:
        clean = measure(arguments, url, Path(folder))
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
