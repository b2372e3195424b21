"""Plans from the steps of a solution where rows only relax a rule: fleets that keep the rule near the solution's own.

The solution's steps are kept; where its fleets keep riders waiting too long, larger fleets and fewer riders are both tried. What
comes out is settled again around itself, as long as that helps.
"""

from __future__ import annotations

from dataclasses import replace

from fleetplan.optimize.ending import tolerance_usd
from fleetplan.optimize.instance import Array
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import near
from fleetplan.optimize.tidy import tidied

SETTLE_S = 20.0
SETTLE_GAP = 2e-4
ROUNDS = 4


def settle_near(board: Board, x: Array, seed: int, nodes: NodeClock | None = None) -> None:
    """Put on the board what is found with the steps of a solution, shape (columns,)."""
    for more_fleet in (True, False):
        at = x
        for _ in range(ROUNDS):
            found = _near(board, at, seed, nodes, more_fleet=more_fleet)
            if found is None or not _better(board, found, at):
                break
            at = found


def _near(board: Board, x: Array, seed: int, nodes: NodeClock | None, *, more_fleet: bool) -> Array | None:
    f = board.formulation
    model = near(f, x, more_fleet=more_fleet)
    if model is None:
        return None
    free = board.whole & ~f.model.whole
    answer = solve(replace(model, whole=free), time_limit_s=SETTLE_S, gap=SETTLE_GAP, seed=seed, nodes=nodes)
    if answer.x is None:
        return None
    plan = tidied(f, answer.x[: f.model.columns], board.whole)
    board.take_plan(plan)
    return plan


def _better(board: Board, plan: Array, before: Array) -> bool:
    """Return whether to go on from a plan: the first one (its solution was none), or one that betters the plan before."""
    value = board.formulation.model.value
    return not board.is_plan(before) or value(plan) > value(before) + tolerance_usd(value(before))
