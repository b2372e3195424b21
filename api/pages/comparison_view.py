"""Everything that the comparison of two plans shows, as plain values for its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.causes import CauseSearch
from api.deps import Answered, Service
from api.schemas import CauseChange, CausesAnswer
from fleetplan.catalogue.types import Catalogue
from fleetplan.compare import AloneEffect, Comparison, DecisionMove, compare_plans
from fleetplan.compare.bridges import bridges
from fleetplan.compare.types import CausedMove, KpiPair
from fleetplan.compare.words import alone_apart, certainty, signed, verdict
from fleetplan.months import month_number
from fleetplan.plans.reading import area_km2
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report.comparison_gantt import joint_scale, overlay
from fleetplan.reruns.patch import input_changes
from fleetplan.words.changes import Told, told
from fleetplan.words.proof import gap_of
from fleetplan.words.values import count, decimal, month_name, prose, several, usd, usd_fine

KIND_NAMES = {
    "launch": "Launches",
    "driver_out": "Driver out",
    "level": "Areas",
    "fleet": "Fleets",
    "depot": "Depots",
    "bought": "Purchases",
}
KPIS: tuple[tuple[str, str, Any], ...] = (
    ("npv_usd", "Net present value", usd_fine),
    ("npv_by_horizon_usd", "of it within the horizon", usd_fine),
    ("terminal_usd", "Worth after the horizon", usd_fine),
    ("residual_usd", "Residual value of vehicles", usd_fine),
    ("capital_usd", "Capital spent", usd_fine),
    ("discounted_capital_usd", "Capital, discounted", usd_fine),
    ("peak_funding_usd", "Peak funding", usd_fine),
    ("payback", "Payback", month_name),
    ("cities_live", "Cities live", count),
    ("markets_live_with_existing", "Markets live, with those of today", count),
    ("vehicles_end", "Vehicles at the end", count),
    ("trips_per_day_end", "Trips a day at the end", count),
    ("trips_per_vehicle_day_end", "Trips a vehicle and day at the end", decimal),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the inputs with what is known of its effect alone."""

    told: Told
    state: str
    plan: str | None
    effect: str
    note: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that differs, with what moved it."""

    anchor: str
    kind: str
    kind_name: str
    city: str
    place: str
    sentence: str
    because: str


def view(service: Service, a: Answered, b: Answered) -> dict[str, Any]:
    """Return everything that the comparison of two plans shows."""
    catalogue = service.known.catalogue
    comparison = compare_plans(a.plan, b.plan)
    found = input_changes(a.plan.request, b.plan.request)
    changes = [told(change, catalogue) for change in found if change.matters]
    causes = CauseSearch(service, a, b).answer()
    decisions = _decisions(comparison, causes, changes, catalogue)
    scale = joint_scale(a.plan, b.plan)
    return {
        "a": a.plan,
        "b": b.plan,
        "row_a": a.row,
        "row_b": b.row,
        "same_catalogue": comparison.same_catalogue,
        "verdict": verdict(a.plan, b.plan, comparison, changes, _alone(causes)),
        "certainty": certainty(a.plan, b.plan),
        "difference": b.plan.objective - a.plan.objective,
        "kept": _kept(a, b),
        "changes": _changes(changes, causes, a.plan),
        "causes": causes,
        "together": _together(causes),
        "to_make": _to_make(causes),
        "rows": overlay(a.plan, b.plan),
        "years": scale.years(),
        "bridges": bridges(a.plan, b.plan, comparison),
        "decisions": decisions,
        "kinds": _kinds(decisions),
        "places": list(dict.fromkeys((d.city, d.place) for d in decisions if d.city)),
        "kpis": _kpis(a.plan, b.plan, comparison),
        "fleets": _fleets(comparison),
        "areas": _areas(a.plan, b.plan),
    }


def _kept(a: Answered, b: Answered) -> list[str]:
    """Return in words what the later plan owed the earlier one when it was made."""
    if b.row.parent != a.row.id:
        return []
    until, price = b.row.options.freeze_until, b.row.options.change_price_usd
    told_ = []
    if until:
        told_.append(f"Decisions before {month_name(until)} were kept.")
    if price:
        told_.append(f"Each launch moved and each vehicle shifted had to be worth {usd(price)}.")
    if told_:
        told_.append("What is proven of the second plan holds for plans that keep or change no more than it does.")
    return told_


# --- causes ---


def _changes(changes: Sequence[Told], causes: CausesAnswer, a: Plan) -> list[Change]:
    by_pointer = {change.pointer: change for change in causes.changes}
    alone = {effect.pointer: effect for effect in causes.known.alone} if causes.known else {}
    return [_change(change, by_pointer.get(change.pointer), alone.get(change.pointer), a) for change in changes]


def _change(change: Told, cause: CauseChange | None, effect: AloneEffect | None, a: Plan) -> Change:
    plan = cause.plan if cause else None
    if effect is None:
        return Change(change, cause.state if cause else "", plan, "", "")
    if effect.npv_difference_usd is None:
        return Change(change, "known", plan, "", prose(effect.note))
    moved = several(effect.moves, "decision") if effect.moves else "no decision"
    text = f"{signed(effect.npv_difference_usd)} of net present value, {moved} moved"
    within = effect.moves and not alone_apart(a, effect)
    note = "So little that plans of nearly the same worth can explain it." if within else ""
    return Change(change, "known", plan, text, note)


def _alone(causes: CausesAnswer) -> list[AloneEffect]:
    """Return the effect of each change alone, once all are known."""
    return list(causes.known.alone) if causes.known and causes.state == "complete" else []


def _together(causes: CausesAnswer) -> str:
    """Return what the changes do beyond the sum of what each does alone."""
    known = causes.known
    if known is None or known.interaction_usd is None or len(known.alone) < 2:
        return ""
    total = sum(effect.npv_difference_usd or 0.0 for effect in known.alone)
    joint = sum(move.joint for move in known.moves)
    moved = f" {several(joint, 'decision moves', 'decisions move')} only when they come together." if joint else ""
    return (
        f"Alone they come to {signed(total)}; together {signed(known.interaction_usd)} beyond that sum.{moved}"
        if abs(known.interaction_usd) >= 5_000
        else f"Alone they come to {signed(total)}, and that is all: they do not stand in each other's way.{moved}"
    )


def _to_make(causes: CausesAnswer) -> dict[str, Any]:
    """Return what a page needs to have the plans made that are still missing, and to follow them."""
    calls = [change.rerun.model_dump(mode="json") for change in causes.changes if change.rerun]
    seconds = max((call["body"]["options"]["time_limit_s"] for call in calls), default=0)
    return {"state": causes.state, "calls": calls, "seconds": seconds}


# --- decisions ---


def _decisions(
    comparison: Comparison, causes: CausesAnswer, changes: Sequence[Told], catalogue: Catalogue
) -> list[Decision]:
    brief = {change.pointer: change.brief for change in changes}
    caused = {move.id: move for move in causes.known.moves} if causes.known else {}
    names = {city.city: city.name for city in comparison.map}
    return [_decision(move, names, _because(caused.get(move.id), brief), catalogue) for move in comparison.decisions]


def _decision(move: DecisionMove, names: Mapping[str, str], because: str, catalogue: Catalogue) -> Decision:
    text = prose(move.sentence)
    if move.kind == "bought" and move.stack in catalogue.stacks:
        text = text.replace(move.stack, catalogue.stacks[move.stack].partner)
    anchor = "".join(c if c.isalnum() else "-" for c in move.id.lower())
    return Decision(
        anchor, move.kind, KIND_NAMES[move.kind], move.city, names.get(move.city, "All cities"), text, because
    )


def _because(move: CausedMove | None, brief: Mapping[str, str]) -> str:
    if move is None:
        return ""
    if move.causes:
        return "; ".join(brief.get(pointer, pointer) for pointer in move.causes)
    return (
        "only the changes together" if move.joint else "" if move.because == "Not known yet." else prose(move.because)
    )


def _kinds(decisions: Sequence[Decision]) -> list[tuple[str, str, int]]:
    found = Counter(decision.kind for decision in decisions)
    return [(kind, name, found[kind]) for kind, name in KIND_NAMES.items() if found[kind]]


# --- figures ---


def _kpis(a: Plan, b: Plan, comparison: Comparison) -> list[dict[str, str]]:
    pairs = {pair.name: pair for pair in comparison.kpis}
    rows = [_kpi(label, pairs[name], written) for name, label, written in KPIS if name in pairs]
    gap = {"label": "Proven gap", "a": gap_of(a), "b": gap_of(b), "difference": ""}
    return [*rows, gap]


def _kpi(label: str, pair: KpiPair, written: Any) -> dict[str, str]:
    difference = ""
    if pair.difference is not None:
        difference = (
            "the same" if not pair.difference else f"{'+' if pair.difference > 0 else ''}{written(pair.difference)}"
        )
    elif isinstance(pair.a, str) and isinstance(pair.b, str):
        months = month_number(pair.b) - month_number(pair.a)
        difference = f"{several(abs(months), 'month')} {'later' if months > 0 else 'earlier'}" if months else "the same"
    return {"label": label, "a": written(pair.a), "b": written(pair.b), "difference": difference}


def _fleets(comparison: Comparison) -> dict[str, Any]:
    """Return vehicles at year ends of both plans by city; None beyond a horizon."""
    years = comparison.map[0].years if comparison.map else []
    live = [c for c in comparison.map if any(c.vehicles_a) or any(c.vehicles_b)]
    rows = [{"name": c.name, "cells": list(zip(c.vehicles_a, c.vehicles_b, strict=True))} for c in live]
    total = [(_sum(c.vehicles_a[t] for c in live), _sum(c.vehicles_b[t] for c in live)) for t in range(len(years))]
    return {"years": years, "rows": rows, "total": total}


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _areas(a: Plan, b: Plan) -> list[dict[str, Any]]:
    """Return by city, those that differ first, what a map of the difference needs: levels of both plans by period of either."""
    one, two = {c.city: c for c in a.cities}, {c.city: c for c in b.cities}
    months = sorted({*a.periods, *b.periods})
    found = [_area(slug, (a, one.get(slug)), (b, two.get(slug)), months) for slug in sorted({*one, *two})]
    some = [city for city in found if any(city["a"]) or any(city["b"])]
    return sorted(some, key=lambda city: (-_apart(city), city["name"]))


def _apart(city: Mapping[str, Any]) -> float:
    km2: Mapping[int, float] = city["km2"]
    return sum(abs(km2[x] - km2[y]) for x, y in zip(city["a"], city["b"], strict=True))


def _area(
    slug: str, first: tuple[Plan, CityRollout | None], second: tuple[Plan, CityRollout | None], months: list[str]
) -> dict[str, Any]:
    known = second[1] or first[1]
    assert known is not None  # noqa: S101  # one of the plans has it
    sides = [_levels(plan, city, months) for plan, city in (first, second)]
    return {
        "city": slug,
        "name": known.name,
        "whose": "b" if second[1] else "a",
        "months": months,
        "a": sides[0],
        "b": sides[1],
        "km2": {0: 0.0, **{k.level: round(area_km2(known, k.level), 1) for k in known.levels}},
        "differs": sides[0] != sides[1],
    }


def _levels(plan: Plan, city: CityRollout | None, months: list[str]) -> list[int]:
    """Return the widest level open in each month of a list; a horizon's last level holds beyond it."""
    if city is None:
        return [0] * len(months)
    open_now = [max((d.level[t] for d in city.deployments), default=0) for t in range(len(plan.periods))]
    return [_held(plan, open_now, month) for month in months]


def _held(plan: Plan, levels: list[int], month: str) -> int:
    return next((levels[t] for t in reversed(range(len(levels))) if plan.periods[t] <= month), 0)
