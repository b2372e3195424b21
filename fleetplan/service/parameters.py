"""The figures that the service law runs on, read once from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleetplan.catalogue.types import City, Figure

ENERGY_KWH_PER_KM = 0.20
"""A mid-size electric car in town, 0.16-0.22 (facts fleet-sizing-science section 6); the surface serves every stack."""
USABLE_KWH = 50.0
"""Energy taken between two charging stops: 10-80 % of a 70 kWh battery."""
STOP_HOURS = 0.25
"""Drive to the depot, plug and queue at each charging stop, 10-20 min (same section)."""
CARS_PER_STALL = 6.0
"""Cars that share one fast charger (facts README section 4): at most a sixth of a fleet charges at once."""
ROBOTAXI_PACE = 0.85
"""Speed of a robotaxi over that of traffic: cautious driving, no freeways, exact stopping points. Calibrated, with the
time that staging takes, to about 26 paid trips a car-day (fleet-sizing science, section 8)."""
STALL_KW = 92.5
"""Power of a stall where a city lists no depot (same section)."""


@dataclass(frozen=True, slots=True)
class ServiceParameters:
    """What a fleet's day depends on besides demand; times in hours, speeds in km/h, powers in kW."""

    boarding_h: float
    pickup_fixed_h: float
    batching_h: float
    patience_h: float
    available_share: float
    staging_km_per_vehicle_day: float
    aux_kw: float
    service_hours: float
    charge_kw: float
    energy_kwh_per_km: float
    serving_days_share: float

    @staticmethod
    def of(city: City, assumptions: Mapping[str, Figure]) -> ServiceParameters:
        """Return the parameters of a city under the catalogue's assumptions.

        A fleet of V holds its own spares: ``V = in service x (1 + spare_share)``, and of those in service ``out_share``
        are being cleaned or mended.
        """

        def read(key: str) -> float:
            return assumptions[f"service.{key}"].value

        stall_kw = sum(d.kw_per_stall for d in city.depots) / len(city.depots) if city.depots else STALL_KW
        return ServiceParameters(
            boarding_h=read("boarding_min") / 60.0,
            pickup_fixed_h=read("pickup_fixed_min") / 60.0,
            batching_h=read("batching_s") / 3600.0,
            patience_h=read("patience_min") / 60.0,
            available_share=(1.0 - read("out_share")) / (1.0 + read("spare_share")),
            staging_km_per_vehicle_day=read("staging_km_per_vehicle_day"),
            aux_kw=read("aux_kw"),
            service_hours=read("service_hours"),
            charge_kw=stall_kw * read("charge_window_kw_share"),
            energy_kwh_per_km=ENERGY_KWH_PER_KM * _winter(city),
            serving_days_share=1.0 - city.value("weather.days_without_service") / 365.0,
        )


def _winter(city: City) -> float:
    """Return the year's mean energy factor: the winter factor holds for a third of the year."""
    return (city.value("weather.winter_energy_factor") + 2.0) / 3.0
