"""Supply: how many vehicles there are, and who bought them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from fleetplan.catalogue.aliases import resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check import lines
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.money import vehicle_life
from fleetplan.plans.check.report import Violation, say
from fleetplan.plans.check.started import there
from fleetplan.plans.types import StackFleet
from fleetplan.request.constraints import SupplyChange


def _supply_factor(case: Case, stack: str, month: int) -> float:
    """Return what the request's supply changes make of a stack's vehicles in one month."""
    factor = 1.0
    for change in case.request.constraints:
        if isinstance(change, SupplyChange) and resolve_stack(case.raw, change.stack) == stack:
            after = change.start is None or month_number(change.start) <= month
            before = change.end is None or month <= month_number(change.end)
            factor *= change.factor if after and before else 1.0
    return factor


def ceiling(case: Case, stack: str, t: int, *, asked: bool = True) -> int:
    """Return the vehicles that can be had of a stack in a period.

    Read at its start, linear between year ends, where the value of a year stands at its December; flat outside the table.
    The month of the period that has the least of it decides, since vehicles stand still within a period.
    """
    figure = case.catalogue.stacks[stack].figures["supply.placeable"]
    month = case.starts[t]
    points = [(12 * year + 11, value) for year, value in zip(figure.years, figure.values, strict=True)]
    month -= lines.late_months(case, stack) if asked else 0
    amount = points[0][1] if month <= points[0][0] else points[-1][1]
    for (m0, v0), (m1, v1) in pairwise(points):
        if m0 <= month <= m1:
            amount = v0 + (v1 - v0) * (month - m0) / (m1 - m0)
    if asked:
        amount += lines.added(case, stack, case.starts[t])
        amount *= min(_supply_factor(case, stack, m) for m in case.months(t))
    return max(math.floor(amount + 1e-9), there(case, stack))


def owned(case: Case, bought: list[int], t: int) -> int:
    """Return the vehicles bought so far that are still in life at the start of a period."""
    life = vehicle_life(case)
    return sum(count for p, count in enumerate(bought[: t + 1]) if case.starts[t] - case.starts[p] < life)


def check_stack_supply(case: Case) -> Iterator[Violation]:
    """Yield vehicles beyond what the stack's plants deliver."""
    for fleet in case.plan.stacks:
        for t in case.periods:
            needed, most = _placed(case, fleet, t), ceiling(case, fleet.stack, t)
            if needed > most:
                text = say("{} are placed; {} can be had", needed, most)
                yield Violation("stack_supply", case.where(fleet.stack, t), text, needed - most)


def _placed(case: Case, fleet: StackFleet, t: int) -> int:
    return sum(d.row.vehicles[t] + d.row.test_vehicles[t] for d in case.of_stack(fleet.stack))


def check_owned_fleet(case: Case) -> Iterator[Violation]:
    """Yield vehicles placed that nobody bought, bought by who does not own them, or that could never be placed."""
    for fleet in case.plan.stacks:
        if "capital" in case.catalogue.stacks[fleet.stack].platform_pays:
            yield from _bought(case, fleet)
            continue
        for t in case.periods:
            if fleet.bought[t]:
                text = say("{} vehicles are bought that the partner owns", fleet.bought[t])
                yield Violation("owned_fleet", case.where(fleet.stack, t), text, fleet.bought[t])


def _bought(case: Case, fleet: StackFleet) -> Iterator[Violation]:
    had = [ceiling(case, fleet.stack, t) for t in case.periods]
    for t in case.periods:
        needed, have = _placed(case, fleet, t), owned(case, fleet.bought, t)
        for text, over in (
            (say("{} are placed; {} are owned", needed, have), needed - have),
            (say("{} are owned; never can more than {} be had", have, max(had)), have - max(had)),
            (
                say("{} are bought; {} can be had then or later", fleet.bought[t], max(had[t:])),
                fleet.bought[t] - max(had[t:]),
            ),
        ):
            if over > 0:
                yield Violation("owned_fleet", case.where(fleet.stack, t), text, over)


def _added_by_year(case: Case) -> dict[tuple[str, int], int]:
    """Return by stack and calendar year the vehicles bought, or placed by a partner who owns them."""
    added: dict[tuple[str, int], int] = defaultdict(int)
    for fleet in case.plan.stacks:
        for t, count in enumerate(_additions(case, fleet)):
            added[fleet.stack, case.starts[t] // 12] += count
    return added


def _additions(case: Case, fleet: StackFleet) -> list[int]:
    """Return by period the vehicles bought, or placed by a partner who owns them."""
    if "capital" in case.catalogue.stacks[fleet.stack].platform_pays:
        return fleet.bought
    return [sum(d.added(t) for d in case.of_stack(fleet.stack)) for t in case.periods]


def check_line_capacity(case: Case) -> Iterator[Violation]:
    """Yield calendar years in which the stacks of a plant are given more vehicles than it builds."""
    total: dict[tuple[str, int], int] = defaultdict(int)
    for fleet in case.plan.stacks:
        for t, count in enumerate(_additions(case, fleet)):
            total[lines.built_at(case, fleet.stack, case.starts[t]), case.starts[t] // 12] += count
    for (name, year), count in sorted(total.items()):
        most = lines.most_a_year(case, name)
        if most is not None and count > most:
            text = say("{} vehicles are added in {}; the plant builds {:.0f}", count, year, most)
            yield Violation("line_capacity", f"{name}/{year}", text, count - most)


def check_supply_yearly_cap(case: Case) -> Iterator[Violation]:
    """Yield calendar years with more vehicles bought, or placed by a partner who owns them, than the law allows."""
    for (stack, year), count in sorted(_added_by_year(case).items()):
        cap = case.catalogue.stacks[stack].value("supply.yearly_cap")
        if cap > 0 and count > cap:
            text = say("{} vehicles are added in {}; the law allows {:.0f}", count, year, cap)
            yield Violation("supply_yearly_cap", f"{stack}/{year}", text, count - cap)
