"""What the page of a plan in the making shows: the steps of the work in plain words, and the plan's turn in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from api.deps import Service
from api.jobs.solve import search_seconds
from api.pages.lineage import changes
from api.store.contract import PlanRow
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import RequestError
from fleetplan.request import parse_request
from fleetplan.scope import resolve_scope
from fleetplan.words.request import constraint_sentence, question

MOST_COUNTED = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the work: the phases that belong to it, what it is, and why it is done."""

    phases: tuple[str, ...]
    title: str
    why: str


STEPS = (
    Step(
        ("starting", "catalogue", "cities"),
        "Reading the cities",
        "Streets, demand and how many trips a fleet can serve in each area. The first plan of a city takes longest; "
        "what is computed is kept.",
    ),
    Step(
        ("formulating",),
        "Writing down the rules",
        "Law, permits, supply, depots, money and the request's own constraints become one system of equations.",
    ),
    Step(
        ("provisional",),
        "Starting from the earlier plan",
        "The earlier plan's launches are tried under the changed request, so that there is something to keep at once.",
    ),
    Step(
        ("searching",),
        "Searching",
        "Weighing every city, partner and month against one another, and proving a ceiling no plan can pass.",
    ),
    Step(
        ("settling depots",),
        "Settling depots",
        "Depots come in whole sites: which of them are worth their rent decides how far fleets can grow.",
    ),
    Step(("improving",), "Improving", "Looking around the best plan so far for launches and fleets that add value."),
    Step(
        ("proving",),
        "Proving",
        "Lowering the ceiling until best plan and ceiling are as close as was asked, or the time is up.",
    ),
    Step(("whole vehicles",), "Whole vehicles", "Fleets become whole numbers of vehicles."),
    Step(("prices",), "Pricing what binds", "What one more dollar, vehicle or charger stall would be worth."),
    Step(
        ("conflicts",), "Finding what clashes", "No plan keeps every rule: which constraints stand against each other?"
    ),
    Step(
        ("checking", "done"),
        "Checking",
        "A second program goes through every rule on the raw figures before anybody sees the plan.",
    ),
)
ONLY_FOR_RERUNS, ONLY_WHEN_INFEASIBLE = "provisional", "conflicts"


class Turn(BaseModel):
    """Where a plan stands in the queue."""

    state: str
    ahead: int
    solving: int


def solving(service: Service, row: PlanRow) -> dict[str, Any]:
    """Return everything that the page of a plan in the making shows."""
    parent = service.store.get(row.parent) if row.parent else None
    return {
        "row": row,
        "parent": parent,
        "changed": changes(row, parent, service.known.catalogue) if row.parent else [],
        "asked": asked_whole(row, service.known.catalogue),
        "steps": [s for s in STEPS if ONLY_FOR_RERUNS not in s.phases or row.parent],
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


def asked_whole(row: PlanRow, catalogue: Catalogue) -> list[str]:
    """Return a stored request as sentences; nothing where today's catalogue cannot read it any more."""
    try:
        return question(resolve_scope(parse_request(dict(row.request)), catalogue))
    except RequestError:
        return []


def constraints_in_words(row: PlanRow, catalogue: Catalogue) -> dict[str, str]:
    """Return what each constraint of a stored request asks, by its id."""
    found = {c["id"]: constraint_sentence(c, catalogue) for c in row.request.get("constraints", [])}
    return {key: f"{text[:1].upper()}{text[1:]}" for key, text in found.items()}


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
