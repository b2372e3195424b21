"""What caused what: plan again with one change of the inputs at a time, and see which decisions each moves alone.

With ``N(c)`` for the NPV of the first request with change ``c`` alone, ``N(a)`` and ``N(b)`` for the two requests:

    effect[c]   = N(c) - N(a)
    interaction = N(b) - N(a) - sum_c effect[c]

A decision is put down to every change that alone moves it the same way; to none (``joint``) when only several together do.
Plans are found within a gap, so a move can also be a near-tie that fell the other way: each run starts from the first plan,
which keeps such moves few, and the gap of each run is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fleetplan.compare.moves import decision_moves
from fleetplan.compare.types import AloneEffect, CausedMove, Causes, DecisionMove
from fleetplan.errors import Fault, InfeasibleError, RequestError
from fleetplan.facts import Conflict
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.patch import InputChange, apply_patch, input_changes
from fleetplan.run import QUIET, Run

MOST_CHANGES = 6
CauseListener = Callable[[int, int, str], None]
Solver = Callable[[PlanRequest, Plan | None], Plan]


@dataclass(frozen=True, eq=False)
class Alone:
    """The earlier plan made again with one change only; without a plan ``note`` says why there is none."""

    change: InputChange
    plan: Plan | None
    note: str = ""


def causing_changes(before: PlanRequest, after: PlanRequest) -> list[InputChange]:
    """Return the changes of the inputs that a plan can differ for."""
    return [change for change in input_changes(before, after) if change.matters]


def no_plan(clashes: Iterable[Conflict]) -> str:
    """Return the note of a change with which alone no plan keeps every rule."""
    return f"no plan with this change alone: {' '.join(c.sentence for c in clashes)}"


def no_request(fault: str) -> str:
    """Return the note of a change that alone makes no valid request."""
    return f"no request with this change alone: {fault}"


def _solver(options: PlanOptions, run: Run) -> Solver:
    def solve(request: PlanRequest, parent: Plan | None) -> Plan:
        return plan_with_context(request, options if parent else options.free, run, parent=parent).plan

    return solve


def _alone(change: InputChange, first: Plan, request: PlanRequest, solve: Solver) -> Alone:
    try:
        asked = parse_request(apply_patch(request.model_dump(mode="json"), change.patch))
        return Alone(change, solve(asked, first))
    except InfeasibleError as error:
        return Alone(change, None, no_plan(error.clashes))
    except RequestError as error:
        return Alone(change, None, no_request(str(error.faults[0])))


def _effect(alone: Alone, first: Plan, moves: int) -> AloneEffect:
    npv = alone.plan.objective if alone.plan else None
    return AloneEffect(
        pointer=alone.change.pointer,
        sentence=alone.change.sentence,
        npv_usd=npv,
        npv_difference_usd=None if npv is None else round(npv - first.objective, 2),
        gap=alone.plan.gap if alone.plan else None,
        moves=moves,
        note=alone.note,
    )


def _caused(move: DecisionMove, alone: Sequence[tuple[Alone, Mapping[str, int]]], *, left: int) -> CausedMove:
    found = [one.change for one, directions in alone if directions.get(move.id) == move.direction]
    joint = not found and not left and bool(alone)
    if found:
        because = " ".join(change.sentence for change in found)
    elif left:
        because = "Not known yet."
    elif joint:
        because = "Only the changes together move it."
    else:
        because = "No input differs: plans of nearly the same worth, or made in another way."
    causes = [change.pointer for change in found]
    return CausedMove(id=move.id, sentence=move.sentence, causes=causes, joint=joint, because=because)


def _sentences(effects: Sequence[AloneEffect], interaction: float | None, left: int) -> list[str]:
    told = []
    for e in effects:
        if e.npv_difference_usd is None:
            told.append(f"{e.sentence} Alone: {e.note}.")
        else:
            usd = f"{e.npv_difference_usd / 1e6:+,.1f} million USD of NPV".replace("-", "−")
            told.append(f"{e.sentence} Alone: {usd}, {e.moves} decision{'' if e.moves == 1 else 's'} moved.")
    if interaction is not None and len(effects) > 1:
        told.append(f"Together beyond their sum: {interaction / 1e6:+,.1f} million USD of NPV.".replace("-", "−"))
    if left:
        told.append(f"{left} change{' is' if left == 1 else 's are'} not known yet.")
    return told


def causes_of(first: Plan, second: Plan, alone: Sequence[Alone], *, left: int = 0) -> Causes:
    """Return which change moved which decision from ``first`` to ``second``.

    Parameters
    ----------
    alone
        The effect of each change on its own. Of a single change, ``second`` is the effect.
    left
        Changes whose effect is not known yet: what they may have moved is left open.
    """
    directions = [{m.id: m.direction for m in decision_moves(first, one.plan)} if one.plan else {} for one in alone]
    effects = [_effect(one, first, len(moved)) for one, moved in zip(alone, directions, strict=True)]
    differences = [e.npv_difference_usd for e in effects if e.npv_difference_usd is not None]
    whole = len(differences) == len(effects) + left
    interaction = round(second.objective - first.objective - sum(differences), 2) if whole else None
    pairs = list(zip(alone, directions, strict=True))
    return Causes(
        npv_a_usd=first.objective,
        npv_b_usd=second.objective,
        alone=effects,
        moves=[_caused(move, pairs, left=left) for move in decision_moves(first, second)],
        interaction_usd=interaction,
        sentences=_sentences(effects, interaction, left),
    )


def attribute_causes(
    a_request: PlanRequest,
    b_request: PlanRequest,
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    *,
    a_plan: Plan | None = None,
    b_plan: Plan | None = None,
    progress: CauseListener | None = None,
) -> Causes:
    """Return which change of the inputs moved which decision.

    Plans already made are taken as given. What the options keep is kept of the first plan. ``progress`` hears
    ``(done, of, sentence)`` before each change is tried.

    Raises
    ------
    RequestError
        If more than six inputs differ: name fewer changes, or compare by way of a plan in between.
    """
    solve = _solver(options, run)
    changes = causing_changes(a_request, b_request)
    if len(changes) > MOST_CHANGES:
        text = f"the requests differ in {len(changes)} inputs"
        raise RequestError([Fault("/", text, f"at most {MOST_CHANGES}", "compare by way of a request in between")])
    first = a_plan if a_plan is not None else solve(a_request, None)
    second = b_plan if b_plan is not None else solve(b_request, first)
    alone = []
    for done, change in enumerate(changes):
        if progress is not None:
            progress(done, len(changes), change.sentence)
        only = len(changes) == 1
        alone.append(Alone(change, second) if only else _alone(change, first, a_request, solve))
    if progress is not None:
        progress(len(changes), len(changes), "done")
    return causes_of(first, second, alone)
