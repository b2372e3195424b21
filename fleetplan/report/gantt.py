"""Bars over the horizon, placed by per cent so that they stretch with the page: launches, modes and permits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from fleetplan.months import month_number, month_text
from fleetplan.plans.reading import opening_permits
from fleetplan.plans.types import DeploymentPlan, PermitStep, Plan
from fleetplan.words.openings import opens, today_of
from fleetplan.words.values import MODE_NAMES, month_name


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from ``left`` over ``width`` per cent of the horizon; ``open_end`` when it runs on beyond it."""

    css: str
    left: float
    width: float
    title: str
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark at ``left`` per cent, with a short text beside it."""

    css: str
    left: float
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Track:
    """What is drawn in one row."""

    bars: list[Bar]
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class Scale:
    """Months of the horizon to per cent."""

    first: int
    months: int

    @classmethod
    def of(cls, plan: Plan) -> Scale:
        """Return the scale of a plan's horizon."""
        return cls(month_number(plan.periods[0]), sum(plan.period_months))

    def at(self, month: int) -> float:
        """Return the place of a month's start, kept inside the horizon."""
        return 100 * min(max(month - self.first, 0), self.months) / self.months

    def bar(self, css: str, start: str, end: str, title: str) -> Bar | None:
        """Return the bar from the start of one month to the start of another; none when outside the horizon or unknown."""
        if not start or not end:
            return None
        begin, stop = month_number(start), month_number(end)
        if stop <= self.first or begin >= self.first + self.months or stop <= begin:
            return None
        left = self.at(begin)
        return Bar(css, round(left, 2), round(self.at(stop) - left, 2), title, stop > self.first + self.months)

    def mark(self, css: str, month: str | None, text: str, title: str) -> Mark | None:
        """Return a mark at a month; none when outside the horizon."""
        if not month or not self.first <= month_number(month) < self.first + self.months:
            return None
        return Mark(css, round(self.at(month_number(month)), 2), text, title)

    def years(self) -> list[tuple[int, float, float]]:
        """Return each year with its left edge and width in per cent."""
        end = self.first + self.months
        spans = [(y, self.at(12 * y), self.at(12 * y + 12)) for y in range(self.first // 12, (end - 1) // 12 + 1)]
        return [(y, round(a, 2), round(b - a, 2)) for y, a, b in spans]


def deployment_track(plan: Plan, d: DeploymentPlan) -> Track:
    """Return a deployment's row: preparation, mode bands, ranges of the permits that open them, area openings."""
    scale = Scale.of(plan)
    prep = _preparation(plan, d, scale)
    ranges = [_range(scale, step, f"range r{i}") for i, step in enumerate(opening_permits(d))]
    bars = [b for b in [prep, *mode_bars(plan, d, scale), *ranges] if b]
    today = today_of(plan)
    said = opens(d.launch, today)
    marks = [
        scale.mark("today", today, "", f"Today, {month_name(today)}: what is earlier is done") if today else None,
        scale.mark("launch", d.launch, "", f"{said[:1].upper()}{said[1:]}"),
        *_area_marks(plan, d, scale),
    ]
    return Track(bars, [m for m in marks if m])


def _preparation(plan: Plan, d: DeploymentPlan, scale: Scale) -> Bar | None:
    """Return the band from the programme's start to the opening; to the end of the horizon where nothing opens."""
    if d.launch:
        until, last = d.launch, f"to {month_name(d.launch)}"
    else:
        until = month_text(month_number(plan.periods[-1]) + plan.period_months[-1])
        last = "to the end of the horizon; never opens"
    return scale.bar("prep", d.programme_start, until, f"Permits and tests from {month_name(d.programme_start)} {last}")


def permit_track(plan: Plan, step: PermitStep) -> Track:
    """Return a permit's row: from its start to the month it is in hand, with the range of that month."""
    scale = Scale.of(plan)
    title = f"{month_name(step.start)} to {month_name(step.finish)}"
    bar = scale.bar("permit", step.start, step.finish, title)
    if step.held:
        return Track([bar] if bar else [], [])
    middle = (
        scale.mark("half", step.median, "", f"Half of such promises by {month_name(step.median)}")
        if step.median
        else None
    )
    marks = [scale.mark("inhand", step.finish, "", f"In hand {month_name(step.finish)}"), middle]
    bars = [bar, _range(scale, step), _promises(scale, step)]
    return Track([b for b in bars if b], [m for m in marks if m])


def _promises(scale: Scale, step: PermitStep) -> Bar | None:
    """Return the bar from the promised month to the one that nine in ten of such promises keep."""
    if step.promised == step.careful:
        return None
    title = f"Promised {month_name(step.promised)}; nine in ten of such promises by {month_name(step.careful)}"
    return scale.bar("sure", step.promised, step.careful, title)


def _range(scale: Scale, step: PermitStep, css: str = "range") -> Bar | None:
    if step.earliest == step.latest:
        return None
    title = f"{step.title}: in hand between {month_name(step.earliest)} and {month_name(step.latest)}"
    return scale.bar(css, step.earliest, step.latest, title)


def mode_bars(plan: Plan, d: DeploymentPlan, scale: Scale) -> list[Bar | None]:
    """Return the bands of the modes in which a deployment runs, on a scale that may reach beyond the plan."""
    bars: list[Bar | None] = []
    t = 0
    end = scale.at(month_number(plan.periods[-1]) + plan.period_months[-1])
    for mode, run in groupby(d.mode):
        length = len(list(run))
        start = plan.periods[t]
        left, t = scale.at(month_number(start)), t + length
        right = scale.at(month_number(plan.periods[t])) if t < len(plan.periods) else end
        if mode:
            title = f"{MODE_NAMES.get(mode, mode)} from {month_name(start)}"
            bars.append(Bar(f"mode {mode}", round(left, 2), round(right - left, 2), title))
    return bars


def _area_marks(plan: Plan, d: DeploymentPlan, scale: Scale) -> list[Mark | None]:
    marks: list[Mark | None] = []
    for t in range(1, len(plan.periods)):
        if d.level[t] > d.level[t - 1] > 0:
            title = f"Area {d.level[t]} opens {month_name(plan.periods[t])}"
            marks.append(scale.mark(f"level {d.mode[t]}", plan.periods[t], str(d.level[t]), title))
    return marks
