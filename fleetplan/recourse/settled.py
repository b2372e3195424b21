"""Which services no scenario touches before the month from which on it is known: their areas and fleets are common until then.

A service is touched where scenarios differ in how late its permits come, in the months of laws that its permits wait for or that
may hit it, in delays of its permits, or in what regulators and the world do to it before the month. What comes later, and what
things cost, is not known before: it lets nothing adapt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleetplan.months import month_number
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import EventDate, PermitDelay
from fleetplan.scope import Scope

Pair = tuple[str, str]
Seen = frozenset[str]


def settled_pairs(scopes: Sequence[Scope], until: str) -> list[Pair]:
    """Return the pairs of stack and city that are alike in all scenarios as far as is seen before a month.

    Parameters
    ----------
    scopes
        What is planned in each scenario.
    """
    first = scopes[0]
    return [
        pair
        for pair in first.deployments
        if len({_seen(scope, pair, until) for scope in scopes if pair in scope.deployments}) == 1
    ]


def _seen(scope: Scope, pair: Pair, until: str) -> Seen:
    """Return what is seen of a service before a month, in a scenario."""
    fact = scope.catalogue.deployments.get(pair)
    late = "" if fact is None or fact.slip_months is None else f"late {fact.slip_months}"
    touching = (
        c.model_dump_json(exclude={"id", "firmness"}) for c in scope.constraints if _touches(scope, c, pair, until)
    )
    return frozenset({late, *touching})


def _touches(scope: Scope, c: AnyConstraint, pair: Pair, until: str) -> bool:
    """Return whether a constraint may change what a service does before a month."""
    stack, city = pair
    if isinstance(c, EventDate):
        return c.event in events_touching(scope, pair)
    if not c.given and not c.imposed:
        return False  # the request's own: the same in every scenario
    if getattr(c, "stack", None) not in {None, stack} or getattr(c, "city", None) not in {None, city}:
        return False
    law = getattr(c, "jurisdiction", None)
    if law is not None and law not in scope.catalogue.cities[city].jurisdictions:
        return False
    if isinstance(c, PermitDelay):
        return c.permit is None or c.permit in scope.catalogue.permits_of(stack, city)
    start = getattr(c, "start", None)
    return start is None or month_number(start) < month_number(until)


def events_touching(scope: Scope, pair: Pair) -> set[str]:
    """Return the events of law that a service's permits wait for, that change a cap of one, or that may bar its stack."""
    permits = scope.catalogue.permits_of(*pair)
    capping = {event for event, caps in _caps(scope, pair[1]) if caps & permits.keys()}
    return {p.event for p in permits.values() if p.event} | capping | set(scope.catalogue.bars_of(*pair))


def _caps(scope: Scope, city: str) -> Iterator[tuple[str, set[str]]]:
    for slug in scope.catalogue.cities[city].jurisdictions:
        law = scope.catalogue.jurisdictions.get(slug)
        for event in law.events.values() if law is not None else ():
            yield event.id, {permit for permit, _ in event.caps}
