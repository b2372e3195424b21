"""What plans decide before a month, and what several of them decide together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.months import month_number, month_text
from fleetplan.options import Commitment, Commitments
from fleetplan.plans.types import Plan
from fleetplan.recourse.idle import Key

Array = NDArray[np.int64]
Pair = tuple[str, str]
Counts = Mapping[Key, Array]
"""By slot how many there are in each period before the month."""
SHARE_EDGE = 1e-9
AT_MOST = frozenset({"programme", "purchase", "site", "stalls"})
"""What is decided at most: the plan of a scenario may leave it undone. Anything else stands exactly so, zeros too."""
NOT_SAID = -1


def decided_by(plan: Plan, until: str) -> Counts:
    """Return what a plan decides in the periods that begin before a month, by slot and period; empty slots are left out."""
    labels = [label for label in plan.periods if month_number(label) < month_number(until)]
    found: dict[Key, Array] = {}
    for city in plan.cities:
        for d in city.deployments:
            begun = [int(bool(d.programme_start) and d.programme_start <= label) for label in labels]
            found["programme", d.stack, city.city, 0] = np.array(begun)
        sites = [[int(depot.ordered <= label) for label in labels] for depot in city.depots]
        stalls = [depot.stalls[: len(labels)] for depot in city.depots]
        for what, counts in (("site", sites), ("stalls", stalls)):
            table = np.array(counts, np.int64).reshape(len(counts), len(labels))
            found[what, "", city.city, 0] = table.sum(axis=0)
    for fleet in plan.stacks:
        if fleet.platform_owned:
            found["purchase", fleet.stack, "", 0] = np.array(fleet.bought[: len(labels)])
    return {key: counts for key, counts in sorted(found.items()) if counts.any()}


def ended_by(plan: Plan) -> Counts:
    """Return what a plan has decided by its end, by slot and period."""
    return decided_by(plan, month_text(plan.request.grid.end))


def run_by(plan: Plan, until: str, settled: Iterable[Pair]) -> Counts:
    """Return which areas are open and how many vehicles serve before a month, of some pairs of stack and city; zeros too."""
    labels = [label for label in plan.periods if month_number(label) < month_number(until)]
    plans = {(d.stack, city.city): d for city in plan.cities for d in city.deployments}
    levels = {city.city: len(city.levels) for city in plan.cities}
    found: dict[Key, Array] = {}
    for stack, city in settled:
        d = plans.get((stack, city))
        widest = np.maximum.accumulate(np.array(d.level[: len(labels)] if d else [0] * len(labels), np.int64))
        for level in range(1, levels.get(city, 0) + 1):
            found["opening", stack, city, level] = (widest >= level).astype(np.int64)
        found["fleet", stack, city, 0] = np.array(d.vehicles[: len(labels)] if d else [0] * len(labels))
    return found


def decided_together(each: Iterable[tuple[float, Counts]], share: float) -> Counts:
    """Return the counts that plans of a probability of at least ``share`` together reach; 0: that any of them reaches.

    Purchases count by what is bought so far. Nested: the smaller the share, the more is decided.
    """
    pairs = list(each)
    found = {}
    for key in sorted({key for _, counts in pairs for key in counts}):
        zero = np.zeros_like(next(counts[key] for _, counts in pairs if key in counts))
        table = np.array([counts.get(key, zero) for _, counts in pairs])
        table = np.cumsum(table, axis=1) if key[0] == "purchase" else table
        weights = np.array([weight for weight, _ in pairs])
        reached = np.array([_reached(table[:, t], weights, share) for t in range(table.shape[1])], np.int64)
        found[key] = np.diff(reached, prepend=0) if key[0] == "purchase" else reached
    return {key: counts for key, counts in found.items() if counts.any()}


def _reached(counts: Array, weights: NDArray[np.float64], share: float) -> int:
    order = np.argsort(-counts, kind="stable")
    upto = np.cumsum(weights[order])
    return int(counts[order][min(int(np.searchsorted(upto, share - SHARE_EDGE)), len(order) - 1)])


def same(one: Counts, other: Counts) -> bool:
    """Return whether the same is decided."""
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def within(one: Counts, other: Counts) -> bool:
    """Return whether nothing is decided in ``one`` beyond ``other``."""
    return all(key in other and bool((one[key] <= other[key]).all()) for key in one)


def written(counts: Counts, labels: Sequence[str], until: str) -> Commitments:
    """Return counts as options of a rerun hold them: an entry where a count changes, of purchases one for each.

    Parameters
    ----------
    labels
        First months of the periods.
    """
    return Commitments(until=until, decisions=list(_entries(counts, labels)))


def _entries(counts: Counts, labels: Sequence[str]) -> Iterator[Commitment]:
    for (what, stack, city, level), numbers in counts.items():
        before = 0 if what in AT_MOST else NOT_SAID
        for label, count in zip(labels, numbers.tolist(), strict=False):
            if count != before and not (what == "purchase" and not count):
                yield Commitment.model_validate(
                    {
                        "what": what,
                        "month": label,
                        "count": count,
                        "city": city or None,
                        "stack": stack or None,
                        "level": level or None,
                    }
                )
            before = 0 if what == "purchase" else count
