"""What needs no search: wishes that permits alone rule out, and requests that even fractions of launches do not keep."""

from __future__ import annotations

import threading

from fleetplan.optimize.conflicts import allowed_by_permits
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.solve import solve
from fleetplan.permits.limits import OPENINGS, ruled_out


def ruled_out_by_permits(i: Instance) -> list[str]:
    """Return the ids of the constraints that ask for openings before permits can be had, were every programme begun at once."""
    asked = [c for c in i.scope.constraints if not c.given]
    if not any(c.type in OPENINGS for c in asked):
        return []
    allowed = allowed_by_permits(i)
    return [c.id for c in asked if ruled_out(allowed.party(c), getattr(c, "count", 0))]


def none_in_fractions(f: Formulation, stop: threading.Event | None = None) -> bool:
    """Return whether the linear relaxation has no solution: then there is no plan."""
    return solve(f.model, relax=True, stop=stop).status == "infeasible"
