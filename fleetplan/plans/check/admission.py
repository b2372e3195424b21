"""Which stacks a request admits in which cities."""

from __future__ import annotations

from collections.abc import Sequence

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue, DeploymentFact
from fleetplan.request import PlanRequest, StackInCity


class Admission:
    """The request's lists of cities, stacks, deals and pairs, with slugs in place of names."""

    def __init__(self, request: PlanRequest, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._deals = frozenset[str](request.deployments.deals)
        self._cities = None if request.cities is None else {resolve_city(catalogue, c) for c in request.cities}
        self._stacks = None if request.stacks is None else {resolve_stack(catalogue, s) for s in request.stacks}
        self._no_cities = {resolve_city(catalogue, c) for c in request.exclude_cities}
        self._no_stacks = {resolve_stack(catalogue, s) for s in request.exclude_stacks}
        self._added = self._pairs(request.deployments.add)
        self._removed = self._pairs(request.deployments.remove)
        self._classes = dict(zip(self._in_order(request.deployments.classes), request.deployments.classes, strict=True))

    def _in_order(self, given: Sequence[StackInCity]) -> list[tuple[str, str]]:
        cities = [resolve_city(self._catalogue, pair.city) for pair in given]
        return [(resolve_stack(self._catalogue, p.stack, c), c) for p, c in zip(given, cities, strict=True)]

    def _pairs(self, given: Sequence[StackInCity]) -> set[tuple[str, str]]:
        return set(self._in_order(given))

    def slips_as(self, stack: str, city: str) -> str | None:
        """Return the class whose slips the request gives a stack in a city; nothing where it says none."""
        asked = self._classes.get((stack, city))
        return asked.slips if asked is not None else None

    def slip_months(self, stack: str, city: str) -> int | None:
        """Return by how many months the request lets the permits of a stack in a city be late; nothing where it says none."""
        asked = self._classes.get((stack, city))
        return asked.slip_months if asked is not None else None

    def refusal(self, stack: str, city: str) -> str:
        """Return why a stack may not be placed in a city, empty when it may."""
        fact = self._catalogue.deployments.get((stack, city))
        if fact is None:
            return "the catalogue holds no such deployment"
        reasons = (
            (fact.permitted == "no", f"the law bars it: {fact.reason}"),
            ((self._cities is not None and city not in self._cities), "the request does not consider the city"),
            (city in self._no_cities, "the request leaves the city out"),
            (stack in self._no_stacks, "the request leaves the stack out"),
            ((stack, city) in self._removed, "the request takes the deployment out"),
        )
        for holds, reason in reasons:
            if holds:
                return reason
        return "" if (stack, city) in self._added else self._not_by_default(fact)

    def _not_by_default(self, fact: DeploymentFact) -> str:
        if self._catalogue.stacks[fact.stack].rival:
            return "the stack is a rival and not to be had"
        if self._stacks is not None and fact.stack not in self._stacks:
            return "the request does not consider the stack"
        asked = self._classes.get((fact.stack, fact.city))
        deal = asked.deal if asked is not None and asked.deal is not None else fact.deal
        return "" if deal in self._deals else f"deal status {deal!r} is not admitted"

    def admitted(self, city: str) -> list[str]:
        """Return the stacks that may be placed in a city."""
        return [s for s, c in self._catalogue.deployments if c == city and not self.refusal(s, c)]
