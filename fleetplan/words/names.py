"""What places, partners, laws and figures are called: by the catalogue, or, without one, by the plans that are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.figures import permit_numbers
from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.errors import InputError
from fleetplan.plans.types import Plan
from fleetplan.words.figures import words_of
from fleetplan.words.values import month_name

EVERYWHERE = "Everywhere"
_MONTH = re.compile(r"\d{4}-\d{2}")
_PARTS = re.compile(r"(?<! )/(?! )")  # a name may hold a stroke between spaces


LAWS = "jurisdictions"


def owner_of(key: str) -> str:
    """Return whose figure a key names, by slug: a city, a partner's stack, or nobody's alone (empty).

    >>> owner_of("zurich/city.toml#market.fare_tax"), owner_of("partners/weride-gxr.toml#supply.placeable")
    ('zurich', 'weride-gxr')
    """
    head, _, tail = key.partition("#")[0].partition("/")
    return (tail.removesuffix(".toml") if head == "partners" else head) if tail else ""


class Names:
    """Calls things as people do, whatever a request calls them; what is not known stays as it is."""

    def __init__(self, catalogue: Catalogue | None = None, plans: Iterable[Plan] = ()) -> None:
        known = list(plans)
        self.catalogue = catalogue
        self._cities = {c.city: c.name for plan in known for c in plan.cities}
        self._partners = {s.stack: s.partner for plan in known for s in plan.stacks}

    def city(self, name: str) -> str:
        """Return a city's name."""
        slug = self._slug(resolve_city, name)
        return self.catalogue.cities[slug].name if self.catalogue and slug else self._cities.get(name, name)

    def partner(self, name: str) -> str:
        """Return a stack's partner; of a name that may mean several stacks the name."""
        slug = self._slug(resolve_stack, name)
        return self.catalogue.stacks[slug].partner if self.catalogue and slug else self._partners.get(name, name)

    def stack(self, slug: str) -> str:
        """Return a stack's partner, with the vehicle where the partner has several."""
        own = self.catalogue.stacks.get(slug) if self.catalogue else None
        if own is None or self.catalogue is None:
            return self.partner(slug)
        several = sum(other.partner == own.partner for other in self.catalogue.stacks.values()) > 1
        return f"{own.partner}, {own.platform}" if several else own.partner

    def _slug(self, resolve: Callable[[Catalogue, str], str], name: str) -> str | None:
        """Return the slug that a name means in the catalogue; None if it means none, or more than one."""
        if self.catalogue is None or not isinstance(name, str):
            return None
        try:
            return resolve(self.catalogue, name)
        except InputError:
            return None

    def platform(self, stack: str) -> str:
        """Return a stack's vehicle; empty where it is not known."""
        known = self.catalogue.stacks.get(stack) if self.catalogue else None
        return known.platform if known else ""

    def law(self, slug: str) -> str:
        """Return a jurisdiction's name."""
        known = self.catalogue.jurisdictions.get(slug) if self.catalogue else None
        return known.name if known else slug

    def permit(self, permit: str) -> str:
        """Return what a permit is called, within a sentence."""
        return self._quoted(self._permits, permit)

    def event_title(self, event: str) -> str:
        """Return the title of an event of law."""
        return self._events.get(event, event)

    def event(self, event: str) -> str:
        """Return what an event of law is called, within a sentence."""
        return self._quoted(self._events, event)

    def place(self, stack: str | None, city: str | None) -> str:
        """Return a stack in a city, or what there is of it."""
        return " in ".join([*([self.partner(stack)] if stack else []), *([self.city(city)] if city else [])])

    def where(self, place: str) -> str:
        """Return a place of the checker's (``city/stack/month``, as far as it goes) in words; empty for the whole plan."""
        parts = [part for part in _PARTS.split(place) if part]
        months = [month_name(part) for part in parts if _MONTH.fullmatch(part)]
        others = [part for part in parts if not _MONTH.fullmatch(part)]
        cities = [part for part in others if self.city(part) != part]
        rest = [self.partner(part) for part in others if part not in cities]
        return ", ".join([*(self.city(part) for part in cities), *rest, *months])

    @staticmethod
    def _quoted(titles: dict[str, str], key: str) -> str:
        return f"“{titles[key]}”" if key in titles else key

    @cached_property
    def _permits(self) -> dict[str, str]:
        laws = self.catalogue.jurisdictions.values() if self.catalogue else ()
        return {p.id: p.title for law in laws for p in law.permits.values()}

    @cached_property
    def _events(self) -> dict[str, str]:
        laws = self.catalogue.jurisdictions.values() if self.catalogue else ()
        return {e.id: e.title for law in laws for e in law.events.values()}

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Every figure that a request may override, by key."""
        if self.catalogue is None:
            return {}
        groups = [self.catalogue.economics, self.catalogue.assumptions]
        groups += [city.figures for city in self.catalogue.cities.values()]
        groups += [stack.figures for stack in self.catalogue.stacks.values()]
        laws = (figure for law in self.catalogue.jurisdictions.values() for figure in permit_numbers(law))
        return {figure.key: figure for figure in (*(f for group in groups for f in group.values()), *laws)}

    def figure_owner(self, key: str) -> str:
        """Return whose figure a key names: a city, a partner, or everywhere.

        >>> Names().figure_owner("assumptions.toml#fleet.life_years")
        'Everywhere'
        """
        owner = owner_of(key)
        if not owner:
            return EVERYWHERE
        if owner == LAWS:
            law, _, rest = key.removeprefix(f"{LAWS}/").partition(".toml#")
            return f"{self.law(law)}, {self.permit(rest.rpartition('.')[0])}"
        return self.city(owner) if key.startswith(f"{owner}/") else self.partner(owner)

    def figure_title(self, key: str) -> str:
        """Return a figure's name with whose it is."""
        title, owner = words_of(key).title, self.figure_owner(key)
        return title if owner == EVERYWHERE else f"{owner}, {title[:1].lower()}{title[1:]}"
