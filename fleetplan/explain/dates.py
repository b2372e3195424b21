"""When permits allow a deployment to open, and which constraints ask for it sooner."""

from __future__ import annotations

from collections.abc import Mapping

from fleetplan.facts import Conflict
from fleetplan.months import month_text
from fleetplan.optimize.gather import paths_of
from fleetplan.permits.limits import OPENINGS, Allowed, ruled_out
from fleetplan.permits.openings import first_paid_month, least_needs
from fleetplan.permits.paths import PermitPath
from fleetplan.request.constraints import MarketsLive
from fleetplan.scope import Scope
from fleetplan.words.values import listed, month_name

Paths = Mapping[tuple[str, str], PermitPath]
"""How permits come, by stack and city."""


def impossible(scope: Scope) -> list[Conflict]:
    """Return which constraints the dates of permits alone rule out, one conflict each."""
    asked = [c for c in scope.constraints if c.type in OPENINGS]
    if not asked:
        return []
    paths = paths_of(scope)
    paid = _paid(scope, paths)
    months = {pair: month_text(month) for pair, month in paid.items()}
    existing = sum(m.counts for m in scope.catalogue.live_markets)
    last = month_text(scope.request.grid.end - 1)
    allowed = Allowed(set(scope.deployments), months, last, existing, _uncovered(scope, paths, paid), scope.cities)
    parties = [(allowed.party(c), c.count if isinstance(c, MarketsLive) else 0) for c in asked]
    return [Conflict(found_by="permits", parties=[party]) for party, count in parties if ruled_out(party, count)]


def earliest_paid(scope: Scope) -> dict[tuple[str, str], int]:
    """Return the first month of paid service of each deployment, were every programme begun at once.

    No area of the city opens before it; its smallest service area may wait longer, for the areas it lies in.
    """
    return _paid(scope, paths_of(scope))


def _paid(scope: Scope, paths: Paths) -> dict[tuple[str, str], int]:
    areas = {city: scope.catalogue.cities[city].area_names for city in scope.cities}
    found = {pair: first_paid_month(path, least_needs(path, areas[pair[1]])) for pair, path in paths.items()}
    return {pair: month for pair, month in found.items() if month is not None}


def uncovered_pairs(scope: Scope) -> set[tuple[str, str]]:
    """Return the deployments that permits allow paid rides within the horizon, and in no area of their city."""
    paths = paths_of(scope)
    return _uncovered(scope, paths, _paid(scope, paths))


def _uncovered(scope: Scope, paths: Paths, months: Mapping[tuple[str, str], int]) -> set[tuple[str, str]]:
    end = scope.request.grid.end
    rides = {pair for pair, path in paths.items() if (first_paid_month(path) or end) < end}
    return {pair for pair in rides if months.get(pair, end) >= end}


def earliest_words(scope: Scope) -> str:
    """Return in words from when permits allow paid service in each city, were everything begun at once."""
    months: dict[str, int] = {}
    for (_, city), month in earliest_paid(scope).items():
        if month < scope.request.grid.end:
            months[city] = min(month, months.get(city, month))
    named = {city: scope.catalogue.cities[city].name for city in scope.cities}
    told = [
        f"{named[city]} {month_name(month_text(months[city]))}" for city in sorted(months, key=lambda c: (months[c], c))
    ]
    bare = {city for _, city in uncovered_pairs(scope)} - set(months)
    never = listed([name for city, name in named.items() if city not in months and city not in bare])
    nowhere = listed([named[city] for city in named if city in bare])
    sentences = [
        f"{', '.join(told)}." if told else "",
        f"Not within the horizon: {never}." if never else "",
        f"No permit within the horizon covers an area of {nowhere}." if nowhere else "",
    ]
    return " ".join(sentences).strip()
