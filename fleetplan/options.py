"""How a plan is searched for, in one shape: for the library, for a stored job and on the wire.

>>> parse_options({"gap": 0.02}).time_limit_s
120.0
>>> PlanOptions(freeze_until="2027-07").keeps
True
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from fleetplan.errors import RequestError
from fleetplan.proven import Watch
from fleetplan.request import Model, Month, NotNegative, Share, faults_of
from fleetplan.request.values import Count, Name, none_of_it, not_said, refusal

MOST_COMMITMENTS = 5000


class SearchOptions(Model):
    """How to search for a plan."""

    time_limit_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = Field(
        default=120.0,
        description="seconds for the search; a service may allow less",
    )
    gap: Share = Field(default=0.01, description="proven relative gap at which to stop")
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(default=0, description="seed of every random choice")
    node_limit: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        default=None,
        description="branch-and-bound nodes for the search, in place of seconds and in one process: the same request, "
        "seed and limit give the same plan, byte for byte, on any load; a service ends it at time_limit_s all the same",
    )


class Commitment(Model):
    """One thing decided for every future: so many of it from a month on (a purchase: in that month)."""

    what: Literal["programme", "purchase", "site", "stalls", "opening", "fleet"] = Field(
        description="at most so many: a programme begun, vehicles bought, depot sites ordered in a city, stalls there that the "
        "platform pays; exactly so many, 0 too: areas opened up to a `level`, vehicles in service"
    )
    month: Month
    count: Count = 1
    city: Name | None = None
    stack: Name | None = None
    level: Annotated[int, Field(ge=1, le=100)] | None = None


class Commitments(Model):
    """What is decided before a month whatever happens: a plan begins, orders and buys no more than that before it.

    What it leaves undone is given up, at what was spent on it. Areas and fleets that are named stand exactly so.
    """

    until: Month
    decisions: list[Commitment] = Field(default=[], max_length=MOST_COMMITMENTS)


class Price(Model):
    """What is paid, in the value that is searched for, for one of what is decided by a month; below 0: what it costs.

    For a programme that has begun by then, a depot site ordered or a charger stall placed by then.
    """

    what: Literal["programme", "site", "stalls"] = "programme"
    tests: Count = Field(
        default=0,
        exclude_if=none_of_it,
        description="of a programme, the vehicles to test with that are bought by then in whichever future begins it",
    )
    month: Month
    usd: Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
    city: Name | None = None
    stack: Name | None = None


class CommonPrices(Model):
    """Prices on what is decided before a month: they prove a bound for all that could be decided for every scenario."""

    until: Month
    prices: list[Price] = Field(default=[], max_length=MOST_COMMITMENTS)


class Weigh(Model):
    """What the earlier plan opens, held against all plans that open something else; both are bounded apart."""

    watch: Watch = Field(
        default="launches",
        description="`entry`: who opens in which city; `launches`: and in which month; `areas`: and how large it gets",
    )
    city: Name | None = Field(default=None, description="of this city alone")
    stack: Name | None = Field(default=None, description="of this stack alone")


class PlanOptions(SearchOptions):
    """How to search, and what to keep of an earlier plan."""

    freeze_until: Month | None = Field(default=None, description="decisions before this month stay as they were")
    change_price_usd: NotNegative | None = Field(
        default=None,
        description="price in USD of each launch moved and each vehicle shifted: the plan moves when it is worth it",
    )

    commit: Commitments | None = Field(
        default=None,
        exclude_if=not_said,
        description="what is decided before a month for every scenario; the plan does no more before it, and pays for what it "
        "leaves undone",
    )

    prices: CommonPrices | None = Field(
        default=None,
        exclude_if=not_said,
        description="prices on what is decided before a month, for the bound of a scenario set",
    )

    weigh: Weigh | None = Field(
        default=None,
        exclude_if=not_said,
        description="what plans that open what the earlier one does are worth, and what all others are, each proven apart; in "
        "nodes (`node_limit`), with value alone as the objective, and in portfolios small enough for one problem",
    )

    causes: bool = Field(
        default=True,
        exclude_if=bool,
        description="whether the rule that keeps each city out of the plan is looked for as well; plans of which only decisions "
        "and money are wanted are made sooner without",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.commit is not None) + (self.prices is not None) + self.keeps + (self.weigh is not None) > 1:
            refused = refusal(
                "asks for more than one of commitments, prices, what is kept of a parent and what is weighed against it",
                "one of them",
                "take the others out",
            )
            raise refused
        if self.weigh is not None and self.node_limit is None:
            refused = refusal("weighs plans without a limit in nodes", "`node_limit` besides", "give one, such as 400")
            raise refused
        return self

    @property
    def tilted(self) -> bool:
        """Whether another value than NPV is searched for: less what is given up of commitments, or with prices."""
        return self.commit is not None or self.prices is not None

    @property
    def keeps(self) -> bool:
        """Whether something of an earlier plan is kept or priced, so that there must be one."""
        return self.freeze_until is not None or self.change_price_usd is not None

    @property
    def needs_parent(self) -> bool:
        """Whether they say something of an earlier plan, so that there must be one."""
        return self.keeps or self.weigh is not None

    @property
    def search(self) -> SearchOptions:
        """How to search, apart from what is kept."""
        return SearchOptions(**self.model_dump(include=set(SearchOptions.model_fields)))

    @property
    def free(self) -> Self:
        """The same search with nothing kept, and causes told."""
        kept = {"freeze_until": None, "change_price_usd": None, "commit": None, "prices": None, "weigh": None}
        return self.model_copy(update={**kept, "causes": True})

    def within(self, time_limit_s: float) -> Self:
        """Return the same options with another time limit, in seconds."""
        return self.model_copy(update={"time_limit_s": time_limit_s})


DEFAULT_OPTIONS = PlanOptions()


def parse_options(data: Any) -> PlanOptions:
    """Return the options held by plain data, or raise :class:`RequestError` with every fault."""
    try:
        return PlanOptions.model_validate(data)
    except ValidationError as error:
        raise RequestError(faults_of(PlanOptions, error)) from error
