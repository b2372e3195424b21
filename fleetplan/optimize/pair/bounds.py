"""The bound process: proves what no plan can exceed, branching first on whether a deployment enters at all.

Cities are tied together mainly by one knapsack over all capital, and the relaxation is open in who enters. Linear programmes come
first (:mod:`~fleetplan.optimize.pair.tree`): they settle that within seconds. Then SCIP goes on, entries first, its own
heuristics off: plans come from the plan process and cut the tree. All that is of whole steps and continuous vehicles; once it is
proven to the end, the same problem with everything whole is searched from the best plan on, for what the vehicles leave open.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal

import numpy as np

from fleetplan.optimize.pair.citybounds import prove_apart, prove_by_block
from fleetplan.optimize.pair.known import Known
from fleetplan.optimize.pair.tree import Relaxation, StepTree
from fleetplan.optimize.pair.wire import Channel, Found, Over, Proven, serve
from fleetplan.optimize.solve import solve

GAP = 1e-6
LEAST_STEP = 1e-9  # of a bound, for it to be told again
CLIMB_S, CLIMB_ROOTS = 1.0, 2.0  # how long linear programmes alone go on: seconds, and times what their root took
FAR_S = 1e6  # whoever asked ends the search


def climbed(channel: Channel) -> bool:
    """Tell bounds of cities alone and of linear programmes while they fall fast; return whether that was all there was to do."""
    began = time.monotonic()
    root = Relaxation(channel.task.outline)
    if root.infeasible:
        channel.tell(Over(infeasible=True))
        return True
    if not root.optimal:
        return False
    channel.tell(Proven(root.value, "linear relaxation", root.prices))
    took = time.monotonic() - began
    prove_apart(channel, root.prices)
    ends, told = time.monotonic() + max(CLIMB_S, CLIMB_ROOTS * took), root.value
    tree = StepTree(root, entries_only=False)
    while tree.open and time.monotonic() < ends and not channel.stopped.is_set():
        tree.expand()
        if tree.bound < told - LEAST_STEP * abs(told):
            told = tree.bound
            channel.tell(Proven(told, "linear programmes"))
        if told <= channel.best_usd:
            return True
    if np.isneginf(tree.bound):
        channel.tell(Over(infeasible=True))
        return True
    return channel.stopped.is_set()


def close_whole(channel: Channel, known: Known) -> None:
    """Search the problem with everything whole from the best plan on; what continuous vehicles left open is closed by that."""
    task, told = channel.task, np.inf
    known.news()

    def watch(_: float | None, bound: float | None, __: float) -> None:
        nonlocal told
        if bound is not None and bound < told - LEAST_STEP * max(1.0, abs(bound)):
            told = bound
            channel.tell(Proven(bound, "everything whole"))

    model = replace(task.outline.model, whole=task.outline.whole)
    answer = solve(
        model, time_limit_s=FAR_S, gap=GAP, seed=task.seed, start=known.best, watch=watch, stop=channel.stopped
    )
    if answer.status == "infeasible":
        channel.tell(Over(infeasible=True))
        return
    if np.isfinite(answer.bound):
        channel.tell(Proven(answer.bound, "everything whole"))
    if answer.x is not None and answer.value is not None and answer.value > channel.best_usd:
        kind: Literal["plan", "steps"] = "plan" if task.told_prices else "steps"  # rows that relax a rule make no plans
        channel.tell(Found(kind, answer.x, answer.value, "everything whole"))


def work(channel: Channel) -> None:
    """Prove bounds until stopped."""
    of_column = channel.task.outline.blocks
    if of_column is not None and prove_by_block(channel, of_column):
        return
    if climbed(channel):
        return
    from fleetplan.optimize.pair.prover import Prover  # noqa: PLC0415  # SCIP is imported once it is needed, not at the start

    known = Known(channel)
    Prover(channel, known).run()
    if not channel.stopped.is_set():
        close_whole(channel, known)


def main() -> None:
    """Be this process."""
    serve(work)


if __name__ == "__main__":
    main()
