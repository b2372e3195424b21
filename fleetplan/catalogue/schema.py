"""What the files must hold: the required figures with their bounds, the columns of the tables, the words allowed.

Bounds are there to catch a wrong unit (a share given in per cent, a price in thousands), not to judge a market.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Spec:
    """What a figure may hold.

    Attributes
    ----------
    low, high
        Bounds of each number.
    length
        How many numbers: 1 for a single one, 0 for any list.
    total, mean
        What a profile must sum to, or be on the mean; nothing where it is free.
    years
        Whether the list runs along a list of ``years``.
    whole
        Whether each is a whole number: vehicles, which nobody can halve.
    """

    low: float = -math.inf
    high: float = math.inf
    length: int = 1
    total: float | None = None
    mean: float | None = None
    years: bool = False
    whole: bool = False


SLIP_CLASSES: Final = ("here", "elsewhere", "nowhere", "law", "pilot")
"""Who tends to keep whom waiting for how long: see :mod:`fleetplan.permits.slips`."""

SHARE: Final = Spec(0, 1)
FREE: Final = Spec()

CITY_FIGURES: Final[dict[str, Spec]] = {
    "market.trips_per_day": Spec(1, 2e7),
    "market.platform_share": SHARE,
    "market.mean_trip_km": Spec(0.3, 100),
    "market.mean_fare_local": Spec(0.01, 1e6),
    "market.fare_tax": SHARE,
    "market.airport_share": SHARE,
    "market.av_local_charge_usd_month": Spec(0, 50_000),
    "market.rival_share": SHARE,
    "market.displaced_share_by_year": Spec(0, 1, length=0, years=True),
    "market.human_take_net": SHARE,
    "speed.peak_kmh": Spec(3, 150),
    "speed.offpeak_kmh": Spec(3, 150),
    "speed.freeway_kmh": Spec(10, 150),
    "speed.circuity": Spec(1, 3),
    "cost.electricity_usd_per_kwh": Spec(0, 3),
    "cost.remote_agent_usd_per_h": Spec(0, 500),
    "cost.field_agent_usd_per_h": Spec(0, 500),
    "cost.operator_usd_per_h": Spec(0, 500),
    "cost.insurance_usd_per_km": Spec(0, 20),
    "cost.operator_fee_usd_per_vehicle_month": Spec(0, 50_000),
    "cost.charger_stall_usd": Spec(0, 5e6),
    "cost.depot_fixed_usd": Spec(0, 1e9),
    "cost.profit_tax": SHARE,
    "weather.days_without_service": Spec(0, 365),
    "weather.winter_energy_factor": Spec(1, 3),
    "season.month_factors": Spec(0, 5, length=12, mean=1),
    "profile.weekday": Spec(0, 1, length=24, total=1),
    "profile.weekend": Spec(0, 1, length=24, total=1),
    "profile.day_of_week": Spec(0, 1, length=7, total=1),
    "population.scale": Spec(0.2, 5),
}

# What a city may have besides: constants of the service law, fitted to the simulation of its streets. A city without them takes
# those of assumptions.toml (``service.*`` of the same names), fitted to all cities together.
CITY_FITTED: Final[dict[str, Spec]] = {
    "law.search_factor": Spec(0.1, 10),
    "law.rebalance_factor": Spec(0, 20),
    "law.reserve": Spec(0.1, 20),
    "law.least_way_min": Spec(0, 10),
    "law.turn_shape": Spec(0.3, 3),
}

STACK_FIGURES: Final[dict[str, Spec]] = {
    "vehicle.price_usd": Spec(1_000, 2e6),
    "vehicle.kit_share": SHARE,
    "vehicle.battery_kwh": Spec(0, 1_000),
    "vehicle.energy_kwh_per_km": Spec(0.02, 5),
    "contract.platform_fare_share": SHARE,
    "contract.fee_usd_per_vehicle_day": Spec(0, 10_000),
    "contract.licence_usd_per_km": Spec(0, 20),
    "contract.launch_cost_usd": Spec(0, 1e9),
    "contract.launch_share": SHARE,
    "contract.fare_multiplier": Spec(0.1, 10),
    "contract.financed_share": SHARE,
    "contract.minimum_quantity": Spec(0, 1e6),
    "contract.minimum_years": Spec(0.5, 40),
    "contract.shortfall_usd_per_vehicle": Spec(0, 2e6),
    "supply.placeable": Spec(0, 1e7, length=0, years=True),
    "supply.yearly_cap": Spec(0, 1e7),
}

# What the model reads of assumptions.toml, and of economics.csv; whatever else stands there is free within its unit.
ASSUMPTIONS: Final[dict[str, Spec]] = {
    "adoption.curve_monthly": Spec(0, 1, length=0),
    "adoption.operator_share": SHARE,
    "area.doubling_months": Spec(0, 120),
    "area.expansion_usd_per_km2": Spec(0, 1e7),
    "depot.stall_life_years": Spec(0.5, 60),
    "finance.inflation": Spec(0, 0.5),
    "finance.interest": SHARE,
    "finance.loan_to_value": SHARE,
    "finance.term_years": Spec(0.5, 40),
    "fleet.delivery_usd": Spec(0, 1e6),
    "fleet.km2_per_vehicle_most": Spec(0.01, 10_000),
    "fleet.life_km": Spec(1_000, 1e7),
    "fleet.life_years": Spec(0.5, 40),
    "fleet.first_year_fleet": Spec(0, 100_000, whole=True),
    "fleet.growth_share_per_month": Spec(0, 1),
    "fleet.growth_vehicles_per_month": Spec(0, 100_000),
    "fleet.likely_launch_fleet": Spec(0, 10_000, whole=True),
    "fleet.min_launch_fleet": Spec(0, 10_000, whole=True),
    "fleet.move_usd_per_vehicle": Spec(0, 1e6),
    "fleet.operator_pilot_cap": Spec(0, 100_000, whole=True),
    "fleet.partner_growth_share_per_month": Spec(0, 1),
    "fleet.partner_growth_vehicles_per_month": Spec(0, 100_000),
    "fleet.partner_least_trips": Spec(0, 200),
    "fleet.residual_share": SHARE,
    "fleet.test_fleet": Spec(1, 10_000, whole=True),
    "fleet.trips_per_car_day_by_half_year": Spec(0.1, 200, length=0),
    "launch.followup_factor": SHARE,
    "partner.contract_years": Spec(0, 40),
    "partner.least_margin": Spec(0, 0.9),
    "price.battery_usd_per_kwh_by_year": Spec(1, 2_000, length=0, years=True),
    "price.elasticity": Spec(-10, 0),
    "price.insurance_index_by_year": Spec(0.01, 10, length=0, years=True),
    "price.kit_index_by_year": Spec(0.01, 10, length=0, years=True),
    "price.licence_index_by_year": Spec(0.01, 10, length=0, years=True),
    "public_charge_usd_per_kwh": Spec(0, 10),
    "remote.vehicles_per_agent_by_half_year": Spec(0.1, 10_000, length=0),
    "rival.line_share": SHARE,
    "rival.line_vehicles_per_year": Spec(1, 1e8),
    "service.aux_kw": Spec(0, 50),
    "service.batching_s": Spec(0, 600),
    "service.boarding_min": Spec(0, 30),
    "service.charge_window_kw_share": Spec(0.01, 1),
    "service.charging_stop_h": Spec(0, 5),
    "service.energy_kwh_per_km": Spec(0.02, 5),
    "service.out_share": Spec(0, 0.95),
    "service.pace": Spec(0.1, 2),
    "service.pickup_fixed_min": Spec(0, 30),
    "service.rebalance_factor": CITY_FITTED["law.rebalance_factor"],
    "service.reserve": CITY_FITTED["law.reserve"],
    "service.least_way_min": CITY_FITTED["law.least_way_min"],
    "service.turn_shape": CITY_FITTED["law.turn_shape"],
    "service.search_factor": CITY_FITTED["law.search_factor"],
    "service.service_hours": Spec(1, 24),
    "service.spare_share": SHARE,
    "service.staging_km_per_vehicle_day": Spec(0, 1_000),
    "service.usable_kwh": Spec(1, 1_000),
    **{
        f"slip.{kind}_{figure}": Spec(0, 240, whole=True) if figure in {"median", "p90"} else SHARE
        for kind in SLIP_CLASSES
        for figure in ("kept", "median", "p90", "never")
    },
    "slip.jurisdiction_correlation": Spec(0, 0.5),
    "slip.partner_correlation": Spec(0, 0.5),
    "supply.fixed_cost_share": Spec(0, 0.95),
    "supply.public_charging_cars": Spec(0, 1e6, whole=True),
    "exit.usd_per_service": Spec(0, 1e9),
    "suspension.recovery_months": Spec(0, 120),
    "suspension.forgotten_months": Spec(0, 12),
    "team.usd_per_year": Spec(0, 1e9),
    "terminal.growth": Spec(-0.5, 0.5),
    "terminal.years": Spec(0, 40),
    "wait.elasticity": Spec(-10, 0),
    "wait.reference_min": Spec(0.1, 120),
}
LAW_FIGURES: Final[dict[str, Spec]] = {
    "fleet_cap": Spec(0, 10_000_000, whole=True),
    "vehicles_per_remote_operator": Spec(0, 1_000),
}
"""Numbers of a permit that a request may replace; 0 is none."""
RATE_OF_EXCHANGE: Final = Spec(1e-6, 1e3)
ECONOMIC_FIGURES: Final[dict[str, Spec]] = {
    "charging_loss": Spec(0, 0.9),
    "connectivity_and_data_per_vehicle_month": Spec(0, 10_000),
    "customer_support_per_trip": Spec(0, 100),
    "event_response_vehicles_per_field_agent": Spec(0.1, 10_000),
    "maintenance_and_tyres_per_km": Spec(0, 20),
    "payment_processing": SHARE,
    "vehicles_per_fast_stall": Spec(0.1, 1_000),
}

PLATFORM_PAYS: Final = (
    "capital",
    "energy",
    "maintenance",
    "insurance",
    "operator_fee",
    "remote",
    "field",
    "data",
    "charger",
    "licence",
    "payment",
    "support",
    "team",
    "safety_operator",
)

OPENS: Final = (
    "mapping",
    "test_operator",
    "test_driver_out",
    "unpaid_operator",
    "unpaid_driver_out",
    "paid_operator",
    "paid_driver_out",
    "approval",
    "area",
    "airport",
    "platform",
)

DISTRICTS: Final = (
    "district",
    "population",
    "population_year",
    "area_km2",
    "lat",
    "lon",
    "jobs",
    "source",
    "confidence",
)
HOT_SPOTS: Final = ("name", "kind", "lat", "lon", "weight", "source", "confidence")
GATEWAYS: Final = ("name", "kind", "lat", "lon", "passengers_per_day", "trip_share", "permit", "source", "confidence")
CROSSINGS: Final = (
    "name",
    "barrier",
    "kind",
    "lat_a",
    "lon_a",
    "lat_b",
    "lon_b",
    "open",
    "permit",
    "note",
    "source",
    "confidence",
)
DEPOTS: Final = (
    "site",
    "lat",
    "lon",
    "stalls",
    "kw_per_stall",
    "power",
    "lead_months",
    "note",
    "source",
    "confidence",
)
DEPLOYMENTS: Final = (
    "stack",
    "city",
    "permitted",
    "reason",
    "deal",
    "deal_note",
    "earliest_announced",
    "source",
    "confidence",
)
ECONOMICS: Final = ("item", "low", "likely", "high", "unit", "year", "source", "confidence")
LIVE_MARKETS: Final = ("market", "partner", "since", "mode", "counts", "note", "source", "confidence")
SUPPLY_LINES: Final = ("line", "builds", "source", "confidence")
LINE_BUILDS: Final = ("vehicles", "parts", "nothing")
LINE_NUMBERS: Final[dict[str, Spec]] = {
    "capacity_per_year": Spec(0, 1e9),
    "current_output_per_year": Spec(0, 1e9),
    "break_even_utilisation": SHARE,
}
"""What is read of a supply line; blank where it is not known."""
RECORD: Final = (
    "measure",
    "operator",
    "place",
    "month",
    "months_from",
    "months_to",
    "value",
    "unit",
    "how",
    "source",
    "confidence",
)
RECORD_MEASURES: Final = (
    "trips_per_car_day",
    "empty_share",
    "km_per_car_day",
    "wait_min",
    "cars_per_km2",
    "fare_to_human_fare",
    "revenue_per_car_day",
    "fleet_growth",
    "first_year_fleet",
    "launch_area_km2",
    "area_growth",
)
