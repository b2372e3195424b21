"""What is found out of thresholds, as plain typed facts; sentences are made last by :mod:`fleetplan.words.threshold`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fleetplan.facts import Fact
from fleetplan.proven import Watch

DialKind = Literal["figure", "permit_months", "supply", "capital"]
"""What is turned: a figure of the catalogue; the months that a permit, or a city's permits, take; what can be had of a stack and
what may be spent, both as multiples of what the plan has."""

Move = Literal["enters", "leaves", "earlier", "later", "wider", "narrower"]


class Dial(Fact):
    """What is turned, between which values, and in how many steps from where it stands to either end.

    Attributes
    ----------
    key
        Key of the figure, or of a permit's months (``jurisdictions/...``); empty for the others.
    city, stack
        Whose it is; empty: everybody's.
    likely, low, high
        Where it stands, and the ends. Of a list of numbers the means; ``permit_months`` of a city are months later.
    steps_down, steps_up
        Steps to each end, evenly; 0: it stands at the end.
    source
        Where the range is from; empty: asked for.
    """

    kind: DialKind
    key: str = ""
    city: str = ""
    stack: str = ""
    unit: str
    likely: float
    low: float
    high: float
    steps_down: int
    steps_up: int
    source: str = ""

    def value(self, step: int) -> float:
        """Return the value so many steps up, or (below 0) down.

        >>> dial = Dial(kind="supply", unit="times", likely=1, low=0.5, high=2, steps_down=5, steps_up=10)
        >>> dial.value(0), dial.value(5), dial.value(-5)
        (1.0, 1.5, 0.5)
        """
        if not step:
            return float(self.likely)
        end, steps = (self.high, self.steps_up) if step > 0 else (self.low, self.steps_down)
        return round(self.likely + (end - self.likely) * abs(step) / steps, 9)


class Change(Fact):
    """What another plan does otherwise: a stack in a city that enters, leaves, opens earlier or later, or reaches another area.

    ``before`` and ``after`` are the months in which it opens, or the largest level of its area; empty where it does not open.
    """

    move: Move
    city: str
    stack: str
    before: str
    after: str


class Tried(Fact):
    """A plan made anew at one value of what is turned.

    Attributes
    ----------
    npv_usd, bound_usd
        Its worth and its proven bound; None where no plan keeps every rule there.
    kept_usd
        What the decisions of the plan in question are worth there, where that is known without planning.
    held_usd
        What the best plan found there with what is watched as in the plan in question is worth; None: none was looked for.
    other_usd, weighed
        What no plan exceeds that does something of what is watched otherwise, where that was proven by itself (``weighed``);
        None: there is no such plan.
    changes
        What it does otherwise; empty: nothing that is watched.
    plan
        Its id where it is stored.
    """

    step: int
    value: float
    npv_usd: float | None
    bound_usd: float | None
    kept_usd: float | None = None
    held_usd: float | None = None
    other_usd: float | None = None
    weighed: bool = False
    changes: list[Change] = Field(default_factory=list)
    plan: str = ""


class Side(Fact):
    """One direction in which something is turned.

    Attributes
    ----------
    points
        Every value tried, from the plan outward.
    stays
        The outermost value tried below the first change; the plan itself where the first step changes already.
    changes
        The first value tried at which something changes; None: nothing does as far as it was tried.
    kept_bound_usd, kept_proof
        What no plan with the launches of the plan in question exceeds where it changes, and how that was asked: ``bound``;
        ``none``: no such plan keeps every rule there; ``open``: it was not asked.
    """

    points: list[Tried]
    stays: Tried
    changes: Tried | None
    kept_bound_usd: float | None = None
    kept_proof: Literal["bound", "none", "open"] = "open"

    @property
    def proven_change(self) -> bool:
        """Whether it is proven that plans with the launches in question are worth less where it changes, or do not exist."""
        if self.changes is None or self.kept_proof == "open":
            return False
        if self.kept_proof == "none":
            return True
        found = self.changes.npv_usd
        return found is not None and self.kept_bound_usd is not None and found > self.kept_bound_usd

    @property
    def open_usd(self) -> float | None:
        """How much more another plan could be worth, by the bound, where the plan's launches still stand; None: unknown."""
        at = self.stays
        if at.weighed and at.npv_usd is not None:
            return 0.0 if at.other_usd is None else max(0.0, at.other_usd - at.npv_usd)
        return None if at.bound_usd is None or at.npv_usd is None else max(0.0, at.bound_usd - at.npv_usd)


class Threshold(Fact):
    """What turning one thing does, down and up; a side is None where there is nothing to turn."""

    dial: Dial
    watch: Watch
    city: str = ""
    stack: str = ""
    lower: Side | None
    higher: Side | None
