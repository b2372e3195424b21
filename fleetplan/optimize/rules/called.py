"""What a rule's sentence calls cities, partners and permits: as people do, never by the slug of a file."""

from __future__ import annotations

from fleetplan.optimize.instance import Instance
from fleetplan.service.types import ResponseSurface


def stack_name(instance: Instance, slug: str) -> str:
    """Return a stack's partner, with its vehicle where the partner has several stacks."""
    stacks = instance.scope.catalogue.stacks
    stack = stacks[slug]
    several = sum(other.partner == stack.partner for other in stacks.values()) > 1
    return f"{stack.partner} {stack.platform}" if several else stack.partner


def city_name(instance: Instance, slug: str) -> str:
    """Return a city's name."""
    return instance.scope.catalogue.cities[slug].name


def largest_areas(instance: Instance) -> list[tuple[str, ResponseSurface]]:
    """Return every city's name with the response of its largest area."""
    return [(city_name(instance, slug), data.levels[-1].surface) for slug, data in instance.cities.items()]


def permit_name(instance: Instance, permit: str) -> str:
    """Return a permit's title in quotation marks; what is no permit stays as it is."""
    laws = instance.scope.catalogue.jurisdictions.values()
    return next((f"“{law.permits[permit].title}”" for law in laws if permit in law.permits), permit)
