"""What caused what: plan again with one change of the inputs at a time, and see which decisions each moves alone.

With ``N(c)`` for the NPV of the first request with change ``c`` alone, ``N(a)`` and ``N(b)`` for the two requests:

    effect[c]   = N(c) - N(a)
    interaction = N(b) - N(a) - sum_c effect[c]

A decision is put down to every change that alone moves it the same way; to none (``joint``) when only several together do.
Plans are found within a gap, so a move can also be a near-tie that fell the other way: each run starts from the first plan,
which keeps such moves few, and the gap of each run is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fleetplan.catalogue.types import Catalogue
from fleetplan.compare.moves import decision_moves
from fleetplan.compare.types import AloneEffect, CausedMove, Causes
from fleetplan.errors import Fault, InfeasibleError, RequestError
from fleetplan.patch import InputChange, apply_patch, input_changes
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.request import PlanRequest, parse_request

MOST_CHANGES = 6
CauseListener = Callable[[int, int, str], None]
Solver = Callable[[PlanRequest, Plan | None], Plan]


@dataclass(frozen=True, eq=False)
class _Alone:
    change: InputChange
    plan: Plan | None
    directions: dict[str, int]
    note: str


def _solver(
    *, time_limit_s: float, gap: float, seed: int, stop: threading.Event | None, catalogue: Catalogue | None
) -> Solver:
    def solve(request: PlanRequest, parent: Plan | None) -> Plan:
        return plan_with_context(
            request, time_limit_s=time_limit_s, gap=gap, seed=seed, stop=stop, catalogue=catalogue, parent=parent
        ).plan

    return solve


def _alone(change: InputChange, first: Plan, request: PlanRequest, solve: Solver) -> _Alone:
    try:
        asked = parse_request(apply_patch(request.model_dump(mode="json"), change.patch))
        plan = solve(asked, first)
    except InfeasibleError as error:
        return _Alone(change, None, {}, f"no plan with this change alone: {'; '.join(error.clashes) or error}")
    except RequestError as error:
        return _Alone(change, None, {}, f"no request with this change alone: {error.faults[0]}")
    return _Alone(change, plan, {m.id: m.direction for m in decision_moves(first, plan)}, "")


def _effect(alone: _Alone, first: Plan) -> AloneEffect:
    npv = alone.plan.objective if alone.plan else None
    return AloneEffect(
        pointer=alone.change.pointer,
        sentence=alone.change.sentence,
        npv_usd=npv,
        npv_difference_usd=None if npv is None else round(npv - first.objective, 2),
        gap=alone.plan.gap if alone.plan else None,
        moves=len(alone.directions),
        note=alone.note,
    )


def _moves(first: Plan, second: Plan, effects: list[_Alone]) -> list[CausedMove]:
    moves = []
    for move in decision_moves(first, second):
        found = [e.change for e in effects if e.directions.get(move.id) == move.direction]
        because = " ".join(c.sentence for c in found) if found else "Only the changes together move it."
        causes = [c.pointer for c in found]
        moves.append(CausedMove(id=move.id, sentence=move.sentence, causes=causes, joint=not found, because=because))
    return moves


def _sentences(effects: list[AloneEffect], interaction: float | None) -> list[str]:
    told = []
    for e in effects:
        if e.npv_difference_usd is None:
            told.append(f"{e.sentence} Alone: {e.note}.")
        else:
            usd = f"{e.npv_difference_usd / 1e6:+,.1f} million USD of NPV".replace("-", "−")
            told.append(f"{e.sentence} Alone: {usd}, {e.moves} decision{'' if e.moves == 1 else 's'} moved.")
    if interaction is not None and len(effects) > 1:
        told.append(f"Together beyond their sum: {interaction / 1e6:+,.1f} million USD of NPV.".replace("-", "−"))
    return told


def attribute_causes(  # noqa: PLR0913  # each is a knob of its own, all by keyword
    a_request: PlanRequest,
    b_request: PlanRequest,
    *,
    a_plan: Plan | None = None,
    b_plan: Plan | None = None,
    time_limit_s: float = 120.0,
    gap: float = 0.01,
    seed: int = 0,
    stop: threading.Event | None = None,
    catalogue: Catalogue | None = None,
    progress: CauseListener | None = None,
) -> Causes:
    """Return which change of the inputs moved which decision.

    Plans already made are taken as given. ``progress`` hears ``(done, of, sentence)`` before each change is tried.

    Raises
    ------
    RequestError
        If more than six inputs differ: name fewer changes, or compare by way of a plan in between.
    """
    solve = _solver(time_limit_s=time_limit_s, gap=gap, seed=seed, stop=stop, catalogue=catalogue)
    changes = [c for c in input_changes(a_request, b_request) if c.matters]
    if len(changes) > MOST_CHANGES:
        text = f"the requests differ in {len(changes)} inputs"
        raise RequestError([Fault("/", text, f"at most {MOST_CHANGES}", "compare by way of a request in between")])
    first = a_plan if a_plan is not None else solve(a_request, None)
    second = b_plan if b_plan is not None else solve(b_request, first)
    effects = []
    for done, change in enumerate(changes):
        if progress is not None:
            progress(done, len(changes), change.sentence)
        if len(changes) == 1:
            effects.append(_Alone(change, second, {m.id: m.direction for m in decision_moves(first, second)}, ""))
        else:
            effects.append(_alone(change, first, a_request, solve))
    if progress is not None:
        progress(len(changes), len(changes), "done")
    told = [_effect(e, first) for e in effects]
    differences = [e.npv_difference_usd for e in told if e.npv_difference_usd is not None]
    whole = len(differences) == len(told)
    interaction = round(second.objective - first.objective - sum(differences), 2) if whole else None
    return Causes(
        npv_a_usd=first.objective,
        npv_b_usd=second.objective,
        alone=told,
        moves=_moves(first, second, effects),
        interaction_usd=interaction,
        sentences=_sentences(told, interaction),
    )
