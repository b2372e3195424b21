"""What is proven of plans, and in which arithmetic: plain data, said by :mod:`fleetplan.words`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Proven(BaseModel):
    """Base: frozen, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Arithmetic = Literal["floating_point", "directed_rounding"]
"""``floating_point``: as a solver's doubles and tolerances have it; ``directed_rounding``: no rounding error can lower it."""


class Exactness(Proven):
    """In which arithmetic a plan's bound is proven.

    Attributes
    ----------
    root_usd
        The linear relaxation's bound, proven again from its prices in directed rounding (:mod:`fleetplan.optimize.exact`), a cent
        at most above that; None: it was not, because the time was up.
    arithmetic
        Of the plan's bound. ``directed_rounding`` only where it is no lower than ``root_usd``.
    tolerance
        What the solvers take for zero, of a row's limit or a reduced cost in millions of USD: bounds in doubles are right to it.
    """

    arithmetic: Arithmetic = "floating_point"
    root_usd: float | None = None
    tolerance: float = 1e-6
    sentence: str = ""


class Proofs(Proven):
    """What is proven of plans with what is watched as it is, and of all others, USD; None of a bound: there is no such plan.

    ``held_usd`` is what the best plan found with it is worth. ``weighed``: what the others are worth was bounded by itself.
    """

    held_usd: float | None = None
    held_bound_usd: float | None = None
    other_bound_usd: float | None = None
    weighed: bool = False


Watch = Literal["launches", "entry", "areas"]
"""What counts as another plan: ``entry`` a city or a partner in it that opens, or does not; ``launches`` these and the month in
which one opens; ``areas`` these and the largest area."""


class Weighing(Proven):
    """What of the parent plan was held against all others: of one city or stack, or of all (empty), and what was proven."""

    watch: Watch
    city: str = ""
    stack: str = ""
    proofs: Proofs


WhereWeighed = Annotated[Weighing | None, Field(exclude_if=lambda value: value is None)]
