"""What is simulated: travel, requests, a fleet with its depots, and the rules of its operation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from fleetplan.simulate.layout import Array, Ints, Shorts
from fleetplan.simulate.regions import Regions, cut, regions_for
from fleetplan.simulate.travel import Travel

Dispatch = Literal["nearest", "batched"]


@dataclass(frozen=True, eq=False)
class Requests:
    """Requests in order of time: seconds from the beginning, zones of origin and destination, shapes (r,)."""

    time_s: Array
    origin: Shorts
    destination: Shorts

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.time_s)


@dataclass(frozen=True, eq=False)
class Depots:
    """Where cars are charged, cleaned, mended and parked: zone, plugs and kW of a plug, shapes (d,)."""

    zone: Shorts
    plugs: Shorts
    kw: Array

    @staticmethod
    def none() -> Depots:
        """Return no depots: cars are cleaned, mended and parked on the spot, and never charged."""
        return Depots(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))

    def __len__(self) -> int:
        """Return the number of depots."""
        return len(self.zone)


@dataclass(frozen=True, slots=True)
class Energy:
    """A car's battery: usable kWh, what a kilometre and an hour switched on take, and when it is charged.

    A car charges when it has less than ``charge_below`` of its battery, up to ``charge_to``; one that nobody needs soon when it
    has less than ``top_up_below`` and a plug is free. ``plug_in_s`` passes at the plug before current flows.

    ``top_up_below`` is our judgement, range 0.2-0.6: 0.4 of 50 kWh are 100 km at 0.2 kWh a km, the range below which NREL's
    simulator HIVE charges cars at their base (its Denver scenario, https://github.com/NREL/hive); idle ones below 50 km.
    """

    usable_kwh: float = 50.0
    kwh_per_km: float = 0.2
    aux_kw: float = 1.0
    charge_below: float = 0.2
    top_up_below: float = 0.4
    charge_to: float = 0.9
    plug_in_s: float = 180.0


@dataclass(frozen=True, slots=True)
class Care:
    """Cleaning after so many trips, and failures at random with so many hours between them in the mean; 0 is never."""

    clean_after_trips: int = 0
    clean_s: float = 900.0
    hours_between_failures: float = 0.0
    repair_s: float = 7200.0


@dataclass(frozen=True, eq=False)
class Fleet:
    """Cars: the zone where each begins, shape (v,), how many are on shift by bin, their energy (None: not counted), care.

    ``at_plugs``: how many are to be at plugs in each bin whether or not riders wait, as far as cars are low enough to be topped
    up and plugs are free; None: only those that nobody needs.
    """

    start: Shorts
    on_shift: Ints | None = None
    energy: Energy | None = None
    depots: Depots = field(default_factory=Depots.none)
    care: Care = Care()
    at_plugs: Ints | None = None

    def __len__(self) -> int:
        """Return the number of cars."""
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Riders:
    """How riders decide.

    Attributes
    ----------
    patience_s
        From the request to the car at the door, at most, for everybody.
    elasticity
        A quoted wait w is accepted by the share ``exp(-elasticity / 2 ((w / usual)^2 - 1))`` of riders, by all up to the usual
        one: the response of the service law. Each rider has a longest wait of her own; a longer quote is declined, and who waits
        without a car leaves then. 0: riders do not mind the wait until their patience ends.
    usual_wait_min
        The wait that riders are used to.
    """

    patience_s: float = 600.0
    elasticity: float = 0.0
    usual_wait_min: float = 5.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How the fleet is run.

    Attributes
    ----------
    dispatch
        ``nearest``: a request gets the nearest idle car at once, a freed car takes the nearest waiting rider. ``batched``: every
        ``batch_s`` seconds the riders who wait are assigned at least total time, each to one of its ``candidates`` nearest.
    reposition_s
        Seconds between repositionings, 0 for none; ``ahead_s`` is how far they look.
    regions
        Regions for repositioning, 0 for one to about six cars, 150 at most.
    reach_s
        The dispatcher sends no car farther than this.
    pickup_fixed_s, boarding_s
        Part of every pickup (kerb, turns), and standing time for getting in and out, both together.
    within_zone
        Whether of m cars in a zone the nearest is 1/sqrt(m) as far away: zones yes, street nodes no difference.
    """

    dispatch: Dispatch = "nearest"
    batch_s: float = 20.0
    candidates: int = 12
    reposition_s: float = 600.0
    ahead_s: float = 900.0
    regions: int = 0
    reach_s: float = float("inf")
    pickup_fixed_s: float = 0.0
    boarding_s: float = 60.0
    within_zone: bool = True


@dataclass(frozen=True, eq=False)
class Scenario:
    """One thing to simulate.

    Attributes
    ----------
    demand, demand_row
        Requests per second that the fleet expects, shape (k, n), and which row holds in each bin, shape (bins,); None: as they
        come in this run, by the hour.
    area_km2
        Land of each zone, for where spare cars stand; None: all alike.
    regions
        Where cars are repositioned: see :meth:`prepared`.
    reach_s
        The dispatcher's reach in each bin, shape (bins,), the last one holding on; None: the policy's.
    horizon_s, bin_s
        How long, and the length of the bins that are reported and in which shifts and speeds change.
    """

    travel: Travel
    requests: Requests
    fleet: Fleet
    riders: Riders = Riders()
    policy: Policy = Policy()
    demand: Array | None = None
    demand_row: Ints | None = None
    area_km2: Array | None = None
    horizon_s: int = 86_400
    bin_s: int = 900
    regions: Regions | None = None
    reach_s: Array | None = None

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return -(-self.horizon_s // self.bin_s)

    def expected(self) -> tuple[Array, Ints]:
        """Return requests per second by row and zone, and the row of each bin."""
        if self.demand is not None:
            rows = np.arange(self.bins) if self.demand_row is None else self.demand_row
            return np.asarray(self.demand, float), np.minimum(rows, len(self.demand) - 1)
        hours = -(-self.horizon_s // 3600)
        table = np.zeros((hours, len(self.travel)))
        hour = np.minimum(self.requests.time_s // 3600, hours - 1).astype(np.int64)
        np.add.at(table, (hour, self.requests.origin), 1.0 / 3600.0)
        return table, np.arange(self.bins) * self.bin_s // 3600

    def prepared(self) -> Scenario:
        """Return the same with its regions cut, so that many runs share them."""
        if self.regions is not None:
            return self
        count = regions_for(len(self.fleet), self.policy.regions) if self.policy.reposition_s > 0 else 1
        return replace(self, regions=cut(self.travel, self.expected()[0], self.area_km2, count))

    def with_requests(self, requests: Requests) -> Scenario:
        """Return the same with other requests."""
        return replace(self, requests=requests)
