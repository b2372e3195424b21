"""Repairs of a rerun whose kept decisions stand in the way: what need not stay of the earlier plan, or is taken back again.

The plan that ended has no plan to keep anything of, so what stays is asked for: openings of the earlier plan as constraints.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from fleetplan.facts import Conflict
from fleetplan.months import month_text
from fleetplan.optimize.trials import Deadline
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.prepare import Prepared
from fleetplan.remedies import Loosening, Repair
from fleetplan.repair.find import BEGUN_S, TOGETHER, repair_of
from fleetplan.repair.verify import planned

KEPT, OPENINGS, MONTH, ALL = "kept", "openings", "month", "freeze_until"
"""The party of what a rerun keeps; what of it stays, or gives way: openings, the month of one, nothing at all."""

WHOLLY, HALF, A_MONTH = 1.0, 0.5, 0.5
"""What giving all of it up counts for: as a wish dropped; all but openings: half; an opening's month: half of the opening.

Our judgement.
"""

STEM = "as-before"


@dataclass(frozen=True, eq=False)
class _Way:
    changes: list[Loosening]
    patch: dict[str, Any]
    given_up: float


def ways_out(
    prepared: Prepared, parent: Plan, until: str, clashes: Sequence[Conflict], deadline: Deadline
) -> list[Repair]:
    """Return what would make a plan possible where decisions before a month stand in the way, what gives up least first.

    Each is planned and checked; its patch is one of the request that ended. Nothing stays; openings stay, but those that clash,
    or their months; or what the rerun added is taken back, where that is not firm.
    """
    ways = list(_ways(prepared, parent, until, clashes))
    with ThreadPoolExecutor(max_workers=TOGETHER) as pool:
        plans = pool.map(lambda way: planned(prepared, way.patch, deadline).plan if _time(deadline) else None, ways)
        found = [repair_of(w.changes, w.patch, w.given_up, plan) for w, plan in zip(ways, plans, strict=True) if plan]
    return sorted(found, key=lambda repair: (repair.given_up, -repair.npv_usd))


def _time(deadline: Deadline) -> bool:
    return deadline.left_s > BEGUN_S


def _ways(prepared: Prepared, parent: Plan, until: str, clashes: Sequence[Conflict]) -> Iterator[_Way]:
    yield _Way([_freed(ALL, until)], {}, WHOLLY)
    opened = {key: d for key, d in deployments_of(parent).items() if d.launch and d.launch < until}
    freed = {f"{p.stack}@{p.city}" for c in clashes for p in c.parties if p.kept is not None} & set(opened)
    rest = [d for key, d in opened.items() if key not in freed]
    moved = [opened[key] for key in sorted(freed)]
    names = _names(prepared)
    stay = {next(names): _opens(d) for d in rest}
    last = month_text(prepared.request.grid.end - 1)
    anytime = {next(names): {"type": "launch_by", "city": d.city, "stack": d.stack, "month": last} for d in moved}
    each = HALF / max(1, len(opened))
    if stay or anytime:
        changes = [_freed(OPENINGS, until), *(_moved(d, MONTH) for d in moved)]
        yield _Way(changes, {"constraints": {**stay, **anytime}}, HALF + A_MONTH * each * len(moved))
    if stay and moved:
        changes = [_freed(OPENINGS, until), *(_moved(d, OPENINGS) for d in moved)]
        yield _Way(changes, {"constraints": stay}, HALF + each * len(moved))
    before = {c.id for c in parent.request.constraints}
    added = [c for c in prepared.scope.constraints if c.id not in before]
    if added and all(c.stands == "policy" for c in added):
        drops = [Loosening(party=c.id, kind="drop") for c in added]
        yield _Way(drops, {"constraints": {c.id: None for c in added}}, WHOLLY * len(added))


def _freed(member: str, until: str) -> Loosening:
    return Loosening(party=KEPT, kind="unfreeze", member=member, before=until)


def _moved(d: DeploymentPlan, member: str) -> Loosening:
    return Loosening(party=f"{d.stack}@{d.city}", kind="unfreeze", member=member, before=d.launch)


def _opens(d: DeploymentPlan) -> dict[str, Any]:
    return {"type": "launch_fixed", "city": d.city, "stack": d.stack, "month": d.launch}


def _names(prepared: Prepared) -> Iterator[str]:
    taken = {c.id for c in prepared.scope.constraints}
    return (name for k in itertools.count(1) if (name := f"{STEM}-{k}") not in taken)
