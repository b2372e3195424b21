"""Unit economics: what a trip, a kilometre and a vehicle-month earn and cost, by contract."""

from fleetplan.economics.finance import annuity, annuity_factor, discount, outstanding
from fleetplan.economics.rates import LINES, DeploymentRates, Line, deployment_rates

__all__ = [
    "LINES",
    "DeploymentRates",
    "Line",
    "annuity",
    "annuity_factor",
    "deployment_rates",
    "discount",
    "outstanding",
]
