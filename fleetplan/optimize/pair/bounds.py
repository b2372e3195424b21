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

from fleetplan.optimize.pair.citybounds import apart, prove_by_block
from fleetplan.optimize.pair.known import Known
from fleetplan.optimize.pair.tree import Relaxation, StepTree
from fleetplan.optimize.pair.wholes import NodePace, close_nodes
from fleetplan.optimize.pair.wire import Channel, Found, Over, Proven, serve
from fleetplan.optimize.solve import solve

GAP = 1e-6
LEAST_STEP = 1e-9  # of a bound, for it to be told again
CLIMB_S, CLIMB_ROOTS, CLIMB_NODES = 1.0, 2.0, 16
"""How long linear programmes alone go on: processor seconds, times what their root took, whichever is more; and how many."""

FAST, NEARLY = 0.75, 5e-3
"""What linear programmes close, of what was open to the best plan, where they are fast; what is left open where other prices for
cities close it: shares."""

FAR_S = 1e6  # whoever asked ends the search


def climbed(channel: Channel) -> bool:
    """Tell bounds of linear programmes, of nodes with everything whole and of cities alone; return whether all is proven.

    Cities alone come first where hardly anything ties them at the relaxation's prices; else after the linear programmes, and
    after the nodes where these fall so fast that it is steps that are open, and not who gets capital.
    """
    began = time.process_time()
    root = Relaxation(channel.task.outline)
    if root.infeasible:
        channel.tell(Over(infeasible=True))
        return True
    if not root.optimal:
        return False
    channel.tell(Proven(root.value, "linear relaxation", root.prices))
    took_s, root_usd = time.process_time() - began, root.value  # the root's: the tree solves on with it
    cities = apart(channel, root.prices)
    promising = cities.begin() if cities is not None and cities.free else None
    tree = StepTree(root, entries_only=False)
    _climb(channel, tree, max(CLIMB_S, CLIMB_ROOTS * took_s))
    if np.isneginf(tree.bound):
        channel.tell(Over(infeasible=True))
        return True
    pace = NodePace.after(took_s)
    fast = root_usd - tree.bound > FAST * (root_usd - channel.best_usd)  # without any plan nothing is
    if fast and close_nodes(channel, tree, pace):
        return True
    if cities is not None and promising is None:
        promising = cities.begin()
    if cities is not None and promising and cities.bound - channel.best_usd <= NEARLY * abs(channel.best_usd):
        cities.go_on()
        promising = False
    if not tree.open_above(channel.task.enough_usd(channel.best_usd)) or close_nodes(channel, tree, pace):
        return True
    if cities is not None and promising and cities.bound <= tree.bound:
        cities.go_on()
    return channel.stopped.is_set()


def _climb(channel: Channel, tree: StepTree, cpu_s: float) -> None:
    """Branch on steps, each a linear programme, a while or until no node is left."""
    ends, told = time.process_time() + cpu_s, tree.bound
    for _ in range(CLIMB_NODES):
        enough = channel.task.enough_usd(channel.best_usd)
        if not tree.open or time.process_time() > ends or tree.bound <= enough or channel.stopped.is_set():
            break
        tree.expand()
    if tree.bound < told - LEAST_STEP * abs(told) and np.isfinite(tree.bound):
        channel.tell(Proven(tree.bound, "linear programmes"))


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
