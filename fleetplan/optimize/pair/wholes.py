"""Nodes of the tree of linear programmes closed with everything whole, the most promising first.

Once a few steps are settled, hardly anything is left to decide in a node: what costs more there than lies between its relaxation
and the best plan cannot change (*reduced costs*), and what remains is small enough for a branch and bound with everything whole,
vehicles too. So what continuous vehicles leave open is closed node by node; the whole problem would take many times as long.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.matrix import Array
from fleetplan.optimize.pair.citybounds import Spent, falling
from fleetplan.optimize.pair.plans import HEURISTICS
from fleetplan.optimize.pair.tree import Node, Relaxation, StepTree
from fleetplan.optimize.pair.wire import Channel, Found, Proven
from fleetplan.optimize.solve import solve

NODE_S, LEAF_S, ALL_S = 4.0, 4.0, 16.0
"""Processor seconds for a node, after which it is split, for a leaf, which nothing splits, and for all of them."""

SLOW_S = 0.3
"""What the root takes at most for that to be enough; where it takes more, so may they."""

TOGETHER = 0.1
"""What may be open in a node in which it is settled who enters, for it to be closed in whole numbers at once: a share."""

GAP = 1e-6
LEAST_STEP = 1e-6  # of a bound, for it to be told again
AT = 1e-6  # as near to its bound a column is there
SURE_USD = 100.0  # by which a column must cost too much to be held: far more than a solver's own zero comes to
FAR_S = 1e6


@dataclass(frozen=True, slots=True)
class NodePace:
    """How far to go, in processor seconds of this process: in a node, in a leaf, and in all."""

    node_cpu_s: float
    leaf_cpu_s: float
    all_cpu_s: float

    @classmethod
    def after(cls, root_s: float) -> NodePace:
        """Return the pace where the root took so many seconds."""
        slower = max(1.0, root_s / SLOW_S)
        return cls(NODE_S * slower, LEAF_S * slower, ALL_S * slower)


def close_nodes(channel: Channel, tree: StepTree, pace: NodePace) -> bool:
    """Close nodes until none can hold a better plan; return False where time is up first, or a node resists."""
    ends, told = time.process_time() + pace.all_cpu_s, tree.bound
    while (node := tree.taken(_near(channel.best_usd))) is not None:
        if -node.bound <= channel.task.enough_usd(channel.best_usd):
            tree.close(-node.bound)
            break
        bound = _closed(channel, tree, node, pace)
        if bound <= channel.task.enough_usd(channel.best_usd) or not tree.split(node, bound):
            tree.close(bound)
        if tree.bound < told - LEAST_STEP * max(1.0, abs(told)):
            told = tree.bound
            channel.tell(Proven(told, "nodes whole"))
        if channel.stopped.is_set() or time.process_time() > ends or tree.resists:
            break
    return tree.bound <= channel.task.enough_usd(channel.best_usd)


def _near(best_usd: float) -> float:
    """Return the bound below which what is settled but for steps is closed as one node, however many it was split into."""
    return best_usd + TOGETHER * abs(best_usd)


def _closed(channel: Channel, tree: StepTree, node: Node, pace: NodePace) -> float:
    """Search a node with everything whole, tell what it holds, and return what no plan in it exceeds, USD."""
    outline, best = channel.task.outline, channel.best_usd
    enough = channel.task.enough_usd(best)
    if not tree.resolve(node):
        return -np.inf if tree.relaxation.infeasible else -node.bound
    if tree.relaxation.value <= enough:
        return tree.relaxation.value
    most = min(tree.relaxation.value, -node.bound)

    def hear(bound: float) -> None:
        nonlocal most
        most = min(most, bound)
        channel.tell(Proven(max(most, best, tree.bound), "nodes whole"))  # the other nodes have theirs

    lower, upper = tree.limits(node)
    hold_dear(tree.relaxation, lower, upper, outline.whole, best)
    found = solve(
        replace(outline.model, lower=lower, upper=upper, whole=outline.whole),
        time_limit_s=FAR_S,
        gap=GAP,
        seed=channel.task.seed,
        stop=Spent(pace.node_cpu_s if tree.divides else pace.leaf_cpu_s, channel.stopped),
        watch=falling(hear),
        cutoff=enough,
        above=best,
        heuristics=HEURISTICS,
    )
    if found.x is not None and found.value is not None and found.value > channel.best_usd:
        kind: Literal["plan", "steps"] = (
            "plan" if channel.task.told_prices else "steps"
        )  # rows that relax make no plans
        channel.tell(Found(kind, np.where(outline.whole, np.round(found.x), found.x), found.value, "nodes whole"))
    if found.status == "infeasible":
        return best
    return max(min(most, found.bound), best)


def hold_dear(relaxation: Relaxation, lower: Array, upper: Array, whole: NDArray[np.bool_], best_usd: float) -> None:
    """Hold whole columns where they are when a unit more or less costs more than the best plan leaves open, in place."""
    x, worth, dear = relaxation.x, relaxation.worth, relaxation.value - best_usd + SURE_USD
    stays = whole & (np.abs(x - lower) < AT) & (worth < -dear) & (lower == np.round(lower))
    full = whole & (np.abs(x - upper) < AT) & (worth > dear) & (upper == np.round(upper))
    upper[stays] = lower[stays]
    lower[full] = upper[full]
