"""Plan the expansion of a robotaxi fleet: where, with whom, over which area, with how many vehicles, in which month.

>>> from fleetplan import parse_request
>>> request = parse_request({"capital": {"per_quarter_usd": 125e6}, "cities": ["zurich"]})
>>> len(request.grid)
24

``plan(request)`` then returns the checked :class:`~fleetplan.plans.types.Plan`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleetplan.catalogue import load_catalogue
    from fleetplan.options import PlanOptions
    from fleetplan.planner import plan, plan_with_context
    from fleetplan.plans.types import Plan
    from fleetplan.report.tables import tables
    from fleetplan.request import PlanRequest, parse_request, read_request
    from fleetplan.run import Progress, Run
    from fleetplan.scope import judge_request

__version__ = "0.2.0"

_HOMES = {
    "Plan": "fleetplan.plans.types",
    "PlanOptions": "fleetplan.options",
    "PlanRequest": "fleetplan.request",
    "Progress": "fleetplan.run",
    "Run": "fleetplan.run",
    "judge_request": "fleetplan.scope",
    "load_catalogue": "fleetplan.catalogue",
    "parse_request": "fleetplan.request",
    "plan": "fleetplan.planner",
    "plan_with_context": "fleetplan.planner",
    "read_request": "fleetplan.request",
    "tables": "fleetplan.report.tables",
}

__all__ = [
    "Plan",
    "PlanOptions",
    "PlanRequest",
    "Progress",
    "Run",
    "__version__",
    "judge_request",
    "load_catalogue",
    "parse_request",
    "plan",
    "plan_with_context",
    "read_request",
    "tables",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import fleetplan`` stays light."""
    if name not in _HOMES:
        msg = f"module 'fleetplan' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)
