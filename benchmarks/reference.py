"""Plan the reference request and print when which gap was proven.

    python benchmarks/reference.py [--seconds 120] [--gap 0.01] [--single-months 12]

Cities are read from the cache; run it twice for a figure without the cold geography.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.request import read_request
from fleetplan.run import Progress, Run

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "uber-2027.yaml"
MARKS = (1.0, 0.05, 0.02, 0.01, 0.005)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--single-months", type=int, default=12)
    args = parser.parse_args()
    request = read_request(EXAMPLE)
    horizon = request.horizon.model_copy(update={"single_months": args.single_months})
    request = request.model_copy(update={"horizon": horizon})
    began: list[float] = []
    reached: dict[float, float] = {}

    def listen(p: Progress) -> None:
        if p.phase == "searching" and not began:
            began.append(p.elapsed_s)
        for mark in MARKS:
            if p.gap is not None and p.best_usd is not None and p.best_usd > 0 and p.gap <= mark:
                reached.setdefault(mark, p.elapsed_s - began[0])

    options = PlanOptions(time_limit_s=args.seconds, gap=args.gap)
    result = plan_with_context(request, options, Run(progress=listen)).plan
    print(f"NPV {result.objective / 1e6:,.1f} M USD, bound {result.bound / 1e6:,.1f} M USD")
    print(f"gap {result.gap:.2%} of NPV, {result.certificate.gap_of_capital:.2%} of discounted capital")
    print(f"curve error {result.certificate.curve_error:.2%}: planned trips above the sampled service law")
    for mark in MARKS:
        if mark in reached:
            print(f"gap <= {mark:.1%} proven during the search after {reached[mark]:.1f} s")


if __name__ == "__main__":
    main()
