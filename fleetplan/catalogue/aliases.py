"""Find the slug that a person means: by slug, name or alias, in any case, with or without accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from fleetplan.catalogue.types import Catalogue, DeploymentFact, Stack
from fleetplan.errors import Fault, RequestError

# What people say for cities whose slug and name they do not use.
_CITY_WORDS: Final[Mapping[str, str]] = {
    "sf": "bay-area",
    "san francisco": "bay-area",
    "bay area": "bay-area",
    "sf bay area": "bay-area",
    "san francisco bay area": "bay-area",
    "la": "los-angeles",
    "hk": "hong-kong",
    "munchen": "munich",
}
_LIKELIHOOD: Final[tuple[Callable[[DeploymentFact], bool], ...]] = (
    lambda fact: fact.permitted != "no",
    lambda fact: fact.permitted != "no" and fact.deal in ("announced", "talks"),
    lambda fact: fact.permitted != "no" and fact.deal == "announced",
)


def resolve_city(catalogue: Catalogue, name: str) -> str:
    """Return the slug of a city.

    Raises
    ------
    RequestError
        When no city goes by that name; the fault names the nearest ones.
    """
    words = {word: {slug} for word, slug in _CITY_WORDS.items() if slug in catalogue.cities}
    for city in catalogue.cities.values():
        for word in (city.name, city.slug):
            words.setdefault(_folded(word), set()).add(city.slug)
    return _only(words, name, "city", catalogue.cities)


def resolve_stack(catalogue: Catalogue, name: str, city: str | None = None) -> str:
    """Return the slug of a stack.

    A name that fits several stacks (``Lucid``) is settled by the city where just one of them may drive, or has a deal.

    Raises
    ------
    RequestError
        When no stack, or more than one, goes by that name; the fault names the choices.
    """
    words: dict[str, set[str]] = {}
    for stack in catalogue.stacks.values():
        for word in _names(stack):
            words.setdefault(_folded(word), set()).add(stack.slug)
    fitting = words.get(_folded(name), set())
    if city is not None and len(fitting) > 1 and _folded(name) not in catalogue.stacks:
        words[_folded(name)] = _narrowed(catalogue, fitting, resolve_city(catalogue, city))
    return _only(words, name, "stack", catalogue.stacks)


def _names(stack: Stack) -> Iterable[str]:
    return stack.slug, stack.partner, stack.platform, f"{stack.partner} {stack.platform}", *stack.aliases


def _narrowed(catalogue: Catalogue, stacks: set[str], city: str) -> set[str]:
    """Return the one stack that a city singles out, or all when it singles out none."""
    for is_likely in _LIKELIHOOD:
        facts = [catalogue.deployments.get((stack, city)) for stack in stacks]
        likely = {fact.stack for fact in facts if fact is not None and is_likely(fact)}
        if len(likely) == 1:
            return likely
    return stacks


def _only(words: Mapping[str, set[str]], name: str, kind: str, known: Iterable[str]) -> str:
    slugs = sorted(known)
    folded = _folded(name)
    fitting = {folded} if folded in slugs else words.get(folded, set())
    if len(fitting) == 1:
        return next(iter(fitting))
    if fitting:
        choices = ", ".join(sorted(fitting))
        what = f"{name!r} may mean {len(fitting)} of them"
        raise RequestError([Fault(kind, what, choices, f"name the {kind} by one of these slugs")])
    near = list(dict.fromkeys(slug for word in _near(folded, words) for slug in sorted(words[word])))
    remedy = f"did you mean {' or '.join(near)}?" if near else f"choose a {kind} of the catalogue"
    raise RequestError([Fault(kind, f"no {kind} is called {name!r}", ", ".join(slugs), remedy)])


def _near(folded: str, words: Mapping[str, set[str]]) -> list[str]:
    return get_close_matches(folded, sorted(words), n=3, cutoff=0.6)


def _folded(word: str) -> str:
    """Return a word without case, accents and double blanks.

    >>> _folded("  München ")
    'munchen'
    """
    plain = unicodedata.normalize("NFKD", word)
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).casefold().split())
