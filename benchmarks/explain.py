"""How long it takes to say why a request has no plan, and what would give it one; and what options a plan leaves.

    python benchmarks/explain.py [--only NAME] [--seconds 60]

Five requests without a plan, four of the whole portfolio, one that fractions of vehicles keep and whole ones do not. Each is
planned as a user would; the time told is that from the proof that there is no plan to the last repair: conflicts and repairs.
Of the reference plan: five alternatives within 5 % (fewer where it is proven that there are no more), five however far, and a
frontier of eight points of capital; the time is that from the plan to the last answer.
What is answered by planning the reference again (why not, thresholds, limits) is measured by explain_again.py.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

from fleetplan.alternatives.answer import alternatives, asked_of
from fleetplan.alternatives.search import OPTIONS as ALTERNATIVES
from fleetplan.alternatives.search import find_alternatives
from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InfeasibleError
from fleetplan.examples import example_files
from fleetplan.frontier.points import frontier
from fleetplan.frontier.search import OPTIONS as FRONTIER
from fleetplan.frontier.search import find_frontier
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.request import read_data
from fleetplan.run import Progress, Run
from fleetplan.words.names import Names

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
        "cities": ["bay-area", "madrid"],
        "stacks": ["lucid-nuro-gravity", "weride"],
        "constraints": [
            {"id": "least", "type": "fleet_floor", "vehicles": 401, "start": "2030-10"},
            {"id": "most", "type": "fleet_cap", "vehicles": 401},
            {"id": "nuro", "type": "partner_share", "partner": "Lucid + Nuro", "max_share": 0.5, "start": "2030-10"},
            {"id": "weride", "type": "partner_share", "partner": "WeRide", "max_share": 0.5, "start": "2030-10"},
        ],
    },
}
"""The last one has a solution in fractions, of the tightest relaxation too: half of 401 vehicles for each of two partners."""


REFERENCE = "uber-2027"
ALTERNATIVES_S, FRONTIER_S = 30.0, 90.0
OPTIONS: dict[str, float] = {
    "alternatives": ALTERNATIVES_S,
    "five-alternatives": ALTERNATIVES_S,
    "frontier": FRONTIER_S,
}
"""Of the reference plan, with the seconds that each may take."""


@dataclass
class Watch:
    """When the search for conflicts began."""

    began: float = 0.0
    cpu_s: float = 0.0

    def hear(self, progress: Progress) -> None:
        """Note the phase."""
        if progress.phase == "conflicts" and not self.began:
            self.began, self.cpu_s = time.monotonic(), time.process_time()


def measured(name: str, seconds: float) -> bool:
    """Plan one request, print what was found and how long it took, and return whether that reaches the goal."""
    watch, asked = Watch(), {"name": name, "capital": CAPITAL, **CASES[name]}
    began = time.monotonic()
    try:
        plan_with_context(asked, PlanOptions(time_limit_s=seconds), Run(progress=watch.hear))
    except InfeasibleError as error:
        ended = time.monotonic()
        took, cpu_s = ended - watch.began, time.process_time() - watch.cpu_s
        good = took <= GOAL_S and len(error.repairs) >= WANTED
        print(
            f"{name:<9} proven after {watch.began - began:5.1f} s; {len(error.clashes)} conflicts and {len(error.repairs)} "
            f"repairs in {took:5.1f} s ({cpu_s:.1f} s of processors){'' if good else '  (goal missed)'}"
        )
        for clash in error.clashes:
            print(f"    - {clash.sentence}")
        for repair in error.repairs:
            print(f"    * {repair.given_up:4.2f}  {repair.sentence}")
        return good
    print(f"{name:<9} has a plan: no case for this benchmark")
    return False


def reference() -> Plan:
    """Return the plan of the reference request."""
    asked = read_data(example_files()[REFERENCE])
    return plan_with_context(asked, PlanOptions(gap=0.001, time_limit_s=60.0)).plan


def options_measured(name: str, plan: Plan, seconds: float) -> bool:
    """Find the alternatives or the frontier of a plan, print them and how long it took, and return whether that is in time."""
    began, catalogue = time.monotonic(), load_catalogue()
    if name == "frontier":
        told = frontier(
            plan, "capital", find_frontier(plan, "capital", options=_within(FRONTIER, seconds)), 8, Names(catalogue)
        )
        lines, whole = [p.sentence for p in told.points], all(p.state != "open" for p in told.points)
    else:
        within = "any" if name == "five-alternatives" else "5%"
        asked = asked_of(plan, catalogue, 5, within, "launches")
        found = alternatives(find_alternatives(plan, asked, _within(ALTERNATIVES, seconds), bare=True), catalogue)
        lines = [*found.sentences, *(one.sentences[0] for one in found.others)]
        whole = found.ended in {"enough", "proven"}
    took = time.monotonic() - began
    good = whole and took <= OPTIONS[name]
    print(f"{name:<17} {took:5.1f} s of {OPTIONS[name]:.0f} s{'' if good else '  (goal missed)'}")
    for line in lines:
        print(f"    - {line}")
    return good


def _within(options: PlanOptions, seconds: float) -> PlanOptions:
    return options.within(min(seconds, options.time_limit_s))


def main() -> None:
    """Measure every case, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted([*CASES, *OPTIONS]))
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit of each request")
    given = parser.parse_args()
    names = [given.only] if given.only else [*CASES, *OPTIONS]
    missed = [name for name in names if name in CASES and not measured(name, given.seconds)]
    if about := [name for name in names if name in OPTIONS]:
        plan = reference()
        missed += [name for name in about if not options_measured(name, plan, given.seconds)]
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
