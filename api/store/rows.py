"""From a table's row to what the contract promises, and the few values that are derived on the way in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.store.contract import MENDING, EventRow, NewPlan, PlanRow
from api.store.ids import new_id
from fleetplan.options import PlanOptions

_PROVEN = {"optimal", "within_gap"}
ALL_CITIES = "*"
_PLAIN = (
    "id", "state", "name", "request", "parent", "origin", "patch", "created_at", "started_at", "first_plan_at",
    "finished_at", "cancel_requested", "worker", "phase", "objective", "bound", "gap", "kpis", "answer_sha256", "problem",
    "tags", "revision", "archived_at", "chosen_at", "deleted_at",
)  # fmt: skip


def plan_row(row: sa.RowMapping) -> PlanRow:
    """Return a row of ``plans`` as the contract's plan."""
    return PlanRow(options=PlanOptions.model_validate(row["options"]), **{name: row[name] for name in _PLAIN})


def event_row(row: sa.RowMapping) -> EventRow:
    """Return a row of ``events`` as the contract's event."""
    return EventRow(plan=row["plan"], seq=row["seq"], at=row["at"], kind=row["kind"], data=row["data"])


def new_row(new: NewPlan, origin: str | None, now: datetime) -> dict[str, Any]:
    """Return the first row of a plan; ``origin`` is that of its parent, if it has one."""
    plan = new_id("plan")
    if new.problem is not None:
        ended = {"state": "infeasible", "phase": MENDING, "problem": finite(new.problem), "finished_at": now}
    else:
        ended = {"state": "queued", "phase": "queued", "problem": None, "finished_at": None}
    return {
        "id": plan,
        "name": str(new.request.get("name", "plan")),
        "request": finite(new.request),
        "options": new.options.model_dump(),
        "parent": new.parent,
        "origin": origin or new.parent or plan,
        "patch": None if new.patch is None else finite(new.patch),
        "cities": city_index(new.request),
        "created_at": now,
        "cancel_requested": False,
        "last_seq": 1 if new.problem is None else 3,
        "attempts": 0,
        "deliveries": 1,
        "delivered_at": now,
        **ended,
    }


def city_index(request: Mapping[str, Any]) -> str:
    """Return the cities that a request names, as ``|zurich|munich|``; ``*`` when it names none, which means all."""
    cities = request.get("cities")
    return ALL_CITIES if cities is None else "|" + "".join(f"{city}|" for city in cities)


def finite(value: Any) -> Any:
    """Return plain data in which numbers that JSON lacks (infinite, not a number) have become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def is_finding(found: Mapping[str, Any]) -> bool:
    """Return whether an answer's plan is one: it opens a city, or doing nothing is proven best; not what a search began with."""
    kpis = found.get("kpis") or {}
    return bool(kpis.get("cities_live", True)) or found.get("status") in _PROVEN


def headline(answer: bytes) -> dict[str, Any]:
    """Return what a plan.json says on top; nothing when it is no plan."""
    try:
        plan = json.loads(answer)
    except ValueError:
        return {}
    wanted = ("status", "objective", "bound", "gap", "kpis")
    return {key: finite(plan[key]) for key in wanted if key in plan} if isinstance(plan, dict) else {}
