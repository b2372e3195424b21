"""The shapes of answers that are read from reruns or kept with plans: thresholds, what limits are worth, doubts kept."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas import Answer, ChangeState, RerunCall
from fleetplan.limits.types import Probed
from fleetplan.recourse.types import Recourse
from fleetplan.threshold.types import Threshold


class ThresholdTold(Answer):
    """At which values of one thing another plan is best, as far as plans at these values are stored."""

    state: ChangeState = Field(
        description="known: nothing is left to plan; missing: post `reruns` and ask again, until it is known; "
        "running: some are being made"
    )
    name: str
    stands: str = Field(description="where it stands in the plan, and between what it is turned")
    threshold: Threshold = Field(description="what is known so far; a side without points was not tried yet")
    sentences: list[str]
    rows: list[dict[str, str]] = Field(description="every value tried, in words")
    faults: list[str] = Field(description="why a value could not be asked for")
    made: int = Field(description="so many plans were made for it")
    reruns: list[RerunCall] = Field(description="what to post next; empty when it is known, or being made")


class ThresholdsTold(Answer):
    """Thresholds of a plan: of what was asked for, or of the figures that matter most to it."""

    plan: str
    thresholds: list[ThresholdTold]


class LimitTold(Answer):
    """What one moved limit is worth, as far as the plan with it is stored."""

    state: ChangeState = Field(
        description="known: `probed` says what it is worth; missing, failed, cancelled: post `rerun` and ask again; "
        "queued, running: `plan` is being made"
    )
    name: str
    plan: str | None
    rerun: RerunCall | None
    probed: Probed | None
    worth: str = Field(description="in words, by both bounds; empty while it is not known")
    moves: str = Field(description="in words what the plan with it does otherwise; empty while it is not known")
    sentence: str


class LimitsTold(Answer):
    """What the limits of a plan are worth, each moved by a step and planned again."""

    plan: str
    limits: list[LimitTold]


class KeptDoubt(Answer):
    """An answer on how sure a plan is, stored with it."""

    id: str
    draws: int
    seed: int
    version: str = Field(description="of the program that found it")
    catalogue_sha256: str = Field(description="of the catalogue that it was found with")
    sha256: str = Field(description="of the answer as it is stored")
    bytes: int
    kept_at: datetime
    current: bool = Field(
        description="whether version and catalogue are those of today, so that `href` answers with it"
    )
    href: str


class KeptDoubts(Answer):
    """The answers on how sure a plan is that are stored with it, oldest first."""

    plan: str
    kept: list[KeptDoubt]


class ScenarioTold(Answer):
    """A scenario in words, and its plans as far as they are stored."""

    id: str
    probability: float
    sentences: list[str] = Field(description="what is otherwise in it")
    known_plan: str | None = Field(description="its best plan, as though it were known from the start")
    plan: str | None = Field(description="its plan within what is best decided for all")


class RecourseTold(Answer):
    """What to decide before it is known which scenario comes, as far as the plans that say it are stored."""

    plan: str
    set_id: str
    sets: list[str] = Field(description="the scenario sets of the request")
    state: ChangeState = Field(
        description="known: nothing is left to plan; missing: post `reruns` and ask again, until it is known; "
        "running: some are being made"
    )
    recourse: Recourse | None = Field(
        description="by the policies that every scenario can follow so far; null before that"
    )
    sentences: list[str]
    decided: list[str] = Field(description="what is best decided for all, in words")
    regrets: list[str] = Field(description="where not knowing costs most, in words")
    scenarios: list[ScenarioTold]
    step: str = Field(description="which plans are being made, in words")
    made: int = Field(description="so many of them are stored")
    asked: int = Field(description="so many there are")
    reruns: list[RerunCall] = Field(description="what to post next; empty when it is known, or being made")
