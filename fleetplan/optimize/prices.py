"""What one more unit of a limit would be worth near a plan.

The plan's steps are kept, everything else is free again: the linear programme that remains has a price for every row. It
is read from the loose formulation (:func:`fleetplan.optimize.formulate.formulate`), in which a limit acts through its
own rows alone, so that none of its price hides in the bounds of columns or the switches of other rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.matrix import RowBlock
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.solve import solve

LIMIT_S = 30.0


@dataclass(frozen=True, eq=False)
class RowPrices:
    """Local worth in USD of one more unit of every row's limit, with the rows' blocks.

    ``known`` is False where none was found. ``left`` is how far the plan itself, in whole vehicles, stays from each row's nearer
    limit, in the row's unit: a row may have a price though whole vehicles do not fill it.
    """

    blocks: tuple[RowBlock, ...]
    usd: Array
    known: bool
    left: Array


def unpriced(f: Formulation) -> RowPrices:
    """Return that no price is known."""
    return RowPrices(f.model.blocks, np.zeros(f.model.rows), known=False, left=np.zeros(f.model.rows))


def local_prices(loose: Formulation, x: Array, nodes: NodeClock | None = None) -> RowPrices:
    """Return the row prices near a plan; ``x`` holds its columns, shape (columns,). Where nodes are counted, no time ends it."""
    model = loose.model
    fixed = np.round(x[: model.columns])
    kept = replace(
        model,
        lower=np.where(model.whole, fixed, model.lower),
        upper=np.where(model.whole, fixed, model.upper),
        whole=np.zeros(model.columns, dtype=bool),
    )
    answer = solve(kept, relax=True, time_limit_s=LIMIT_S, nodes=nodes)
    if answer.row_duals is None:
        return unpriced(loose)
    activity = model.matrix @ x[: model.columns]
    left = np.maximum(0.0, np.minimum(model.row_upper - activity, activity - model.row_lower))
    return RowPrices(model.blocks, np.abs(answer.row_duals), known=True, left=left)
