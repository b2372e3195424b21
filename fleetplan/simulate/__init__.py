"""Event simulation: replay demand request by request, of a plan's city and month or of a case from elsewhere."""

from fleetplan.simulate.cases import Case, read_case
from fleetplan.simulate.engine import simulate
from fleetplan.simulate.result import SimulationResult
from fleetplan.simulate.scenario import Care, Depots, Energy, Fleet, Policy, Requests, Riders, Scenario
from fleetplan.simulate.travel import Travel

__all__ = [
    "Care",
    "Case",
    "Depots",
    "Energy",
    "Fleet",
    "Policy",
    "Requests",
    "Riders",
    "Scenario",
    "SimulationResult",
    "Travel",
    "read_case",
    "simulate",
]
