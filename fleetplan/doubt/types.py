"""What is found out of a plan's doubt, as plain typed facts; sentences are made last by :mod:`fleetplan.words.doubt`."""

from __future__ import annotations

from typing import Literal

from fleetplan.facts import Fact

Why = Literal["curves", "possible", "decided", "nothing"]
"""Why a figure with a range has no bar: it stands in curves that were not made anew; it moves no money of what is decided, and
says only what is possible; its part of the plan is decided already; nothing reads it for this plan."""


class AmountSaid(Fact):
    """An amount of a checker's sentence, in USD, with so many digits where a file tells it."""

    amount: float
    digits: int


class NameSaid(Fact):
    """A key of a checker's sentence that has a name: a month, a mode, a city, a stack, a permit, an event of law."""

    kind: Literal["month", "mode", "city", "stack", "permit", "event"]
    key: str | None


class Broken(Fact):
    """A rule that the plan's decisions would break at one end of a figure, where, and by how much.

    ``sentence`` tells it as a file does, with keys; ``template`` with ``facts`` in its places is the same with what is named and
    counted still typed. Both are empty in answers that were kept by a version without them.
    """

    rule: str
    where: str
    sentence: str
    template: str = ""
    facts: tuple[AmountSaid | NameSaid | int | float | str, ...] = ()


