"""What sentences need besides the facts: what things are called, and what the constraints named ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan.scope import Scope
from fleetplan.words.constraints import constraint_words
from fleetplan.words.names import Names


@dataclass(frozen=True, slots=True)
class Context:
    """Names, the request's constraints by id, and the first month planned."""

    names: Names
    constraints: Mapping[str, Mapping[str, Any]]
    first_month: str = ""

    def asks(self, constraint: str) -> str:
        """Return what a constraint asks; its id where the request does not hold it, or it is no constraint."""
        try:
            return constraint_words(self.constraints[constraint], self.names)
        except (AttributeError, KeyError, TypeError, ValueError):
            return f"constraint {constraint!r}"


def context_of(scope: Scope) -> Context:
    """Return the context of a request that is about to be planned."""
    constraints = {c.id: c.model_dump(mode="json") for c in scope.constraints}
    return Context(Names(scope.catalogue), constraints, scope.request.horizon.start)


def context_from(request: Mapping[str, Any], names: Names) -> Context:
    """Return the context of a request as it is stored, whatever it holds."""
    entries = [e for e in request.get("constraints") or [] if isinstance(e, Mapping)]
    return Context(names, {str(e.get("id")): e for e in entries})
