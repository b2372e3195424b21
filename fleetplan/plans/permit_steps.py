"""The permits on a deployment's way, with planned, promised, median, careful, earliest and latest months."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from fleetplan.months import month_text
from fleetplan.optimize.carried import standing_permits
from fleetplan.optimize.gather import dates_asked, delays_of
from fleetplan.optimize.instance import Instance, Ints
from fleetplan.permits import PermitPath, PermitTiming, permit_path
from fleetplan.permits.paths import CITY, EventDates
from fleetplan.permits.slips import Durations, mode_slip
from fleetplan.plans.decisions import Decisions, Rollout
from fleetplan.plans.types import OpeningMonths, PermitStep

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
    """Return the permits that open what a rollout does: its modes and fleets, areas, airports; of alternatives the first."""
    modes = [p for k, m in enumerate(r.data.modes) if r.by_mode[k].any() for p in m.milestone.permits]
    used = int(r.level.max(initial=0))
    gates = [gate for needed in r.data.level_gates[:used] for gate in needed]
    first = [min(gate, key=lambda m: max(timings[p].finish for p in m.permits)) for gate in gates]
    return list(dict.fromkeys([*modes, *(p for milestone in first for p in milestone.permits)]))


def _variant(i: Instance, r: Rollout, which: Durations) -> PermitPath:
    """Return the deployment's path with other durations, the request's delays and event dates kept.

    The shortest and the longest durations go with the earliest and the latest dates of laws.
    """
    constraints = i.scope.constraints
    dates: EventDates = which if which in {"min", "max"} else "likely"
    return permit_path(
        i.scope.catalogue,
        r.data.stack,
        r.data.city,
        horizon_start=i.grid.start,
        durations=which,
        event_dates=dates,
        delays=delays_of(constraints),
        event_months=dates_asked(constraints),
        **standing_permits(i.scope, r.data.stack, r.data.city),
    )


@dataclass(frozen=True, eq=False)
class Dates:
    """When a rollout's permits are in hand under all durations, its programmes begun as planned."""

    planned: dict[str, PermitTiming]
    by: Mapping[Durations, dict[str, PermitTiming]]

    @classmethod
    def of(cls, i: Instance, d: Decisions, r: Rollout) -> Dates:
        """Time a rollout's permits."""
        starts = programme_starts(i, d, r)
        which: tuple[Durations, ...] = ("min", "promised", "median", "careful", "max")
        return cls(r.data.path.timings(starts), {one: _variant(i, r, one).timings(starts) for one in which})

    def finish(self, permit: str, which: Durations) -> int:
        """Return the month in which a permit is in hand."""
        return self.by[which][permit].finish


def _step(dates: Dates, timing: PermitTiming) -> PermitStep:
    permit = timing.permit
    shown = "" if timing.held or timing.start < NEVER_BEFORE else month_text(timing.start)
    finish = "" if timing.held or timing.finish < NEVER_BEFORE else month_text(timing.finish)
    ends: dict[Durations, int] = {which: dates.finish(permit.id, which) for which in dates.by}
    return PermitStep(
        permit=permit.id,
        title=permit.title,
        authority=permit.authority,
        jurisdiction=permit.jurisdiction,
        scope=permit.scope,
        start=shown,
        finish=finish,
        earliest=finish and month_text(min(*ends.values(), timing.finish)),
        latest=finish and month_text(max(*ends.values(), timing.finish)),
        held=timing.held,
        event=permit.event,
        opens=permit.opens,
        source=permit.source,
        confidence=permit.confidence,
        promised=finish and month_text(ends["promised"]),
        median=finish and month_text(ends["median"]),
        careful=finish and month_text(ends["careful"]),
    )


def first_of(periods: Ints) -> int | None:
    """Return the first of some periods; None of none."""
    return int(periods[0]) if len(periods) else None


def opening_months(
    i: Instance, d: Decisions, r: Rollout, t: int | None, modes: Collection[str]
) -> OpeningMonths | None:
    """Return how sure it is that one of some modes opens in period ``t``; None without such a period.

    The programme begins as planned; a mode opens with its permit and with all that the smallest area needs. Where the plan opens
    later than permits let it, nothing opens before the plan's own period.
    """
    if t is None:
        return None
    dates = Dates.of(i, d, r)
    opening = {m.permit: m for k, m in enumerate(r.data.modes) if m.name in modes and r.by_mode[k][t] > 0}
    if not opening:
        return None
    first = min(opening, key=lambda p: dates.planned[p].finish)
    planned = _ready(r, first, dates.planned)
    waits = i.grid.first_period_from(planned) < t or planned < NEVER_BEFORE
    begun, floor = int(i.grid.starts[r.begun]), int(i.grid.starts[t])
    least = floor if waits else begun
    slip = mode_slip(i.scope.catalogue, r.data.stack, r.data.city, operator=opening[first].operator)
    months = {which: month_text(max(least, _ready(r, first, timings))) for which, timings in dates.by.items()}
    return OpeningMonths(
        promised=months["promised"],
        median=months["median"],
        careful=months["careful"],
        slip=slip.kind,
        kept=slip.kept,
        never=slip.never,
    )


def _ready(r: Rollout, opener: str, timings: Mapping[str, PermitTiming]) -> int:
    """Return the month in which a permit that opens a mode and what the smallest area needs are in hand."""
    gates = (min(max(timings[p].finish for p in m.permits) for m in gate) for gate in r.data.level_gates[0])
    return max(timings[opener].finish, *gates) if r.data.level_gates[0] else timings[opener].finish


def permit_steps(i: Instance, d: Decisions, r: Rollout) -> list[PermitStep]:
    """Return the permits of a rollout in the order of their months."""
    dates = Dates.of(i, d, r)
    wanted = needed_permits(r.data.path, rollout_targets(r, dates.planned), dates.planned)
    steps = [_step(dates, dates.planned[p]) for p in wanted]
    return sorted(steps, key=lambda s: (not s.held, s.start, s.finish, s.permit))
