"""Which stacks a request admits in which cities, and why the others stay out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from fleetplan.catalogue.types import DeploymentFact
from fleetplan.request import PlanRequest, StackInCity
from fleetplan.scope.names import Names, Pair

_Item = TypeVar("_Item")
_FEW = 3
_DROP = "take the entry out"


def readable(items: Iterable[_Item | None]) -> Iterator[tuple[int, _Item]]:
    """Return the entries of a list with their places, without those that could not be read."""
    return ((i, item) for i, item in enumerate(items) if item is not None)


@dataclass(frozen=True)
class Refusal:
    """Why something is not planned, and what would let it in."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class Admission:
    """A request's lists of cities, stacks and pairs by slug.

    Attributes
    ----------
    cities
        The cities to plan, sorted.
    stacks
        The stacks named, None where the request names none.
    added, removed
        Pairs of ``deployments.add`` and ``deployments.remove``.
    """

    names: Names
    deals: frozenset[str]
    cities: tuple[str, ...]
    excluded_cities: frozenset[str]
    stacks: frozenset[str] | None
    excluded_stacks: frozenset[str]
    added: frozenset[Pair]
    removed: frozenset[Pair]

    @classmethod
    def of(cls, request: PlanRequest, names: Names) -> Admission:
        """Return what a request admits; names that nobody knows are noted and left out."""
        every = sorted(names.catalogue.cities)
        cities = every if request.cities is None else _slugs(names.city, request.cities, "/cities")
        no_cities = frozenset(_slugs(names.city, request.exclude_cities, "/exclude_cities"))
        stacks = None if request.stacks is None else frozenset(_slugs(names.stack, request.stacks, "/stacks"))
        return cls(
            names=names,
            deals=frozenset(request.deployments.deals),
            cities=tuple(sorted(set(cities) - no_cities)),
            excluded_cities=no_cities,
            stacks=stacks,
            excluded_stacks=frozenset(_slugs(names.stack, request.exclude_stacks, "/exclude_stacks")),
            added=frozenset(_pairs(names, request.deployments.add, "/deployments/add")),
            removed=frozenset(_pairs(names, request.deployments.remove, "/deployments/remove")),
        )

    @cached_property
    def planned(self) -> frozenset[Pair]:
        """The pairs that may be placed."""
        pairs = self.names.catalogue.deployments
        return frozenset(p for p in pairs if p[1] in self.cities and self.refusal(*p) is None)

    def city_refusal(self, city: str) -> Refusal | None:
        """Return why a city is not planned; nothing when it is."""
        if city in self.cities:
            return None
        if city in self.excluded_cities:
            return Refusal("exclude_cities leaves it out", f"take {city} out of exclude_cities")
        return Refusal("cities does not name it", f"add {city} to cities")

    def refusal(self, stack: str, city: str) -> Refusal | None:
        """Return why a stack may not be placed in a city; nothing when it may."""
        if (refused := self.city_refusal(city)) is not None:
            return Refusal(f"{city} is not planned: {refused.reason}", refused.remedy)
        fact = self.names.catalogue.deployments.get((stack, city))
        if fact is None:
            return Refusal("the catalogue knows no such deployment", "add its row to deployments.csv")
        if fact.permitted == "no":
            return Refusal(f"the law bars it: {fact.reason}", "")
        if (stack, city) in self.removed:
            return Refusal("deployments.remove takes it out", "take it out of deployments.remove")
        if stack in self.excluded_stacks:
            return Refusal("exclude_stacks leaves the stack out", f"take {stack} out of exclude_stacks")
        return None if (stack, city) in self.added else self._not_by_default(fact)

    def stack_refusal(self, stack: str) -> Refusal | None:
        """Return why a stack is not planned anywhere; nothing when it is."""
        found = {city: self.refusal(stack, city) for city in self.cities}
        refused = {city: refusal for city, refusal in found.items() if refusal is not None}
        if len(refused) < len(found):
            return None
        if len({r.reason for r in refused.values()}) == 1:
            return Refusal(next(iter(refused.values())).reason, next(iter(refused.values())).remedy)
        reasons = "; ".join(f"{city}: {r.reason}" for city, r in list(refused.items())[:_FEW])
        return Refusal(reasons, next((r.remedy for r in refused.values() if r.remedy), ""))

    def _not_by_default(self, fact: DeploymentFact) -> Refusal | None:
        admit = f"add {{stack: {fact.stack}, city: {fact.city}}} to deployments.add"
        if self.names.catalogue.stacks[fact.stack].rival:
            return Refusal("the stack is a rival's", admit)
        if self.stacks is not None and fact.stack not in self.stacks:
            return Refusal("stacks does not name it", f"add {fact.stack} to stacks")
        if fact.deal not in self.deals:
            return Refusal(f"its deal is {fact.deal!r}, which deployments.deals does not admit", admit)
        return None


def check_lists(request: PlanRequest, admission: Admission) -> None:
    """Note lists that leave nothing to plan, and pairs added that the law or another list keeps out."""
    names = admission.names
    if not admission.cities:
        what = "is an empty list" if request.cities == [] else "no city is left to plan"
        names.add("/cities", what, "at least one city", "name a city, or leave the field out to plan all of them")
    if request.stacks == []:
        remedy = "name a stack, or leave the field out to admit all of them"
        names.add("/stacks", "is an empty list", "at least one stack", remedy)
    for i, item in readable(request.deployments.add):
        pair = Names(names.catalogue).pair(item, "")
        refused = admission.refusal(*pair) if pair else None
        if pair and refused:
            what = f"{pair[0]} in {pair[1]} is not to be had: {refused.reason}"
            names.add(
                f"/deployments/add/{i}", what, "a lawful pair that no other list keeps out", refused.remedy or _DROP
            )


def check_classes(request: PlanRequest, admission: Admission) -> None:
    """Note pairs that are given a class and are not planned, unless it is their new deal that keeps them out."""
    for i, item in readable(request.deployments.classes):
        pair = Names(admission.names.catalogue).pair(item, "")
        refused = admission.refusal(*pair) if pair else None
        if pair and refused and getattr(item, "deal", None) in {None, *admission.deals}:
            what = f"{pair[0]} in {pair[1]} is not planned: {refused.reason}"
            admission.names.add(f"/deployments/classes/{i}", what, "a planned pair", refused.remedy or _DROP)


def _slugs(resolve: Callable[[str, str], str], given: Iterable[str | None], at: str) -> list[str]:
    return [slug for i, name in readable(given) if (slug := resolve(name, f"{at}/{i}"))]


def _pairs(names: Names, given: Iterable[StackInCity | None], at: str) -> list[Pair]:
    return [pair for i, item in readable(given) if (pair := names.pair(item, f"{at}/{i}"))]
