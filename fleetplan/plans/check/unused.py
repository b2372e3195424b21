"""What is bought or ordered and never used: ``used_orders``.

What a rerun keeps of its parent plan was bought and ordered there: it is none of this plan's faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from fleetplan.months import month_number
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.report import RATIO, Named, Violation, say
from fleetplan.plans.check.supply import owned
from fleetplan.plans.types import CityRollout, StackFleet

USED = "used_orders"


def check_used_orders(case: Case) -> Iterator[Violation]:
    """Yield vehicles, stalls and sites that nobody uses within the horizon."""
    for fleet in case.plan.stacks:
        yield from _vehicles(case, fleet)
    for rollout in case.plan.cities:
        yield from _sites(case, rollout)
        for platform in (True, False):
            yield from _stalls(case, rollout, platform=platform)


def _decided_here(case: Case, month: str) -> bool:
    """Return whether a decision of a month is this plan's own, and neither kept of an earlier one nor done before."""
    return month >= max(case.plan.certificate.method.kept_until, case.labels[case.request.grid.done])


def _vehicles(case: Case, fleet: StackFleet) -> Iterator[Violation]:
    rows = case.of_stack(fleet.stack)
    placed = [sum(d.row.vehicles[t] + d.row.test_vehicles[t] for d in rows) for t in case.periods]
    spare = [owned(case, fleet.bought, t) - placed[t] for t in case.periods]
    for p, count in enumerate(fleet.bought):
        if not count:
            continue
        only = [count if k == p else 0 for k in case.periods]
        life = [t for t in case.periods if owned(case, only, t)]
        idle = min((spare[t] for t in life), default=count)
        if idle > 0 and _decided_here(case, case.labels[p]):
            text = say("{} of the {} vehicles bought are placed in no period of their life", min(idle, count), count)
            yield Violation(USED, case.where(fleet.stack, p), text, min(idle, count))


def _sites(case: Case, rollout: CityRollout) -> Iterator[Violation]:
    for depot in rollout.depots:
        if not _decided_here(case, depot.ordered):
            continue
        place = f"{rollout.city}/{depot.site}"
        if month_number(depot.live) >= case.end:
            yield Violation(
                USED, place, say("the site is live in {}, after the horizon", Named("month", depot.live)), 1.0
            )
        elif not depot.stalls[-1] + depot.stalls_partner[-1]:
            yield Violation(USED, place, say("the site is ordered and never has a stall"), 1.0)


def _stalls(case: Case, rollout: CityRollout, *, platform: bool) -> Iterator[Violation]:
    """Yield periods in which a payer's stalls grow beyond what its vehicles ever need from then on."""
    sites = [depot.stalls if platform else depot.stalls_partner for depot in rollout.depots]
    public = rollout.public_charging_vehicles if platform else rollout.public_charging_partner
    cars = [d for d in case.of_city(rollout.city) if d.stack.electric and d.pays("charger") == platform]
    spare = []
    for t in case.periods:
        left = sum(d.row.vehicles[t] + d.row.test_vehicles[t] for d in cars) - public[t]
        spare.append(sum(stalls[t] for stalls in sites) - left / case.eco("vehicles_per_fast_stall"))
    least = list(accumulate(reversed(spare), min))[::-1]
    payer = "platform" if platform else "partner"
    for t in case.periods:
        added = sum(stalls[t] - (stalls[t - 1] if t else 0) for stalls in sites)
        if added > 0 and least[t] >= 1 - RATIO and _decided_here(case, case.labels[t]):
            text = say(
                "{} of the {} stalls that the {} adds are needed by no vehicle",
                min(added, int(least[t] + RATIO)),
                added,
                payer,
            )
            yield Violation(USED, case.where(rollout.city, t), text, least[t])
