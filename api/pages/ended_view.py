"""What is shown of a plan that ended without one: which constraints clash, or what failed, and what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from api.deps import Service
from api.pages.lineage import changes
from api.pages.shell import seconds_of
from api.pages.solving_view import asked_whole, constraints_in_words
from api.store.contract import PlanRow
from fleetplan.catalogue.types import Catalogue
from fleetplan.words.values import prose

_MONEY = {"the capital budget": "The capital budget", "the cash floor": "The cash floor"}
_SOONEST = re.compile(r"from (\w+ \d{4}) at the earliest")
_FACT = re.compile(
    r"^.*?\)(?:; (.*?))?(?: and constraint '| and the capital budget| and the cash floor| cannot be kept)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Party:
    """What takes part in a clash: a constraint by its id (none for money), what it asks, and what stands against it."""

    id: str
    asks: str
    fact: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Constraints that cannot be kept, alone or together; ``said`` is the finding as it was made."""

    head: str
    parties: list[Party]
    way: str
    said: str


def ended(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that is shown of a plan that ended without one."""
    catalogue = service.known.catalogue
    words = constraints_in_words(row, catalogue)
    found = [_clash(text, words, catalogue) for text in (row.problem or {}).get("clashes", [])]
    named = {p.id for clash in found for p in clash.parties}
    parent = service.store.get(row.parent) if row.parent else None
    return {
        "row": row,
        "problem": dict(row.problem or {}),
        "clashes": found,
        "others": {key: text for key, text in words.items() if key not in named},
        "asked": asked_whole(row, catalogue),
        "parent": parent,
        "changed": changes(row, parent, service.known.catalogue) if row.parent else [],
        "took_s": seconds_of(row),
        "again": _again(row),
    }


def _again(row: PlanRow) -> dict[str, Any]:
    """Return the call that asks the same once more."""
    options = {name: getattr(row.options, name) for name in ("time_limit_s", "gap", "seed")}
    if row.parent is None:
        return {"href": "/v1/plans", "body": {"request": dict(row.request), "options": options}}
    ties = {"freeze_until": row.options.freeze_until, "change_price_usd": row.options.change_price_usd}
    return {
        "href": f"/v1/plans/{row.parent}/reruns",
        "body": {"patch": dict(row.patch or {}), "options": options | ties},
    }


def _clash(text: str, words: dict[str, str], catalogue: Catalogue) -> Clash:
    places = [(text.find(f"constraint {key!r} ("), key) for key in words]
    parties = [Party(key, f"{words[key]}.", _fact(text[at:], catalogue)) for at, key in sorted(places) if at >= 0]
    parties += [Party("", f"{name}.", "") for said, name in _MONEY.items() if said in text]
    alone = "cannot be kept together" not in text
    head = "This cannot be kept" if alone else "These cannot be kept together"
    return Clash(head, parties, _way_on(parties), with_names(prose(text), catalogue))


def _way_on(parties: list[Party]) -> str:
    """Return what would take a clash away, as far as the finding knows."""
    if len(parties) > 1:
        return "Loosen or drop one of them; the others may then stay."
    soonest = next((found[1] for p in parties if (found := _SOONEST.search(p.fact))), "")
    return f"Ask for {soonest} or later, or drop it." if soonest else "Ask for less or for later, or drop it."


def _fact(text: str, catalogue: Catalogue) -> str:
    """Return what the finding says against a constraint, from where it names it."""
    found = _FACT.match(text)
    fact = (found[1] or "") if found else ""
    return f"{fact[:1].upper()}{with_names(prose(fact[1:]), catalogue)}." if fact else ""


def with_names(text: str, catalogue: Catalogue) -> str:
    """Return a sentence with the names of cities in place of their slugs."""
    slugs = "|".join(re.escape(s) for s in sorted(catalogue.cities, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({slugs})(?![\w-])", lambda m: catalogue.cities[m[1]].name, text)
