"""Unit economics: what a trip, a kilometre and a vehicle-month earn and cost, by contract."""

from fleetplan.economics.finance import annuity, annuity_factor, discount, going_on, outstanding
from fleetplan.economics.keeping import Kept, Life, Loan, flows_after, kept
from fleetplan.economics.partner import PartnerRates, partner_rates, years_after
from fleetplan.economics.paths import (
    BATTERY_USD,
    INSURANCE_INDEX,
    KIT_INDEX,
    LICENCE_INDEX,
    in_year,
    index,
    vehicle_life_months,
    vehicle_price_usd,
)
from fleetplan.economics.rates import LINES, DeploymentRates, Line, deployment_rates

__all__ = [
    "BATTERY_USD",
    "INSURANCE_INDEX",
    "KIT_INDEX",
    "LICENCE_INDEX",
    "LINES",
    "DeploymentRates",
    "Kept",
    "Life",
    "Line",
    "Loan",
    "PartnerRates",
    "annuity",
    "annuity_factor",
    "deployment_rates",
    "discount",
    "flows_after",
    "going_on",
    "in_year",
    "index",
    "kept",
    "outstanding",
    "partner_rates",
    "vehicle_life_months",
    "vehicle_price_usd",
    "years_after",
]
