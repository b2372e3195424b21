"""What came of a solve, and how what went wrong is told: as problem objects without a trace."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.infeasible import told
from api.jobs.memory import Outgrown
from api.store.contract import State

_TITLES = {
    "bad-request": (422, "The request holds faults", "Mend every fault listed."),
    "bad-catalogue": (500, "The catalogue does not hold together", "See `fleetplan cities check`."),
    "solver": (500, "No plan was found in time", "Allow more time or loosen the request."),
    "check-failed": (500, "The plan broke a rule and was withheld", "This is a bug: report the plan's id."),
    "time-limit": (500, "The solver did not end in time", "Allow more time or ask for fewer cities or months."),
    "solver-died": (
        500,
        "The solver process died",
        "It died twice; most often memory ran out: ask for fewer cities, fewer months, or fewer single months.",
    ),
    "memory": (
        500,
        "The plan needs more memory than there is",
        "Ask for fewer cities, fewer months, or fewer single months; or give it more (FLEETPLAN_MAX_SOLVER_BYTES).",
    ),
    "gave-up": (500, "The plan was given up", "Every worker that took it up died: ask for fewer cities or months."),
    "parent-gone": (409, "The parent's plan is gone", "Post the request as a new plan."),
    "internal": (500, "The service failed", "This is a bug: report the plan's id."),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A final state with its plan.json or its problem. ``state`` is None when the solve was given up on shutdown.

    Then the answer is the best plan so far, if there was time to finish one.
    """

    state: State | None
    answer: bytes | None = None
    problem: Mapping[str, Any] | None = None


def infeasible(said: Mapping[str, Any]) -> Outcome:
    """Return the finding that no plan keeps every rule; what is ``said`` of it is that of :func:`api.infeasible.told`."""
    return Outcome("infeasible", problem=told(said))


def failed(
    code: str, detail: str = "", faults: Iterable[Mapping[str, str]] = (), more: Mapping[str, Any] | None = None
) -> Outcome:
    """Return a failure; a code that we do not tell about becomes ``internal``. ``more`` is what else is told of it."""
    known = code if code in _TITLES else "internal"
    status, title, remedy = _TITLES[known]
    errors = [
        {"message": f["what"], "pointer": f["where"], "allowed": f["allowed"], "remedy": f["remedy"]} for f in faults
    ]
    problem = {
        "type": f"urn:fleetplan:{known}",
        "title": title,
        "status": status,
        "code": known,
        "detail": detail,
        "remedy": remedy,
        "errors": errors,
        **(more or {}),
    }
    return Outcome("failed", problem=problem)


def outgrown(found: Outgrown) -> Outcome:
    """Return the failure of a solver that took more memory than it may."""
    return failed("memory", found.sentence, more=found.told())


def died(returncode: int) -> Outcome:
    """Return the failure of a solver that ended without a word."""
    if returncode >= 0:
        return failed("solver-died", f"it ended with exit code {returncode}")
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return failed("solver-died", f"it was ended by {name}")
