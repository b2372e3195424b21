"""What tests against the oracle share: the small world's services, sampled finely enough for rules on waits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fleetplan.service.types import CityService, LadderLevel, ResponseSurface
from tests.plan_builder import make_services


def _finer(surface: ResponseSurface) -> ResponseSurface:
    """Return the same law on a finer grid: trips at their planes, waits as they are between the corners."""
    v, d = np.linspace(0.0, 200.0, 9), np.linspace(0.0, 5000.0, 11)
    grid_v, grid_d = np.meshgrid(v, d, indexing="ij")
    trips = np.min([a * grid_v + b * grid_d + c for a, b, c in surface.planes], axis=0)
    return replace(
        surface,
        sample_vehicles=v,
        sample_demand=d,
        sample_trips=np.where(grid_v > 0, np.clip(trips, 0.0, grid_d), 0.0),
        sample_wait_min=surface.evaluate(grid_v, grid_d).wait_min,
        sample_deadhead_share=np.full(grid_v.shape, 0.4),
        sample_km=np.full(grid_v.shape, 1000.0),
    )


def finer_services() -> dict[str, CityService]:
    """Return the small world's services on a finer grid."""

    def level(one: LadderLevel) -> LadderLevel:
        return replace(one, surface=_finer(one.surface))

    return {slug: replace(s, levels=tuple(map(level, s.levels))) for slug, s in make_services().items()}
