"""The figures that the service law runs on, read once from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleetplan.catalogue.types import City, Figure

STALL_KW = 92.5
"""Power of a stall where a city lists no depot (facts behind ``depots.csv``)."""


@dataclass(frozen=True, slots=True)
class ServiceParameters:
    """What a fleet's day depends on besides demand; times in hours, speeds in km/h, powers in kW."""

    boarding_h: float
    pickup_fixed_h: float
    batching_h: float
    available_share: float
    staging_km_per_vehicle_day: float
    aux_kw: float
    service_hours: float
    charge_kw: float
    energy_kwh_per_km: float
    serving_days_share: float
    pace: float
    usable_kwh: float
    charging_stop_h: float
    cars_per_stall: float
    wait_response: float  # elasticity of trips to the wait at the reference wait, as a positive number
    reference_wait_h: float
    search_factor: float  # ways to riders over those of the square-root law
    rebalance_factor: float  # empty km between stands over the least that the imbalance of trips forces
    reserve: float  # spread of cars free less riders waiting, over (riders an hour x way to an only car)^(2/3)
    least_way_h: float  # way to a rider that is left however many cars stand
    turn_shape: float  # of waits for a car to become free (Weibull): 1 exponential, less: some are short, others long

    @staticmethod
    def of(city: City, assumptions: Mapping[str, Figure], economics: Mapping[str, Figure]) -> ServiceParameters:
        """Return the parameters of a city under the catalogue's assumptions.

        A fleet of V are the vehicles in service; ``out_share`` of them are being cleaned or mended. Spares come on top
        and are paid for with the vehicles (``service.spare_share``).
        """

        def read(key: str) -> float:
            return assumptions[f"service.{key}"].value

        def fitted(name: str) -> float:
            own = city.figures.get(f"law.{name}")
            return read(name) if own is None else own.value

        stall_kw = sum(d.kw_per_stall for d in city.depots) / len(city.depots) if city.depots else STALL_KW
        return ServiceParameters(
            boarding_h=read("boarding_min") / 60.0,
            pickup_fixed_h=read("pickup_fixed_min") / 60.0,
            batching_h=read("batching_s") / 3600.0,
            available_share=1.0 - read("out_share"),
            staging_km_per_vehicle_day=read("staging_km_per_vehicle_day"),
            aux_kw=read("aux_kw"),
            service_hours=read("service_hours"),
            charge_kw=stall_kw * read("charge_window_kw_share"),
            energy_kwh_per_km=read("energy_kwh_per_km") * _winter(city),
            serving_days_share=1.0 - city.value("weather.days_without_service") / 365.0,
            pace=read("pace"),
            usable_kwh=read("usable_kwh"),
            charging_stop_h=read("charging_stop_h"),
            cars_per_stall=economics["vehicles_per_fast_stall"].value,
            wait_response=-assumptions["wait.elasticity"].value,
            reference_wait_h=assumptions["wait.reference_min"].value / 60.0,
            search_factor=fitted("search_factor"),
            rebalance_factor=fitted("rebalance_factor"),
            reserve=fitted("reserve"),
            least_way_h=fitted("least_way_min") / 60.0,
            turn_shape=fitted("turn_shape"),
        )


def _winter(city: City) -> float:
    """Return the year's mean energy factor: the winter factor holds for a third of the year."""
    return (city.value("weather.winter_energy_factor") + 2.0) / 3.0
