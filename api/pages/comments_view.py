"""What people said about a plan, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.deps import Service
from api.security import Caller, Scope
from api.store.contract import PlanRow


@dataclass(frozen=True, slots=True)
class Said:
    """A comment; ``mine`` says whether whoever looks may take it back."""

    id: str
    at: datetime
    author: str
    text: str
    mine: bool


def said(service: Service, row: PlanRow, caller: Caller) -> dict[str, Any]:
    """Return the comments on a plan, and as whom somebody who looks would add one."""
    anybodys = any(scope.holds(Scope.admin) for scope in caller.scopes)
    may = any(scope.holds(Scope.plan) for scope in caller.scopes)
    return {
        "comments": [
            Said(c.id, c.at, c.author, c.text, anybodys or (may and c.key == caller.key))
            for c in service.store.comments(row.id)
        ],
        "signed_as": caller.name if caller.key else "",
    }
