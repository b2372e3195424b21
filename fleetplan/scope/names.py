"""Names of a request turned into the catalogue's slugs, with every fault gathered instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError, near_misses
from fleetplan.request import AnyConstraint, StackInCity
from fleetplan.request.constraints import Opening

Pair = tuple[str, str]
"""A stack and a city."""


class Names:
    """Resolves names against one catalogue; ``faults`` holds what no name of it fits."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.faults: list[Fault] = []

    def add(self, where: str, what: str, allowed: str = "", remedy: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(where, what, allowed, remedy))

    def city(self, name: str, where: str) -> str:
        """Return a city's slug, empty after noting that there is none."""
        return self._try(where, lambda: resolve_city(self.catalogue, name))

    def stack(self, name: str, where: str, city: str | None = None) -> str:
        """Return a stack's slug, empty after noting that there is none; ``city`` settles a name that fits several."""
        return self._try(where, lambda: resolve_stack(self.catalogue, name, city))

    def pair(self, pair: StackInCity | Opening, where: str) -> Pair | None:
        """Return the slugs of a stack in a city; nothing where one of them has none."""
        named_city, named_stack = getattr(pair, "city", ""), getattr(pair, "stack", "")
        city = self.city(named_city, f"{where}/city") if named_city else ""
        stack = self.stack(named_stack, f"{where}/stack", city or None) if named_stack else ""
        return (stack, city) if stack and city else None

    def constraint(self, item: AnyConstraint, where: str) -> AnyConstraint:
        """Return a constraint with slugs in place of names."""
        found: dict[str, Any] = {}
        if given := getattr(item, "city", None):
            found["city"] = self.city(given, f"{where}/city")
        if given := getattr(item, "stack", None):
            found["stack"] = self.stack(given, f"{where}/stack", found.get("city") or None)
        if given := getattr(item, "partner", None):
            found["partner"] = self._partner(given, f"{where}/partner")
        if launches := getattr(item, "launches", None):
            found["launches"] = [self._opening(one, f"{where}/launches/{k}") for k, one in enumerate(launches)]
        permits = [p for law in self.catalogue.jurisdictions.values() for p in law.permits]
        events = [e for law in self.catalogue.jurisdictions.values() for e in law.events]
        laws = self.catalogue.jurisdictions
        kinds = (("permit", permits), ("jurisdiction", laws), ("event", events), ("line", self.catalogue.supply_lines))
        for key, known in kinds:
            if given := getattr(item, key, None):
                found[key] = self._known(key, given, known, f"{where}/{key}")
        return item.model_copy(update=found)

    def _opening(self, opening: Opening, where: str) -> Opening:
        """Return an opening with slugs in place of names, empty ones after noting that there are none."""
        found = self.pair(opening, where) or ("", "")
        return opening.model_copy(update={"stack": found[0], "city": found[1]})

    def _partner(self, name: str, where: str) -> str:
        """Return a partner as the catalogue writes it: by its own name, or by that of one of its stacks."""
        partners = {stack.partner for stack in self.catalogue.stacks.values()}
        if name in partners:
            return name
        try:
            return self.catalogue.stacks[resolve_stack(self.catalogue, name)].partner
        except RequestError:
            remedy = near_misses(name, partners) or "choose a partner of the catalogue"
            self.add(where, f"no partner is called {name!r}", ", ".join(sorted(partners)), remedy)
            return ""

    def _known(self, kind: str, given: str, known: Iterable[str], where: str) -> str:
        if given in known:
            return given
        remedy = near_misses(given, known) or f"choose {'an' if kind == 'event' else 'a'} {kind} of the catalogue"
        self.add(where, f"no {kind} is called {given!r}", ", ".join(sorted(known)), remedy)
        return ""

    def _try(self, where: str, call: Callable[[], str]) -> str:
        try:
            return call()
        except RequestError as error:
            self.faults += [Fault(where, f.what, f.allowed, f.remedy) for f in error.faults]
            return ""
