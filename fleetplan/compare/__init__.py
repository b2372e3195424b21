"""Two plans side by side: what was asked otherwise, what is decided otherwise, what it is worth, and what caused it."""

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
    "StackMoney",
    "attribute_causes",
    "causes_of",
    "causing_changes",
    "compare_plans",
]
