"""Two plans side by side: what was asked otherwise, what is decided otherwise, what it is worth, and what caused it."""

from fleetplan.compare.causes import attribute_causes
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
    "compare_plans",
]
