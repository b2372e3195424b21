"""Two plans side by side: what was asked otherwise, what is decided otherwise, what it is worth, and what caused it.

Names are imported when first used: the types of a comparison are read by those who put it into words, before anything compares.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fleetplan.compare.causes import MOST_CHANGES, Alone, attribute_causes, causes_of, causing_changes
    from fleetplan.compare.plans import compare_plans
    from fleetplan.compare.types import (
        AloneEffect,
        CausedMove,
        Causes,
        CityMap,
        CityMoney,
        Comparison,
        DecisionMove,
        InputMove,
        KpiPair,
        LineMoney,
        MarketsPair,
        ReturnsPair,
        StackMoney,
    )

__all__ = [
    "MOST_CHANGES",
    "Alone",
    "AloneEffect",
    "CausedMove",
    "Causes",
    "CityMap",
    "CityMoney",
    "Comparison",
    "DecisionMove",
    "InputMove",
    "KpiPair",
    "LineMoney",
    "MarketsPair",
    "ReturnsPair",
    "StackMoney",
    "attribute_causes",
    "causes_of",
    "causing_changes",
    "compare_plans",
]
_OF_CAUSES = frozenset({"MOST_CHANGES", "Alone", "attribute_causes", "causes_of", "causing_changes"})


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in __all__:
        msg = f"module 'fleetplan.compare' has no attribute {name!r}"
        raise AttributeError(msg)
    home = "causes" if name in _OF_CAUSES else "plans" if name == "compare_plans" else "types"
    return getattr(import_module(f"fleetplan.compare.{home}"), name)
