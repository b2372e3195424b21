"""How far a plan rests on what ``fleetplan cities new`` wrote and nobody has replaced."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.catalogue.new_places import PROPOSED
from fleetplan.plans.types import CityRollout, Plan


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A city of a plan, by its slug and name, with its figures, permits on its deployments' ways and depots that are defaults."""

    city: str
    name: str
    figures: int
    permits: int
    depots: int = 0


def template_use(plan: Plan) -> list[TemplateUse]:
    """Return the cities of a plan that rest on defaults, in the order of the plan; those that stay out as well."""
    return [use for use in map(template_use_of, plan.cities) if use is not None]


def template_use_of(city: CityRollout) -> TemplateUse | None:
    """Return how far one city rests on defaults; nothing where it does not."""
    figures = sum(figure.source == DEFAULT_SOURCE for figure in city.doubtful_figures)
    steps = {step.permit for d in city.deployments for step in d.permits if step.source == DEFAULT_SOURCE}
    sites = sum(depot.site.startswith(PROPOSED) for depot in city.depots)
    return TemplateUse(city.city, city.name, figures, len(steps), sites) if figures or steps or sites else None
