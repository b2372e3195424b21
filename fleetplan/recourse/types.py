"""What is found of a scenario set, as plain typed facts; sentences are made last by :mod:`fleetplan.words.recourse`."""

from __future__ import annotations

from typing import Any, Literal

from fleetplan.facts import Fact

PolicyName = Literal["plan", "worth", "agreed", "wait", "timely", "every"]
"""What is decided for all: ``plan``, what the request's own plan decides; ``wait``, nothing; else what the best plans of single
scenarios decide, in cities that are worth more there than is lost in the others (``worth``), in those where it is worth more
than is lost not to wait (``timely``), or all that any of them does (``every``); or what most decide at prices (``agreed``)."""


class SlipTold(Fact):
    """By how many months a stack's permits in a city are later than promised; ``never``: not within the horizon."""

    stack: str
    city: str
    months: int
    never: bool


class LawTold(Fact):
    """The month of an event of law; empty: it does not come."""

    event: str
    month: str


class Scenario(Fact):
    """A future: how probable it is, what is otherwise in it, and the merge patch that makes a request of it.

    ``slips``, ``laws`` and ``shocks`` say what was drawn; those of a case that is written out stand in ``patch`` alone.
    """

    id: str
    probability: float
    patch: dict[str, Any]
    slips: list[SlipTold]
    laws: list[LawTold]
    shocks: list[str]


class Launch(Fact):
    """A city in a scenario: month of its launch, whose stacks open, vehicles in its last period, value."""

    city: str
    launch: str
    stacks: list[str]
    vehicles_end: int
    npv_usd: float


class Outcome(Fact):
    """A plan in one scenario.

    ``value_usd = npv_usd - given_up_usd``: the plan's value less what was spent on commitments that it leaves undone.
    ``bound_usd``: no plan of the scenario (within the same commitments, where there are some) has more value.
    """

    scenario: str
    npv_usd: float
    given_up_usd: float
    bound_usd: float
    launches: list[Launch]
    vehicles_end: int

    @property
    def value_usd(self) -> float:
        """Value less what is given up."""
        return self.npv_usd - self.given_up_usd


class Decided(Fact):
    """One thing decided before the month: what, where, in which month, how many; shares of probability that make use of it.

    ``used`` is the probability of the scenarios whose plan holds it in full before the month, ``scenarios`` how many they are.
    """

    what: str
    stack: str
    city: str
    level: int
    month: str
    count: int
    used: float


class Policy(Fact):
    """Something decided for all, followed through every scenario.

    ``objective_usd`` is what the set makes of the values, ``expected_usd`` their mean, ``tail_usd`` that of the worst.
    """

    name: PolicyName
    decided: list[Decided]
    outcomes: list[Outcome]
    expected_usd: float
    tail_usd: float
    objective_usd: float


class Regret(Fact):
    """How much less a scenario is worth under the policy than if it had been known from the start, by city (empty: shared)."""

    scenario: str
    regret_usd: float
    by_city_usd: dict[str, float]


class Recourse(Fact):
    """A scenario set worked out.

    Attributes
    ----------
    known_from, objective, weight, tail
        As the set says.
    perfect
        The best plan found of each scenario as though it were known from the start.
    policies
        What was followed through all scenarios.
    best
        The policy whose objective is greatest: the stochastic plan.
    perfect_usd, bound_usd
        The objective of ``perfect``; what no policy's objective exceeds, proven.
    bound_by
        ``perfect``: by the bounds of single scenarios; ``prices``: by prices on what is decided for all.
    gained_usd
        Objective of the best policy less that of the request's own plan: what it is worth to have the delays in mind. None where
        that plan's decisions leave some scenario without a plan.
    knowing_usd, knowing_most_usd
        What it would be worth to know the scenario from the start: by the plans found, and at most.
    gap
        ``(bound - objective) / |objective|`` of the best policy.
    """

    set_id: str
    known_from: str
    objective: Literal["expected", "cvar"]
    weight: float
    tail: float
    scenarios: list[Scenario]
    perfect: list[Outcome]
    policies: list[Policy]
    best: PolicyName
    perfect_usd: float
    bound_usd: float
    bound_by: Literal["perfect", "prices"]
    gained_usd: float | None
    knowing_usd: float
    knowing_most_usd: float
    gap: float
    regrets: list[Regret]

    @property
    def chosen(self) -> Policy:
        """The best policy."""
        return next(policy for policy in self.policies if policy.name == self.best)
