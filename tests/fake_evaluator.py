"""An evaluator that only pretends: ``python fake_evaluator.py PARENT_PID``; the file's name says what to do.

It speaks the language of api/jobs/evaluation_child.py: dead.csv dies, bad.csv is refused, long.csv never ends, any other
is scored.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
from typing import Any

from api.jobs.child import Lines, die_with_parent, listen, private_output
from fleetplan.optimize.ending import StopSignal

MONEY = {"npv_usd": 5e6, "capital_usd": 2e6, "peak_funding_usd": 1e6, "vehicles_end": 60, "cities": ["zurich"]}
BROKEN = {
    "rule": "permit_path",
    "title": "Nothing runs before its permits",
    "kind": "law",
    "places": 3,
    "where": "zurich/weride-gxr/2028-01",
    "amount": 60.0,
    "sentence": "60 vehicles, but permits let riders in from 2028-07",
    "place": "Zurich, WeRide + Renault, Jan 2028",
}


def evaluation(**more: Any) -> dict[str, Any]:
    """Return an evaluation as one is told."""
    return {
        "name": "test",
        "source": "decisions",
        "valid": False,
        "breaches": [BROKEN, {**BROKEN, "rule": "plan_totals", "kind": "record", "title": "Totals", "places": 1}],
        "money": MONEY,
        "best": {**MONEY, "npv_usd": 9e6},
        "best_bound_usd": 9.5e6,
        "gap_usd": 4e6,
        "gap_most_usd": 4.5e6,
        "nearest": {
            "money": {**MONEY, "npv_usd": 4e6},
            "vehicle_years": 12.5,
            "proven": True,
            "changes": ["Zurich opens in Jul 2028, not in Jan 2028."],
            "patch": {"constraints": {"as-here-1": {"type": "forbid_deployment", "city": "munich", "stack": "x"}}},
        },
        "infeasible": False,
        "sentences": ["The plan breaks 2 rules:"],
        **more,
    }


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    lines = Lines(private_output())
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=listen, args=(StopSignal(),), daemon=True).start()
    assert base64.b64decode(job["content"])
    if job["name"] == "dead.csv":
        os._exit(3)
    if job["name"] == "long.csv":
        threading.Event().wait()
    if job["name"] == "bad.csv":
        lines.send("problem", {"code": "bad-request", "detail": "not in the catalogue", "faults": []})
        return
    lines.send("evaluation", {"evaluation": evaluation(infeasible=job["infeasible"])})


if __name__ == "__main__":
    main()
