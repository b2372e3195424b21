"""The alternatives to a plan and its frontier, read from stored plans.

Each alternative, and each point of a frontier, is a rerun like any other. Nothing is solved here: what is not stored yet is
told as the rerun to post. Alternatives come one after the other, since each differs from all before it; the points of a frontier
do not wait for one another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from api import problems as p
from api.asked_reruns import AskedReruns, KnownRerun, refused
from api.deps import Answered, Service
from api.option_schemas import AlternativesTold, FrontierTold, PointTold
from api.store.contract import PlanRow
from fleetplan.alternatives.answer import Asked, Chain, alternatives, asked_of
from fleetplan.alternatives.types import Differ
from fleetplan.errors import RequestError
from fleetplan.frontier.points import Found, best_within, frontier, limits, patch_of, to_find
from fleetplan.frontier.types import Axis
from fleetplan.options import PlanOptions
from fleetplan.words.changes import alternative_name, frontier_name
from fleetplan.words.names import Names

GAP, MOST_S = 0.005, 60.0
"""How near to the best, and within how long, alternatives and points of a frontier are found; nearer where the plan itself is."""


def _reruns(service: Service, found: Answered, kind: str) -> AskedReruns:
    return replace(AskedReruns.of(service, found, kind), options=options_of(found.row))


def options_of(row: PlanRow) -> PlanOptions:
    """Return how the plans of an answer are made; what keeps cities out of each is not looked for, as on the command line."""
    free = row.options.free
    again = {"gap": min(GAP, free.gap), "time_limit_s": min(MOST_S, free.time_limit_s), "causes": False}
    return free.model_copy(update=again)


@dataclass(frozen=True, eq=False)
class ChainTold:
    """The alternatives that are stored, with their rows, and what is known of the next one (None: none is wanted)."""

    chain: Chain
    rows: list[PlanRow]
    following: KnownRerun | None


def asked_in(service: Service, found: Answered, count: int, within: str | None, differ: Differ, city: str) -> Asked:
    """Return what is asked.

    Raises
    ------
    BadRequest
        With every fault.
    """
    try:
        return asked_of(found.plan, service.known.catalogue, count, within, differ, city)
    except RequestError as error:
        raise refused(error) from error


def chain_told(service: Service, found: Answered, asked: Asked) -> ChainTold:
    """Return the alternatives as far as they are stored."""
    reruns, chain, rows = _reruns(service, found, "alternative"), Chain(found.plan, asked), list[PlanRow]()
    while not chain.over:
        name = alternative_name(found.row.name, len(rows) + 1)
        known = reruns.found(chain.patch(), name)
        if known.state != "known":
            return ChainTold(chain, rows, known)
        if known.fault:
            raise p.refused([p.Flaw(known.fault)])
        plan = known.plan()
        if plan is None or known.row is None:
            chain.none_left = True
        else:
            chain.found.append(plan)
            rows.append(known.row)
    return ChainTold(chain, rows, None)


def alternatives_told(service: Service, found: Answered, asked: Asked) -> AlternativesTold:
    """Return the alternatives as far as they are stored, and what to post to learn of the next one."""
    known = chain_told(service, found, asked)
    told = alternatives(known.chain, service.known.catalogue)
    following = known.following
    return AlternativesTold(
        plan=found.row.id,
        state=following.state if following else "known",
        alternatives=told,
        plans=[known.rows[k].id for k in known.chain.ranked],
        making=following.row.id if following and following.row else None,
        rerun=following.call if following else None,
    )


def frontier_told(service: Service, found: Answered, axis: Axis, points: int) -> FrontierTold:
    """Return a frontier as far as its points are stored, and what to post for those that are not."""
    plan, reruns = found.plan, _reruns(service, found, "frontier")
    names = Names(service.known.catalogue, (plan,))
    known: dict[float, KnownRerun] = {}
    have: dict[float, Found] = {}
    for limit in to_find(plan, axis, points):
        one = known[limit] = reruns.found(patch_of(plan, axis, limit), frontier_name(found.row.name, axis, limit))
        if one.state == "known" and not one.fault:
            have[limit] = one.plan() or one.clashes
    told, best = frontier(plan, axis, have, points, names), best_within(plan, axis, have)
    return FrontierTold(
        plan=found.row.id,
        frontier=told,
        points=[
            _point(found, known.get(limit), known.get(best.get(limit, limit))) for limit in limits(plan, axis, points)
        ],
    )


def _point(found: Answered, known: KnownRerun | None, best: KnownRerun | None) -> PointTold:
    if known is None or best is None:  # the plan itself keeps it
        return PointTold(state="known", plan=found.row.id, rerun=None)
    return PointTold(state=known.state, plan=best.row.id if best.row else None, rerun=known.call)
