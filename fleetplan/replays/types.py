"""What came of replaying a plan's months, as plain typed facts; sentences are made last by :mod:`fleetplan.words.replays`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fleetplan.facts import Fact
from fleetplan.request import Month

Days = Literal["all", "weekday", "weekend"]
"""Which days of the month are replayed: all of them as the calendar has them, or those of one kind in a row."""

DayKind = Literal["weekday", "weekend"]
FigureName = Literal["trips_per_day", "served_share", "wait_min", "empty_share"]
MOST_SEEDS = 20
MOST_SEED = 10_000_000


class CityMonth(Fact):
    """A city and a month of a plan."""

    city: str
    month: Month


class ReplayAsked(CityMonth):
    """What is to be replayed: which days of a city's month, and with which seeds, a run each."""

    days: Days = "all"
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)


class Judged(Fact):
    """A figure as the plan promises it and as it came; ``standard_error`` of the runs, None for a single one."""

    figure: FigureName
    promised: float
    replayed: float
    standard_error: float | None


class HourTold(Fact):
    """An hour of a mean day of its kind: riders who ask, those promised and those who rode, the wait promised and had."""

    days: DayKind
    hour: int
    asked: float
    promised_trips: float
    trips: float
    promised_wait_min: float
    wait_min: float | None


class QuarterTold(Fact):
    """A quarter of an hour at the depots on a mean day of its kind: charging power, plugs in use, cars that queue for one."""

    days: DayKind
    start_min: int
    load_kw: float
    plugs_in_use: float
    queue: float


class ZoneTold(Fact):
    """Riders who ask in a zone a day, the share of them who ride, and how long these wait on the mean (None: nobody rode)."""

    cell: str
    riders_per_day: float
    served_share: float
    wait_min: float | None


class DepotTold(Fact):
    """A depot of the fleet: its plugs, the most power it drew in a quarter of an hour, and the longest queue.

    ``site`` is empty for plugs whose place is not known, which stand where most riders ask.
    """

    site: str
    plugs: int
    load_kw_most: float
    queue_most: int


class Shortfall(Fact):
    """By how much a deployment misses what is promised; ``allowed`` is what stands all the same.

    Attributes
    ----------
    figure
        ``served_share``: points of riders who ask, as a share; ``wait_min``: over the promised wait, as a share.
    """

    stack: str
    partner: str
    figure: Literal["served_share", "wait_min"]
    missed: float
    allowed: float


class DeploymentTold(Fact):
    """One deployment's month: what the plan promises on a mean day, and what came of it."""

    stack: str
    partner: str
    level: int
    level_name: str
    vehicles: int
    plugs: int
    demand_per_day: float
    stands: bool
    shortfalls: list[Shortfall]
    figures: list[Judged]
    hours: list[HourTold]
    quarters: list[QuarterTold]
    depots: list[DepotTold]
    zones: list[ZoneTold]

    def figure(self, name: FigureName) -> Judged:
        """Return one figure."""
        return next(f for f in self.figures if f.figure == name)


class MonthTold(ReplayAsked):
    """A city's month, replayed. ``plan_sha256`` and ``catalogue_sha256`` say of which plan, and by which figures."""

    name: str
    dispatch: Literal["nearest", "batched"]
    stands: bool
    plan_sha256: str
    catalogue_sha256: str
    deployments: list[DeploymentTold]
    sentences: tuple[str, ...] = ()

    @property
    def standing(self) -> MonthStanding:
        """Whether the month stands, without the figures."""
        found = [s for d in self.deployments for s in d.shortfalls]
        return MonthStanding(city=self.city, month=self.month, name=self.name, stands=self.stands, shortfalls=found)


class MonthStanding(CityMonth):
    """Whether a city's month stands, and what is missed where it does not."""

    name: str
    stands: bool
    shortfalls: list[Shortfall]


class PlanStanding(Fact):
    """What is known of a plan's months: how many are to be replayed, those that were, and how many could not be."""

    planned: int
    months: list[MonthStanding]
    failed: int = 0

    @property
    def fallen(self) -> list[MonthStanding]:
        """The months that do not stand."""
        return [m for m in self.months if not m.stands]

    @property
    def counts(self) -> ReplayCounts:
        """How many there are of each."""
        fallen = len(self.fallen)
        return ReplayCounts(planned=self.planned, replayed=len(self.months), fallen=fallen, failed=self.failed)


class ReplayCounts(Fact):
    """How many months of a plan are to be replayed, were, do not stand, and could not be replayed."""

    planned: int
    replayed: int
    fallen: int
    failed: int


class ReplayedPlan(Fact):
    """Replays that are kept beside a plan.json; ``plan_sha256`` is that of the file they belong to."""

    plan_sha256: str
    planned: int
    months: list[MonthTold]
    sentences: tuple[str, ...] = ()

    @property
    def standing(self) -> PlanStanding:
        """What the replays say of the plan."""
        return PlanStanding(planned=self.planned, months=[m.standing for m in self.months])
