"""Figures that move from year to year: lists by calendar year, and the price of a vehicle put together from its parts.

Everything here is in constant prices: what falls along a list falls against all other prices.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleetplan.catalogue.types import Figure, Stack

KIT_INDEX = "price.kit_index_by_year"
BATTERY_USD = "price.battery_usd_per_kwh_by_year"
INSURANCE_INDEX = "price.insurance_index_by_year"
LICENCE_INDEX = "price.licence_index_by_year"


def in_year(figure: Figure, month: int) -> float:
    """Return what a list by calendar year holds in an absolute month; beyond its ends the value there."""
    year = month // 12
    at = sum(y <= year for y in figure.years) - 1
    return figure.values[max(at, 0)]


def index(figure: Figure, month: int) -> float:
    """Return a list by calendar year against its first year."""
    return in_year(figure, month) / figure.values[0]


def vehicle_price_usd(own: Mapping[str, Figure], stack: Stack, month: int) -> float:
    """Return what a vehicle costs in the year of an absolute month, without spares, USD.

    ``price_usd`` is that of the lists' first year. Of it the driving kit (``kit_share``) follows ``price.kit_index_by_year``, the
    battery falls by what its kWh fall by, and the rest of the car keeps its price.
    """
    price, share = stack.value("vehicle.price_usd"), stack.value("vehicle.kit_share")
    pack = own[BATTERY_USD]
    cheaper_cells = stack.value("vehicle.battery_kwh") * (pack.values[0] - in_year(pack, month))
    return max(0.0, price * (1.0 - share + share * index(own[KIT_INDEX], month)) - cheaper_cells)


def vehicle_life_months(own: Mapping[str, Figure]) -> int:
    """Return the whole months after which a vehicle is renewed for its age."""
    return max(1, round(own["fleet.life_years"].value * 12.0))
