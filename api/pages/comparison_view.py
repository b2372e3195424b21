"""Everything that the comparison of two plans shows, as plain values for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.causes import CauseSearch
from api.deps import Answered, Service
from api.schemas import CauseChange, CausesAnswer
from fleetplan.compare import AloneEffect, compare_plans
from fleetplan.compare.bridges import bridges
from fleetplan.compare.decisions import decisions, kinds
from fleetplan.compare.figures import areas, farthest, fleets, kpi_rows, returns_rows
from fleetplan.plans.types import Plan
from fleetplan.report.comparison_gantt import joint_scale, overlay
from fleetplan.reruns.patch import input_changes
from fleetplan.words.certainty import alone_note, certainty
from fleetplan.words.changes import Told, told
from fleetplan.words.comparison import signed, together, verdict
from fleetplan.words.keeping import kept
from fleetplan.words.markets import other_markets
from fleetplan.words.names import Names
from fleetplan.words.values import several


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the inputs with what is known of its effect alone."""

    told: Told
    state: str
    plan: str | None
    effect: str
    note: str


def view(service: Service, a: Answered, b: Answered) -> dict[str, Any]:
    """Return everything that the comparison of two plans shows."""
    one, two = _named_apart(a, b)
    names = Names(service.known.catalogue, (one, two))
    comparison = compare_plans(one, two, names)
    found = input_changes(one.request, two.request)
    changes = [told(change, names) for change in found if change.matters]
    causes = CauseSearch(service, a, b).answer()
    moved = decisions(comparison, causes.known, changes)
    apart = areas(one, two)
    real, scale = [d for d in moved if not d.tie], joint_scale(one, two)
    return {
        "a": one,
        "b": two,
        "row_a": a.row,
        "row_b": b.row,
        "same_catalogue": comparison.same_catalogue,
        "verdict": verdict(one, two, comparison, changes, _alone(causes), names),
        "certainty": certainty(one, two, comparison.markets),
        "difference": two.objective - one.objective,
        "kept": kept(b.row.options) if b.row.parent == a.row.id else [],
        "changes": _changes(changes, causes, one),
        "causes": causes,
        "together": together(causes.known),
        "to_make": _to_make(causes),
        "rows": overlay(one, two),
        "years": scale.years(),
        "bridges": bridges(one, two, comparison),
        "decisions": moved,
        "ties": comparison.ties,
        "ties_count": len(moved) - len(real),
        "kinds": kinds(real),
        "places": list(dict.fromkeys((d.city, d.place) for d in real if d.city)),
        "kpis": kpi_rows(one, two, comparison),
        "returns": returns_rows(one, two),
        "fleets": fleets(comparison),
        "areas": apart,
        "paper_maps": [{**city, "at": farthest(city)} for city in apart],
    }


def _named_apart(a: Answered, b: Answered) -> tuple[Plan, Plan]:
    """Return two plans that are called differently: those of one name, as most reruns are, by which was asked first."""
    if a.plan.name != b.plan.name:
        return a.plan, b.plan
    words = ("earlier", "later") if a.row.id < b.row.id else ("later", "earlier")
    one, two = (p.model_copy(update={"name": f"{p.name} ({w})"}) for p, w in zip((a.plan, b.plan), words, strict=True))
    return one, two


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
        return Change(change, "known", plan, "", effect.note)
    moved = several(effect.moves, "decision") if effect.moves else "no decision"
    text = f"{signed(effect.npv_difference_usd)} of net present value{other_markets(effect)}, {moved} moved"
    return Change(change, "known", plan, text, alone_note(a, effect))


def _alone(causes: CausesAnswer) -> list[AloneEffect]:
    """Return the effect of each change alone, once all are known."""
    return list(causes.known.alone) if causes.known and causes.state == "complete" else []


def _to_make(causes: CausesAnswer) -> dict[str, Any]:
    """Return what a page needs to have the plans made that are still missing, and to follow them."""
    calls = [change.rerun.model_dump(mode="json") for change in causes.changes if change.rerun]
    seconds = max((call["body"]["options"]["time_limit_s"] for call in calls), default=0)
    return {"state": causes.state, "calls": calls, "seconds": seconds}
