"""The numbers of one planning problem, ready for the formulation: arrays by deployment, stack, city and period.

Nothing here knows a solver. Index conventions: period ``t`` 0-based, ladder level ``g`` 0-based, ``reach`` arrays hold for every
period the last period in which a programme may begin so that something is ready in time (-1: not even from the first).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Stack
from fleetplan.economics import DeploymentRates
from fleetplan.months import Grid
from fleetplan.permits import PermitPath
from fleetplan.scope import Scope
from fleetplan.service.types import CityService

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Milestone:
    """When something is permitted: every programme named must have begun by ``reach[programme][t]``.

    ``reach`` maps ``city`` (the deployment's own programme) and shared wider jurisdictions to arrays of shape (periods,).
    """

    permits: tuple[str, ...]
    reach: Mapping[str, Ints]

    def possible(self, t: int) -> bool:
        """Return whether it can be ready in period ``t`` at all."""
        return all(r[t] >= 0 for r in self.reach.values())


@dataclass(frozen=True, eq=False)
class ServiceMode:
    """A public mode of a deployment: when, at what share of the fare, with how many vehicles at most."""

    name: str
    fare_factor: float
    operator: bool
    milestone: Milestone
    cap: float  # concurrent vehicles, inf when the law names no number
    permit: str
    area_levels: int


@dataclass(frozen=True, eq=False)
class DeploymentData:
    """One stack in one city."""

    stack: str
    city: str
    path: PermitPath
    rates: DeploymentRates
    modes: tuple[ServiceMode, ...]
    level_gates: tuple[tuple[Milestone, ...], ...]  # by level: all must be ready
    shared: tuple[str, ...]  # wider programmes shared with another deployment
    scale: Array  # (periods,): season x rivals x fare response
    electric: bool
    test_fleet: int
    paid_by_trip: bool  # the partner owns the cars and lives on its share of fares

    @property
    def key(self) -> str:
        """``stack@city``."""
        return f"{self.stack}@{self.city}"


@dataclass(frozen=True, eq=False)
class StackData:
    """A stack's supply and the cash flows of one vehicle bought in each period."""

    stack: str
    partner: str
    owned: bool
    ceiling: Ints  # (periods,)
    yearly_cap: float
    life_months: int
    price_usd: float  # with spares
    own_cash_usd: float  # paid at purchase, per vehicle
    loan_usd: Array  # (periods bought, periods paid): loan payments, negative
    residual_usd: Array  # (periods,): value at the horizon's end of a vehicle bought then, loan deducted
    alive: NDArray[np.bool_]  # (periods bought, periods)


@dataclass(frozen=True, eq=False)
class DepotData:
    """A candidate site. ``reach[t]``: last period to order so that it is live in ``t``."""

    name: str
    stalls: int
    reach: Ints
    km: Array  # (levels,)


@dataclass(frozen=True, eq=False)
class CityData:
    """What deployments of a city share."""

    city: str
    service: CityService
    depots: tuple[DepotData, ...]
    depot_fixed_usd: float
    stall_usd: float
    stall_residual: Array  # (periods,): share of stall cost left at the horizon's end


@dataclass(frozen=True, eq=False)
class Instance:
    """A planning problem in numbers."""

    scope: Scope
    grid: Grid
    deployments: tuple[DeploymentData, ...]
    stacks: Mapping[str, StackData]
    cities: Mapping[str, CityData]
    adoption: Array  # (periods opened, periods): mean adoption in a period of a ring opened at the start of another
    budget_usd: Array  # (periods,): cumulated budget available by the end of a period
    days: Array  # (periods,)
    months: Array  # (periods,)
    disc_start: Array
    disc_mid: Array
    disc_end: float
    terminal_factor: float  # discounted worth of 1 USD a year from the end of the horizon
    capital_charge_usd: Mapping[str, float]  # per owned vehicle-year after the horizon
    vehicles_per_stall: float
    public_cars: int
    min_launch_fleet: int
    km2_per_vehicle: float
    ramp_per_month: float
    partner_least_trips: float
    followup_factor: float
    team_usd_month: float

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.grid)

    def catalogue_stack(self, slug: str) -> Stack:
        """Return a stack of the catalogue by slug."""
        return self.scope.catalogue.stacks[slug]
