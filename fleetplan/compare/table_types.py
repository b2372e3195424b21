"""What a table of several plans holds: a column a plan, in the order in which they were named. Money is USD."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlanColumn(Model):
    """A plan's figures.

    ``partner`` and ``city``: whose vehicles are most of those in the last period, and which city is most of the value of cities
    worth something, each with its share (None: nobody's). ``doubtful``: figures of low confidence, or assumed, that it leans on.
    ``kept``: the least chance that a promised month of an opening is kept. ``never``: the greatest that a permit never comes.
    None where nothing opens, or the plan was made before that was told.
    """

    name: str
    npv_usd: float
    bound_usd: float
    markets_found: int | None
    incremental_npv_usd: float
    gross_npv_usd: float
    cash_usd: float
    npv_by_horizon_usd: float
    capital_usd: float
    peak_funding_usd: float
    payback: str | None
    irr: float | None
    break_even_fare: float | None
    after_tax_npv_usd: float
    cities_live: int
    vehicles_end: int
    trips_per_day_end: float
    km2_end: float
    partner: str
    partner_share: float | None
    city: str
    city_share: float | None
    doubtful: int
    kept: float | None
    never: float | None
    catalogue_sha256: str
    horizon: str


class LaunchCell(Model):
    """What a plan does with a stack in a city: months (None: never), and the area and fleet of its last period."""

    launch: str | None
    driver_out: str | None
    ended: str | None
    km2_end: float
    vehicles_end: int


class LaunchRow(Model):
    """A stack in a city in every plan; None where a plan does not begin it."""

    stack: str
    partner: str
    city: str
    city_name: str
    cells: list[LaunchCell | None]


class SideBySide(Model):
    """Several plans side by side.

    ``alike``: pairs of columns whose best plans may be worth the same, by the bounds of both. ``same_catalogue`` and
    ``same_horizon``: all plans rest on the same figures, and end in the same month.
    """

    plans: list[PlanColumn]
    launches: list[LaunchRow]
    alike: list[tuple[int, int]]
    same_catalogue: bool
    same_horizon: bool
    sentences: list[str] = []
