"""Measure the processor seconds that a fresh process spends before any solve, part by part.

    python benchmarks/startup.py [--request examples/uber-2027.yaml] [--runs 7] [--json]

Each run is a process of its own, as the service starts one for every plan and rerun: what is imported and read there is paid
again each time. Cities come from the cache; a first run that is not counted fills it, and the file cache of the machine.
Processor seconds, not those of the clock: other work on the machine hardly counts. The least run tells what the code needs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "uber-2027.yaml"
PARTS = ("python", "imports", "catalogue", "cities", "gather", "formulate")


def parts_of_this_process(request_file: Path) -> dict[str, float]:
    """Come as far as the solve would begin and return the processor seconds of each part."""
    marks = [0.0, time.process_time()]  # the first part is Python itself, and this file's own imports

    def mark() -> None:
        marks.append(time.process_time())

    import api.jobs.solver_child  # noqa: F401, PLC0415 - what a solver process starts with
    import fleetplan.planner  # noqa: F401, PLC0415 - measured here
    from fleetplan.catalogue import load_catalogue  # noqa: PLC0415
    from fleetplan.optimize.formulate import formulate  # noqa: PLC0415
    from fleetplan.optimize.gather import gather  # noqa: PLC0415
    from fleetplan.request import read_request  # noqa: PLC0415
    from fleetplan.scope import resolve_scope  # noqa: PLC0415
    from fleetplan.service import city_service  # noqa: PLC0415

    mark()
    catalogue = load_catalogue()
    mark()
    scope = resolve_scope(read_request(request_file), catalogue)
    services = {city: city_service(scope.catalogue, city) for city in scope.cities}
    mark()
    instance = gather(scope, services)
    mark()
    formulate(instance)
    mark()
    return {name: end - begin for name, (begin, end) in zip(PARTS, pairwise(marks), strict=True)}


def in_a_fresh_process(request_file: Path) -> dict[str, float]:
    """Return what a process of its own measured."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, str(Path(__file__).resolve()), "--request", str(request_file), "--child"]
    said = subprocess.run(  # noqa: S603 - this file itself
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    told: dict[str, float] = json.loads(said.stdout)
    return told


def print_table(runs: list[dict[str, float]]) -> None:
    """Print least and median of each part; the sum is that of whole runs, not of the lines above it."""
    sums = [sum(run.values()) for run in runs]
    rows = [(name, [run[name] for run in runs]) for name in PARTS]
    rows.append(("before the solve", sums))
    print(f"{'CPU seconds':<18}{'least':>8}{'median':>8}")
    for name, seconds in rows:
        print(f"{name:<18}{min(seconds):>8.3f}{statistics.median(seconds):>8.3f}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--request", type=Path, default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print every run")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(parts_of_this_process(args.request)))
        return
    in_a_fresh_process(args.request)
    runs = [in_a_fresh_process(args.request) for _ in range(args.runs)]
    if args.json:
        print(json.dumps(runs))
    else:
        print_table(runs)


if __name__ == "__main__":
    main()
