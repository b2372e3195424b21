"""Plans that are named and are not there: never were, gone for good, or in the bin, out of which they can be brought back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from api.problems import Flaw, PlanNotFound
from api.store.contract import PlanRow


class PlanDeleted(PlanNotFound):
    """The plan is in the bin, and can be brought back."""

    def __init__(self, detail: str, *, flaws: Iterable[Flaw], plan: str, name: str) -> None:
        self.plan = plan
        self.name = name
        super().__init__(detail, flaws=flaws)


class Cards(Protocol):
    """Where plans are looked up, those in the bin too."""

    def card(self, plan: str) -> PlanRow | None:
        """Return a plan, be it in the bin or not."""


def not_there(store: Cards, undo_days: float, plan: str, *, parameter: str | None = None) -> PlanNotFound:
    """Return what is told of a plan that is not there.

    Parameters
    ----------
    undo_days
        For so many days a deleted plan can be brought back.
    parameter
        The query parameter that named it; None where the address did.
    """
    row = store.card(plan)
    if row is None or row.deleted_at is None:
        return PlanNotFound(f"no plan is called {plan!r}", flaws=_flaws("is no plan", plan, parameter))
    until = row.deleted_at + timedelta(days=undo_days)
    said = f"was deleted on {_day(row.deleted_at)} and can be brought back until {_day(until)}"
    remedy = f"POST /v1/plans/{plan}/restore, with scope admin"
    flaws = _flaws(said, plan, parameter, remedy)
    return PlanDeleted(f"{row.name} {said}", flaws=flaws, plan=plan, name=row.name)


def _flaws(said: str, plan: str, parameter: str | None, remedy: str = "") -> list[Flaw]:
    return [] if parameter is None else [Flaw(said, parameter=parameter, value=plan, remedy=remedy)]


def _day(moment: datetime) -> str:
    return moment.strftime("%d %b %Y").lstrip("0")
