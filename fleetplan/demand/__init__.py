"""Trips between zones, by period of the day and day type."""

from fleetplan.demand.build import build_demand
from fleetplan.demand.types import DAY_TYPES, PERIODS, CityDemand, DayType, Period

__all__ = ["DAY_TYPES", "PERIODS", "CityDemand", "DayType", "Period", "build_demand"]
