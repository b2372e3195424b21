"""Unit economics: what a trip, a kilometre and a vehicle-month earn and cost, by contract."""

from fleetplan.economics.finance import annuity, annuity_factor, discount, outstanding
from fleetplan.economics.paths import BATTERY_USD, KIT_INDEX, LICENCE_INDEX, in_year, index, vehicle_price_usd
from fleetplan.economics.rates import LINES, DeploymentRates, Line, deployment_rates

__all__ = [
    "BATTERY_USD",
    "KIT_INDEX",
    "LICENCE_INDEX",
    "LINES",
    "DeploymentRates",
    "Line",
    "annuity",
    "annuity_factor",
    "deployment_rates",
    "discount",
    "in_year",
    "index",
    "outstanding",
    "vehicle_price_usd",
]
