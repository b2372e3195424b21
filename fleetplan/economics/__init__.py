"""Unit economics: what a trip, a kilometre and a vehicle-month earn and cost, by contract."""

from fleetplan.economics.finance import annuity, annuity_factor, discount, outstanding
from fleetplan.economics.rates import DeploymentRates, deployment_rates

__all__ = ["DeploymentRates", "annuity", "annuity_factor", "deployment_rates", "discount", "outstanding"]
