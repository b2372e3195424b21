"""What of a plan is watched, and what another plan does otherwise of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.proven import Watch
from fleetplan.threshold.types import Change

Pair = tuple[str, str]
TIE_SHARE, TIE_USD = 1e-4, 1e4
"""A plan that does something otherwise and is worth hardly more than this plan's decisions are there is the same plan."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What counts as another plan: of one city, of one stack, or of all (None)."""

    what: Watch = "launches"
    city: str | None = None
    stack: str | None = None

    def holds(self, pair: Pair) -> bool:
        """Return whether a (city, stack) counts."""
        return self.city in {None, pair[0]} and self.stack in {None, pair[1]}


def tie_usd(worth_usd: float) -> float:
    """Return by how much a plan may be worth more than one worth so much, and be the same plan."""
    return max(TIE_USD, TIE_SHARE * abs(worth_usd))


def opened(plan: Plan, watched: Watched) -> dict[Pair, DeploymentPlan]:
    """Return what opens of what is watched, by city and stack."""
    every = {(d.city, d.stack): d for city in plan.cities for d in city.deployments if d.launch}
    return {pair: d for pair, d in every.items() if watched.holds(pair)}


def changes(plan: Plan, other: Plan | None, watched: Watched) -> list[Change]:
    """Return what another plan does otherwise, by city and stack; where there is none, everything that is watched leaves."""
    before, after = opened(plan, watched), opened(other, watched) if other is not None else {}
    return [c for pair in sorted({*before, *after}) for c in _of(pair, before.get(pair), after.get(pair), watched)]


def _of(pair: Pair, a: DeploymentPlan | None, b: DeploymentPlan | None, watched: Watched) -> Iterator[Change]:
    city, stack = pair
    if a is None or b is None:
        move, months = ("leaves", (a.launch, "")) if a is not None else ("enters", ("", b.launch if b else ""))
        yield Change.model_validate(
            {"move": move, "city": city, "stack": stack, "before": months[0], "after": months[1]}
        )
        return
    if watched.what != "entry" and a.launch != b.launch:
        later = b.launch > a.launch
        yield Change(move="later" if later else "earlier", city=city, stack=stack, before=a.launch, after=b.launch)
    was, now = max(a.level), max(b.level)
    if watched.what == "areas" and was != now:
        wider = now > was
        yield Change(move="wider" if wider else "narrower", city=city, stack=stack, before=str(was), after=str(now))


def holding(plan: Plan, watched: Watched, planned: list[Pair]) -> dict[str, dict[str, object]]:
    """Return the constraints, by id, that ask for what a plan opens of what is watched and for nothing else of it.

    ``planned``: every (city, stack) that the request admits. Areas are left free: no constraint asks for one.
    """
    there = opened(plan, watched)
    found: dict[str, dict[str, object]] = {}
    for city, stack in sorted(pair for pair in {*planned, *there} if watched.holds(pair)):
        where: dict[str, object] = {"city": city, "stack": stack}
        name = f"as-it-is-{stack}-{city}"[:80]
        if (city, stack) not in there:
            found[name] = {"type": "forbid_deployment", **where}
        elif watched.what == "entry":
            found[name] = {"type": "force_deployment", **where}
        else:
            found[name] = {"type": "launch_fixed", **where, "month": there[city, stack].launch}
    return found
