"""What a plan has decided, as arrays by period: the part of it that no figure moves.

Months, modes, areas, fleets, purchases, stalls and sites are read once, with the permit months that the independent checker
works out; permits and slips stay those of the plan, since what is decided is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue, City, Stack
from fleetplan.plans.check.case import DAYS_PER_MONTH, OPERATOR_MODES, Case, Deployed
from fleetplan.plans.check.curves import hours_carried, planes_from_none, planes_over, sampled
from fleetplan.plans.check.growth import driver_out_since
from fleetplan.plans.check.lines import Built, built_there, rivals_line
from fleetplan.plans.check.money import duties, paying_share, team_stays
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.reach import within_reach
from fleetplan.plans.check.riders import rivals_leave
from fleetplan.plans.check.suspended import end_of, recovering, stood_still
from fleetplan.plans.check.value import pool_shares
from fleetplan.plans.types import CityRollout, Plan, StackFleet
from fleetplan.request.imposed import LineChange
from fleetplan.service.types import CityService, LadderLevel

Array = NDArray[np.float64]
HALF_YEAR = 6
WINTER = (11, 0, 1)

__all__ = ["DAYS_PER_MONTH", "CityFixed", "Fixed", "PoolFixed", "Ring", "ServiceFixed", "fixed_of"]


@dataclass(frozen=True, eq=False)
class Ring:
    """A ring of a service's area: riders that it adds a day at full adoption, periods in which it is open, how old it is then.

    ``ages`` has shape (numbers of the adoption curve, periods): what share of a period's months reads which number of the curve.
    ``pilot``: periods in which the share of a pilot with an operator counts instead.
    """

    adds_per_day: float
    open: Array
    ages: Array
    pilot: Array


@dataclass(frozen=True, eq=False)
class ServiceFixed:
    """One stack in one city, as decided; arrays by period."""

    deployed: Deployed
    vehicles: Array
    operators: Array
    paying: Array
    added: Array
    left: Array
    trips: Array
    rings: tuple[Ring, ...]
    city_ages: Array
    city_pilot: Array
    halves: Array
    staff_halves: Array
    planes: Array
    carried: Array
    km_per_trip: Array
    km_per_vehicle: Array
    km_most: Array
    trip_km: Array
    started: Array
    first_of_stack: bool
    area_km2: Array
    exits: Array
    rivals_leave: Array
    duties: Array
    share: Array
    lawful_agents: float
    rivals_line: LineChange | None

    @property
    def city(self) -> City:
        """Its city."""
        return self.deployed.city

    @property
    def stack(self) -> Stack:
        """Its stack."""
        return self.deployed.stack

    @property
    def name(self) -> str:
        """City and stack."""
        return self.deployed.name

    @property
    def levels(self) -> tuple[LadderLevel, ...]:
        """The ladder of its city."""
        return self.deployed.levels

    def pays(self, word: str) -> bool:
        """Return whether the contract makes the platform bear a cost."""
        return self.deployed.pays(word)


@dataclass(frozen=True, eq=False)
class CityFixed:
    """A city's team, sites, stalls and public charging, by period."""

    rollout: CityRollout
    city: City
    team_months: Array
    ordered: Array
    placed: Array
    public: Array
    site_paid: bool


@dataclass(frozen=True, eq=False)
class PoolFixed:
    """A stack's vehicles bought, by period."""

    fleet: StackFleet
    stack: Stack
    bought: Array
    buys: bool
    taken: float  # of all the partner's stacks
    built: Built | None  # on a line that the request switches on


