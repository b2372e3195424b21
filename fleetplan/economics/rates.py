"""What one deployment earns and pays, as rates per trip, kilometre, and vehicle-month; every rate keyed by its money line.

The lines and their formulas are those of ``docs/model.md``; which of them the platform bears is the contract's
``platform_pays``. Signs: plus comes in, minus goes out. USD throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from fleetplan.catalogue.law import most_vehicles_per_remote_operator
from fleetplan.catalogue.types import Catalogue, City, Figure, Stack
from fleetplan.economics.paths import BATTERY_USD, INSURANCE_INDEX, KIT_INDEX, LICENCE_INDEX, in_year, index

HOURS_PER_MONTH = 730.0
OPERATOR_HOURS_PER_DAY = 16.0
DAYS_PER_OPERATOR_MONTH = 30.4
FIELD_DUTY_SHARE = 0.8
PUBLIC_CHARGE_KWH_PER_DAY = 90.0
DAYS_PER_MONTH = 365.25 / 12.0
WINTER_MONTHS = (12, 1, 2)
OPERATOR_MODES = ("paid_operator", "unpaid_operator")


@dataclass(frozen=True, slots=True)
class Line:
    """A money line.

    Attributes
    ----------
    group
        Under what name plans, reports and comparisons sum it.
    kind
        ``running`` goes on after the horizon; ``capital`` is spent of the budget, at the start of its period; ``loan`` ends;
        ``once`` is spent when something ends, out of no budget; ``resale`` comes once.
    figures
        What it reads of economics.csv and assumptions.toml, by item and key, exchange rates apart.
    """

    group: str
    kind: Literal["running", "capital", "loan", "once", "resale"] = "running"
    figures: tuple[str, ...] = ()


_UPKEEP, _FEES, _STAFF = "Energy, upkeep, licence", "Insurance, operation, fees", "City teams, remote and field staff"
PRICE_LISTS = (KIT_INDEX, BATTERY_USD)
_VEHICLES, _DEPOTS, _LAUNCH = "Vehicles", "Depots and stalls", "Launch and area"

LINES: Mapping[str, Line] = {
    "net_fares": Line("Net fares"),
    "partner_share": Line("Partner's share"),
    "payment": Line("Payment, support", figures=("payment_processing",)),
    "support": Line("Payment, support", figures=("customer_support_per_trip",)),
    "displaced": Line("Human trips displaced"),
    "energy": Line(_UPKEEP, figures=("charging_loss", "service.aux_kw", "service.service_hours")),
    "maintenance": Line(_UPKEEP, figures=("maintenance_and_tyres_per_km",)),
    "licence": Line(_UPKEEP, figures=(LICENCE_INDEX,)),
    "public_charging": Line(_UPKEEP, figures=("public_charge_usd_per_kwh",)),
    "insurance": Line(_FEES, figures=(INSURANCE_INDEX,)),
    "operator_fee": Line(_FEES),
    "data": Line(_FEES, figures=("connectivity_and_data_per_vehicle_month",)),
    "local_charges": Line(_FEES),
    "fixed_fee": Line(_FEES),
    "remote": Line(_STAFF, figures=("remote.vehicles_per_agent_by_half_year",)),
    "field": Line(_STAFF, figures=("event_response_vehicles_per_field_agent",)),
    "wear": Line(
        _UPKEEP,
        figures=("fleet.life_km", "fleet.life_years", "fleet.residual_share", "service.spare_share", *PRICE_LISTS),
    ),
    "team": Line(_STAFF, figures=("team.usd_per_year",)),
    "safety_operator": Line("Safety operators"),
    "vehicles": Line(_VEHICLES, "capital", ("service.spare_share", "finance.loan_to_value", *PRICE_LISTS)),
    "shortfall": Line(_VEHICLES, "once"),
    "placing": Line(_VEHICLES, "capital", ("fleet.delivery_usd",)),
    "withdrawal": Line(_VEHICLES, "once", ("fleet.move_usd_per_vehicle",)),
    "resale": Line(
        _VEHICLES, "resale", ("service.spare_share", "fleet.residual_share", "fleet.life_years", *PRICE_LISTS)
    ),
    "loan": Line(
        _VEHICLES,
        "loan",
        (
            "service.spare_share",
            "finance.loan_to_value",
            "finance.interest",
            "finance.term_years",
            "finance.inflation",
            "fleet.life_years",
            *PRICE_LISTS,
        ),
    ),
    "depot_site": Line(_DEPOTS, "capital"),
    "stalls": Line(_DEPOTS, "capital"),
    "launch": Line(_LAUNCH, "capital", ("launch.followup_factor",)),
    "area": Line(_LAUNCH, "capital", ("area.expansion_usd_per_km2",)),
    "exit": Line(_LAUNCH, "once", ("exit.usd_per_service",)),
}
"""Every money line, in the order in which accounts list them; how to add one: docs/extending.md."""


@dataclass(frozen=True)
class DeploymentRates:
    """Rates of one deployment.

    Attributes
    ----------
    net_fare_usd
        Fare without tax for a trip of the city's mean length in a fully paid mode.
    per_net_fare
        Lines that are shares of net fares (``net_fares`` itself is 1).
    per_trip, per_km, per_kwh
        Lines in USD per trip, per driven km, per kWh from the grid.
    moving
        Of lines that move from year to year the list that multiplies them, against its first year.
    per_vehicle_month
        Lines in USD per vehicle in service and month, whatever the mode and age; ``remote`` stands apart.
    agents_per_vehicle
        Remote agents on duty for a vehicle in service, by half years since driver-out; they cost ``agent_usd_month`` each.
    safety_operator_usd_month
        USD per vehicle-month in operator modes (0 or negative).
    """

    stack: str
    city: str
    net_fare_usd: float
    mean_trip_km: float
    per_net_fare: Mapping[str, float]
    per_trip: Mapping[str, float]
    per_km: Mapping[str, float]
    per_kwh: Mapping[str, float]
    moving: Mapping[str, Figure]
    per_vehicle_month: Mapping[str, float]
    agents_per_vehicle: tuple[float, ...]
    agent_usd_month: float
    safety_operator_usd_month: float
    kwh_per_km: float
    aux_kwh_per_vehicle_day: float
    charging_loss: float
    winter_factor: float
    public_charging_usd_month: float
    charger_paid: bool
    capital_paid: bool
    launch_usd: float
    area_usd_per_km2: float
    placing_usd: float
    human_fare_usd: float
    human_take: float
    displaced_shares: Figure
    withdrawal_usd: float
    demand_factor: float

    def fare_usd(self, level_trip_km: float, fare_factor: float) -> float:
        """Return the net fare of a trip in an area whose mean trip is ``level_trip_km``: base quarter plus distance part."""
        return self.net_fare_usd * fare_factor * (0.25 + 0.75 * level_trip_km / self.mean_trip_km)

    def displaced_usd(self, level_trip_km: float, month: int) -> float:
        """Return what the platform loses on drivers' trips for a robotaxi trip in an absolute month (0 or negative).

        ``share(year) * human_take_net * the driver's fare``, tax taken out, at the city's own fare level.
        """
        lost = self.human_fare_usd * (0.25 + 0.75 * level_trip_km / self.mean_trip_km) * self.human_take
        return -in_year(self.displaced_shares, month) * lost

    def moved(self, line: str, month: int) -> float:
        """Return what a line is multiplied by in the year of an absolute month: 1 where nothing moves it."""
        return index(self.moving[line], month) if line in self.moving else 1.0

    def winter(self, months: list[int]) -> float:
        """Return the mean energy factor over absolute months: the frost factor in December to February, else 1."""
        return sum(self.winter_factor if m % 12 + 1 in WINTER_MONTHS else 1.0 for m in months) / len(months)

    def kwh_per_day(self, km: float, vehicles: float, winter: float) -> float:
        """Return grid energy a day for ``km`` driven a day by ``vehicles``."""
        wheel = km * self.kwh_per_km * winter + self.aux_kwh_per_vehicle_day * vehicles
        return wheel / (1.0 - self.charging_loss)


def deployment_rates(catalogue: Catalogue, stack: Stack, city: City) -> DeploymentRates:
    """Gather the rates of a stack in a city from the catalogue."""
    eco, own = catalogue.economics, catalogue.assumptions
    pays = stack.platform_pays
    usd = own[f"fx.{city.currency}"].value
    multiplier = stack.value("contract.fare_multiplier")
    net_fare = city.value("market.mean_fare_local") * usd * multiplier / (1.0 + city.value("market.fare_tax"))
    electricity = city.value("cost.electricity_usd_per_kwh")

    def paid(line: str, amount: float) -> float:
        return -amount if line in pays else 0.0

    per_net_fare = {
        "net_fares": 1.0,
        "partner_share": -(1.0 - stack.value("contract.platform_fare_share")),
        "payment": paid("payment", eco["payment_processing"].value),
    }
    per_vehicle_month = {
        "operator_fee": paid("operator_fee", city.value("cost.operator_fee_usd_per_vehicle_month")),
        "data": paid("data", eco["connectivity_and_data_per_vehicle_month"].value),
        "local_charges": -city.value("market.av_local_charge_usd_month") if "data" in pays else 0.0,
        "fixed_fee": -stack.value("contract.fee_usd_per_vehicle_day") * DAYS_PER_MONTH,
        "field": paid(
            "field",
            FIELD_DUTY_SHARE
            * city.value("cost.field_agent_usd_per_h")
            * HOURS_PER_MONTH
            / eco["event_response_vehicles_per_field_agent"].value,
        ),
    }
    minded = accumulate(own["remote.vehicles_per_agent_by_half_year"].values, max)
    lawful = most_vehicles_per_remote_operator(catalogue.permits_of(stack.slug, city.slug).values())
    public_extra = own["public_charge_usd_per_kwh"].value - electricity
    return DeploymentRates(
        stack=stack.slug,
        city=city.slug,
        net_fare_usd=net_fare,
        mean_trip_km=city.value("market.mean_trip_km"),
        per_net_fare=per_net_fare,
        per_trip={"support": paid("support", eco["customer_support_per_trip"].value)},
        per_km={
            "maintenance": paid("maintenance", eco["maintenance_and_tyres_per_km"].value),
            "licence": paid("licence", stack.value("contract.licence_usd_per_km")),
            "insurance": paid("insurance", city.value("cost.insurance_usd_per_km")),
        },
        per_kwh={"energy": paid("energy", electricity)},
        moving={"licence": own[LICENCE_INDEX], "insurance": own[INSURANCE_INDEX]},
        per_vehicle_month=per_vehicle_month,
        agents_per_vehicle=tuple(1.0 / min(vehicles, lawful) for vehicles in minded),
        agent_usd_month=paid("remote", city.value("cost.remote_agent_usd_per_h") * HOURS_PER_MONTH),
        safety_operator_usd_month=paid(
            "safety_operator", city.value("cost.operator_usd_per_h") * OPERATOR_HOURS_PER_DAY * DAYS_PER_OPERATOR_MONTH
        ),
        kwh_per_km=stack.value("vehicle.energy_kwh_per_km"),
        aux_kwh_per_vehicle_day=own["service.aux_kw"].value * own["service.service_hours"].value,
        charging_loss=eco["charging_loss"].value,
        winter_factor=city.value("weather.winter_energy_factor"),
        public_charging_usd_month=-max(0.0, public_extra) * PUBLIC_CHARGE_KWH_PER_DAY * DAYS_PER_MONTH,
        charger_paid="charger" in pays,
        capital_paid="capital" in pays,
        launch_usd=-stack.value("contract.launch_cost_usd") * stack.value("contract.launch_share"),
        area_usd_per_km2=-own["area.expansion_usd_per_km2"].value * stack.value("contract.launch_share"),
        placing_usd=-own["fleet.delivery_usd"].value if "capital" in pays else 0.0,
        human_fare_usd=net_fare / multiplier,
        human_take=city.value("market.human_take_net"),
        displaced_shares=city.figures["market.displaced_share_by_year"],
        withdrawal_usd=-own["fleet.move_usd_per_vehicle"].value if "capital" in pays else 0.0,
        demand_factor=multiplier ** own["price.elasticity"].value,
    )
