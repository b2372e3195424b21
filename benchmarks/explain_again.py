"""How long the answers take that are found by planning the reference request again: why not, thresholds, the worth of limits.

    python benchmarks/explain_again.py [--only why-not | thresholds | limits] [--plan out/uber-2027/plan.json]

With a plan.json of the reference request; without one it is planned first, which is not counted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fleetplan.catalogue.types import Catalogue
from fleetplan.inquiry.answer import told
from fleetplan.inquiry.question import WhyNot
from fleetplan.inquiry.why_not import why_not
from fleetplan.limits.find import worth_of_limits
from fleetplan.limits.probes import probes_of
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.request import read_data
from fleetplan.run import Run
from fleetplan.service.types import CityService
from fleetplan.terminal import context, read_plan, request_file
from fleetplan.threshold.find import thresholds
from fleetplan.threshold.ranking import matter_most
from fleetplan.words.context import context_from
from fleetplan.words.limits import probed_sentence
from fleetplan.words.names import Names
from fleetplan.words.threshold import threshold_sentences

WHY_NOT_S, THRESHOLDS_S, LIMITS_S = 3.0, 20.0, 30.0
"""Goals on two quiet cores: one question; five thresholds; ten limits."""

QUESTIONS = (
    WhyNot("munich", "momenta", "2028-03"),
    WhyNot("los-angeles", "zoox-pod"),
    WhyNot("bay-area", level=5),
    WhyNot("madrid", vehicles=100),
)


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference plan with what it is asked with."""

    plan: Plan
    catalogue: Catalogue
    services: dict[str, CityService]

    @property
    def names(self) -> Names:
        """What things are called."""
        return Names(self.catalogue, (self.plan,))


def ask_why_not(known: Reference) -> bool:
    """Ask four questions, and return whether each was answered in time."""
    good = True
    for question in QUESTIONS:
        began = time.monotonic()
        answer = why_not(known.plan, question, PlanOptions(time_limit_s=60), Run(catalogue=known.catalogue))
        took = time.monotonic() - began
        good &= took <= WHY_NOT_S
        print(f"why not {took:5.1f} s  {told(answer, known.catalogue)[0]}")
    return good


def ask_thresholds(known: Reference) -> bool:
    """Find the thresholds of the five figures that matter most."""
    began = time.monotonic()
    dials = matter_most(known.plan, known.catalogue, known.services)
    ranked = time.monotonic() - began
    found = thresholds(known.plan, dials, known.services, run=Run(catalogue=known.catalogue))
    took = time.monotonic() - began
    sides = [side for one in found for side in (one.lower, one.higher) if side is not None]
    plans = sum(len(side.points) + (side.kept_proof != "open") for side in sides)
    for one in found:
        print("    - " + "\n      ".join(threshold_sentences(one, known.names)))
    print(f"{len(found)} thresholds in {took:.1f} s ({ranked:.1f} s to rank figures), {plans} plans")
    return took <= THRESHOLDS_S


def ask_limits(known: Reference) -> bool:
    """Move ten limits."""
    began = time.monotonic()
    probes = probes_of(known.plan, known.catalogue)
    found = worth_of_limits(known.plan, probes, known.services, run=Run(catalogue=known.catalogue))
    took = time.monotonic() - began
    words = context_from(known.plan.request.model_dump(mode="json"), known.names)
    for one in found:
        print(f"    - {probed_sentence(one, words)}")
    print(f"{len(found)} limits in {took:.1f} s")
    return took <= LIMITS_S


CASES: dict[str, Callable[[Reference], bool]] = {
    "why-not": ask_why_not,
    "thresholds": ask_thresholds,
    "limits": ask_limits,
}


def main() -> None:
    """Measure every case, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(CASES))
    parser.add_argument("--plan", type=Path)
    given = parser.parse_args()
    if given.plan is None:
        plan = plan_with_context(read_data(request_file("uber-2027")), PlanOptions(gap=0.001)).plan
    else:
        plan = read_plan(given.plan)
    known = Reference(plan, *context(plan))
    missed = [name for name in ([given.only] if given.only else CASES) if not CASES[name](known)]
    print(f"goal missed: {', '.join(missed)}" if missed else "every goal is reached")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
