"""What would it take, and what is it worth: answers that are read from reruns of a plan."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import AnsweredDep, ServiceDep, may_read
from api.documents import json_document
from api.limits import limits_told
from api.openapi import of_an_answered_plan
from api.recourse import recourse_told
from api.schemas_again import LimitsTold, RecourseTold, ThresholdsTold
from api.thresholds import Asked, thresholds_told
from fleetplan.threshold.dials import Question
from fleetplan.threshold.ranking import MOST

router = APIRouter(
    prefix="/v1/plans/{plan}", tags=["results"], dependencies=[may_read], default_response_class=Response
)
KindName = Literal[
    "fare", "displacement", "platform-share", "vehicle-price", "take", "permit-date", "supply", "capital"
]
WatchName = Literal["launches", "entry", "areas"]


class ThresholdsAsked(BaseModel):
    """What is turned, and what counts as another plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    figure: str = Field(default="", max_length=200, description="key of a figure, or of a permit's months")
    kind: KindName | None = Field(default=None, description="or one of these, of `city` or `stack`")
    city: str = Field(default="", max_length=200, description="whose fare, share or permits")
    stack: str = Field(default="", max_length=200, description="whose price, take or supply")
    low: float | None = Field(default=None, allow_inf_nan=False, description="look from here")
    high: float | None = Field(default=None, allow_inf_nan=False, description="look up to here")
    watch: WatchName = Field(default="launches", description="what counts as another plan")
    of: str = Field(default="", max_length=200, description="only what becomes of this city counts")
    most: int = Field(default=MOST, ge=1, le=20, description="where nothing is named: so many figures")

    @property
    def asked(self) -> Asked:
        """The question, as the library takes it."""
        question = Question(self.kind or "", self.figure, self.city, self.stack, self.low, self.high)
        return Asked(question, self.watch, self.of, self.most)


@router.get(
    "/thresholds",
    operation_id="plan_thresholds",
    summary="The smallest change of a figure at which a city or a partner enters, leaves or moves",
    responses=of_an_answered_plan("The thresholds, or what to post to get them known.", ThresholdsTold),
)
async def thresholds(
    request: Request, service: ServiceDep, found: AnsweredDep, asked: Annotated[ThresholdsAsked, Query()]
) -> Response:
    """Say between which values it lies and what is proven of it. From stored plans, nothing is planned.

    While something is left to plan, ``reruns`` are what to post; ask again when they have ended, until nothing is left.
    """
    told = await service.costly.run(request, thresholds_told, service, found, asked.asked)
    return json_document(told).respond(request)


@router.get(
    "/limits",
    operation_id="plan_limits",
    summary="What the limits of the plan are worth: each a step looser or tighter, planned again",
    responses=of_an_answered_plan("The worth of ten limits, or what to post to get it known.", LimitsTold),
)
async def limits(request: Request, service: ServiceDep, found: AnsweredDep) -> Response:
    """Say what each step is worth by both bounds, and what the plan with it does otherwise. From stored plans."""
    told = await service.costly.run(request, limits_told, service, found)
    return json_document(told).respond(request)


@router.get(
    "/recourse",
    operation_id="plan_recourse",
    summary="What to decide before it is known which scenario comes, what that is worth, and how plans adapt",
    responses=of_an_answered_plan("What is known, and what to post to get the rest known.", RecourseTold),
)
async def recourse(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    scenario_set: Annotated[
        str | None, Query(alias="set", max_length=200, description="a set of the request; the first where left out")
    ] = None,
) -> Response:
    """Weigh the stored plans of a scenario set: each scenario by itself, and within what may be decided for all.

    While something is left to plan, ``reruns`` are what to post; ask again when they have ended, until nothing is left.
    """
    told = await service.costly.run(request, recourse_told, service, found, scenario_set)
    return json_document(told).respond(request)
