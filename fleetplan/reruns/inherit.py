"""Does a changed request only take plans away? Then what was proven of the first one holds for it too.

If every plan of request b is a plan of request a with the same NPV, a bound on the NPV of a is a bound on the NPV of b. The
test is by kind of change and errs on the safe side: whatever no constraint says of itself (``only_forbids``, ``tightens``) is
taken to loosen. Permit delays do not say it, since a late permit can put off a minimum fleet or keep a cheaper mode alive.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import inf

from fleetplan.facts import Inheritance
from fleetplan.optimize.ending import tolerance_usd
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare_again
from fleetplan.request import PlanRequest
from fleetplan.request.constraints import constraint_from
from fleetplan.reruns.patch import InputChange, input_changes


def _budgets(given: float | list[float], quarters: int) -> list[float]:
    amounts = given if isinstance(given, list) else [given]
    return list(accumulate(amounts[min(k, len(amounts) - 1)] for k in range(quarters)))


def _tightens(change: InputChange, quarters: int) -> bool:
    a, b = change.before, change.after
    if not change.matters:
        return True
    if change.pointer == "/capital/per_quarter_usd":
        pairs = zip(_budgets(a, quarters), _budgets(b, quarters), strict=True)
        return all(new <= old for old, new in pairs)
    if change.pointer == "/capital/cash_floor_usd":
        return b is not None and (a is None or b <= a)
    if change.pointer.startswith("/constraints/") and b is not None:
        asked = constraint_from(b)
        return asked.only_forbids if a is None else asked.tightens(constraint_from(a))
    return False


def only_tightens(before: PlanRequest, after: PlanRequest) -> bool:
    """Return whether every plan of ``after`` is surely a plan of ``before`` with the same NPV."""
    quarters = -(-before.horizon.months // 3)
    return all(_tightens(change, quarters) for change in input_changes(before, after))


@dataclass(frozen=True, slots=True)
class Inherited:
    """A bound that a plan takes over from its parent (infinity: none), and why it does not."""

    bound_usd: float
    why: Inheritance


NOTHING_INHERITED = Inherited(inf, "no_parent")
NOT_ITS_VALUE = Inherited(inf, "objective")
"""Where what is common has prices, a plan may have more of the value searched for than any has NPV."""


@dataclass(eq=False)
class Heir:
    """Tells the parent plan's bound. Whether it holds is found out once, where that is of use.

    It takes the parent's request written down again, as long as a third of a small rerun's search.
    """

    parent: Plan | None
    prepared: Prepared
    options: PlanOptions
    _known: Inherited | None = None

    def ending(self, value_usd: float) -> float:
        """Return the bound where it ends the search of a plan worth so much, USD; else infinity."""
        if self.parent is None:
            return inf
        near = self.options.gap * max(1.0, abs(value_usd)) + tolerance_usd(value_usd)
        return self.inherited().bound_usd if self.parent.bound - value_usd <= near else inf

    def inherited(self, own_usd: float = inf) -> Inherited:
        """Return what is taken over, where it is less than one's own."""
        if self._known is None:
            self._known = self._found(own_usd)
        return self._known

    def _found(self, own_usd: float) -> Inherited:
        if self.parent is None:
            return NOTHING_INHERITED
        return (
            NOT_ITS_VALUE if self.options.prices is not None else inherited_bound(self.parent, self.prepared, own_usd)
        )


def inherited_bound(parent: Plan, prepared: Prepared, own_usd: float = inf) -> Inherited:
    """Return the parent's bound if it holds for a request too and is lower than its own, else infinity.

    It does if the request only tightens the parent's, both weigh plans by NPV alone, the parent's bound was proven for
    all plans of its request (not only for those that kept decisions of its own parent), and the matrix that is written
    today for the parent's request is the one that the bound was proven for.
    """
    reason = _hindrance(parent, prepared, own_usd)
    return Inherited(inf, reason) if reason else Inherited(parent.bound, "inherited")


def _hindrance(parent: Plan, prepared: Prepared, own_usd: float) -> Inheritance | None:
    proof = parent.certificate
    if not proof.method.bounds_every_plan:
        return "priced_changes" if proof.method.change_price_usd and not proof.method.kept_until else "kept_decisions"
    if not parent.request.objective == prepared.request.objective == "npv":
        return "objective"
    if proof.catalogue_sha256 != prepared.catalogue.digest:
        return "catalogue"
    if not only_tightens(parent.request, prepared.request):
        return "loosens"
    if parent.bound >= own_usd:  # before the parent's request is written down again
        return "own_is_lower"
    known = prepare_again(parent.request, prepared).formulation_sha256
    return None if proof.formulation_sha256 == known else "matrix"
