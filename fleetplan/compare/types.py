"""What a comparison holds. ``a`` is the earlier plan, ``b`` the later one; differences are b less a; money is USD."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fleetplan.facts import Conflict

MoveKind = Literal["launch", "driver_out", "ended", "level", "fleet", "depot", "bought"]


class Model(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InputMove(Model):
    """Something asked otherwise; ``pointer`` addresses it as a patch would, entries of lists by their key."""

    pointer: str
    a: Any
    b: Any
    sentence: str = ""


Tie = Literal["", "site_swap", "few_vehicles"]
"""No tie; other sites of a city, as many, in the same months with the same stalls; a fleet or a purchase that hardly differs."""


class DecisionMove(Model):
    """Something decided otherwise. ``tie``: why it is told apart from what really moves, since it is as good either way.

    ``id`` names the decision (the same in every comparison), ``a`` and ``b`` what each plan decides: a month (None: never), a
    level or a number of vehicles. ``direction`` is 1 for later, wider or more, -1 for the opposite; never is latest. Of a launch
    ``begun`` says that both plans begin its programme, whether it opens or not; of an end, that both plans open the service.
    """

    id: str
    kind: MoveKind
    city: str = ""
    stack: str = ""
    site: str = ""
    year: str = ""
    a: str | int | None
    b: str | int | None
    direction: Literal[-1, 1]
    begun: bool = False
    tie: Tie = ""
    sentence: str = ""


class TieGroup(Model):
    """Decisions that differ and are as good either way: those of one kind in one city (``ids``), or of all cities.

    ``most`` is the largest number of vehicles by which one of them differs; 0 for depot sites.
    """

    kind: Tie
    city: str
    ids: list[str]
    most: int = 0
    sentence: str = ""


class Band(Model):
    """What the best plans of two requests can be apart, the second less the first: each lies between its plan and its bound.

    None where the bounds prove nothing of it: markets come first, and more of them are not ruled out. ``apart``: the difference
    has the same sign whatever the best plans are.
    """

    least_usd: float | None
    most_usd: float | None
    apart: bool

    @classmethod
    def between(cls, one: tuple[float, float], two: tuple[float, float]) -> Band:
        """Return the band of two plans, each given by what it is worth and what it is proven that none exceeds.

        >>> Band.between((10.0, 11.0), (12.0, 12.5))
        Band(least_usd=1.0, most_usd=2.5, apart=True)
        """
        least, most = round(two[0] - one[1], 2), round(two[1] - one[0], 2)
        return cls(least_usd=least, most_usd=most, apart=not least <= 0.0 <= most)


class CityMoney(Model):
    """A city's money. ``cash`` sums its own lines undiscounted; vehicles bought and their loans stand with their stack."""

    city: str
    name: str
    cash_a_usd: float
    cash_b_usd: float
    cash_difference_usd: float
    capital_a_usd: float
    capital_b_usd: float
    npv_a_usd: float
    npv_b_usd: float
    npv_difference_usd: float


class StackMoney(Model):
    """A stack's pool: vehicles bought and their loans, undiscounted."""

    stack: str
    cash_a_usd: float
    cash_b_usd: float
    cash_difference_usd: float


class LineMoney(Model):
    """A money line over all cities and stacks, undiscounted and as present worth.

    ``residual`` and ``terminal`` are worth after the horizon; with them the present worths sum to each plan's NPV.
    """

    line: str
    total_a_usd: float
    total_b_usd: float
    total_difference_usd: float
    npv_a_usd: float
    npv_b_usd: float
    npv_difference_usd: float


class ReturnsPair(Model):
    """What a city returns in both plans, or (``city`` is empty) each plan as a whole; None where a plan knows no such figure.

    ``irr`` is the yearly rate of return, ``break_even_fare`` the share of today's fares at which nothing would be left.
    """

    city: str
    name: str
    irr_a: float | None
    irr_b: float | None
    break_even_fare_a: float | None
    break_even_fare_b: float | None
    after_tax_npv_a_usd: float
    after_tax_npv_b_usd: float


