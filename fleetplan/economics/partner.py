"""The other side of a contract: what a partner earns and pays in a deployment, as rates; plus comes in to the partner."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleetplan.catalogue.schema import PLATFORM_PAYS
from fleetplan.catalogue.types import Catalogue, City, Stack
from fleetplan.economics.rates import DAYS_PER_MONTH, DeploymentRates, deployment_rates

RECEIVED = frozenset({"partner_share", "fixed_fee", "licence"})
"""Lines that the platform pays a partner; its least margin is a share of them."""


@dataclass(frozen=True)
class PartnerRates:
    """What a partner earns and pays in a deployment.

    Attributes
    ----------
    running
        Rates by trip, km, kWh and vehicle-month: its share, fee and licence come in, what the platform does not pay goes out.
        ``launch_usd``, ``area_usd_per_km2`` and ``placing_usd`` are its part of those (0 or negative).
    owns_vehicles
        Whether the vehicles are the partner's: then all that it pays for is known here, and its account can be judged.
    stalls_usd, sites_usd
        What stalls, and its part of depot sites, cost a vehicle that the partner charges at its own cost (0 or positive).
    """

    running: DeploymentRates
    owns_vehicles: bool
    stalls_usd: float
    sites_usd: float


def partner_rates(catalogue: Catalogue, stack: Stack, city: City) -> PartnerRates:
    """Gather what the partner earns and pays in a deployment from the catalogue.

    It pays whatever the contract does not name under ``platform_pays``, and the rest of a launch in a city to which it comes
    from elsewhere (``launch.followup_factor``): what its first city cost beyond that built the stack for all of them.
    """
    own, eco, pays = catalogue.assumptions, catalogue.economics, stack.platform_pays
    mirrored = replace(stack, platform_pays=type(pays)(word for word in PLATFORM_PAYS if word not in pays))
    costs = deployment_rates(catalogue, mirrored, city)
    share, part = stack.value("contract.platform_fare_share"), 1.0 - stack.value("contract.launch_share")
    nobody = costs.displaced_shares  # drivers' trips are the platform's
    fee = stack.value("contract.fee_usd_per_vehicle_day") * DAYS_PER_MONTH
    licence = stack.value("contract.licence_usd_per_km") if "licence" in pays else 0.0
    running = replace(
        costs,
        per_net_fare={"partner_share": 1.0 - share, "payment": costs.per_net_fare["payment"]},
        per_km={**costs.per_km, "licence": licence},
        per_vehicle_month={**costs.per_vehicle_month, "fixed_fee": fee},
        launch_usd=-stack.value("contract.launch_cost_usd") * part * own["launch.followup_factor"].value,
        displaced_shares=replace(nobody, values=tuple(0.0 for _ in nobody.values)),
        area_usd_per_km2=-own["area.expansion_usd_per_km2"].value * part,
    )
    charges = stack.electric and "charger" not in pays
    cars, sites = eco["vehicles_per_fast_stall"].value, city.depots
    stalls = city.value("cost.charger_stall_usd") / cars if charges else 0.0
    room = sum(site.stalls for site in sites) / len(sites) if sites else 0.0
    site = city.value("cost.depot_fixed_usd") / (room * cars) if charges and room else 0.0
    return PartnerRates(running, "capital" not in pays, stalls, site)


def years_after(catalogue: Catalogue, horizon_months: int) -> float:
    """Return how many years after the horizon a contract goes on: signed at its start, and as long as the platform counts."""
    own = catalogue.assumptions
    left = own["partner.contract_years"].value - horizon_months / 12.0
    return min(own["terminal.years"].value, max(0.0, left))
