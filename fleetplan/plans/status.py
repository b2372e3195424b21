"""How good a plan may be called by what the search proved of it."""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.optimize.ending import Ending, tolerance_usd
from fleetplan.plans.types import Status

UNREACHED: dict[Ending, Status] = {Ending.stopped: "stopped", Ending.exhausted: "exhausted"}
"""What is said of a plan for which less is proven than was asked for, by what ended its search; else the time ran out."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the search proved about the plan."""

    bound: float
    ending: Ending
    gap_wanted: float
    seed: int
    version: str
    solver: str


def status_of(objective: float, bound: float, proof: Proof, *, more_markets: bool = False) -> Status:
    """Return what may be said of a plan: what is proven comes first, then why the search went no further.

    ``more_markets`` says that markets come first and that a plan with more of them is not ruled out: then no bound on NPV
    makes the plan a good one. A search weighs changes as well where they have a price, and what is left undone of
    commitments; it has then reached its gap even where NPV alone says otherwise.
    """
    if more_markets:
        return UNREACHED.get(proof.ending, "time_limit")
    left = bound - objective
    if left <= tolerance_usd(objective):
        return "optimal"
    reached = {Ending.proven, Ending.gap, Ending.bound_inherited}
    wanted = proof.gap_wanted * max(abs(objective), 1.0) + tolerance_usd(objective)
    if proof.ending in reached or left <= wanted:
        return "within_gap"
    return UNREACHED.get(proof.ending, "time_limit")
