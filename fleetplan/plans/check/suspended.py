"""Suspensions that a request asks for, read anew: which deployment pauses when, and what holds while it does."""

from __future__ import annotations

from collections.abc import Iterator

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.report import Named, Violation, say
from fleetplan.request.constraints import EventDate, Suspension


def holds(case: Case, suspension: Suspension, deployed: Deployed) -> bool:
    """Return whether a suspension is about a deployment."""
    city = resolve_city(case.raw, suspension.city) if suspension.city else None
    stack = resolve_stack(case.raw, suspension.stack, city) if suspension.stack else None
    named = city in {None, deployed.row.city} and stack in {None, deployed.row.stack}
    return named and suspension.jurisdiction in {None, *deployed.city.jurisdictions}


def suspensions(case: Case, deployed: Deployed) -> list[Suspension]:
    """Return what suspends a deployment."""
    asked = [c for c in case.request.constraints if isinstance(c, Suspension)]
    return [*(c for c in asked if holds(case, c, deployed)), *_bars(case, deployed)]


def _bars(case: Case, deployed: Deployed) -> list[Suspension]:
    """Return the events of the request that bar a deployment, each a suspension for good with no vehicle left."""
    stack, city = deployed.row.stack, deployed.row.city
    bars = case.catalogue.bars_of(stack, city)
    given = (c for c in case.request.constraints if isinstance(c, EventDate) and c.event in bars)
    return [Suspension(id=c.id, stack=stack, city=city, start=c.month, vehicles_left=0) for c in given]


def paused(case: Case, deployed: Deployed, *, stopped: bool = False) -> set[int]:
    """Return the periods in which a deployment is suspended (``stopped``: with no vehicle left)."""
    found = (c for c in suspensions(case, deployed) if not stopped or c.vehicles_left == 0)
    return {t for c in found for t in case.request.grid.window(c.start, c.end)}


def recovering(case: Case, deployed: Deployed) -> set[int]:
    """Return the periods in which a deployment is suspended, or that begin within the months of recovery."""
    held = paused(case, deployed)
    ends = [case.starts[t] + case.lengths[t] for t in held]
    most = case.own("suspension.recovery_months")
    return held | {t for t in case.periods if any(end <= case.starts[t] < end + most for end in ends)}


def in_pause(case: Case, deployed: Deployed) -> dict[int, int]:
    """Return the level in the last suspended period up to each in which a deployment is suspended or recovers."""
    held = paused(case, deployed)
    return {t: deployed.row.level[max(s for s in held if s <= t)] for t in recovering(case, deployed)}


def stood_still(case: Case, deployed: Deployed, opened: int, month: int) -> int:
    """Return by how many months suspensions without any vehicle put back the age of what opened in a month."""
    held = [m for t in paused(case, deployed, stopped=True) for m in case.months(t) if opened <= m < month]
    return int((1 + case.own("suspension.forgotten_months")) * len(held) + 0.5)


def end_of(case: Case, deployed: Deployed) -> int | None:
    """Return the period from which on a service has ended by the plan; None where it does not."""
    ended = deployed.row.ended
    return case.labels.index(ended) if ended in case.labels else None


def check_ending(case: Case) -> Iterator[Violation]:
    """Yield services that end without a suspension, before they opened, or that come back; and what opens in a pause."""
    for deployed in case.deployed:
        yield from _ends(case, deployed)
        level = deployed.row.level
        for t in sorted(paused(case, deployed)):
            before = level[t - 1] if t else 0
            if level[t] > before:
                text = say("the area rises from level {} to {} while the service is suspended", before, level[t])
                yield Violation("ending", case.where(deployed.name, t), text, level[t] - before)


def _ends(case: Case, deployed: Deployed) -> Iterator[Violation]:
    row, end = deployed.row, end_of(case, deployed)
    if row.ended is None:
        held = [c for c in suspensions(case, deployed) if c.end is None and c.vehicles_left == 0]
        for c in held:
            for t in case.request.grid.window(c.start, None):
                if row.level[t]:
                    text = say("the service stays open though {} suspends it for good with no vehicle left", c.id)
                    yield Violation("ending", case.where(deployed.name, t), text, row.level[t])
        return
    months = [t for t in paused(case, deployed) if end is not None and t <= end]
    if not end or not months or not row.level[min(end - 1, max(months))]:
        text = say("the service ends in {}; it may once a suspension found it open", Named("month", row.ended))
        yield Violation("ending", deployed.name, text, 1.0)
        return
    for t in range(end, len(case.labels)):
        if row.level[t] or row.vehicles[t]:
            text = say(
                "level {} and {} vehicles stand after the service ended in {}",
                row.level[t],
                row.vehicles[t],
                Named("month", row.ended),
            )
            yield Violation("ending", case.where(deployed.name, t), text, max(row.level[t], row.vehicles[t]))
