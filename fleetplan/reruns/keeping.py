"""What a rerun keeps of its parent: nothing, decisions, a price on changes, or both; and which decisions cannot be kept.

The decisions kept are freed by deployment, city and stack, one after another, as long as the rest still has no plan: what cannot
be freed is what clashes with the changed request.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import Fault, RequestError
from fleetplan.facts import Conflict, Kept, Method, Party
from fleetplan.optimize.conflicts import standing_against
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Instance, Milestone
from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.solve import solve
from fleetplan.options import DEFAULT_OPTIONS, PlanOptions
from fleetplan.permits.paths import CITY
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.types import Plan
from fleetplan.reruns.commit import commit, priced
from fleetplan.reruns.keep import FREEZE, freeze, periods_before, price_changes

TRIAL_S = 20.0


def _freeze_groups(f: Formulation) -> dict[str, Ints]:
    found: dict[str, list[int]] = {}
    for block in f.model.blocks:
        if block.rule == FREEZE:
            found.setdefault(block.place.where, []).extend(block.rows)
    return {where: np.asarray(rows) for where, rows in sorted(found.items())}


def _feasible_without(model: Model, groups: dict[str, Ints], dropped: Collection[str]) -> bool:
    low, high = model.row_lower.copy(), model.row_upper.copy()
    for name in dropped:
        low[groups[name]], high[groups[name]] = -np.inf, np.inf
    loose = replace(model, cost=np.zeros(model.columns), row_lower=low, row_upper=high)
    return solve(loose, time_limit_s=TRIAL_S, gap=1.0).status != "infeasible"


def _party(i: Instance, parent: Plan, where: str, until: str) -> Party:
    plan = deployments_of(parent).get(where)
    if plan is None:
        if where in i.cities:
            return Party(kind="kept", city=where, kept=Kept(what="depots", until=until))
        return Party(kind="kept", stack=where, kept=Kept(what="vehicles", until=until))
    opened = bool(plan.launch) and plan.launch < until
    kept = Kept(
        what="deployment",
        until=until,
        begun=plan.programme_start,
        opens=plan.launch if opened else "",
        vehicles=plan.vehicles[periods_before(i.grid, until) - 1] if opened else 0,
        earliest=_earliest(i, parent, where),
    )
    return Party(kind="kept", city=plan.city, stack=plan.stack, kept=kept)


def _earliest(i: Instance, parent: Plan, key: str) -> str:
    """Return the first month in which permits allow an opening, begun as in the parent; empty if none does."""
    data = next(d for d in i.deployments if d.key == key)
    plans = deployments_of(parent)
    labels = i.grid.labels()
    begun = {CITY: plans[key].programme_start}
    for wide in data.shared:
        users = [d.key for d in i.deployments if d.stack == data.stack and wide in d.shared and d.key in plans]
        begun[wide] = min(plans[user].programme_start for user in users)

    def ready(milestone: Milestone, t: int) -> bool:
        reach = milestone.reach.items()
        return all(last[t] >= 0 and labels[int(last[t])] >= begun[programme] for programme, last in reach)

    for t, label in enumerate(labels):
        if all(any(ready(m, t) for m in gate) for gate in data.level_gates[0]) and any(
            ready(mode.milestone, t) for mode in data.modes
        ):
            return label
    return ""


def explain_freeze(f: Formulation, parent: Plan, until: str) -> list[Conflict]:
    """Return which decisions kept from the parent clash with the rerun's rules; empty if the rules clash without them.

    The standing rules without one of which they could stay, with all that is asked, are told beside them.
    """
    groups = _freeze_groups(f)
    if not _feasible_without(f.model, groups, groups):
        return []
    dropped: set[str] = set()
    for name in reversed(list(groups)):
        if not _feasible_without(f.model, groups, dropped | {name}):
            dropped.add(name)
    kept = [n for n in groups if n not in dropped]
    rest = f.model.loosened(np.concatenate([np.zeros(0, np.int64), *(groups[n] for n in dropped)]))
    against = standing_against(replace(f, model=rest), [c.id for c in f.instance.scope.constraints])
    return [Conflict(parties=[_party(f.instance, parent, n, until) for n in kept], against=against)]


@dataclass(frozen=True, eq=False)
class Keeping:
    """What a rerun keeps of its parent, as its options say: nothing, decisions, a price on changes, or both."""

    parent: Plan | None = None
    options: PlanOptions = DEFAULT_OPTIONS

    def __post_init__(self) -> None:
        if self.parent is None and self.options.needs_parent:
            asked = ("freeze_until", "change_price_usd", "weigh")
            what = next(f"/{name}" for name in asked if getattr(self.options, name) is not None)
            raise RequestError([Fault(what, "is given without a parent plan", "a plan to rerun")])

    @property
    def until(self) -> str:
        """The month before which decisions stay; empty where none do."""
        return self.options.freeze_until or ""

    def onto(self, f: Formulation) -> Formulation:
        """Return the formulation with what is kept written in."""
        if self.options.commit is not None:
            return commit(f, self.options.commit)
        if self.options.prices is not None:
            return priced(f, self.options.prices)
        if self.parent is None:
            return f
        until, price_usd = self.options.freeze_until, self.options.change_price_usd
        if until is not None:
            f = freeze(f, self.parent, until)
        return price_changes(f, self.parent, price_usd) if price_usd is not None else f

    def cost(self, free: Formulation, kept: Formulation, x: Array) -> float:
        """Return the cost of a solution that is no cash of its plan: NPV without the price less the value with it."""
        return free.model.value(x[: free.model.columns]) - kept.model.value(x)

    def method(self, cost: float) -> Method:
        """Return for which plans a bound holds that was proven with what is kept; ``cost`` is the plan's change cost in USD.

        Where the plan is made within commitments, ``cost`` is what those cost that it leaves undone.
        """
        price, committed = self.options.change_price_usd or None, self.options.commit
        return Method(
            committed_until=committed.until if committed is not None else "",
            given_up_usd=round(cost, 2) if committed is not None else None,
            priced_until=self.options.prices.until if self.options.prices is not None else "",
            kept_until=self.until,
            change_price_usd=price,
            change_cost_usd=None if price is None else round(cost, 2),
        )

    def clashes(self, kept: Formulation) -> list[Conflict]:
        """Return which kept decisions stand against the request; empty if the request clashes by itself."""
        if self.parent is None or self.options.freeze_until is None:
            return []
        return explain_freeze(kept, self.parent, self.options.freeze_until)
