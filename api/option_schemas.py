"""Answers about a plan's options: alternatives, a frontier, several plans side by side."""

from __future__ import annotations

from pydantic import Field

from api.schemas import Answer, ChangeState, RerunCall
from fleetplan.alternatives.types import Alternatives
from fleetplan.compare.table_types import SideBySide
from fleetplan.frontier.types import Frontier


class AlternativesTold(Answer):
    """The plans nearly as good as one that differ in structure, as far as they are stored; each differs from all before it."""

    plan: str
    state: ChangeState = Field(
        description="known: all that was asked for is told; missing, failed, cancelled: post `rerun` and ask again; "
        "queued, running: `making` is being made"
    )
    alternatives: Alternatives
    plans: list[str] = Field(
        description="the stored plans of `alternatives.others`, and last that of `nearest` where there is one"
    )
    making: str | None = Field(description="the next one: in the making, or ended without a plan")
    rerun: RerunCall | None = Field(
        description="what to post to learn of the next one; null when all is known, or one is being made"
    )


class PointTold(Answer):
    """A point of a frontier, as far as its plan is stored."""

    state: ChangeState
    plan: str | None = Field(description="the plan of the point: made, in the making, or ended without one")
    rerun: RerunCall | None = Field(description="what to post to get it known; null when it is, or is being made")


class FrontierTold(Answer):
    """What less capital, or more markets, would be worth, as far as the plans of its points are stored."""

    plan: str
    frontier: Frontier
    points: list[PointTold] = Field(description="in the order of the frontier's own points")


class LeftOut(Answer):
    """A plan that was named and is not among those shown."""

    id: str
    name: str = Field(description="as its card says; empty where no such plan is stored")
    code: str = Field(
        description="plan-not-found, plan-not-ready, plan-without-answer or plan-of-other-version, as its own address says"
    )
    sentence: str
    restorable: bool = Field(description="it is deleted, and POST to its `restore` brings it back")


class SideBySideTold(SideBySide):
    """Several plans side by side; `ids` are theirs, in the order of the columns."""

    ids: list[str]
    left_out: list[LeftOut] = Field(description="plans that were named and cannot be shown, with the reason")
