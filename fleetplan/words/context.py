"""What sentences need besides the facts: what places and partners are called, and what the constraints named ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.scope import Scope
from fleetplan.words.changes import constraint_words


@dataclass(frozen=True, slots=True)
class Context:
    """The catalogue, the request's constraints by id, and the first month planned."""

    catalogue: Catalogue
    constraints: Mapping[str, Mapping[str, Any]]
    first_month: str = ""

    def city(self, slug: str) -> str:
        """Return a city's name."""
        known = self.catalogue.cities.get(slug)
        return known.name if known else slug

    def partner(self, slug: str) -> str:
        """Return a stack's partner."""
        known = self.catalogue.stacks.get(slug)
        return known.partner if known else slug

    def place(self, stack: str, city: str) -> str:
        """Return a stack in a city, or what there is of it."""
        return " in ".join([*([self.partner(stack)] if stack else []), *([self.city(city)] if city else [])])

    def asks(self, constraint: str) -> str:
        """Return what a constraint asks; its id where the request does not hold it, or it is no constraint."""
        try:
            return constraint_words(self.constraints[constraint], self.catalogue)
        except (KeyError, TypeError, ValueError):
            return f"constraint {constraint!r}"


def context_of(scope: Scope) -> Context:
    """Return the context of a request that is about to be planned."""
    constraints = {c.id: c.model_dump(mode="json") for c in scope.constraints}
    return Context(scope.catalogue, constraints, scope.request.horizon.start)


def context_from(request: Mapping[str, Any], catalogue: Catalogue) -> Context:
    """Return the context of a request as it is stored, whatever it holds."""
    entries = [e for e in request.get("constraints") or [] if isinstance(e, Mapping)]
    return Context(catalogue, {str(e.get("id")): e for e in entries})
