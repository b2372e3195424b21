"""How it is told that no plan keeps every rule of a request: as a problem object, whoever found it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the finding that no plan keeps every rule, as a problem object.

    ``said`` holds ``clashes`` and ``repairs`` as :class:`fleetplan.facts.Conflict` and :class:`fleetplan.remedies.Repair` are
    written, whether all that stands in the way and all repairs were looked for (``settled``, ``searched``), and whether that is
    still done (``mending``).
    """
    repairs = list(said.get("repairs", ()))
    remedy = "Ask for a rerun with the patch of one of the repairs" if repairs else "Loosen or remove what clashes"
    detail = "the rules listed stand against each other"
    if not said["clashes"]:  # that there is no plan is proven; which rules are to blame was not found in the time given
        remedy, detail = (
            "Allow more time to find what clashes",
            "which rules stand against each other was not found in time",
        )
    return {
        "type": "urn:fleetplan:infeasible",
        "title": "No plan keeps every rule of this request",
        "status": 200,
        "code": "infeasible",
        "detail": detail,
        "remedy": f"{remedy}.",
        "clashes": list(said["clashes"]),
        "repairs": repairs,
        "settled": said.get("settled", True),
        "searched": said.get("searched", True),
        "mending": said.get("mending", False),
    }
