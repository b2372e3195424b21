"""Whom an event may bar that nobody knows to come, and what of a plan rests on its not coming."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.catalogue.types import Catalogue
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.request.constraints import EventDate


@dataclass(frozen=True, slots=True)
class Bar:
    """An event that would bar partners from a city.

    ``given`` is the month that the request gives it, empty where the plan takes it that it does not come; ``npv_usd`` what the
    partners that serve in the city are worth in the plan, 0 where none serves.
    """

    event: str
    title: str
    city: str
    partners: tuple[str, ...]
    chance: float
    earliest: str
    likely: str
    given: str
    npv_usd: float


def bars(plan: Plan, rollout: CityRollout, catalogue: Catalogue) -> list[Bar]:
    """Return the events that would bar a plan's partners from a city, or that the request gives a month, the likeliest first."""
    if rollout.city not in catalogue.cities:
        return []
    given = {c.event: c.month for c in plan.request.constraints if isinstance(c, EventDate)}
    served = {d.stack: d for d in rollout.deployments if d.launch}
    found: dict[str, Bar] = {}
    for stack in sorted({s for s, c in catalogue.deployments if c == rollout.city}):
        for event in catalogue.bars_of(stack, rollout.city).values():
            if stack not in served and event.id not in given:
                continue
            before = found.get(event.id)
            names = (*(before.partners if before else ()), *((served[stack].partner,) if stack in served else ()))
            worth = (before.npv_usd if before else 0.0) + (served[stack].npv_usd if stack in served else 0.0)
            found[event.id] = Bar(
                event=event.id,
                title=event.title,
                city=rollout.name,
                partners=names,
                chance=event.chance,
                earliest=event.earliest,
                likely=event.likely,
                given=given.get(event.id, ""),
                npv_usd=worth,
            )
    return sorted(found.values(), key=lambda b: (-b.chance, b.event))
