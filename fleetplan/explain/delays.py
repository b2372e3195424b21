"""When a plan's deployments could open were their permits to come later or sooner: what a lever on permits would touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fleetplan.months import month_number
from fleetplan.optimize.gather import paths_of
from fleetplan.permits.paths import CITY, DelayRule, PermitPath
from fleetplan.plans.reading import deciding_permit, opened_deployments, opening_permits
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.scope import Scope

EARLIEST, LATEST = -6, 24

Where = Mapping[str, str]
"""Which permits a delay is about: ``city`` or ``jurisdiction``, with its slug."""


def touched(scope: Scope, made: Plan, where: Where) -> list[dict[str, Any]]:
    """Return for every deployment that opens and that a delay touches in which month it could open, by months of delay.

    Programmes are taken to begin when they do in the plan; another month is up to the rerun.
    """
    paths = paths_of(scope)
    today = _delay_today(scope, where)
    found = []
    for city, d in opened_deployments(made):
        path = paths.get((d.stack, d.city))
        if path is None or where.get("city", d.city) != d.city:
            continue
        by = [_opening(made, d, path, where, months - today) for months in range(EARLIEST, LATEST + 1)]
        if len(set(by)) > 1:
            name = d.partner if "city" in where else f"{city.name} with {d.partner}"
            found.append({"name": name, "launch": d.launch, "by": by})
    return found


def _delay_today(scope: Scope, where: Where) -> int:
    """Return the delay that the request has there already."""
    for c in scope.constraints:
        if c.type == "permit_delay":
            named = {key: getattr(c, key) for key in ("city", "jurisdiction", "permit", "stack")}
            if {key: value for key, value in named.items() if value} == dict(where):
                return c.months
    return 0


def _opening(made: Plan, d: DeploymentPlan, path: PermitPath, where: Where, more: int) -> str | None:
    """Return the first period in which a deployment could open with so many months more; None beyond the horizon."""
    steps = [step for step in (*opening_permits(d)[:1], deciding_permit(made, d)) if step is not None]
    if not steps or not all(step.permit in path.permits for step in steps):
        return d.launch
    starts = _programme_starts(path, d)

    def in_hand(way: PermitPath) -> int:
        timings = way.timings(starts)
        return max(timings[step.permit].finish for step in steps)

    ready, launch = in_hand(_delayed(path, more, where)), month_number(d.launch)
    waits = _period_from(made, in_hand(path)) == d.launch
    return _period_from(made, ready if more < 0 and waits else max(ready, launch))


def _period_from(made: Plan, month: int) -> str | None:
    return next((p for p in made.periods if month_number(p) >= month), None)


def _programme_starts(path: PermitPath, d: DeploymentPlan) -> dict[str, int]:
    """Return when each programme of a deployment begins in its plan."""
    starts: dict[str, int] = {}
    for step in d.permits:
        if not step.held and step.start and step.permit in path.permits:
            programme = path.programme(path.permits[step.permit])
            starts[programme] = min(starts.get(programme, month_number(step.start)), month_number(step.start))
    return {**starts, CITY: month_number(d.programme_start)}


def _delayed(path: PermitPath, more: int, where: Where) -> PermitPath:
    rule = DelayRule(more, **where)
    slow = {p for p, permit in path.permits.items() if rule.applies(permit, path.stack, path.city)}
    return replace(path, months={p: max(0, m + more) if p in slow else m for p, m in path.months.items()})
