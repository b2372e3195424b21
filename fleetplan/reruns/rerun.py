"""Plan again with something changed: patch the request, start from the earlier plan, keep or price what was published.

>>> from fleetplan.reruns.rerun import apply_patch
>>> apply_patch({"capital": {"per_quarter_usd": 5.0}}, {"capital": {"per_quarter_usd": 4.0}})
{'capital': {'per_quarter_usd': 4.0}}

``rerun(parent, patch)`` returns the checked plan of the changed request; ``stability_price`` says what keeping costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from fleetplan.catalogue import load_catalogue
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions
from fleetplan.planner import PlanningResult, plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.reruns.keep import changes_between, freeze, price_changes
from fleetplan.reruns.patch import InputChange, apply_patch, input_changes, merge_patch
from fleetplan.reruns.start import start_from
from fleetplan.run import QUIET, Run
from fleetplan.scope import judge_request
from fleetplan.words.changes import describe_patch
from fleetplan.words.stability import stability_sentence

__all__ = [
    "InputChange",
    "StabilityPrice",
    "apply_patch",
    "changes_between",
    "describe_patch",
    "freeze",
    "input_changes",
    "price_changes",
    "rerun",
    "stability_price",
    "start_from",
]


@dataclass(frozen=True, slots=True)
class StabilityPrice:
    """What it costs to keep a published plan, in NPV.

    ``price_usd = free_npv_usd - kept_npv_usd``. Both are plans found within their gaps, so the true price lies between
    ``least_usd`` (0 or more) and ``most_usd``: the free plan's bound less the kept plan's NPV.

    Where markets come first, keeping may cost markets as well (``markets_given_up``). Then the amounts are the difference between
    plans with different numbers of markets and may be less than 0; ``known`` is False where a plan with more markets than one of
    the two is not ruled out, so that no amount is proven.
    """

    free: Plan
    kept: Plan
    launches_moved_free: int
    launches_moved_kept: int
    vehicles_shifted_free: int
    vehicles_shifted_kept: int

    @property
    def price_usd(self) -> float:
        """NPV given up for keeping."""
        return self.free.objective - self.kept.objective

    @property
    def markets_given_up(self) -> int:
        """How many more markets the free plan has; 0 where value alone counts."""
        free, kept = self.free.markets, self.kept.markets
        return free.found - kept.found if free is not None and kept is not None else 0

    @property
    def known(self) -> bool:
        """Whether the amounts are proven: value alone counts, or no plan of either kind has more markets."""
        return all(plan.markets is None or plan.markets.closed for plan in (self.free, self.kept))

    @property
    def _floor(self) -> float:
        return -inf if self.markets_given_up else 0.0

    @property
    def least_usd(self) -> float:
        """NPV given up at least: the free plan's NPV less the most that a kept plan could reach."""
        return max(self._floor, self.free.objective - self.kept.bound)

    @property
    def most_usd(self) -> float:
        """NPV given up at most: the free plan's bound less the kept plan's NPV."""
        return max(self._floor, self.free.bound - self.kept.objective)

    def sentence(self) -> str:
        """Return the price in words."""
        return stability_sentence(self)


def rerun(
    parent: Plan,
    patch: Mapping[str, Any],
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    *,
    mend: bool = True,
) -> PlanningResult:
    """Plan a parent's request with a patch; see :func:`fleetplan.planner.plan_with_context`.

    Raises
    ------
    RequestError
        With every fault of the patch and of the request that comes out.
    InfeasibleError
        If no plan keeps every rule and everything kept.
    """
    merged, faults = merge_patch(parent.request.model_dump(mode="json"), patch)
    known = run.catalogue if run.catalogue is not None else load_catalogue()
    request = judge_request(merged, known, faults).request
    return plan_with_context(request, options, replace(run, catalogue=known), parent=parent, mend=mend)


def stability_price(
    parent: Plan,
    patch: Mapping[str, Any],
    options: PlanOptions = DEFAULT_OPTIONS,
    run: Run = QUIET,
    *,
    kept: Plan | None = None,
) -> StabilityPrice:
    """Rerun with and without keeping, and return what keeping costs.

    ``kept`` is the rerun with these options when it was already made; then only the free one is run.
    """
    tied = kept if kept is not None else rerun(parent, patch, options, run).plan
    free = rerun(parent, patch, options.free, run).plan
    moved_free, shifted_free = changes_between(parent, free)
    moved_kept, shifted_kept = changes_between(parent, tied)
    return StabilityPrice(free, tied, moved_free, moved_kept, shifted_free, shifted_kept)
