"""What the store knows of a rerun that somebody may have asked for: the one with the same request, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from api.prefix import at
from api.schemas import ChangeState, Rerun, RerunCall
from api.store.contract import FINAL, PlanRow
from fleetplan.errors import RequestError
from fleetplan.facts import Conflict, conflicts_from
from fleetplan.request import parse_request
from fleetplan.reruns.patch import UNCAUSED

MOST_RERUNS = 1000
"""How many of a plan's reruns are looked through, the newest first."""

UNMADE: frozenset[ChangeState] = frozenset({"missing", "failed", "cancelled"})
"""States in which the rerun has to be posted, or posted again."""

ORDER: tuple[ChangeState, ...] = ("known", "running", "queued", "cancelled", "failed", "missing")


def asked_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of a request a plan can differ for; nothing of one that an older version took and this one does not."""
    try:
        whole = parse_request(dict(request)).model_dump(mode="json")
    except RequestError:
        return {}
    return {name: value for name, value in whole.items() if name not in UNCAUSED}


def worth(row: PlanRow) -> tuple[int, bool]:
    """Return the rank of a plan as a finding: one that tells something, one in the making, the rest."""
    return ORDER.index(finding(row)[0]), row.state == "cancelled"


def _is_refusal(row: PlanRow) -> bool:
    return row.state == "failed" and (row.problem or {}).get("code") == "bad-request"


def finding(row: PlanRow | None) -> tuple[ChangeState, tuple[Conflict, ...], str]:
    """Return the state of a change by its plan, and of one that found no plan what clashes, or what is wrong."""
    if row is None:
        return "missing", (), ""
    problem = row.problem or {}
    if row.answer_sha256 is not None:
        return "known", (), ""
    if row.state == "infeasible":
        return "known", tuple(conflicts_from(problem.get("clashes", ()))), ""
    if _is_refusal(row):
        faults: Sequence[Mapping[str, Any]] = problem.get("errors") or [{"message": problem.get("detail", "")}]
        return "known", (), str(faults[0]["message"])
    if row.state in FINAL:
        return ("cancelled" if row.state == "cancelled" else "failed"), (), ""
    return ("running" if row.state == "running" else "queued"), (), ""


def rerun_call(kind: str, plan: str, body: Rerun, row: PlanRow | None) -> RerunCall:
    """Return the rerun to post; its key is another after a plan that ended without a finding, whatever it is called."""
    patch = {name: value for name, value in body.patch.items() if name != "name"}
    asked = json.dumps([plan, patch, body.options.model_dump(mode="json"), row.id if row else ""], sort_keys=True)
    key = f"{kind}-{hashlib.sha256(asked.encode()).hexdigest()[:32]}"
    return RerunCall(href=at(f"/v1/plans/{plan}/reruns"), body=body, idempotency_key=key)
