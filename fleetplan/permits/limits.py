"""What permits allow of the constraints that ask for openings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fleetplan.facts import Party, PermitLimit
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import ForceDeployment, LaunchBy, LaunchFixed, MarketsLive

Pair = tuple[str, str]

OPENINGS = frozenset({"launch_by", "launch_fixed", "force_deployment", "markets_live"})
"""Kinds of constraints that permits say something of."""


@dataclass(frozen=True, eq=False)
class Allowed:
    """What is known of permits: who is admitted where (stack, city), from which month for paid rides, until when is planned.

    ``uncovered`` are those whom permits allow rides within the horizon, and in no area of the city; ``cities`` those that the
    request plans.
    """

    admitted: Collection[Pair]
    months: Mapping[Pair, str]
    last_month: str
    live_elsewhere: int
    uncovered: Collection[Pair] = ()
    cities: Collection[str] = ()

    def party(self, c: AnyConstraint) -> Party:
        """Return a constraint as a party of a conflict, with what permits say against it."""
        city, stack = getattr(c, "city", None) or "", getattr(c, "stack", None) or ""
        return Party(
            kind="constraint",
            firmness=c.stands,
            constraint=c.id,
            type=c.type,
            city=city,
            stack=stack,
            permits=self._limit(c, city, stack),
        )

    def _limit(self, c: AnyConstraint, city: str, stack: str) -> PermitLimit | None:
        if isinstance(c, LaunchBy | LaunchFixed):
            return self._opening(c.month, city, stack)
        if isinstance(c, ForceDeployment):
            return self._opening(self.last_month, city, stack)
        if isinstance(c, MarketsLive) and c.counts == "paid":
            in_time = sorted({of for (_, of), month in self.months.items() if month <= c.by})
            existing = self.live_elsewhere if c.include_existing else 0
            return PermitLimit(by=c.by, in_time=in_time, live_elsewhere=existing, asked=sorted(self.cities))
        return None

    def _opening(self, by: str, city: str, stack: str) -> PermitLimit:
        def fits(pair: Pair) -> bool:
            return pair[1] == city and stack in {"", pair[0]}

        months = [month for pair, month in self.months.items() if fits(pair)]
        uncovered = not months and any(map(fits, self.uncovered))
        admitted = any(map(fits, self.admitted))
        return PermitLimit(by=by, earliest=min(months, default=""), admitted=admitted, uncovered=uncovered)


def ruled_out(party: Party, count: int = 0) -> bool:
    """Return whether permits alone rule a constraint out; ``count`` is the number of markets that it asks for."""
    limit = party.permits
    if limit is None:
        return False
    if party.type == "markets_live":
        return len(limit.in_time) + limit.live_elsewhere < count
    return not limit.earliest or limit.earliest > limit.by