class KpiPair(Model):
    """A headline figure of both plans; ``difference`` only where it is a number in both."""

    name: str
    a: float | str | None
    b: float | str | None
    difference: float | None


class CityMap(Model):
    """What a map of the difference draws: by year end the widest area level open and the vehicles, None beyond a horizon."""

    city: str
    name: str
    years: list[str]
    level_a: list[int | None]
    level_b: list[int | None]
    vehicles_a: list[int | None]
    vehicles_b: list[int | None]


class MarketsPair(Model):
    """How many markets two plans have, where at least one of them puts markets first.

    A plan is counted at the dates that its own request counts (``by_a``, ``by_b``), one that is asked for value alone at those of
    the other. ``most_a`` and ``most_b`` are what no plan of the request exceeds, None for value alone. ``same_dates``: both count
    the same riders at the same dates. ``unproven`` names the plans of whose request another plan may have more.
    """

    objective_a: Literal["npv", "markets_then_npv"]
    objective_b: Literal["npv", "markets_then_npv"]
    found_a: int
    found_b: int
    most_a: int | None
    most_b: int | None
    by_a: list[str]
    by_b: list[str]
    same_dates: bool
    unproven: list[str]
    sentence: str = ""

    @property
    def same_end(self) -> bool:
        """Whether both put markets first."""
        return self.objective_a == self.objective_b

    @property
    def alike(self) -> bool:
        """Whether both put markets first and have as many at the same dates, so that value compares."""
        return self.same_end and self.same_dates and self.found_a == self.found_b


class Comparison(Model):
    """Two plans compared. ``markets``: None where both are asked for value alone.

    ``decisions`` holds all that differs; those with a ``tie`` are grouped in ``ties``, the others are what really moves.
    """

    name_a: str
    name_b: str
    request_a_sha256: str
    request_b_sha256: str
    npv_difference_usd: float
    band: Band | None = None
    markets: MarketsPair | None = None
    same_catalogue: bool
    inputs: list[InputMove]
    decisions: list[DecisionMove]
    ties: list[TieGroup] = []
    money_by_city: list[CityMoney]
    money_by_stack: list[StackMoney]
    money_by_line: list[LineMoney]
    kpis: list[KpiPair]
    returns: list[ReturnsPair]
    map: list[CityMap]
    summary: list[str] = []


AloneOutcome = Literal["plan", "no_plan", "no_request"]
"""What came of one change alone: a plan; none, since its rules clash; or no valid request to begin with."""


class AloneEffect(Model):
    """What one change of the inputs does alone.

    Without a plan there is no NPV: ``clashes`` says what stands in the way, or ``fault`` what is wrong with the request. Where
    markets come first, ``markets`` is how many the plan has, ``most_markets`` what no plan of its request exceeds, and
    ``markets_before`` how many the first plan has.
    """

    pointer: str
    outcome: AloneOutcome = "plan"
    npv_usd: float | None
    npv_difference_usd: float | None
    gap: float | None
    markets: int | None = None
    most_markets: int | None = None
    markets_before: int | None = None
    moves: int
    clashes: list[Conflict] = []
    fault: str = ""
    sentence: str = ""
    note: str = ""


class CausedMove(Model):
    """A decision that moved, and the changes of the inputs that move it alone; none: only together (``joint``).

    Neither causes nor ``joint``: changes are left whose effect is not known yet (``open``), or no input differs at all.
    """

    id: str
    causes: list[str]
    joint: bool
    open: bool = False
    sentence: str = ""
    because: str = ""


class Causes(Model):
    """Which change moved what.

    ``interaction_usd`` is what the changes do together beyond the sum of what each does alone; None if one has no plan alone
    or is not known yet. ``left`` counts those.
    """

    npv_a_usd: float
    npv_b_usd: float
    alone: list[AloneEffect]
    moves: list[CausedMove]
    interaction_usd: float | None
    left: int = 0
    sentences: list[str] = []
