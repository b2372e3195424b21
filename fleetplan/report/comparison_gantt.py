"""Two plans on one time axis: a row for each stack in a city, the later plan's modes above the earlier one's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleetplan.months import month_number
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.reading import NEVER
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.report.gantt import Bar, Scale, Track, mode_bars
from fleetplan.words.moves import later, months_words
from fleetplan.words.openings import opens
from fleetplan.words.values import month_name


@dataclass(frozen=True, slots=True)
class Row:
    """A stack in a city. ``said`` is the launch in words, ``moved`` how it differs: same, later, earlier, new or gone."""

    city: str
    name: str
    head: bool
    here: str
    partner: str
    said: str
    out: str
    moved: str
    track: Track


def joint_scale(a: Plan, b: Plan) -> Scale:
    """Return the scale that holds the horizons of both plans."""
    firsts = [month_number(p.periods[0]) for p in (a, b)]
    ends = [first + sum(p.period_months) for first, p in zip(firsts, (a, b), strict=True)]
    return Scale(min(firsts), max(ends) - min(firsts))


def overlay(a: Plan, b: Plan) -> list[Row]:
    """Return the rows of both plans, cities in the order of the first opening in either."""
    one, two, scale = deployments_of(a), deployments_of(b), joint_scale(a, b)
    in_b = {city.city for city in b.cities}
    rows: list[Row] = []
    for city in _cities(a, b):
        keys = {key for key, d in {**one, **two}.items() if d.city == city.city}
        ordered = sorted(keys, key=lambda key: (_first(one.get(key), two.get(key)), key))
        for n, key in enumerate(ordered):
            row = _row(a, b, one.get(key), two.get(key), scale)
            here = "b" if city.city in in_b else "a"
            rows.append(replace(row, city=city.city, name=city.name, head=n == 0, here=here))
    return rows


def _cities(a: Plan, b: Plan) -> list[CityRollout]:
    found = {c.city: c for c in (*a.cities, *b.cities)}
    first = {slug: min(c.launch or NEVER for c in (*a.cities, *b.cities) if c.city == slug) for slug in found}
    return sorted(found.values(), key=lambda c: (first[c.city], c.name))


def _first(one: DeploymentPlan | None, two: DeploymentPlan | None) -> str:
    return min(d.launch or NEVER for d in (one, two) if d is not None)


def _row(a: Plan, b: Plan, one: DeploymentPlan | None, two: DeploymentPlan | None, scale: Scale) -> Row:
    known = two or one
    assert known is not None  # noqa: S101  # one of the plans has it
    moved, said = _said(one, two)
    bars = [replace(bar, css=f"{bar.css} was", title=f"{a.name}: {bar.title}") for bar in _modes(a, one, scale)]
    bars += [replace(bar, title=f"{b.name}: {bar.title}") for bar in _modes(b, two, scale)]
    marks = [
        scale.mark("launch was", one.launch, "", f"{a.name}: {opens(one.launch)}") if one else None,
        scale.mark("launch", two.launch, "", f"{b.name}: {opens(two.launch)}") if two else None,
    ]
    track = Track([*bars, *_shift(one, two, scale)], [mark for mark in marks if mark])
    return Row(
        "",
        "",
        head=False,
        here="b",
        partner=known.partner,
        said=said,
        out=_otherwise(one, two),
        moved=moved,
        track=track,
    )


def _modes(plan: Plan, d: DeploymentPlan | None, scale: Scale) -> list[Bar]:
    return [bar for bar in mode_bars(plan, d, scale) if bar] if d else []


def _said(one: DeploymentPlan | None, two: DeploymentPlan | None) -> tuple[str, str]:
    before, after = one.launch if one else "", two.launch if two else ""
    if not before and not after:
        return "same" if one and two else "new" if two else "gone", _never(one, two)
    if one is None or two is None or not before or not after:
        return _came_or_went(before, after)
    months = later(one.launch, two.launch)
    if not months:
        return "same", f"opens {month_name(two.launch)}, as before"
    return "later" if months > 0 else "earlier", f"opens {month_name(two.launch)}, {months_words(months)}"


def _came_or_went(before: str, after: str) -> tuple[str, str]:
    """Say that something opens in one of two plans alone."""
    return (
        ("new", f"new, opens {month_name(after)}") if after else ("gone", f"no longer opens (was {month_name(before)})")
    )


def _never(one: DeploymentPlan | None, two: DeploymentPlan | None) -> str:
    """Say of something that opens in neither plan in which of them its programme is begun."""
    if one and two:
        return "begun and never opens, as before"
    return "newly begun, never opens" if two else "no longer begun; it never opened"


def _otherwise(one: DeploymentPlan | None, two: DeploymentPlan | None) -> str:
    """Say when it drives without an operator and when it ends, where these differ."""
    return "; ".join(said for said in (_out(one, two), _end(one, two)) if said)


def _end(one: DeploymentPlan | None, two: DeploymentPlan | None) -> str:
    before, after = one.ended if one else None, two.ended if two else None
    if before == after or two is None or not two.launch:
        return ""
    if before and after:
        return f"ends {month_name(after)}, {months_words(later(before, after))}"
    if after:
        return f"ends {month_name(after)}{', not before' if one and one.launch else ''}"
    return f"no longer ends (was {month_name(before)})"


def _out(one: DeploymentPlan | None, two: DeploymentPlan | None) -> str:
    """Say when it drives without an operator, where that differs."""
    before, after = one.driver_out if one else None, two.driver_out if two else None
    if one is None or two is None or before == after:
        return ""
    if before and after:
        return f"driver out {month_name(after)}, {months_words(later(before, after))}"
    return (
        f"driver out {month_name(after)}, not before" if after else f"no longer driver out (was {month_name(before)})"
    )


def _shift(one: DeploymentPlan | None, two: DeploymentPlan | None, scale: Scale) -> list[Bar]:
    """Return the arrow from one launch to the other."""
    if one is None or two is None or one.launch == two.launch or not (one.launch and two.launch):
        return []
    way = "later" if two.launch > one.launch else "earlier"
    first, last = sorted((one.launch, two.launch))
    words = months_words(later(one.launch, two.launch))
    bar = scale.bar(f"shift {way}", first, last, f"{month_name(one.launch)} to {month_name(two.launch)}: {words}")
    return [bar] if bar else []
