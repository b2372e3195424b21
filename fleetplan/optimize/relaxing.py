"""Which rules have rows that only relax them (so far: waits)."""

from __future__ import annotations

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.rules.constraints import ServiceLevelRule


def limits(f: Formulation) -> list[ServiceLevelRule]:
    """Return the rules whose rows relax them."""
    return [rule for rule in f.rules if isinstance(rule, ServiceLevelRule)]
