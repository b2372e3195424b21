"""Links, gateways and the permits that open them, in words."""

from __future__ import annotations

from fleetplan.catalogue.types import Catalogue, Crossing, Gateway, Permit
from fleetplan.plans.types import CityRollout
from fleetplan.service.later import Later, later
from fleetplan.words.values import listed, month_name, several


def crossing_words(crossing: Crossing, rollout: CityRollout, catalogue: Catalogue) -> str:
    """Say whether a link is open to robotaxis, and what would open it."""
    if crossing.open:
        return f"open to robotaxis{f'; {crossing.note}' if crossing.note else ''}"
    if not crossing.permit:
        return f"closed to robotaxis, and no permit of the catalogue opens it{f': {crossing.note}' if crossing.note else ''}"
    needed = _permit_words(crossing.permit, rollout, catalogue)
    city = catalogue.cities.get(rollout.city)
    opens = later(catalogue, city) if city else Later((), 0)
    if crossing.permit in opens.permits:
        first = several(opens.levels_before, "area")
        return f"closed in the first {first}; larger ones are planned with the way open, and need {needed}"
    return f"closed to robotaxis: needs {needed}. No trip of this plan goes over it"


def gateway_words(gateway: Gateway, rollout: CityRollout, catalogue: Catalogue) -> str:
    """Say whether an airport or station may be served, and from when."""
    if not gateway.permit:
        return "no permit of its own needed"
    return f"needs {_permit_words(gateway.permit, rollout, catalogue)}"


def permit_of(catalogue: Catalogue, permit: str) -> Permit | None:
    """Return a permit by its id; None when today's catalogue has none of that name."""
    return next((j.permits[permit] for j in catalogue.jurisdictions.values() if permit in j.permits), None)


def _permit_words(permit: str, rollout: CityRollout, catalogue: Catalogue) -> str:
    known = permit_of(catalogue, permit)
    name = f"“{known.title}” ({known.authority})" if known else f"the permit {permit}"
    have = []
    for d in rollout.deployments:
        step = next((s for s in d.permits if s.permit == permit), None)
        if step is not None:
            have.append(f"{d.partner} {'holds it' if step.held else f'has it from {month_name(step.finish)}'}")
    return f"{name}; {listed(have)}" if have else f"{name}, which this plan does not obtain"
