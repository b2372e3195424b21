"""What would give a request without a plan one: facts, as those of :mod:`fleetplan.facts`, with their sentences made last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, ValidationError

from fleetplan.facts import Fact

LooseningKind = Literal["amount", "month", "anyone", "drop", "permits", "unfreeze"]
"""How a wish is loosened: less or more is asked, another month, no certain partner, nothing any more; or permits come sooner; or
less or nothing stays of what a rerun keeps of its parent."""


class Loosening(Fact):
    """One thing that a repair asks otherwise.

    Attributes
    ----------
    party
        Id of a constraint of the request, ``capital``, ``cash_floor``, ``kept`` for what a rerun keeps, or a deployment of it as
        ``stack@city``.
    member
        What of it changes; empty where all of it goes. Of what is kept: ``freeze_until`` (nothing stays), ``openings`` (only they
        stay, or one that need not), ``month`` (of an opening that stays).
    before, after
        Its value then and now: a number, a month, a name (None: not given), or a list of amounts by quarter.
    unit
        What one of the number is.
    """

    party: str
    kind: LooseningKind
    member: str = ""
    before: float | str | list[float] | None = None
    after: float | str | list[float] | None = None
    unit: str = ""


class Repair(Fact):
    """A request near one without a plan that has one: planned in whole vehicles, and the plan checked, before it is told.

    Attributes
    ----------
    patch
        What makes that request of this one, as a rerun takes it.
    given_up
        How much of what is asked it gives up, by which repairs are ranked (docs/reruns.md): 0 nothing, 1 a wish as a whole.
    npv_usd, bound_usd
        What the plan found is worth, and what no plan of that request exceeds; planning it again may find a better one.
    vehicles, cities
        Vehicles in service at the end, and cities that open.
    """

    changes: list[Loosening]
    patch: dict[str, Any]
    given_up: float
    npv_usd: float
    bound_usd: float
    vehicles: int = 0
    cities: list[str] = Field(default=[])
    sentence: str = ""


def repairs_from(told: Iterable[Any]) -> list[Repair]:
    """Return repairs as they were stored; one of another version is left out, since nobody can say what it does."""
    found = []
    for one in told:
        try:
            found.append(Repair.model_validate(one))
        except ValidationError:
            continue
    return found
