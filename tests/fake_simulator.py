"""A simulator that only pretends: ``python fake_simulator.py PARENT_PID``; the month asked for says what to do.

It speaks the language of api/jobs/simulation_child.py: January stands, February falls, March dies, April is refused, May never
ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from api.jobs.child import Lines, die_with_parent, listen, private_output
from fleetplan.optimize.ending import StopSignal


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    lines = Lines(private_output())
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=listen, args=(StopSignal(),), daemon=True).start()
    number = int(job["asked"]["month"][5:])
    lines.send("progress", {"done": 0.5})
    if number == 3:
        os._exit(3)
    if number == 4:
        lines.send("problem", {"code": "bad-request", "detail": "not in the catalogue", "faults": []})
        return
    if number == 5:
        threading.Event().wait()
    told = month(job["asked"], stands=number == 1)
    standing = {key: told[key] for key in ("city", "month", "name", "stands")}
    lines.send("month", {"month": told, "standing": {**standing, "shortfalls": shortfalls(stands=number == 1)}})


def shortfalls(*, stands: bool) -> list[dict[str, Any]]:
    """Return what is missed."""
    missed = {"stack": "a", "partner": "A", "figure": "wait_min", "missed": 0.3, "allowed": 0.15}
    return [] if stands else [missed]


def month(asked: dict[str, Any], *, stands: bool) -> dict[str, Any]:
    """Return a month as a replay tells it."""
    figures = ("trips_per_day", "served_share", "wait_min", "empty_share")
    judged = [{"figure": name, "promised": 1.0, "replayed": 1.0, "standard_error": None} for name in figures]
    hours = [
        {
            "days": "weekday",
            "hour": hour,
            "asked": 9.0,
            "promised_trips": 8.0,
            "trips": 7.0,
            "promised_wait_min": 5.0,
            "wait_min": 6.0,
        }
        for hour in range(24)
    ]
    quarters = [
        {"days": "weekday", "start_min": 15 * k, "load_kw": 9.0, "plugs_in_use": 2.0, "queue": 0.5} for k in range(96)
    ]
    deployment = {
        "stack": "a",
        "partner": "A",
        "level": 1,
        "level_name": "core",
        "vehicles": 10,
        "plugs": 4,
        "demand_per_day": 200.0,
        "stands": stands,
        "shortfalls": shortfalls(stands=stands),
        "figures": judged,
        "hours": hours,
        "quarters": quarters,
        "depots": [{"site": "", "plugs": 4, "load_kw_most": 99.0, "queue_most": 2}],
        "zones": [],
    }
    return {
        **asked,
        "name": "Zurich",
        "dispatch": "batched",
        "stands": stands,
        "plan_sha256": "p",
        "catalogue_sha256": "c",
        "deployments": [deployment],
        "sentences": ["Zurich: the month.", "A: its part."],
    }


if __name__ == "__main__":
    main()
