"""A solver that only pretends: ``python fake_solver.py PARENT_PID``, told by ``request["fake"]`` what to do.

A request that came over HTTP holds nothing but what a request may hold: there, the note says it as JSON.

It speaks the language of api/jobs/solver_child.py and dies with its worker by the same code. Every start is a line in the
file ``request["fake"]["log"]``: its own process id. ``seconds`` is how long it searches, ``again`` how long when the log
shows that it is not the first. It counts its plans on from the one that an interrupted search left.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from api.jobs.child import Lines, die_with_parent, listen, private_output
from fleetplan.optimize.ending import StopSignal


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    lines = Lines(private_output())
    job = json.loads(sys.stdin.buffer.readline())
    stop = StopSignal()
    threading.Thread(target=listen, args=(stop,), daemon=True).start()
    fake = job["request"].get("fake") or told_by_note(job["request"].get("note", ""))
    if log := fake.get("log"):
        if "again" in fake and Path(log).exists():
            fake["seconds"] = fake["again"]
        with Path(log).open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        if fake.get("end") == "die-once" and len(Path(log).read_text(encoding="ascii").splitlines()) == 1:
            die(lines)
    end = {"die": die, "garbage": garbage, "infeasible": infeasible, "problem": problem, "grow": grow}.get(
        fake.get("end", "")
    )
    if end is not None:
        end(lines)
        return
    if fake.get("end") == "kill-worker":
        os.kill(os.getppid(), 9)
    began = time.monotonic()
    lines.send("progress", {"phase": "cities", "elapsed_s": 0.0})
    time.sleep(fake.get("before_plan", 0.0))
    step = int((job["so_far"] or {}).get("objective", 0))
    while not stop.is_set() and time.monotonic() - began < fake.get("seconds", 0.0):
        step += 1
        line = {
            "phase": "searching",
            "best_usd": float(step),
            "bound_usd": 1000.0 - step,
            "gap": (1000.0 - 2 * step) / step,
        }
        lines.send("progress", {**line, "elapsed_s": time.monotonic() - began})
        time.sleep(0.05)
    status = ("time_limit" if stop.overdue else "stopped") if stop.is_set() else "optimal"
    plan = {"status": status, "objective": float(step), "bound": 1000.0 - step, "gap": 0.5, "kpis": fake.get("kpis")}
    answer = json.dumps({**plan, "name": job["request"]["name"], "parent": job["parent"]}).encode()
    if "answer" in fake:  # a whole plan, for those who read it over HTTP
        answer = Path(fake["answer"]).read_bytes()
    for word, file in fake.get("answers", {}).items():  # by a word of the request's name
        answer = Path(file).read_bytes() if word in job["request"]["name"] else answer
    lines.send("plan", {"status": status, "bytes": len(answer)}, answer)


def told_by_note(note: str) -> dict[str, Any]:
    return dict(json.loads(note)) if note.startswith("{") else {}


def die(_: Lines) -> None:
    os.kill(os.getpid(), 9)


def garbage(_: Lines) -> None:
    os.write(2, b"Traceback: secrets\n")
    sys.exit(3)


def grow(_: Lines) -> None:
    """Take more and more memory, and never say a word."""
    held = []
    while True:
        held.append(bytearray(b"x" * 20_000_000))
        time.sleep(0.005)


def infeasible(lines: Lines) -> None:
    lines.send("infeasible", {"clashes": [{"parties": [{"kind": "capital"}], "sentence": "rule a"}]})


def problem(lines: Lines) -> None:
    lines.send("problem", {"code": "solver", "detail": "no plan was found in the time given"})


if __name__ == "__main__":
    main()
