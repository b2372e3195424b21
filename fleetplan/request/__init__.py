"""The planning request: one schema for YAML and JSON files, the library and HTTP.

Unknown fields are refused, every fault is reported at once with what to write instead, and nothing is repaired silently.
"""

from fleetplan.request.constraints import AnyConstraint, Constraint
from fleetplan.request.faults import faults_of, shown
from fleetplan.request.model import (
    MAX_HORIZON_MONTHS,
    Capital,
    Deployments,
    Horizon,
    PlanRequest,
    StackClass,
)
from fleetplan.request.parse import parse_request, readable, valid_fields
from fleetplan.request.parts import FigureOverride, StackInCity
from fleetplan.request.reading import read_data, read_request
from fleetplan.request.scenarios import ScenarioSet
from fleetplan.request.values import Model, Month, NotNegative, Share

__all__ = [
    "MAX_HORIZON_MONTHS",
    "AnyConstraint",
    "Capital",
    "Constraint",
    "Deployments",
    "FigureOverride",
    "Horizon",
    "Model",
    "Month",
    "NotNegative",
    "PlanRequest",
    "ScenarioSet",
    "Share",
    "StackClass",
    "StackInCity",
    "faults_of",
    "parse_request",
    "read_data",
    "read_request",
    "readable",
    "shown",
    "valid_fields",
]
