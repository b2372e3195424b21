"""What a request says that a stack counts as in a city: the class of its slips, and its deal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fleetplan.catalogue.types import DeploymentFact
from fleetplan.request import PlanRequest
from fleetplan.scope.admission import readable
from fleetplan.scope.names import Names, Pair
from fleetplan.scope.scenarios import LATE


def with_classes(request: PlanRequest, names: Names) -> Mapping[Pair, DeploymentFact]:
    """Return the catalogue's deployments with the classes that a request gives some; pairs named twice are noted."""
    found = dict(names.catalogue.deployments)
    first: dict[Pair, int] = {}
    for i, entry in readable(request.deployments.classes):
        where = f"/deployments/classes/{i}"
        pair = names.pair(entry, where)
        if pair is None:
            continue
        if first.setdefault(pair, i) != i:
            what = f"{pair[0]} in {pair[1]} has its class by /deployments/classes/{first[pair]} already"
            names.add(where, what, "each pair once", "take one of the two out")
        elif pair in found:
            slips, deal = getattr(entry, "slips", None), getattr(entry, "deal", None)
            fact, months = found[pair], getattr(entry, "slip_months", None)
            found[pair] = replace(fact, slips=slips or fact.slips, deal=deal or fact.deal, slip_months=months)
            if months is not None and request.permit_durations not in LATE:
                what = f"says how late permits come, and permit_durations {request.permit_durations} lets none be late"
                names.add(f"{where}/slip_months", what, "permit_durations median or careful", "set one of them")
    return found
