"""Measure how soon plans are found and proven, what that costs, and how it compares with solving the whole problem at once.

    python benchmarks/optimizer.py --json out/optimizer.json            # every case of the table in docs/optimization.md
    python benchmarks/optimizer.py --cases reference,reruns,cancel --seconds 30
    python benchmarks/optimizer.py --cases two-cities --oracle          # through HiGHS and SCIP too, the whole matrix at once
    python benchmarks/optimizer.py --cases portfolio-100 --parts        # the steps round a search, without one

Every run is a process of its own that plans as users do (`plan_prepared`); its progress is what they see and its plan has passed
the independent checker. The clock starts with catalogue and curves read (start-up is told apart) and covers the formulation.
Reruns are planned from their parent and from nothing. Portfolios are made from the real cities (benchmarks/portfolio.py).
Memory and processor seconds are read from outside, of the process and all its children; so is when the solvers are gone after
a stop.
Nothing else should be at work: the load before and after, and the cores that other work had, stand in the last columns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import portfolio, search_table  # noqa: E402 - the path comes first
from benchmarks.process_tree import TreeWatch, busy_seconds, machine  # noqa: E402
from benchmarks.search_cases import MARKS, Case, Patch, cases  # noqa: E402
from benchmarks.search_table import Outcome  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.request import parse_request  # noqa: E402

CHILD = ROOT / "benchmarks" / "search_child.py"
WHOLE = ("highs", "scip")
QUICK_LOOK_S = 0.02  # how often a run that is stopped is looked at
SHOW_EVERY_S = 5.0
PARENT = "reference"
SOLVERS = ("highspy", "ortools", "pyscipopt")


@dataclass
class Bench:
    """A run of the benchmark: what was asked for, where its files lie, what was found."""

    given: argparse.Namespace
    folder: Path
    parent: Path | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def go(self, case: Case) -> None:
        """Run one case in every way that was asked for."""
        if self.given.parts:
            self.run(case, "parts")
            return
        if case.change is not None:
            patch = case.change(self.parent_plan())
            self.run(case, "rerun", patch)
            self.run(case, "anew", patch)
        else:
            self.run(case, "plan")
        if self.given.oracle and case.change is None and case.stop_after_s is None:
            for way in WHOLE:
                self.run(case, way)

    def parent_plan(self) -> Plan:
        """Return the plan that reruns start from, planned first where no run has made it yet."""
        if self.parent is None:
            print(f"the parent of the reruns: {PARENT}", flush=True)
            self.run(cases()[PARENT], "plan")
        if self.parent is None:
            msg = "without a parent plan there is no rerun"
            raise SystemExit(msg)
        return Plan.model_validate_json(self.parent.read_bytes())

    def run(self, case: Case, way: str, patch: Patch | None = None) -> None:
        """Run one case in one way, print how it goes, keep the outcome."""
        kept = self.folder / "parent.json" if case.name == PARENT and way == "plan" else None
        outcome = measured(case, way, self.spec(case, way, patch, kept))
        self.outcomes.append(outcome)
        if kept is not None and not outcome.failed:
            self.parent = kept
        print(search_table.line(outcome), flush=True)

    def spec(self, case: Case, way: str, patch: Patch | None, plan_file: Path | None) -> dict[str, Any]:
        """Return what the measured process is told."""
        spec: dict[str, Any] = {
            "way": way if way in (*WHOLE, "parts") else "plan",
            "seconds": self.given.seconds or case.seconds,
            "gap": self.given.gap or case.gap,
            "seed": self.given.seed,
            "stop_after_s": case.stop_after_s,
            "plan_file": str(plan_file) if plan_file else None,
        }
        if patch is not None:
            return {**spec, "patch": patch, "parent": str(self.parent), "warm": way == "rerun"}
        if case.recipe is None:
            return {**spec, "request": parse_request(case.request).model_dump(mode="json")}
        return {**spec, "request": dict(case.request), **self.made(case)}

    def made(self, case: Case) -> dict[str, str]:
        """Return the catalogue of a portfolio and the cache of its curves, made where they are not yet."""
        assert case.recipe is not None
        folder = self.folder / case.name
        root = portfolio.write(case.recipe, folder)
        portfolio.keep_curves(case.recipe, root, folder / "cache")
        return {"catalogue": str(root), "cache": str(folder / "cache")}


def measured(case: Case, way: str, spec: Mapping[str, Any]) -> Outcome:
    """Run the measured process to its end and return all that was seen of it."""
    outcome = Outcome(case.name, way, spec["seconds"], spec["gap"], load_before=os.getloadavg()[0])
    began, busy = time.monotonic(), busy_seconds()
    process = subprocess.Popen(  # noqa: S603 - our own file
        [sys.executable, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdin is not None
    with TreeWatch(process.pid, QUICK_LOOK_S if case.stop_after_s else 0.1) as tree:
        process.stdin.write(json.dumps(spec))
        process.stdin.close()
        for event in events(process):
            outcome.hear(event, tree.cpu_s)
            _show(outcome, event)
        process.wait()
    wall = time.monotonic() - began
    outcome.peak_mb, outcome.cpu_s = tree.peak_bytes / 2**20, tree.cpu_s
    outcome.load_after = os.getloadavg()[0]
    outcome.other_cores = max(0.0, busy_seconds() - busy - sum(tree.cpu_s.values())) / wall
    gone = tree.children_gone()
    if outcome.stopped is not None and gone is not None:
        outcome.gone_s = max(0.0, gone - outcome.stopped)
    if process.returncode and not outcome.failed:
        outcome.failed = f"the process ended with exit code {process.returncode}"
    return outcome


def events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield what the measured process tells."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def _show(outcome: Outcome, event: Mapping[str, Any]) -> None:
    """Print progress: every phase once, and every few seconds."""
    if event["what"] == "part":
        print(f"    {event['name']:<12} {event['seconds']:8.2f} s, {event['cpu_s']:8.2f} CPU s", flush=True)
    phase = event.get("phase")
    if phase is None or (phase == outcome.shown_phase and event["at"] < outcome.shown_s + SHOW_EVERY_S):
        return
    outcome.shown_phase, outcome.shown_s = phase, event["at"]
    print(f"    {event['at']:7.1f} s  {phase:<12} {search_table.money(event)}", flush=True)


def chosen(names: Sequence[str]) -> list[Case]:
    """Return the cases with these names; ``reruns`` and ``portfolios`` stand for all of their kind."""
    known = cases()
    found = []
    for name in names:
        alike = [case for case in known.values() if case.name == name or case.name.startswith(f"{name.rstrip('s')}-")]
        if not alike:
            msg = f"no case is called {name!r}; there are {', '.join(known)}, reruns, portfolios"
            raise SystemExit(msg)
        found += alike
    return found


def written(bench: Bench) -> dict[str, Any]:
    """Return everything found, as it is written to a file."""
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {name: version(name) for name in ("fleetplan", *SOLVERS)},
        "marks": list(MARKS),
        "runs": [asdict(outcome) for outcome in bench.outcomes],
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(cases()), help="names, with commas between")
    parser.add_argument("--seconds", type=float, help="time limit of every search, in place of each case's own")
    parser.add_argument("--gap", type=float, help="gap at which every search stops")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--oracle", action="store_true", help="solve the whole matrix through HiGHS and SCIP too")
    parser.add_argument("--parts", action="store_true", help="measure the steps round a search, without one")
    parser.add_argument("--parent", type=Path, help="a plan.json that reruns start from")
    parser.add_argument("--folder", type=Path, help="where portfolios are made and kept")
    parser.add_argument("--json", type=Path, help="write everything found to this file")
    given = parser.parse_args()
    wanted = chosen(given.cases.split(","))
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(given, given.folder or Path(name), given.parent)
        bench.folder.mkdir(parents=True, exist_ok=True)
        for case in wanted:
            print(case.name, flush=True)
            bench.go(case)
            if given.json:
                given.json.write_text(json.dumps(written(bench), indent=1) + "\n", encoding="utf-8")
    print(search_table.table(bench.outcomes))


if __name__ == "__main__":
    main()
