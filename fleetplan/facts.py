"""What is found out, before anybody says it in words: what binds a plan, and what becomes of a city.

Every fact is plain data with keys, slugs, months (``YYYY-MM``, empty: none) and USD; ``sentence`` says it to a person, is made
last by :mod:`fleetplan.words` and read by nobody but people. Code decides by the other fields.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

RuleKind = Literal["law", "operation", "partner", "money", "target"]
"""Who sets a limit: the law, how a service is run, what a partner can do, money, or the request's own constraints."""

OutcomeKind = Literal["opens", "not_admitted", "no_permit", "not_worth"]
"""What becomes of a city.

``opens``; ``not_admitted``: no stack with a deal that the request admits may be placed there; ``no_permit``: no permit for paid
rides can be in hand within the horizon; ``not_worth``: it could open, and no better plan that opens it was found.
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
    source: str
    sentence: str = ""


class CityOutcome(Fact):
    """What becomes of a city, and why.

    ``earliest`` is the first month in which permits allow paid rides there, be it beyond the horizon (empty: never, or nobody may
    come). ``more_at_most_usd`` is how much more than this plan one that opens the city could be worth by the proven bound; None
    where the city opens, or where no bound on NPV is proven.
    """

    kind: OutcomeKind
    earliest: str = ""
    more_at_most_usd: float | None = None
    sentence: str = ""
