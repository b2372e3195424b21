"""What the page of a plan in the making shows: the steps of the work in plain words, and the plan's turn in the queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from api.deps import Service
from api.jobs.solve import search_seconds
from api.pages.lineage import changes
from api.store.contract import PlanRow
from fleetplan.words.phases import ONLY_WHEN_INFEASIBLE, steps
from fleetplan.words.request import asked_whole

MOST_COUNTED = 200


class Turn(BaseModel):
    """Where a plan stands in the queue."""

    state: str
    ahead: int
    solving: int


def solving(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that the page of a plan in the making shows."""
    parent = service.store.get(row.parent) if row.parent else None
    begun = parent is not None and parent.answer_sha256 is not None  # there is an earlier plan to start from
    return {
        "row": row,
        "parent": parent,
        "from_earlier": begun,
        "changed": changes(row, parent, service.known.catalogue) if row.parent else [],
        "asked": asked_whole(row.request, service.known.catalogue),
        "steps": steps(rerun=begun, markets=row.request.get("objective") == "markets_then_npv"),
        "hidden_until": ONLY_WHEN_INFEASIBLE,
        "gap_asked": gap_words(row),
        "live": _live(row, turn(service, row)),
    }


def turn(service: Service, row: PlanRow) -> Turn:
    """Return how many plans wait before this one, and how many are being solved."""
    waiting = service.store.page(limit=MOST_COUNTED, after=row.id, state="queued")
    running = service.store.page(limit=MOST_COUNTED, after=None, state="running")
    return Turn(state=row.state, ahead=len(waiting), solving=len(running))


def gap_words(row: PlanRow) -> str:
    """Return the gap asked for, with as many digits as it has."""
    return f"{round(100 * row.options.gap, 6):g} %"


def _live(row: PlanRow, place: Turn) -> dict[str, Any]:
    """Return what the page's script needs to know."""
    started, now = row.started_at or row.created_at, datetime.now(UTC)
    return {
        "plan": row.id,
        "name": row.name,
        "state": row.state,
        "turn": place.model_dump(),
        "cities": len(row.request.get("cities") or []) or None,
        "gap": row.options.gap,
        "search_s": search_seconds(row.options.time_limit_s),
        "now": now.isoformat(),
        "since_s": (now - started).total_seconds(),
        "stopping": row.cancel_requested,
        "rerun": row.parent is not None,
    }
