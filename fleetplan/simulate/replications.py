"""Several runs of one scenario: means with standard errors, and tables to write down."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fleetplan.simulate.layout import STATUS
from fleetplan.simulate.result import SimulationResult


def means(results: Sequence[SimulationResult]) -> dict[str, dict[str, float | None]]:
    """Return each figure's mean over runs and its standard error (None for one run, or where a run has no such figure)."""
    rows = [result.totals() for result in results]
    found: dict[str, dict[str, float | None]] = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        if key == "seed" or any(value is None for value in values):
            continue
        error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
        found[key] = {"mean": float(np.mean(values)), "standard_error": error}
    return found


def summary(results: Sequence[SimulationResult], head: Mapping[str, Any]) -> dict[str, Any]:
    """Return what summary.json holds: what was simulated, means, each run, and the first run by hour."""
    return {
        **head,
        "runs": len(results),
        "means": means(results),
        "by_run": [result.totals() for result in results],
        "by_hour": results[0].by_bin(max(3600, results[0].bin_s)) if 3600 % results[0].bin_s == 0 else [],
    }


def write_results(
    folder: Path, results: Sequence[SimulationResult], head: Mapping[str, Any], request_ids: Sequence[Any] | None = None
) -> list[Path]:
    """Write summary.json and, of the first run, bins.csv, depots.csv and requests.csv; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "summary.json"
    path.write_text(json.dumps(summary(results, head), indent=1) + "\n", encoding="utf-8")
    first = results[0]
    written = [path, _table(folder / "bins.csv", first.by_bin())]
    if first.plugs:
        written.append(_table(folder / "depots.csv", first.by_depot()))
    written.append(_table(folder / "requests.csv", _requests(first, request_ids)))
    return written


def _requests(result: SimulationResult, ids: Sequence[Any] | None) -> list[dict[str, Any]]:
    def number(value: float) -> float | str:
        return round(float(value), 3) if np.isfinite(value) else ""

    return [
        {
            "id": row if ids is None else ids[row],
            "time_s": float(result.time_s[row]),
            "status": STATUS[result.status[row]],
            "wait_s": number(result.wait_s[row]),
            "pickup_km": number(result.pickup_km[row]),
            "vehicle": int(result.car[row]) if result.car[row] >= 0 else "",
        }
        for row in range(len(result.time_s))
    ]


def _table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        if rows:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def replicate(run: Callable[[int], SimulationResult], runs: int, seed: int) -> list[SimulationResult]:
    """Return a run for each seed from the given one on."""
    return [run(seed + number) for number in range(runs)]
