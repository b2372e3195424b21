"""What caused what: plan again with one change of the inputs at a time, and see which decisions each moves alone.

With ``N(c)`` for the NPV of the first request with change ``c`` alone, ``N(a)`` and ``N(b)`` for the two requests:

    effect[c]   = N(c) - N(a)
    interaction = N(b) - N(a) - sum_c effect[c]

A decision is put down to every change that alone moves it the same way; to none (``joint``) when only several together do.
Plans are found within a gap, so a move can also be a near-tie that fell the other way: each run starts from the first plan,
which keeps such moves few, and the gap of each run is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fleetplan.compare.moves import decision_moves
from fleetplan.compare.types import AloneEffect, AloneOutcome, CausedMove, Causes, DecisionMove
from fleetplan.errors import Fault, InfeasibleError, RequestError
from fleetplan.facts import Conflict
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.patch import InputChange, apply_patch, input_changes
from fleetplan.run import QUIET, Run
from fleetplan.words.causes import in_words
from fleetplan.words.changes import change_sentence
from fleetplan.words.moves import Parties, said
from fleetplan.words.names import Names

MOST_CHANGES = 6
CauseListener = Callable[[int, int, str], None]
Solver = Callable[[PlanRequest, Plan | None], Plan]


@dataclass(frozen=True, eq=False)
class Alone:
    """The earlier plan made again with one change only; without a plan ``clashes`` or ``fault`` say why there is none."""

    change: InputChange
    plan: Plan | None
    clashes: tuple[Conflict, ...] = ()
    fault: str = ""

    @property
    def outcome(self) -> AloneOutcome:
        """What came of it."""
        return "plan" if self.plan else "no_request" if self.fault else "no_plan"


def causing_changes(before: PlanRequest, after: PlanRequest) -> list[InputChange]:
    """Return the changes of the inputs that a plan can differ for."""
    return [change for change in input_changes(before, after) if change.matters]


def _solver(options: PlanOptions, run: Run) -> Solver:
    def solve(request: PlanRequest, parent: Plan | None) -> Plan:
        return plan_with_context(request, options if parent else options.free, run, parent=parent).plan

    return solve


def _alone(change: InputChange, first: Plan, request: PlanRequest, solve: Solver) -> Alone:
    try:
        asked = parse_request(apply_patch(request.model_dump(mode="json"), change.patch))
        return Alone(change, solve(asked, first))
    except InfeasibleError as error:
        return Alone(change, None, error.clashes)
    except RequestError as error:
        return Alone(change, None, fault=str(error.faults[0]))


def _effect(alone: Alone, first: Plan, moves: int) -> AloneEffect:
    npv = alone.plan.objective if alone.plan else None
    markets = alone.plan.markets if alone.plan else None
    return AloneEffect(
        pointer=alone.change.pointer,
        outcome=alone.outcome,
        npv_usd=npv,
        npv_difference_usd=None if npv is None else round(npv - first.objective, 2),
        gap=alone.plan.gap if alone.plan else None,
        markets=markets.found if markets else None,
        most_markets=markets.most if markets else None,
        markets_before=first.markets.found if first.markets else None,
        moves=moves,
        clashes=list(alone.clashes),
        fault=alone.fault,
    )


def _caused(move: DecisionMove, alone: Sequence[tuple[Alone, Mapping[str, int]]], *, left: int) -> CausedMove:
    found = [one.change for one, directions in alone if directions.get(move.id) == move.direction]
    joint = not found and not left and bool(alone)
    causes = [change.pointer for change in found]
    return CausedMove(id=move.id, causes=causes, joint=joint, open=not found and left > 0)


def causes_of(
    first: Plan, second: Plan, alone: Sequence[Alone], *, left: int = 0, names: Names | None = None
) -> Causes:
    """Return which change moved which decision from ``first`` to ``second``.

    Parameters
    ----------
    alone
        The effect of each change on its own. Of a single change, ``second`` is the effect.
    left
        Changes whose effect is not known yet: what they may have moved is left open.
    names
        Call what was asked as the catalogue does; without them the plans' own names serve.
    """
    directions = [{m.id: m.direction for m in decision_moves(first, one.plan)} if one.plan else {} for one in alone]
    effects = [_effect(one, first, len(moved)) for one, moved in zip(alone, directions, strict=True)]
    differences = [e.npv_difference_usd for e in effects if e.npv_difference_usd is not None]
    whole = len(differences) == len(effects) + left
    interaction = round(second.objective - first.objective - sum(differences), 2) if whole else None
    pairs = list(zip(alone, directions, strict=True))
    moves = decision_moves(first, second)
    found = Causes(
        npv_a_usd=first.objective,
        npv_b_usd=second.objective,
        alone=effects,
        moves=[_caused(move, pairs, left=left) for move in moves],
        interaction_usd=interaction,
        left=left,
    )
    called = names if names is not None else Names(plans=(first, second))
    sentences = {one.change.pointer: change_sentence(one.change, called) for one in alone}
    return in_words(found, sentences, said(moves, Parties(first, second, names=called)))


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
    names = Names(run.catalogue, (first, second))
    alone = []
    for done, change in enumerate(changes):
        if progress is not None:
            progress(done, len(changes), change_sentence(change, names))
        only = len(changes) == 1
        alone.append(Alone(change, second) if only else _alone(change, first, a_request, solve))
    if progress is not None:
        progress(len(changes), len(changes), "done")
    return causes_of(first, second, alone, names=names)
