"""Put what the optimizer's benchmark measured into docs/optimization.md: its two tables, between the marks that stand there.

    python benchmarks/optimizer.py --json out/optimizer.json
    python benchmarks/search_page.py out/optimizer.json

Of several files a later run of a case takes the place of an earlier one. Only what was measured is written: a case without a run
has no row.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.search_cases import RERUN_GAP, Promise, cases  # noqa: E402 - the path comes first

PAGE = ROOT / "docs" / "optimization.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SHOWN = ("0.05", "0.02", "0.01", "0.005", "0.001")
NONE = "–"
Runs = Mapping[tuple[str, str], Mapping[str, Any]]


def runs_of(files: Sequence[Path]) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, Any]]:
    """Return the runs of some files by case and way, and what the last file says of machine and versions."""
    runs: dict[tuple[str, str], dict[str, Any]] = {}
    said: dict[str, Any] = {}
    for file in files:
        said = json.loads(file.read_text(encoding="utf-8"))
        runs |= {(run["case"], run["way"]): run for run in said["runs"]}
    return runs, said


def head(runs: Runs, said: Mapping[str, Any]) -> str:
    """Return what was measured on what, and how busy it was."""
    machine, versions = said["machine"], said["versions"]
    others = [run["other_cores"] for run in runs.values()]
    return (
        f"Single runs of {said['made'][:10]}, {machine['cores']} cores ({machine['make']}), "
        f"other work taking {min(others):.1f} to {max(others):.1f} of a core, "
        f"HiGHS {versions['highspy']}, PySCIPOpt {versions['pyscipopt']}; seconds of the clock until a gap was first proven:"
    )


def cases_table(runs: Runs) -> list[str]:
    """Return the table of all cases planned from nothing."""
    heads = ["case", "worth, M USD", "first plan, s", *(f"{float(gap):.1%}" for gap in SHOWN), "left at the end"]
    rows = [[*heads, "memory, MB", "CPU s", "asked"]]
    for (name, way), run in runs.items():
        case = cases()[name]
        if way == "plan" and case.change is None and case.stop_after_s is None:
            rows.append(_case_row(run, case.promise))
    return _table(rows)


def _case_row(run: Mapping[str, Any], promise: Promise) -> list[str]:
    last = run["answer"] or run["last"]
    left = f"{last['gap']:.2%} at {run['last']['at']:.0f} s" if last.get("gap") is not None else NONE
    worth = f"{last['best'] / 1e6:,.1f}" if last.get("best") is not None else NONE
    proven = [_s(run["proven_s"].get(gap)) for gap in SHOWN]
    used = " + ".join(f"{who} {seconds:.0f}" for who, seconds in run["cpu_s"].items())
    asked = "; ".join(
        [f"first {promise.first_s:g} s", *(f"{gap:.1%} {most:g} s" for gap, most in promise.proven.items())]
    )
    return [f"`{run['case']}`", worth, _s(run["first_s"]), *proven, left, f"{run['peak_mb']:,.0f}", used, asked]


def reruns_table(runs: Runs) -> list[str]:
    """Return the table of reruns beside planning anew."""
    one = f"{RERUN_GAP:.0%} proven, s"
    rows = [["rerun", "first plan, s", one, "from nothing: first plan, s", one, "launches moved, vehicles shifted"]]
    for (name, way), run in runs.items():
        anew = runs.get((name, "anew"))
        if way == "rerun" and anew is not None:
            gap, moved = f"{RERUN_GAP:g}", anew["answer"]
            found = [_s(value) for of in (run, anew) for value in (of["first_s"], of["proven_s"].get(gap))]
            rows.append(
                [name.removeprefix("rerun-"), *found, f"{moved.get('launches_moved')}, {moved.get('vehicles_shifted')}"]
            )
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]] if len(rows) > 1 else []


def _s(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def written(page: str, runs: Runs, said: Mapping[str, Any]) -> str:
    """Return the page with what stands between the marks made anew."""
    before, rest = page.split(BEGIN)
    parts = [head(runs, said), "", *cases_table(runs), "", *reruns_table(runs)]
    return "\n".join([before + BEGIN, *parts, END + rest.split(END)[1]])


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    runs, said = runs_of(parser.parse_args().files)
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), runs, said), encoding="utf-8")


if __name__ == "__main__":
    main()
