"""What caused what, read from stored plans.

A cause is the earlier plan made again with one of the changes only: a rerun like any other. Nothing is solved here. Of every
change still unknown the rerun to ask for is told, so that a client that posts those and asks again learns the causes; they
are durable, shared out over the workers and used again by whoever compares.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from api import problems as p
from api.bodies import SentRerun
from api.deps import Answered, Service, answer_of
from api.found_reruns import MOST_RERUNS, UNMADE, asked_of, finding, rerun_call, worth
from api.rerun import changed_request
from api.schemas import CauseChange, CausesAnswer, CausesState, ChangeState, Rerun, RerunCall
from api.store.contract import PlanRow
from fleetplan.compare import MOST_CHANGES, Alone, causes_of, causing_changes
from fleetplan.facts import Conflict
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.patch import InputChange
from fleetplan.words.changes import change_sentence, only_name, told
from fleetplan.words.names import Names


@dataclass(frozen=True, eq=False)
class Found:
    """What the store knows of a change alone: the plan's row, or a note why there can be none."""

    change: InputChange
    call: RerunCall | None
    row: PlanRow | None
    state: ChangeState
    clashes: tuple[Conflict, ...] = ()
    fault: str = ""

    @property
    def mark(self) -> tuple[str, ...]:
        """What the answer depends on."""
        row = self.row
        return (self.change.pointer, self.state, row.id if row else "", (row and row.answer_sha256) or "", self.fault)


class CauseSearch:
    """The causes of the differences from plan ``a`` to plan ``b``, as far as the store knows them now."""

    def __init__(self, service: Service, a: Answered, b: Answered) -> None:
        self._service, self._a, self._b = service, a, b
        self._names = Names(service.known.catalogue, (a.plan, b.plan))
        self._changes = causing_changes(a.plan.request, b.plan.request)
        self._options = _alone_options(a.row, b.row)
        few = 1 < len(self._changes) <= MOST_CHANGES
        rows = service.store.page(limit=MOST_RERUNS, after=None, parent=a.row.id) if few else ()
        self._reruns = [(row, asked_of(row.request)) for row in rows if _same_way(row.options, self._options)]
        self.found = [self._find(change) for change in self._changes] if few else self._sole()

    @property
    def mark(self) -> str:
        """A hash of everything that the answer depends on; compared plans and their answers are immutable."""
        named = (self._a.plan.name, self._b.plan.name)
        told = [
            self._a.row.id,
            self._b.row.id,
            self._a.sha256,
            self._b.sha256,
            named,
            *(found.mark for found in self.found),
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def answer(self) -> CausesAnswer:
        """Return the causes and what to post for those still unknown."""
        if len(self._changes) > MOST_CHANGES:
            return CausesAnswer(state="too_many", changes=[], known=None)
        alone = [self._alone(found) for found in self.found if found.state == "known"]
        left = len(self.found) - len(alone)
        known = (
            causes_of(self._a.plan, self._b.plan, alone, left=left, names=self._names) if alone or not left else None
        )
        return CausesAnswer(state=self._state(), changes=[self._told(found) for found in self.found], known=known)

    def _sole(self) -> list[Found]:
        """Return the only change, whose effect is ``b`` itself; nothing when there is none, or too many."""
        if len(self._changes) != 1:
            return []
        return [Found(self._changes[0], None, self._b.row, "known")]

    def _state(self) -> CausesState:
        states = {found.state for found in self.found}
        if states <= {"known"}:
            return "complete"
        if states & {"queued", "running"}:
            return "running"
        return "partial" if "known" in states else "none"

    def _find(self, change: InputChange) -> Found:
        name = only_name(self._a.row.name, told(change, self._names))
        body = Rerun(patch={**change.patch, "name": name}, options=self._options)
        try:
            sent = SentRerun(body.patch, body.options)
            wanted = asked_of(changed_request(self._service, self._a.row, sent).model_dump(mode="json"))
        except p.BadRequest as error:
            flaw = error.flaws[0].message if error.flaws else error.detail
            return Found(change, None, None, "known", fault=flaw)
        rows = [row for row, asked in self._reruns if asked == wanted]
        row = min(rows, key=worth, default=None)  # the newest of those that tell most
        state, clashes, fault = finding(row)
        return Found(change, rerun_call("cause", self._a.row.id, body, row), row, state, clashes, fault)

    def _told(self, found: Found) -> CauseChange:
        open_call = found.call if found.state in UNMADE else None
        return CauseChange(
            pointer=found.change.pointer,
            sentence=change_sentence(found.change, self._names),
            state=found.state,
            plan=found.row.id if found.row else None,
            rerun=open_call,
        )

    def _alone(self, found: Found) -> Alone:
        plan: Plan | None = None
        if found.row is not None and found.row.answer_sha256 is not None:
            plan = self._b.plan if found.row.id == self._b.row.id else answer_of(self._service, found.row).plan
        return Alone(found.change, plan, found.clashes, found.fault)


def _alone_options(a: PlanRow, b: PlanRow) -> PlanOptions:
    """Return how ``b`` was solved; what it kept of its parent counts only if that is ``a``."""
    return b.options if b.parent == a.id else b.options.free


def _same_way(one: PlanOptions, two: PlanOptions) -> bool:
    """Return whether two plans were asked for in the same way; time does not count."""
    return one.within(two.time_limit_s) == two
