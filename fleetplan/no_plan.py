"""What is said where a request has no plan: which rules clash, and what would make a plan possible."""

from __future__ import annotations

import time

from fleetplan.errors import InfeasibleError
from fleetplan.facts import Conflict
from fleetplan.optimize.at_once import none_in_fractions, ruled_out_by_permits
from fleetplan.optimize.ending import PersonsStop
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.trials import Deadline
from fleetplan.prepare import Prepared
from fleetplan.repair.find import seconds_for, what_helps
from fleetplan.repair.kept import ways_out
from fleetplan.reruns.keeping import Keeping
from fleetplan.run import Run
from fleetplan.words.conflict import said
from fleetplan.words.context import context_of
from fleetplan.words.repair import repairs_said
from fleetplan.words.values import NO_PLAN

NONE_HERE = f"{NO_PLAN} of this request"
SHORTEST_S, SAID_S = 0.5, 3.0
"""For conflicts at least, however long it took to write the problem down for them; and at most where nothing is mended."""


def ruled_out(prepared: Prepared, keeping: Keeping, run: Run, *, mend: bool) -> bool:
    """Return whether a request has no plan, as far as that needs no search.

    Permits alone rule out what is asked; or, where the answer is all that counts (no ``mend``), fractions do not keep it either.
    What a rerun keeps is told by the search.
    """
    if keeping.options.keeps or keeping.options.tilted:
        return False
    return bool(ruled_out_by_permits(prepared.instance)) or (
        not mend and none_in_fractions(prepared.formulation, run.stop)
    )


def without_plan(prepared: Prepared, keeping: Keeping, left_s: float, run: Run, *, mend: bool) -> InfeasibleError:
    """Return why no plan keeps every rule, and what would make one possible, within the time that the search has left.

    A person ends it at once; whoever keeps the time has to wait for as long as is given to it at least.
    """
    msg, context = NONE_HERE, context_of(prepared.scope)
    stop = None if run.stop is None else PersonsStop(run.stop)
    if keeping.options.commit is not None:
        return InfeasibleError(f"{msg} within what is committed before {keeping.options.commit.until}", [])
    until = time.monotonic() + (seconds_for(left_s) if mend else min(SAID_S, seconds_for(left_s)))
    if clashes := _kept_clashes(prepared, keeping):
        parent, deadline = keeping.parent, Deadline(until, stop)
        ways = ways_out(prepared, parent, keeping.until, clashes, deadline) if mend and parent is not None else []
        repairs = repairs_said(ways, context)
        return InfeasibleError(msg, said(clashes, context), repairs, settled=False, searched=False)
    found = what_helps(prepared, max(SHORTEST_S, until - time.monotonic()), stop, mend=mend)
    repairs = repairs_said(found.repairs, context)
    return InfeasibleError(msg, said(found.conflicts, context), repairs, settled=found.settled, searched=found.searched)


def _kept_clashes(prepared: Prepared, keeping: Keeping) -> list[Conflict]:
    """Return which decisions that a rerun keeps stand against the request; none where it clashes by itself."""
    if keeping.options.freeze_until is None:
        return []
    return keeping.clashes(keeping.onto(formulate(prepared.instance, loose=True)))
