"""Curves that are kept on disk are known by LAW_VERSION: what a small city's curves are changes only together with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.demand import build_demand
from fleetplan.geography import build_geography
from fleetplan.service import cache
from fleetplan.service.build import build_service
from tests.small_city import assumptions, economics, small_city

KEPT = Path(__file__).with_name("law_version.json")
WRITE = "FLEETPLAN_WRITE_LAW=1 pytest tests/test_law_version.py"
SAME = 1e-5
"""Numbers nearer than this are the same: processors round differently."""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return a digest of a small city's geography, demand and service: some sums of each."""
    city = small_city()
    geography = build_geography(city)
    demand = build_demand(city, geography)
    service = build_service(city, geography, demand, assumptions(), economics())
    weight = np.arange(1, len(geography) + 1)
    figures: dict[str, Any] = {
        "zones": len(geography),
        "ways_km": float(geography.distance_km.sum(dtype=np.float64)),
        "ways_h": float(geography.hours["offpeak"].sum(dtype=np.float64)),
        "trips_between_zones": float(weight @ demand.mean_day() @ weight[::-1] / weight.sum() ** 2),
    }
    for level in service.levels:
        s = level.surface
        rows = (s.sample_trips, s.sample_wait_min, s.sample_deadhead_share, s.sample_km)
        sums = [float((row * np.arange(1, row.size + 1).reshape(row.shape)).sum() / row.size) for row in rows]
        figures[level.name] = [len(level.cells), s.demand_trips_per_day, s.vehicles_max, s.hull_gap, *sums]
    return figures


def told(kept: dict[str, Any], made: dict[str, Any], version: str) -> str:
    """Return what is wrong between what is kept and what is made now, and what to do; empty where nothing is."""
    same = kept["figures"].keys() == made.keys() and all(
        np.shape(value) == np.shape(made[name]) and np.allclose(value, made[name], rtol=SAME, atol=1e-9)
        for name, value in kept["figures"].items()
    )
    if kept["law_version"] == version:
        return "" if same else f"curves changed: raise LAW_VERSION in fleetplan/service/cache.py, then run {WRITE}"
    return f"LAW_VERSION was raised: run {WRITE}, and commit {KEPT.name} with it"


def test_curves_change_only_together_with_the_version_of_the_law(made):
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"law_version": "", "figures": {}}
    if os.environ.get("FLEETPLAN_WRITE_LAW") and kept["law_version"] != cache.LAW_VERSION:
        kept = {"law_version": cache.LAW_VERSION, "figures": made}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    assert told(kept, made, cache.LAW_VERSION) == ""


def test_a_change_of_either_alone_is_told_with_what_to_do(made):
    kept = {"law_version": "a", "figures": made}
    other = {**made, "ways_km": made["ways_km"] * 1.001}
    assert told(kept, made, "a") == ""
    assert "raise LAW_VERSION" in told(kept, other, "a")
    assert "LAW_VERSION was raised" in told(kept, other, "b")
