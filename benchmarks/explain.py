"""How long it takes to say why a request has no plan, and what would give it one.

    python benchmarks/explain.py [--only NAME] [--seconds 60]

Five requests without a plan, four of the whole portfolio, one that fractions of vehicles keep and whole ones do not. Each is
planned as a user would; the time told is that from the proof that there is no plan to the last repair: conflicts and repairs.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

from fleetplan.errors import InfeasibleError
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.run import Progress, Run

GOAL_S, WANTED = 5.0, 3
CAPITAL = {"per_quarter_usd": 125_000_000}
PACE = {"id": "launch-teams", "type": "launches_per_quarter", "max": 1}

CASES: dict[str, dict[str, Any]] = {
    "permits": {
        "constraints": [
            {"id": "munich-by-summer", "type": "launch_by", "city": "munich", "month": "2027-06"},
            {"id": "pace", "type": "launches_per_quarter", "max": 3},
        ]
    },
    "example": {
        "constraints": [
            {"id": "munich-by-summer", "type": "launch_by", "city": "munich", "month": "2027-06"},
            {"id": "all-at-once", "type": "markets_live", "count": 14, "by": "2027-12", "include_existing": True},
            PACE,
        ]
    },
    "supply": {"constraints": [{"id": "fleet", "type": "fleet_floor", "vehicles": 60_000, "start": "2030-10"}, PACE]},
    "money": {
        "capital": {"per_quarter_usd": 2_000_000},
        "constraints": [
            {"id": "bay", "type": "fleet_floor", "city": "bay-area", "vehicles": 400, "start": "2030-10"},
            {"id": "teams", "type": "launches_per_quarter", "max": 2},
        ],
    },
    "halves": {
        "cities": ["bay-area", "los-angeles"],
        "stacks": ["lucid-nuro-gravity", "zoox"],
        "constraints": [
            {"id": "least", "type": "fleet_floor", "vehicles": 401, "start": "2030-10"},
            {"id": "most", "type": "fleet_cap", "vehicles": 401},
            {"id": "nuro", "type": "partner_share", "partner": "Lucid + Nuro", "max_share": 0.5, "start": "2030-10"},
            {"id": "zoox", "type": "partner_share", "partner": "Zoox", "max_share": 0.5, "start": "2030-10"},
        ],
    },
}
"""The last one has a solution in fractions."""


@dataclass
class Watch:
    """When the search for conflicts began."""

    began: float = 0.0

    def hear(self, progress: Progress) -> None:
        """Note the phase."""
        if progress.phase == "conflicts" and not self.began:
            self.began = time.monotonic()


def measured(name: str, seconds: float) -> bool:
    """Plan one request, print what was found and how long it took, and return whether that reaches the goal."""
    watch, asked = Watch(), {"name": name, "capital": CAPITAL, **CASES[name]}
    began = time.monotonic()
    try:
        plan_with_context(asked, PlanOptions(time_limit_s=seconds), Run(progress=watch.hear))
    except InfeasibleError as error:
        ended = time.monotonic()
        took = ended - watch.began
        good = took <= GOAL_S and len(error.repairs) >= WANTED
        print(
            f"{name:<9} proven after {watch.began - began:5.1f} s; {len(error.clashes)} conflicts and {len(error.repairs)} "
            f"repairs in {took:5.1f} s{'' if good else '  (goal missed)'}"
        )
        for clash in error.clashes:
            print(f"    - {clash.sentence}")
        for repair in error.repairs:
            print(f"    * {repair.given_up:4.2f}  {repair.sentence}")
        return good
    print(f"{name:<9} has a plan: no case for this benchmark")
    return False


def main() -> None:
    """Measure every case, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(CASES))
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit of each request")
    given = parser.parse_args()
    names = [given.only] if given.only else list(CASES)
    missed = [name for name in names if not measured(name, given.seconds)]
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