@dataclass(frozen=True, eq=False)
class Fixed:
    """A plan's decisions. ``services`` stand by city, then stack."""

    case: Case
    services: tuple[ServiceFixed, ...]
    cities: tuple[CityFixed, ...]
    pools: tuple[PoolFixed, ...]

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with the request's overrides."""
        return self.case.catalogue

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First absolute month of each period."""
        return np.array(self.case.starts)

    @cached_property
    def lengths(self) -> Array:
        """Months in each period."""
        return np.array(self.case.lengths, float)

    @property
    def run_rate(self) -> Array:
        """Weights that turn amounts by period into what runs a month in the last three months."""
        return self.case.request.grid.run_rate

    @property
    def days(self) -> Array:
        """Days of each period."""
        return self.lengths * DAYS_PER_MONTH

    @cached_property
    def winter(self) -> Array:
        """Share of each period's months with frost."""
        return np.array([np.mean([m % 12 in WINTER for m in self.case.months(t)]) for t in self.case.periods])

    @cached_property
    def calendar_months(self) -> Array:
        """Share of each calendar month in each period, shape (12, periods)."""
        out = np.zeros((12, len(self.case.lengths)))
        for t in self.case.periods:
            for month in self.case.months(t):
                out[month % 12, t] += 1.0 / self.case.lengths[t]
        return out

    def discounts(self, months: Array) -> Array:
        """Return the present worth, in the first month planned, of 1 USD so many months after the horizon's start."""
        since = np.asarray(months) - self._months_done
        return np.asarray((1.0 + self.case.request.discount_rate) ** (-since / 12.0))

    @cached_property
    def _months_done(self) -> int:
        return self.case.today - self.case.start

    def from_today(self, lines: Mapping[str, Array]) -> dict[str, Array]:
        """Return lines by period without what lies in periods done: it was paid and earned before."""
        ahead = (np.arange(len(self.starts)) >= self.case.request.grid.done).astype(float)
        return {line: usd * ahead for line, usd in lines.items()}

    def tariffs(self, stack: str, month: int) -> float:
        """Return what tariffs of the request multiply a stack's price with in a month."""
        return duties(self.case, stack, month)


def fixed_of(plan: Plan, catalogue: Catalogue, services: Mapping[str, CityService]) -> Fixed:
    """Return the decisions of a plan; ``catalogue`` as loaded, ``services`` with the overrides of the plan's request.

    Raises
    ------
    KeyError
        Where the plan names a city or a stack that the catalogue does not hold.
    """
    case = Case(plan, catalogue, services)
    calendar = Calendar(case)
    return Fixed(
        case,
        tuple(_service(case, calendar, deployed) for deployed in case.deployed),
        tuple(_city(case, rollout) for rollout in plan.cities if rollout.deployments),
        tuple(_pool(case, fleet) for fleet in plan.stacks if case.of_stack(fleet.stack)),
    )


def _by_period(case: Case, values: Callable[[int], float]) -> Array:
    return np.array([float(values(t)) for t in case.periods])


def _service(case: Case, calendar: Calendar, deployed: Deployed) -> ServiceFixed:
    row = deployed.row
    since = driver_out_since(case, calendar, deployed)
    town = min(driver_out_since(case, calendar, d) for d in case.of_city(row.city))
    surfaces = [level.surface if (level := deployed.level(t)) else None for t in case.periods]
    first = min(case.of_stack(row.stack), key=lambda d: (d.start, d.row.city)) is deployed
    laws = case.catalogue.permits_of(row.stack, row.city).values()
    agents = [p.vehicles_per_remote_operator for p in laws if p.opens.endswith("paid_driver_out")]
    return ServiceFixed(
        deployed=deployed,
        vehicles=np.array(row.vehicles, float),
        operators=_by_period(case, lambda t: deployed.in_modes(OPERATOR_MODES, t)),
        paying=_by_period(case, lambda t: paying_share(calendar, deployed, t)),
        added=_by_period(case, deployed.added),
        left=_by_period(case, deployed.left),
        trips=np.array(row.trips_per_day, float),
        rings=_rings(case, deployed, since),
        city_ages=_ages(case, town, None),
        city_pilot=_by_period(case, lambda t: town > case.starts[t]),
        halves=_halves(case, since, "fleet.trips_per_car_day_by_half_year"),
        staff_halves=_halves(case, since, "remote.vehicles_per_agent_by_half_year"),
        planes=_planes(case, deployed),
        carried=_by_period(case, lambda t: hours_carried(case, deployed, t)),
        km_per_trip=np.array([s.km_per_trip if s else 0.0 for s in surfaces]),
        km_per_vehicle=np.array([s.km_per_vehicle_day if s else 0.0 for s in surfaces]),
        km_most=np.array([s.km_per_vehicle_day_most if s else 0.0 for s in surfaces]),
        trip_km=np.array([level.mean_trip_km if (level := deployed.level(t)) else 0.0 for t in case.periods]),
        started=_by_period(case, lambda t: deployed.start == case.starts[t]),
        first_of_stack=first,
        area_km2=_by_period(case, lambda t: _km2_added(deployed, t)),
        exits=_by_period(case, lambda t: end_of(case, deployed) == t),
        rivals_leave=_by_period(case, lambda t: rivals_leave(case, deployed.city, t)),
        duties=_by_period(case, lambda t: duties(case, row.stack, case.starts[t])),
        share=np.array(pool_shares(case, deployed)),
        lawful_agents=float(min((n for n in agents if n), default=np.inf)),
        rivals_line=rivals_line(case, row.city),
    )


