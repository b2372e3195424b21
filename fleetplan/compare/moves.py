"""Decisions that two plans take otherwise, in a fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

from fleetplan.compare.types import DecisionMove
from fleetplan.plans.deployments import deployments_of, year_ends
from fleetplan.plans.reading import NEVER
from fleetplan.plans.types import DeploymentPlan, DepotPlan, Plan


def _sign(a: str | float, b: str | float) -> Literal[-1, 1]:
    return 1 if (b > a if isinstance(a, str) and isinstance(b, str) else float(b) > float(a)) else -1


def _month_move(  # a move has as many sides, all by keyword
    *,
    of: str,
    kind: Literal["launch", "driver_out", "ended"],
    d: DeploymentPlan,
    a: str | None,
    b: str | None,
    begun: bool = False,
) -> DecisionMove:
    return DecisionMove(
        id=f"{kind}:{of}",
        kind=kind,
        city=d.city,
        stack=d.stack,
        a=a,
        b=b,
        direction=_sign(a or NEVER, b or NEVER),
        begun=begun,
    )


def _by_year(plan: Plan, values: list[int] | None) -> dict[str, int]:
    """Return values at year ends; 0 throughout for a deployment that the plan does not have."""
    return {year: values[t] if values else 0 for year, t in year_ends(plan.periods).items()}


def _deployment_moves(
    key: str, plans: tuple[Plan, Plan], pair: tuple[DeploymentPlan | None, DeploymentPlan | None]
) -> Iterator[DecisionMove]:
    one, two = pair
    known = two or one
    assert known is not None  # noqa: S101  # the key stands in one of the plans
    city, stack = known.city, known.stack
    a, b = one.launch if one else "", two.launch if two else ""
    if a != b:
        begun = one is not None and two is not None
        yield _month_move(of=key, kind="launch", d=known, a=a or None, b=b or None, begun=begun)
    out_a, out_b = one.driver_out if one else None, two.driver_out if two else None
    if a and b and out_a != out_b:
        yield _month_move(of=key, kind="driver_out", d=known, a=out_a, b=out_b)
    end_a, end_b = one.ended if one else None, two.ended if two else None
    if b and end_a != end_b:  # an end of what no longer opens is told as that
        yield _month_move(of=key, kind="ended", d=known, a=end_a, b=end_b, begun=bool(a))
    levels = _by_year(plans[0], one.level if one else None), _by_year(plans[1], two.level if two else None)
    for year in sorted(set(levels[0]) & set(levels[1])):
        x, y = levels[0][year], levels[1][year]
        if a and b and x != y and x and y:
            yield _number_move("level", key, year, x, y, city=city, stack=stack)
    fleets = _by_year(plans[0], one.vehicles if one else None), _by_year(plans[1], two.vehicles if two else None)
    for year in sorted(set(fleets[0]) & set(fleets[1])):
        x, y = fleets[0][year], fleets[1][year]
        if x != y:
            yield _number_move("fleet", key, year, x, y, city=city, stack=stack)


def _number_move(  # a move has as many sides
    kind: Literal["level", "fleet", "bought"],
    of: str,
    year: str,
    a: int,
    b: int,
    *,
    stack: str,
    city: str = "",
) -> DecisionMove:
    return DecisionMove(
        id=f"{kind}:{of}:{year}",
        kind=kind,
        city=city,
        stack=stack,
        year=year,
        a=a,
        b=b,
        direction=_sign(a, b),
    )


def _used_depots(plan: Plan) -> dict[tuple[str, str], DepotPlan]:
    """Return the depots that ever get a stall: one ordered at nobody's cost and left empty is no decision."""
    found = {(c.city, d.site): d for c in plan.cities for d in c.depots}
    return {key: d for key, d in found.items() if any(d.stalls) or any(d.stalls_partner)}


def _depot_moves(a: Plan, b: Plan) -> Iterator[DecisionMove]:
    one, two = _used_depots(a), _used_depots(b)
    for city, site in sorted(set(one) | set(two)):
        x, y = one.get((city, site)), two.get((city, site))
        before, after = x.ordered if x else None, y.ordered if y else None
        if before != after:
            yield DecisionMove(
                id=f"depot:{city}/{site}",
                kind="depot",
                city=city,
                site=site,
                a=before,
                b=after,
                direction=_sign(before or NEVER, after or NEVER),
            )


def _bought_by_year(plan: Plan) -> Mapping[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for s in plan.stacks:
        for month, number in zip(plan.periods, s.bought, strict=True):
            found[s.stack, month[:4]] += number
    return found


def _bought_moves(a: Plan, b: Plan) -> Iterator[DecisionMove]:
    one, two = _bought_by_year(a), _bought_by_year(b)
    years = set(year_ends(a.periods)) & set(year_ends(b.periods))
    for stack, year in sorted(set(one) | set(two)):
        x, y = one.get((stack, year), 0), two.get((stack, year), 0)
        if x != y and year in years:
            yield _number_move("bought", stack, year, x, y, stack=stack)


def decision_moves(a: Plan, b: Plan) -> list[DecisionMove]:
    """Return every decision that differs: by deployment, then depots, then purchases; year ends that both plans reach."""
    one, two = deployments_of(a), deployments_of(b)
    keys = sorted(set(one) | set(two), key=lambda key: (key.partition("@")[2], key))
    moves = [m for key in keys for m in _deployment_moves(key, (a, b), (one.get(key), two.get(key)))]
    return [*moves, *_depot_moves(a, b), *_bought_moves(a, b)]
