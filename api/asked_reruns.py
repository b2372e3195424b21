"""What the store knows of the reruns that an answer is read from, and what to post for those that nobody made yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from api import problems as p
from api.bodies import SentRerun
from api.deps import Answered, Service, answer_of
from api.found_reruns import MOST_RERUNS, UNMADE, asked_of, finding, rerun_call, worth
from api.rerun import changed_request
from api.schemas import ChangeState, Rerun, RerunCall
from api.store.contract import PlanRow
from fleetplan.errors import InputError
from fleetplan.facts import Conflict
from fleetplan.options import PlanOptions, Weigh
from fleetplan.plans.types import Plan

GAP, MOST_S, NODES = 0.02, 60.0, 400
"""A plan made again to see what changes is made to so small a gap, within so many seconds, and on one core so many nodes."""

MOST_CITIES = 12
"""With more, a search by city in two processes proves more in the time than one on one core."""

LONGEST_NAME = 80


def refused(error: InputError) -> p.BadRequest:
    """Return the faults of a question as a refusal, each at its parameter, which is called as the command line's option."""
    flaws = [p.Flaw(f.what, parameter=f.where.strip("/-"), allowed=f.allowed, remedy=f.remedy) for f in error.faults]
    return p.refused(flaws)


def again_options(found: Answered, gap: float = GAP) -> PlanOptions:
    """Return how a plan is made again to see what changes: no nearer its bound than asked of it, within a minute.

    There are many of them, so each has one core alone, and workers share them out; what keeps cities out is not looked for.
    """
    free = found.row.options.free
    nodes = NODES if len(found.plan.cities) <= MOST_CITIES else None
    again = {"gap": max(gap, free.gap), "time_limit_s": min(MOST_S, free.time_limit_s), "causes": False}
    return free.model_copy(update={**again, "node_limit": free.node_limit or nodes})


@dataclass(frozen=True, eq=False)
class KnownRerun:
    """What the store knows of a rerun: its row, what came of it, what to post where nothing did, what is wrong with it.

    ``clashes`` say why no plan keeps every rule, where none does.
    """

    service: Service
    row: PlanRow | None
    state: ChangeState
    call: RerunCall | None
    fault: str = ""
    clashes: tuple[Conflict, ...] = ()

    @property
    def id(self) -> str:
        """Its id; empty where there is none."""
        return self.row.id if self.row else ""

    def plan(self) -> Plan | None:
        """Return the plan that came of it; None where none did, or none keeps every rule."""
        if self.state != "known" or self.fault or self.row is None or self.row.answer_sha256 is None:
            return None
        return answer_of(self.service, self.row).plan


@dataclass(frozen=True, eq=False)
class AskedReruns:
    """The reruns of a plan, by what they ask for; ``kind`` names who asks, and is part of the keys of what is posted."""

    service: Service
    asked: Answered
    kind: str
    options: PlanOptions
    rows: list[tuple[PlanRow, Mapping[str, Any]]]

    @staticmethod
    def of(service: Service, found: Answered, kind: str, gap: float = GAP) -> AskedReruns:
        """Return the reruns of a plan as they are stored now."""
        rows = service.store.page(limit=MOST_RERUNS, after=None, parent=found.row.id)
        known = [(row, asked_of(row.request)) for row in rows if not row.options.tilted]
        return AskedReruns(service, found, kind, again_options(found, gap), known)

    def weighing(self, asked: Weigh) -> AskedReruns:
        """Return the same with what the plan opens weighed against all others, where work is counted in nodes."""
        if self.options.node_limit is None:
            return self
        return replace(self, options=self.options.model_copy(update={"weigh": asked}))

    def found(self, patch: Mapping[str, Any], name: str) -> KnownRerun:
        """Return what is known of the rerun with a patch, and what to post where it is not."""
        body = Rerun(patch={**patch, "name": name[:LONGEST_NAME]}, options=self.options)
        try:
            sent = SentRerun(body.patch, body.options)
            wanted = asked_of(changed_request(self.service, self.asked.row, sent).model_dump(mode="json"))
        except p.BadRequest as error:
            fault = error.flaws[0].message if error.flaws else error.detail
            return KnownRerun(self.service, None, "known", None, fault)
        row = min((row for row, asked in self.rows if asked == wanted), key=worth, default=None)
        state, clashes, fault = finding(row)
        call = rerun_call(self.kind, self.asked.row.id, body, row) if state in UNMADE else None
        return KnownRerun(self.service, row, state, call, fault, clashes)