class Bar(Fact):
    """What a figure could do to a plan at fixed decisions.

    Attributes
    ----------
    key, owner
        The figure's key in the catalogue, and whose it is: a city's or a stack's slug, empty for all.
    low, likely, high
        Its range; of a list the means.
    at_low_usd, at_high_usd
        The plan's net present value there.
    trips_low, trips_high
        Trips a mean day in the last period there.
    breaks_low, breaks_high
        Rules that what is decided would break there: the plan would have to be another one.
    rank
        Place by width, from 1.
    """

    key: str
    owner: str
    unit: str
    low: float
    likely: float
    high: float
    at_low_usd: float
    at_high_usd: float
    trips_low: float
    trips_high: float
    city_low_usd: dict[str, float]
    city_high_usd: dict[str, float]
    breaks_low: list[Broken]
    breaks_high: list[Broken]
    source: str
    confidence: str
    rank: int

    def width(self, npv: float) -> float:
        """Return how far the value of a plan worth ``npv`` may lie from it within the range, USD."""
        return max(abs(self.at_low_usd - npv), abs(self.at_high_usd - npv))

    def pull(self, npv: float) -> float:
        """Return by how much the mean of a plan worth ``npv`` differs from that when this figure alone is drawn, USD.

        Where the value goes in proportion to the figure on either side of its likely value: the triangular distribution lies
        below that by the share of its range, and either side is a third of the way to its end on average.
        """
        below = (self.likely - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return (below * (self.at_low_usd - npv) + (1.0 - below) * (self.at_high_usd - npv)) / 3.0


class Unseen(Fact):
    """A figure with a range that has no bar, and why."""

    key: str
    why: Why


class Tornado(Fact):
    """Every figure that a plan leans on at its low and high, at fixed decisions; the widest bar first.

    ``npv_usd`` is the plan's at the likely figures of ``catalogue_sha256``; ``stale`` is how far the plan's own value lies from
    that, where it was made with other figures. ``unranged``: figures without a range, taken as sure.
    """

    npv_usd: float
    stale_usd: float
    trips: float
    bars: list[Bar]
    unseen: list[Unseen]
    unranged: list[str]
    catalogue_sha256: str


class Quantiles(Fact):
    """An amount over many futures: mean, chance that it is below zero, and what it is at shares of them (``p05`` to ``p95``)."""

    mean: float
    below_zero: float
    p05: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float


class Correlated(Fact):
    """Figures drawn together: what of them, and their correlation with each other."""

    what: str
    figures: list[str]
    correlation: float


class Driver(Fact):
    """A figure that the spread comes from: its rank correlation with the value, and that squared over the sum of all."""

    key: str
    correlation: float
    share: float


class Spread(Fact):
    """A plan's money at fixed decisions over joint draws of all figures within their ranges.

    ``payback`` is the month in which money is back for good, by shares of all futures (empty: not within the horizon),
    ``paid_back`` the share of futures in which it is. ``edges_usd`` and ``counts`` are a histogram of the value.
    """

    draws: int
    seed: int
    figures: int
    npv: Quantiles
    trough: Quantiles
    paid_back: float
    payback_p10: str
    payback_p50: str
    payback_p90: str
    cities: dict[str, Quantiles]
    edges_usd: list[float]
    counts: list[int]
    drivers: list[Driver]
    correlated: list[Correlated]


class Cell(Fact):
    """A plan at two figures' values, at fixed launches: value, that of its cities, trips a mean day in the last period.

    ``third`` is the value of a third figure, where there is one.
    """

    first: float
    second: float
    third: float | None = None
    npv_usd: float
    city_npv_usd: dict[str, float]
    trips: float


class Grid(Fact):
    """A plan over a grid of two figures, row by row of the first one's values; with a third one slice by slice of its values.

    ``likely`` is the slice, row and column in which all lie at their likely values. ``third`` is empty, and ``third_values``
    too, where two figures are asked for.
    """

    first: str
    second: str
    first_unit: str
    second_unit: str
    first_values: list[float]
    second_values: list[float]
    npv_usd: float
    cells: list[Cell]
    likely: tuple[int, int, int]
    third: str = ""
    third_unit: str = ""
    third_values: tuple[float, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """The keys of its figures."""
        return (self.first, self.second, *([self.third] if self.third else []))

    def place(self, number: int) -> tuple[int, int, int]:
        """Return the slice, row and column of a cell."""
        columns = len(self.second_values)
        row, column = divmod(number, columns)
        return *divmod(row, len(self.first_values)), column

    def is_likely(self, number: int) -> bool:
        """Return whether a cell has every figure at its likely value."""
        return self.place(number) == self.likely


class Opened(Fact):
    """A city that opens, in which month, with which stacks."""

    city: str
    launch: str
    stacks: list[str]


class CellAgain(Fact):
    """A cell planned anew.

    ``npv_usd`` and ``bound_usd``: None where no plan keeps every rule there. ``enters`` and ``leaves`` are cities that the plan
    in question does not open, or does. ``plan_sha256`` is of the plan's file; empty without a plan.
    """

    npv_usd: float | None
    bound_usd: float | None
    opened: list[Opened]
    enters: list[str]
    leaves: list[str]
    vehicles_end: int
    plan_sha256: str

    @property
    def gap(self) -> float:
        """How far the value may lie below what is possible, relative to it; 0 without a plan."""
        if self.npv_usd is None or self.bound_usd is None:
            return 0.0
        return max(0.0, self.bound_usd - self.npv_usd) / max(abs(self.npv_usd), 1.0)

    @property
    def who(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Who enters: the cities that open with their stacks."""
        return tuple((one.city, tuple(one.stacks)) for one in self.opened)


class Moved(Fact):
    """A city that opens in another month."""

    city: str
    before: str
    after: str


class Resolved(Fact):
    """The plan made anew with a figure at one end.

    ``npv_usd`` and ``bound_usd``: None where no plan keeps every rule there. ``kept_usd`` is what the plan's own decisions are
    worth there. ``enters`` and ``leaves`` are cities, ``partners`` cities served by others than before.
    """

    key: str
    high: bool
    value: float
    kept_usd: float
    npv_usd: float | None
    bound_usd: float | None
    enters: list[str]
    leaves: list[str]
    partners: list[str]
    moved: list[Moved]
    vehicles_end: int
    vehicles_end_before: int


class Doubt(Fact):
    """All that is found out of a plan's doubt without planning again."""

    tornado: Tornado
    spread: Spread
