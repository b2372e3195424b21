"""What is found out, before anybody says it: what binds a plan, what becomes of a city, what clashes, how a plan was found.

Every fact is plain data with keys, slugs, months (``YYYY-MM``, empty: none) and USD; ``sentence`` says it to a person, is made
last by :mod:`fleetplan.words` and read by nobody but people. Code decides by the other fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from fleetplan.proven import WhereWeighed

RuleKind = Literal["law", "operation", "partner", "money", "target"]
"""Who sets a limit: the law, how a service is run, what a partner can do, money, or the request's own constraints."""

OutcomeKind = Literal["opens", "not_admitted", "no_permit", "no_area", "shut", "not_worth"]
"""What becomes of a city.

``opens``; ``not_admitted``: no stack with a deal that the request admits may be placed there; ``no_permit``: no permit for paid
rides can be in hand within the horizon; ``no_area``: one can, and none that covers the smallest area of anybody's service;
``shut``: permits would allow it, and a standing rule or the request leaves nothing that could open; ``not_worth``: it could open,
and no better plan that opens it was found.
"""


class Fact(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PermitWait(Fact):
    """The permit that an opening waits for.

    ``in_hand`` is the month from which it is held, ``begun`` the month in which its programme began, ``event`` the event of law
    whose date decides (empty: none).
    """

    permit: str
    title: str
    authority: str
    in_hand: str
    begun: str
    event: str = ""


class Binding(Fact):
    """A limit that holds the plan back.

    Attributes
    ----------
    rule
        Key of the rule, or type of the constraint whose id ``constraint`` holds.
    city, stack, site
        Where it applies; empty: everywhere.
    period
        First month of the period in which it is dearest.
    limit, amount
        What may be, and what the plan has, in ``limit_unit``; None where the rule is no number.
    price_usd
        Local worth of one more ``unit``, in NPV; None for what sets a month.
    opens
        Of a fleet that grows: the period is the one in which its service opens.
    """

    rule: str
    kind: RuleKind
    constraint: str = ""
    city: str = ""
    stack: str = ""
    site: str = ""
    period: str
    limit: float | None = None
    amount: float | None = None
    limit_unit: str = ""
    price_usd: float | None = None
    unit: str = ""
    permit: PermitWait | None = None
    opens: bool = False
    source: str
    sentence: str = ""


class RuleLimit(Fact):
    """A standing rule that stands against what is asked: its key, who could change it, and what it says with its figures."""

    rule: str
    kind: RuleKind
    says: str


class AreaLack(Fact):
    """What the smallest area of a stack's service lacks within the horizon, besides a permit for its mode.

    Attributes
    ----------
    areas
        Areas that it lies in and that what the stack holds was not given for; empty: a permit for a place in it is lacking.
    given_for
        The areas that what it holds was given for.
    permit
        Of those that would do, the one in hand first, beyond the horizon; None: no permit of the city's laws would do.
    """

    stack: str
    areas: list[str]
    given_for: list[str]
    permit: PermitWait | None = None


class KeptOut(Fact):
    """What keeps a closed city out of a plan: without it, opening there would be worth more, the rest of the plan as it is.

    Attributes
    ----------
    limits
        The rule, or the rules where only all of them together keep it out.
    constraints
        Ids of the request's constraints among them.
    stacks
        With whose vehicles it would open then.
    worth_usd
        About how much more the plan would be worth: found in a search in whole vehicles, not proven.
    """

    limits: list[RuleLimit]
    constraints: list[str] = []
    stacks: list[str]
    worth_usd: float


class CityOutcome(Fact):
    """What becomes of a city, and why.

    ``earliest`` is the first month in which permits allow paid rides in the smallest area of a service there, be it beyond the
    horizon (empty: never, or nobody may come). ``more_at_most_usd`` is how much more than this plan one that opens the city could
    be worth by the proven bound, of the plans with as many markets where these come first; None where the city opens. ``lacks``
    says what ``no_area`` comes from, ``against`` which rules leave a city ``shut``, each by itself (none: only together).
    ``kept_out`` says without which rule a city that was ``not_worth`` opening would be, the dearest first; an empty list: it
    would not pay with all of them excused either, permits as they come; None: that was not looked for, or could not be found out.
    """

    kind: OutcomeKind
    earliest: str = ""
    more_at_most_usd: float | None = None
    lacks: list[AreaLack] = []
    against: list[RuleLimit] = []
    kept_out: list[KeptOut] | None = None
    sentence: str = ""


Firmness = Literal["hard", "policy"]
"""Whether what is asked stays as it is (``hard``), or whoever asks may loosen it to get a plan (``policy``)."""

PartyKind = Literal["constraint", "capital", "cash_floor", "kept"]
"""A constraint of the request, its capital budget, its cash floor, or a decision that a rerun keeps of its parent."""

FoundBy = Literal["search", "permits", "earlier_version"]
"""How a conflict was found: by leaving out one limit after another, from the dates of permits alone, or by an earlier version."""


class PermitLimit(Fact):
    """Since when permits allow what a constraint asks by the month ``by``.

    Attributes
    ----------
    earliest
        First month in which permits allow paid rides there; empty: not within the horizon, or not asked of one city.
    admitted
        Whether anybody may be placed there at all.
    uncovered
        Whether permits allow rides within the horizon, and cover no area of the city.
    in_time
        Of a number of markets: the request's cities that permits allow by then.
    live_elsewhere
        Markets live today that count.
    asked
        Of a number of markets: the cities that the request plans; empty in findings made before.
    """

    by: str
    earliest: str = ""
    admitted: bool = True
    uncovered: bool = False
    in_time: list[str] = []
    live_elsewhere: int = 0
    asked: list[str] = []


class Kept(Fact):
    """What a rerun keeps of its parent before the month ``until``: a deployment, the depots of a city, or a stack's vehicles.

    Of a deployment: the months in which its programme began and it opens (empty: not before ``until``), its vehicles before then,
    and the first month in which permits now allow an opening begun as in the parent (empty: none within the horizon).
    """

    what: Literal["deployment", "depots", "vehicles"]
    until: str
    begun: str = ""
    opens: str = ""
    vehicles: int = 0
    earliest: str = ""


class Party(Fact):
    """What takes part in a conflict.

    ``constraint`` and ``type`` name a constraint of the request; ``city`` and ``stack`` are what it or a kept decision is about
    (empty: all). ``permits``: what they allow of a constraint that asks for openings. ``firmness``: may repairs loosen it?
    """

    kind: PartyKind
    firmness: Firmness = "policy"
    constraint: str = ""
    type: str = ""
    city: str = ""
    stack: str = ""
    permits: PermitLimit | None = None
    kept: Kept | None = None


class Conflict(Fact):
    """A smallest set of what is asked and kept that cannot be had together; none: law and supply alone leave no plan.

    ``against`` are the standing rules without one of which it could: they are nobody's wish, but figures or laws.

    Attributes
    ----------
    proof
        ``relaxation``: not even with fractions of launches and vehicles; ``whole``: in fractions it could be had.
    narrowed
        Whether it was shown that each party is needed; False where the time ran out before.
    period
        First and last month of a period of the horizon that two parties share though their months do not: the grid is a party.
    """

    found_by: FoundBy = "search"
    proof: Literal["relaxation", "whole"] = "relaxation"
    narrowed: bool = True
    parties: list[Party] = []
    against: list[RuleLimit] = []
    period: list[str] = []
    sentence: str = ""


Inheritance = Literal[
    "no_parent",
    "kept_decisions",
    "priced_changes",
    "objective",
    "catalogue",
    "loosens",
    "matrix",
    "own_is_lower",
    "inherited",
]
"""Whether a plan's bound is its parent's, or why not.

``no_parent``: there is none; ``kept_decisions``, ``priced_changes``: the parent's bound holds for plans that kept decisions of
its own parent, or whose changes cost no more; ``objective``: one of the two weighs more than NPV; ``catalogue``: it rests on
another catalogue; ``loosens``: the request may allow plans that the parent's did not; ``matrix``: the parent's request is
written otherwise today; ``own_is_lower``: it holds, and the search proved a lower one.
"""


Begun = Literal["plan", "remainder", "launches", "openings", "entries", "later", "so_far"]
Reuse = Literal[Begun, "no_parent", "not_tried", "other_periods", "rules"]
"""What of a parent's decisions the search began with, or why with none.

``plan``: all of it; ``remainder``: what is still allowed; ``launches``: its launches, areas, depots; ``openings``:
depots anew too; ``entries``: who enters; ``later``: nothing sooner than there; ``so_far``: all that an interrupted search left;
``no_parent``: there is none; ``not_tried``: it ended before; ``other_periods``: its periods are others; ``rules``: it breaks one.
"""


class Method(Fact):
    """How a plan was found, and for which plans its bound holds.

    Attributes
    ----------
    stages
        The phases of the search, in order, as progress tells them.
    kept_until
        The parent's decisions before this month are kept, and a bound of this search's own holds for plans that keep them.
    change_price_usd, change_cost_usd
        A bound of this search's own holds for plans whose changes, at this price each, cost no more; None: changes had no price.
    committed_until, given_up_usd
        The plan was made within what was decided before this month whatever happens (empty: nothing was), and leaves so much of
        it undone, in USD that were spent on it; a bound of this search's own holds for plans that leave no more undone.
    priced_until
        What is decided before this month had prices in the search (empty: nothing had): the plan proves a bound and is no advice.
    weighed_bound_usd
        With commitments or prices: what no plan exceeds by the value searched for, NPV less what is given up, or with prices.
    began_with
        What of the parent's decisions the search began with, or why with none.
    bound_of
        SHA-256 of the parent's plan.json whose bound was taken over; empty: the bound is this search's own.
    node_limit, nodes
        Branch-and-bound nodes allowed and used, where the search was limited in them; None: it was limited in time.
    weighing
        What plans with the parent's launches are worth, and all others, where they were weighed; None: they were not.
    """

    stages: list[str] = []
    kept_until: str = ""
    change_price_usd: float | None = None
    change_cost_usd: float | None = None
    committed_until: str = ""
    given_up_usd: float | None = None
    priced_until: str = ""
    weighed_bound_usd: float | None = None
    inheritance: Inheritance = "no_parent"
    began_with: Reuse = "no_parent"
    bound_of: str = ""
    node_limit: int | None = None
    nodes: int | None = None
    weighing: WhereWeighed = None
    sentence: str = ""

    @property
    def nodes_ran_out(self) -> bool:
        """Whether all nodes allowed were used."""
        return self.node_limit is not None and self.nodes is not None and self.nodes >= self.node_limit

    @property
    def bounds_every_plan(self) -> bool:
        """Whether the bound holds for all plans of the request: it is one that did, or nothing was kept and no change priced."""
        kept = self.kept_until or self.change_price_usd or self.committed_until or self.priced_until
        return self.inheritance == "inherited" or not kept


BoundFinding = Literal["proven", "searched", "not_refuted", "refuted", "of_some_plans"]
"""What became of a plan's bound where it was held against what is proven and found elsewhere.

``proven``: the linear relaxation alone proves it; ``searched``: another search proves as much; ``not_refuted``: neither does,
and nothing found is worth more; ``refuted``: a plan is worth more, or has more markets; ``of_some_plans``: it holds for plans
that keep what a rerun kept, or whose changes cost little, and was held against nothing.
"""


class BoundCheck(Fact):
    """What became of a plan's bound; see :data:`BoundFinding`.

    Attributes
    ----------
    claimed_usd
        The plan's bound.
    relaxed_usd
        No plan is worth more: the linear relaxation's bound, proven anew in directed rounding; None where it was not solved in
        time.
    found_usd, found_bound_usd, found_markets
        What the best plan of another search is worth, the most that its own bound leaves any, and how many markets it has where
        these come first; None where there was no search, or it found none.
    searched_s
        Seconds that the search was given; 0: there was none.
    """

    finding: BoundFinding
    claimed_usd: float
    relaxed_usd: float | None
    found_usd: float | None = None
    found_bound_usd: float | None = None
    found_markets: int | None = None
    searched_s: float = 0.0


def conflicts_from(told: Iterable[Any]) -> list[Conflict]:
    """Return conflicts as they were stored; of an earlier version only the sentence is known, and not read."""
    return [_conflict_from(one) for one in told]


def _conflict_from(told: Any) -> Conflict:
    try:
        return Conflict.model_validate(told)
    except ValidationError:
        said = told.get("sentence", "") if isinstance(told, dict) else told
        return Conflict(found_by="earlier_version", sentence=str(said))
