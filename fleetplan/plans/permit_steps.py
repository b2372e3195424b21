"""The permits on a deployment's way, with likely, earliest and latest months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from fleetplan.months import month_text
from fleetplan.optimize.instance import Instance
from fleetplan.permits import PermitPath, PermitTiming, permit_path
from fleetplan.permits.paths import CITY, whole_months
from fleetplan.plans.decisions import Decisions, Rollout
from fleetplan.plans.types import PermitStep

NEVER_BEFORE = 12 * 1900


def programme_starts(i: Instance, d: Decisions, r: Rollout) -> dict[str, int]:
    """Return the absolute month in which every programme of a deployment starts.

    A wider programme starts with the first deployment of the stack under that jurisdiction.
    """
    starts = {CITY: int(i.grid.starts[r.begun])}
    for wide in r.data.path.wide:
        same = [o.begun for o in d.rollouts if o.data.stack == r.data.stack and wide in o.data.path.wide]
        starts[wide] = int(i.grid.starts[min(same)])
    return starts


def needed_permits(path: PermitPath, targets: Iterable[str], timings: Mapping[str, PermitTiming]) -> list[str]:
    """Return the permits that the targets need, prerequisites first; of alternatives the one that is in hand first."""
    seen: list[str] = []

    def visit(permit_id: str) -> None:
        if permit_id in seen or permit_id not in path.permits:
            return
        permit = path.permits[permit_id]
        either = [p for p in permit.any_of if p in path.permits]
        chosen = [min(either, key=lambda p: timings[p].finish)] if either else []
        for before in [*permit.all_of, *chosen, *(p for p, _ in permit.after_start)]:
            visit(before)
        seen.append(permit_id)

    for target in targets:
        visit(target)
    return seen


def rollout_targets(r: Rollout, timings: Mapping[str, PermitTiming]) -> list[str]:
    """Return the permits that open what a rollout does: its modes, its areas, its airports; of alternatives the first in hand."""
    modes = [m.permit for k, m in enumerate(r.data.modes) if r.by_mode[k].any()]
    used = int(r.level.max(initial=0))
    gates = [gate for needed in r.data.level_gates[:used] for gate in needed]
    first = [min(gate, key=lambda m: max(timings[p].finish for p in m.permits)) for gate in gates]
    return list(dict.fromkeys([*modes, *(p for milestone in first for p in milestone.permits)]))


def _variant(i: Instance, r: Rollout, which: Literal["min", "max"]) -> PermitPath:
    """Return the deployment's path with the shortest or longest durations and dates, the request's delays kept."""
    base = r.data.path
    path = permit_path(
        i.scope.catalogue, r.data.stack, r.data.city, horizon_start=i.grid.start, durations=which, event_dates=which
    )
    planned = i.scope.request.permit_durations
    months = {}
    for permit_id, permit in base.permits.items():
        asked = base.months[permit_id] - whole_months(permit, planned)
        months[permit_id] = max(0, path.months[permit_id] + asked)
    return replace(path, months=months)


def _step(timing: PermitTiming, first: PermitTiming, last: PermitTiming) -> PermitStep:
    permit = timing.permit
    shown = "" if timing.held or timing.start < NEVER_BEFORE else month_text(timing.start)
    finish = "" if timing.held or timing.finish < NEVER_BEFORE else month_text(timing.finish)
    return PermitStep(
        permit=permit.id,
        title=permit.title,
        authority=permit.authority,
        jurisdiction=permit.jurisdiction,
        scope=permit.scope,
        start=shown,
        finish=finish,
        earliest=finish and month_text(min(first.finish, timing.finish)),
        latest=finish and month_text(max(last.finish, timing.finish)),
        held=timing.held,
        event=permit.event,
        opens=permit.opens,
        source=permit.source,
        confidence=permit.confidence,
    )


def permit_steps(i: Instance, d: Decisions, r: Rollout) -> list[PermitStep]:
    """Return the permits of a rollout in the order of their months."""
    starts = programme_starts(i, d, r)
    path = r.data.path
    timings = path.timings(starts)
    first, last = _variant(i, r, "min").timings(starts), _variant(i, r, "max").timings(starts)
    wanted = needed_permits(path, rollout_targets(r, timings), timings)
    steps = [_step(timings[p], first[p], last[p]) for p in wanted]
    return sorted(steps, key=lambda s: (not s.held, s.start, s.finish, s.permit))
