"""A rerun in which plans that open what its parent opens are weighed against all others, each bounded apart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, inf, isfinite

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.optimize.boxes import Box
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.nodes import NODES_PER_S, NodeClock
from fleetplan.optimize.pair.race import Limits
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.weighing import can_weigh, weigh
from fleetplan.options import PlanOptions, Weigh
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.proven import Proofs, Weighing
from fleetplan.threshold.held import held_steps
from fleetplan.threshold.shape import Watched, tie_usd

Held = Callable[[Instance], Box | None]
"""What is held of a problem as steps; None where the problem has no such plan."""


@dataclass(frozen=True, eq=False)
class Apart:
    """What weighing came to: the best plan (None: it is to be searched for), and what is proven of both (None: nothing)."""

    result: SearchResult | None
    proofs: Proofs | None


def weighed_apart(
    prepared: Prepared,
    held: Held,
    options: PlanOptions,
    stop: threading.Event | None,
    tie: Callable[[float], float] = tie_usd,
) -> Apart:
    """Weigh plans with what is held against plans without it.

    Where nodes are not counted, or plans can not be weighed (:func:`~fleetplan.optimize.weighing.can_weigh`), nothing is.
    """
    f, nodes = prepared.formulation, options.node_limit
    box = held(f.instance)
    if box is None or nodes is None or not can_weigh(f):
        return Apart(None, None if box is not None else Proofs())
    limits = Limits(nodes / NODES_PER_S, options.gap, stop, NodeClock())
    found = weigh(f, box, limits, seed=options.seed, tie_usd=tie)
    if found.result is None:
        return Apart(None, Proofs() if found.held_bound_usd == -inf else None)
    told = Proofs(
        held_usd=found.held_usd,
        held_bound_usd=in_cents(found.held_bound_usd),
        other_bound_usd=in_cents(found.other_bound_usd),
        weighed=True,
    )
    return Apart(found.result, told)


def weighed_as_asked(
    prepared: Prepared, parent: Plan | None, options: PlanOptions, stop: threading.Event | None
) -> tuple[SearchResult | None, Weighing | None]:
    """Return the best plan and what was proven, as the options ask for it; None each where they do not, or it could not be.

    Raises
    ------
    RequestError
        If what is watched is of no city or stack that is known.
    """
    asked = options.weigh
    if asked is None or parent is None:
        return None, None
    watched = watched_in(asked, prepared.catalogue)
    found = weighed_apart(prepared, partial(held_steps, plan=parent, watched=watched), options, stop)
    if found.proofs is None:
        return found.result, None
    own = {"watch": watched.what, "city": watched.city or "", "stack": watched.stack or ""}
    return found.result, Weighing(**own, proofs=found.proofs)


def watched_in(asked: Weigh, catalogue: Catalogue) -> Watched:
    """Return what is watched, by slugs.

    Raises
    ------
    RequestError
        If it is of no city or stack that is known: a fault at ``/city`` or ``/stack`` each.
    """
    found: dict[str, str | None] = {}
    faults: list[Fault] = []
    for member, name, resolve in (("city", asked.city, resolve_city), ("stack", asked.stack, resolve_stack)):
        try:
            found[member] = None if name is None else resolve(catalogue, name)
        except RequestError as error:
            faults += [replace(fault, where=f"/{member}") for fault in error.faults]
    if faults:
        raise RequestError(faults)
    return Watched(asked.watch, found["city"], found["stack"])


def in_cents(bound_usd: float) -> float | None:
    """Return a bound in whole cents, none lower; None of one that says there is nothing to bound."""
    return ceil(bound_usd * 100.0) / 100.0 if isfinite(bound_usd) else None
