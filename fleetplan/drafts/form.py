"""A request as a form: what is chosen, what there is to choose, which constraints the form shows, and what counts unsaid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue, Stack
from fleetplan.errors import InputError
from fleetplan.request import Capital, PlanRequest
from fleetplan.words.catalogue import CONTRACT_BRIEFLY
from fleetplan.words.names import Names
from fleetplan.words.request import DEAL_NAMES

FORM_CONSTRAINTS = ("markets_live", "launches_per_quarter", "stacks_per_city", "result_floor")
NARROWED = ("city", "start", "end")
"""Members that keep a constraint from holding everywhere and always."""


def form_of(request: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return what the form needs besides the request: which cities and stacks are chosen, which constraints are its own.

    Names that nobody knows are left out: they are among the flaws.
    """
    cities = _resolved(request.get("cities"), list(catalogue.cities), lambda n: resolve_city(catalogue, n))
    no_cities = _resolved(request.get("exclude_cities"), [], lambda n: resolve_city(catalogue, n))
    usual = [slug for slug, stack in catalogue.stacks.items() if not stack.rival]
    stacks = _resolved(request.get("stacks"), usual, lambda n: resolve_stack(catalogue, n))
    no_stacks = _resolved(request.get("exclude_stacks"), [], lambda n: resolve_stack(catalogue, n))
    return {
        "cities": [slug for slug in cities if slug not in no_cities],
        "stacks": [slug for slug in stacks if slug not in no_stacks],
        "constraints": own_constraints(request),
    }


def own_constraints(request: Mapping[str, Any]) -> dict[str, int]:
    """Return where the constraints stand that the form shows: the first of each kind that holds everywhere and always.

    >>> own_constraints({"constraints": [{"type": "launch_by"}, {"type": "launches_per_quarter", "max": 2}]})
    {'launches_per_quarter': 1}
    """
    found: dict[str, int] = {}
    entries = request.get("constraints")
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind in FORM_CONSTRAINTS and all(entry.get(name) is None for name in NARROWED):
            found.setdefault(kind, i)
    return found


def _resolved(given: Any, usual: list[str], resolve: Callable[[str], str]) -> list[str]:
    if not isinstance(given, list):
        return usual
    found = []
    for name in given[:500]:
        try:
            found.append(resolve(str(name)))
        except InputError:
            continue
    return found


def usual_values() -> dict[str, Any]:
    """Return by JSON pointer what counts where a request says nothing."""
    full = PlanRequest(capital=Capital(per_quarter_usd=0)).model_dump(mode="json")
    flat = {f"/{key}": value for key, value in full.items() if not isinstance(value, dict)}
    for key in ("horizon", "capital", "deployments"):
        flat |= {f"/{key}/{name}": value for name, value in full[key].items()}
    return flat


def stack_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the stacks that a request may place, those with deals first, each with its lawful cities."""
    rows = [_stack_row(catalogue, stack) for stack in catalogue.stacks.values() if not stack.rival]
    return sorted(
        rows, key=lambda row: (not any(d != "none" for _, _, d in row["cities"]), row["partner"], row["slug"])
    )


def pair_rows(catalogue: Catalogue) -> list[dict[str, str]]:
    """Return the pairs of stack and city that the law admits, by place: those with a deal first."""
    names, rows = Names(catalogue), []
    for (stack, city), fact in catalogue.deployments.items():
        if fact.permitted != "no" and fact.deal != "rival" and not catalogue.stacks[stack].rival:
            named = {"partner": names.stack(stack), "place": catalogue.cities[city].name, "note": DEAL_NAMES[fact.deal]}
            rows.append({"stack": stack, "city": city, "deal": fact.deal, **named})
    return sorted(rows, key=lambda row: (row["place"], list(DEAL_NAMES).index(row["deal"]), row["partner"]))


def _stack_row(catalogue: Catalogue, stack: Stack) -> dict[str, Any]:
    facts = [fact for (slug, _), fact in catalogue.deployments.items() if slug == stack.slug and fact.permitted != "no"]
    return {
        "slug": stack.slug,
        "partner": stack.partner,
        "platform": stack.platform,
        "contract": CONTRACT_BRIEFLY[stack.contract_type],
        "cities": sorted((catalogue.cities[f.city].name, f.city, f.deal) for f in facts if f.deal != "rival"),
    }
