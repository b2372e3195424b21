"""How much faster a rerun is than planning anew, at the same proven gap, for one changed input.

    python benchmarks/rerun.py [--example uber-2027.yaml] [--time-limit 240]

Promise: a plan to look at within 3 seconds, and the proven one at least five times faster than from nothing. Times depend on the
machine; the ratios, all from one run, say what the parent is worth. A line per change: seconds and NPV of the provisional plan
(launches near the parent's), seconds and NPV of the rerun, seconds and NPV from nothing, ratios, proven gaps.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from fleetplan import PlanOptions, Progress, Run, load_catalogue, parse_request, plan_with_context, read_request
from fleetplan.compare import compare_plans
from fleetplan.plans.types import Plan
from fleetplan.prepare import services_for
from fleetplan.reruns.rerun import apply_patch, rerun
from fleetplan.scope import resolve_scope

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MILLION = 1e6
GAP = 0.01
PROMISED_S = 3.0
PROMISED_RATIO = 5.0


def changes(parent: Plan) -> dict[str, dict[str, Any]]:
    """Return one patch a change; the budget is cut by a fifth of the example's own."""
    budget = parent.request.capital.per_quarter_usd
    assert isinstance(budget, int | float)
    supply = {"type": "supply_change", "stack": "lucid-nuro-gravity", "factor": 0.5}
    return {
        "half the Lucid supply": {"constraints": {"scarce": supply}},
        "budget -20 %": {"capital": {"per_quarter_usd": 0.8 * budget}},
        "London permits +6 months": {"constraints": {"late": {"type": "permit_delay", "city": "london", "months": 6}}},
    }


def timed(run: Any) -> tuple[Plan, float, list[Progress]]:
    """Return a plan, the seconds it took and what was told meanwhile."""
    told: list[Progress] = []
    began = time.perf_counter()
    plan = run(told.append)
    return plan, time.perf_counter() - began, told


def main() -> None:
    """Print one line per change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", default="uber-2027.yaml")
    parser.add_argument("--time-limit", type=float, default=240.0)
    given = parser.parse_args()
    catalogue = load_catalogue()
    request = read_request(EXAMPLES / given.example)
    options = PlanOptions(time_limit_s=given.time_limit, gap=GAP)
    services_for(resolve_scope(request, catalogue))  # every city read and cached before the clock starts
    parent, seconds, _ = timed(lambda told: plan_with_context(request, options, Run(told, catalogue=catalogue)).plan)
    print(f"parent: {seconds:.1f} s, NPV {parent.objective / MILLION:,.1f} M USD, gap {parent.gap:.2%}", flush=True)
    for name, patch in changes(parent).items():
        asked = parse_request(apply_patch(parent.request.model_dump(mode="json"), patch))
        child, warm_s, told = timed(
            lambda hear, p=patch: rerun(parent, p, options, Run(hear, catalogue=catalogue)).plan
        )
        cold, cold_s, _ = timed(
            lambda hear, a=asked: plan_with_context(a, options, Run(hear, catalogue=catalogue)).plan
        )
        early = [(p.elapsed_s, p.best_usd) for p in told if p.phase == "provisional" and p.best_usd is not None]
        first_s, first_usd = early[-1] if early else (float("inf"), float("nan"))
        first = f"{first_s:.1f} s {first_usd / MILLION:,.1f} M"
        began = time.perf_counter()
        moves = len(compare_plans(parent, child).decisions)
        compared = time.perf_counter() - began
        print(
            f"{name}: provisional {first} ({'kept' if first_s <= PROMISED_S else 'NOT KEPT'}: {PROMISED_S:g} s); "
            f"rerun {warm_s:.1f} s {child.objective / MILLION:,.1f} M gap {child.gap:.2%}; "
            f"from nothing {cold_s:.1f} s {cold.objective / MILLION:,.1f} M gap {cold.gap:.2%}; "
            f"ratio {cold_s / warm_s:.1f} ({'kept' if cold_s >= PROMISED_RATIO * warm_s else 'NOT KEPT'}: "
            f"{PROMISED_RATIO:g}), to the provisional plan {cold_s / first_s:.1f}; "
            f"{moves} decisions moved, compared in {compared * 1000:.0f} ms",
            flush=True,
        )


if __name__ == "__main__":
    main()