def _km2_added(deployed: Deployed, t: int) -> float:
    level, before = deployed.row.level[t], max(1, deployed.row.level[t - 1]) if t else 1
    return deployed.levels[level - 1].area_km2 - deployed.levels[before - 1].area_km2 if level > before else 0.0


def _ages(case: Case, since: int, deployed: Deployed | None) -> Array:
    """Return which numbers of the adoption curve the months of each period read; nothing before ``since``."""
    numbers = len(case.catalogue.assumptions["adoption.curve_monthly"].values)
    out = np.zeros((numbers, len(case.lengths)))
    for t in case.periods:
        for month in case.months(t) if since <= case.starts[t] else ():
            lost = stood_still(case, deployed, since, month) if deployed else 0
            out[min(max(0, month - since - lost), numbers - 1), t] += 1.0 / case.lengths[t]
    return out


def _rings(case: Case, deployed: Deployed, since: int) -> tuple[Ring, ...]:
    found, inner = [], 0.0
    for number, level in enumerate(deployed.levels[: max(deployed.row.level)], start=1):
        opened = case.starts[deployed.ring_opened(number) or 0]
        begun = max(since, opened)
        adds, inner = level.surface.demand_trips_per_day - inner, level.surface.demand_trips_per_day
        is_open = np.array([reached >= number for reached in deployed.row.level], float)
        pilot = np.array([float(begun > start) for start in case.starts])
        found.append(Ring(adds, is_open, _ages(case, begun, deployed), pilot))
    return tuple(found)


def _halves(case: Case, since: int, figure: str) -> Array:
    """Return which half years of age of a list the months of each period read, shape (half years, periods)."""
    numbers = len(case.catalogue.assumptions[figure].values)
    out = np.zeros((numbers, len(case.lengths)))
    for t in case.periods:
        for month in case.months(t):
            out[min(max(0, month - since) // HALF_YEAR, numbers - 1), t] += 1.0 / case.lengths[t]
    return out


def _planes(case: Case, deployed: Deployed) -> Array:
    """Return the planes of the level in force by period, shape (planes, 3, periods), infinitely high where there are fewer.

    Those within reach of the plan and those of the whole surface, which hold where a future brings more riders than that.
    """
    reach, few = within_reach(case, deployed.stack, deployed.city), recovering(case, deployed)
    by_period: list[Array] = []
    for t in case.periods:
        index = deployed.row.level[t] - 1
        if index < 0:
            by_period.append(np.zeros((1, 3)))
            continue
        surface = deployed.levels[index].surface
        domain = sampled(surface, float(reach.fleet[t]), float(reach.riders[index, t]))
        over = planes_from_none if t in few else planes_over
        by_period.append(np.concatenate([over(surface, domain), over(surface, surface.sample_trips.shape)]))
    most = max(len(planes) for planes in by_period)
    out = np.zeros((most, 3, len(by_period)))
    out[:, 2, :] = np.inf
    for t, planes in enumerate(by_period):
        out[: len(planes), :, t] = planes
    return out


def _city(case: Case, rollout: CityRollout) -> CityFixed:
    city = case.catalogue.cities[rollout.city]
    begun = min((d.start for d in case.of_city(rollout.city)), default=case.end)
    stacks = (case.catalogue.stacks[stack] for stack in case.admission.admitted(rollout.city))
    stalls = np.sum([np.zeros(len(case.lengths)), *(np.array(d.stalls, float) for d in rollout.depots)], axis=0)
    return CityFixed(
        rollout=rollout,
        city=city,
        team_months=_by_period(
            case, lambda t: sum(m >= begun for m in case.months(t)) if team_stays(case, rollout, t) else 0
        ),
        ordered=_by_period(case, lambda t: sum(d.ordered == case.labels[t] for d in rollout.depots)),
        placed=np.diff(stalls, prepend=0.0),
        public=np.array(rollout.public_charging_vehicles, float),
        site_paid=any("charger" in s.platform_pays for s in stacks),
    )


def _pool(case: Case, fleet: StackFleet) -> PoolFixed:
    stack = case.catalogue.stacks[fleet.stack]
    theirs = [f.bought for f in case.plan.stacks if case.catalogue.stacks[f.stack].partner == stack.partner]
    return PoolFixed(
        fleet,
        stack,
        np.array(fleet.bought, float),
        "capital" in stack.platform_pays,
        float(sum(map(sum, theirs))),
        built_there(case, fleet.stack),
    )
