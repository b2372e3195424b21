"""The numbers of one planning problem, ready for the formulation: arrays by deployment, stack, city and period.

Nothing here knows a solver. What every scenario shares is the :class:`World` (places, money, time); what a scenario may change is
the :class:`Outlook` (when permits come, how many riders there are, how many vehicles can be had). An :class:`Instance` is both.

Index conventions: period ``t`` 0-based, ladder level ``g`` 0-based, ``reach`` arrays hold for every period the last period in
which a programme may begin so that something is ready in time (-1: not even from the first).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fleetplan.catalogue.types import Stack
from fleetplan.economics import DeploymentRates
from fleetplan.months import Grid
from fleetplan.optimize.holdings import Array, Flags, Ints, StackTerms
from fleetplan.optimize.lawcaps import CapChange
from fleetplan.optimize.pace import Growth
from fleetplan.optimize.sites import CityData
from fleetplan.optimize.standing import standing_of
from fleetplan.optimize.suspended import SuspensionTerms, interruptions_of
from fleetplan.permits import PUBLIC_MODES, PermitPath
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import MarketsLive
from fleetplan.scope import Scope
from fleetplan.service.types import LadderLevel

__all__ = [
    "Array",
    "DeploymentData",
    "DeploymentOutlook",
    "DeploymentTerms",
    "Flags",
    "Gate",
    "Instance",
    "Ints",
    "Milestone",
    "Outlook",
    "ServiceMode",
    "World",
    "counted_modes",
]


def counted_modes(constraints: Iterable[AnyConstraint]) -> tuple[str, ...]:
    """Return the modes that riders may use: unpaid ones only where the request counts public service."""
    unpaid = any(isinstance(c, MarketsLive) and c.counts == "public" for c in constraints)
    return PUBLIC_MODES if unpaid else tuple(m for m in PUBLIC_MODES if m.startswith("paid"))


@dataclass(frozen=True, eq=False)
class Milestone:
    """When something is permitted: every programme named must have begun by ``reach[programme][t]``.

    ``reach`` maps ``city`` (the deployment's own programme) and shared wider jurisdictions to arrays of shape (periods,).
    """

    permits: tuple[str, ...]
    reach: Mapping[str, Ints]

    @cached_property
    def possible(self) -> Flags:
        """Whether it can be ready in each period at all, shape (periods,)."""
        return np.asarray(np.logical_and.reduce([r >= 0 for r in self.reach.values()]))


Gate = tuple[Milestone, ...]
"""Ready as soon as one of its milestones is."""


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
class DeploymentTerms:
    """One stack in one city: what no scenario changes."""

    stack: str
    city: str
    rates: DeploymentRates
    shared: tuple[str, ...]  # wider programmes shared with another deployment
    electric: bool
    test_fleet: int
    agents: Array  # (periods driver-out since, periods): remote agents a vehicle needs
    young_agents: float  # the same before driver-out
    paid_by_trip: bool  # the partner owns the cars and lives on its share of fares


@dataclass(frozen=True, eq=False)
class DeploymentOutlook:
    """One stack in one city: what a scenario may change."""

    path: PermitPath
    modes: tuple[ServiceMode, ...]
    level_gates: tuple[tuple[Gate, ...], ...]  # by level: all must be ready
    scale: Array  # (periods,): season x rivals x fare response
    barred: Flags  # (periods,): an event of the request bars the stack there
    bar: str  # which event, and from when; empty for none


@dataclass(frozen=True, eq=False)
class DeploymentData:
    """One stack in one city, terms and outlook together."""

    terms: DeploymentTerms
    outlook: DeploymentOutlook

    @property
    def stack(self) -> str:
        """Slug of the stack."""
        return self.terms.stack

    @property
    def city(self) -> str:
        """Slug of the city."""
        return self.terms.city

    @property
    def key(self) -> str:
        """``stack@city``."""
        return f"{self.stack}@{self.city}"

    @property
    def rates(self) -> DeploymentRates:
        """What trips, kilometres and vehicles earn and cost."""
        return self.terms.rates

    @property
    def shared(self) -> tuple[str, ...]:
        """Wider programmes shared with another deployment."""
        return self.terms.shared

    @property
    def electric(self) -> bool:
        """Whether the vehicles need chargers."""
        return self.terms.electric

    @property
    def charges_itself(self) -> bool:
        """Whether the partner pays for charging its vehicles: stalls, and what public stations cost more."""
        return self.electric and not self.rates.charger_paid

    @property
    def test_fleet(self) -> int:
        """Vehicles in tests until the service opens."""
        return self.terms.test_fleet

    @property
    def path(self) -> PermitPath:
        """The permits on the way."""
        return self.outlook.path

    @property
    def modes(self) -> tuple[ServiceMode, ...]:
        """The public modes that can be permitted within the horizon."""
        return self.outlook.modes

    @property
    def level_gates(self) -> tuple[tuple[Gate, ...], ...]:
        """By level: what must all be ready, each by one of several milestones."""
        return self.outlook.level_gates

    @property
    def scale(self) -> Array:
        """Season x rivals x fare response, shape (periods,)."""
        return self.outlook.scale

    @cached_property
    def driver_out(self) -> tuple[ServiceMode, ...]:
        """The modes in which riders pay and nobody is on board to drive."""
        return tuple(m for m in self.modes if m.name == "paid_driver_out")

    @cached_property
    def area_can_open(self) -> Flags:
        """In which periods all can be in hand that the smallest area needs besides a mode's permit, shape (periods,)."""
        some = np.ones(len(self.scale), dtype=bool)
        for gate in self.level_gates[0]:
            some = some & np.logical_or.reduce([m.possible for m in gate])
        return np.asarray(some)

    @property
    def always_driver_out(self) -> bool:
        """Whether it runs in paid driver-out from its first day on, whenever that is."""
        return len(self.driver_out) == len(self.modes)

    @cached_property
    def can_be_driver_out(self) -> Flags:
        """In which periods paid driver-out can be in hand, shape (periods,)."""
        never = np.zeros(len(self.scale), dtype=bool)
        return np.asarray(np.logical_or.reduce([never, *(m.milestone.possible for m in self.driver_out)]))

    @cached_property
    def fare_factors(self) -> tuple[float, ...]:
        """The shares of the fare that its modes may take, lowest first."""
        return tuple(sorted({m.fare_factor for m in self.modes}))


@dataclass(frozen=True, eq=False)
class World:
    """What every scenario of a request shares: places, partners, money and time."""

    scope: Scope
    grid: Grid
    deployments: tuple[DeploymentTerms, ...]
    stacks: Mapping[str, StackTerms]
    cities: Mapping[str, CityData]
    adoption: Array  # (periods opened, periods): mean adoption in a period of a ring opened at the start of another
    productivity: Array  # (periods driver-out since, periods): mean trips a day per car of the whole fleet
    young_trips: float  # the same before driver-out
    pilot_riders: float  # share of riders won while only a pilot with an operator serves
    doubling_months: float  # of a service's area
    budget_usd: Array  # (periods,): cumulated budget available by the end of a period
    days: Array  # (periods,)
    months: Array  # (periods,)
    disc_start: Array
    disc_mid: Array
    disc_end: float
    going_on: Mapping[int, float]  # worth today of 1 USD a month after the horizon, by months counted
    after_months: int  # months counted after the horizon
    life_months: int
    life_km: float
    spare_share: float
    vehicles_per_stall: float
    public_cars: int
    min_launch_fleet: int
    operator_pilot_cap: float
    km2_per_vehicle: float
    growth: Growth  # of a deployment
    partner_growth: Growth  # of a partner's deployments together
    launch_fleet: int
    first_year_fleet: int
    partner_least_trips: float
    followup_factor: float
    team_usd_month: float
    suspension: SuspensionTerms


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a scenario may change: permits, riders, supply."""

    deployments: tuple[DeploymentOutlook, ...]
    ceilings: Mapping[str, Ints]  # by stack: vehicles that can be had, (periods,)
    caps: tuple[CapChange, ...] = ()  # what events make of permits' caps, the first month first


def _indices_by(names: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for q, name in enumerate(names):
        found.setdefault(name, []).append(q)
    return found


@dataclass(frozen=True, eq=False)
class Instance:
    """A planning problem in numbers.

    Attributes
    ----------
    catalogued
        The outlook as the catalogue has it, without the request's delays, events and supply changes: it says over which
        fleets the response curves are read, so that a limit that is asked for never bends the curves.
    """

    world: World
    outlook: Outlook
    catalogued: Outlook

    @cached_property
    def deployments(self) -> tuple[DeploymentData, ...]:
        """Every deployment that may be, by stack and city."""
        pairs = zip(self.world.deployments, self.outlook.deployments, strict=True)
        return tuple(DeploymentData(terms, outlook) for terms, outlook in pairs)

    @property
    def scope(self) -> Scope:
        """The resolved request."""
        return self.world.scope

    @property
    def grid(self) -> Grid:
        """The periods."""
        return self.world.grid

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.world.grid)

    @property
    def stacks(self) -> Mapping[str, StackTerms]:
        """Every stack that may be placed."""
        return self.world.stacks

    @property
    def cities(self) -> Mapping[str, CityData]:
        """Every city of the request."""
        return self.world.cities

    @property
    def ceilings(self) -> Mapping[str, Ints]:
        """By stack: the vehicles that can be had in each period."""
        return self.outlook.ceilings

    @cached_property
    def counted_modes(self) -> tuple[str, ...]:
        """The modes that riders may use."""
        return counted_modes(self.scope.constraints)

    def levels_of(self, q: int) -> tuple[LadderLevel, ...]:
        """Return the ladder of a deployment's city."""
        return self.cities[self.deployments[q].city].levels

    def of_stack(self, stack: str) -> list[int]:
        """Return the indices of a stack's deployments."""
        return self._by_stack.get(stack, [])

    def of_city(self, city: str) -> list[int]:
        """Return the indices of a city's deployments."""
        return self._by_city.get(city, [])

    standing = cached_property(standing_of)
    """What stands already; None where the request begins with nothing."""

    interruptions = cached_property(interruptions_of)
    """What suspensions do, by deployment; those that none holds are left out."""

    @cached_property
    def _by_stack(self) -> dict[str, list[int]]:
        return _indices_by(d.stack for d in self.deployments)

    @cached_property
    def _by_city(self) -> dict[str, list[int]]:
        return _indices_by(d.city for d in self.deployments)

    @cached_property
    def by_partner(self) -> dict[str, list[int]]:
        """The indices of every partner's deployments."""
        return _indices_by(self.stacks[d.stack].partner for d in self.deployments)

    def matching(self, city: str | None, stack: str | None) -> list[int]:
        """Return the indices of the deployments of a city and stack (all where not named)."""
        return [q for q, d in enumerate(self.deployments) if city in {None, d.city} and stack in {None, d.stack}]

    def usable_cap(self, mode: ServiceMode) -> float:
        """Return the vehicles that a mode may have at most: by law, and no more than a pilot's with an operator on board."""
        return min(mode.cap, self.world.operator_pilot_cap) if mode.operator else mode.cap

    def catalogue_stack(self, slug: str) -> Stack:
        """Return a stack of the catalogue by slug."""
        return self.scope.catalogue.stacks[slug]
