"""What is judged before a plan is accepted: the request, limits of the service, and what the dates of permits forbid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.infeasible import told
from api.known import Known
from api.problems import Flaw, flaws_of_faults, refused
from api.schemas import Feasibility, Size, Validation
from api.settings import Settings
from fleetplan.errors import RequestError
from fleetplan.explain.dates import impossible
from fleetplan.options import PlanOptions, SearchOptions
from fleetplan.scope import Scope, judge_request
from fleetplan.words.conflict import said
from fleetplan.words.context import context_of

BODY = ("request",)
MOST_SEEN = 200
"""Deployments of which the dates of permits are worked out when a plan is posted."""


def judge(data: Any, options: SearchOptions, known: Known, settings: Settings, others: Sequence[Flaw] = ()) -> Scope:
    """Return what a request, given as plain data, plans.

    Parameters
    ----------
    others
        What is wrong besides, in the body round the request.

    Raises
    ------
    BadRequest
        With every fault of fields, names and months, of the service's limits, and the others.
    """
    flaws = [*others, *_beyond_limits(options, settings)]
    try:
        scope = judge_request(data, known.catalogue)
        flaws += _too_large(scope, settings)
    except RequestError as error:
        raise refused([*flaws_of_faults(error.faults, {"request": data}, under=BODY), *flaws]) from error
    if flaws:
        raise refused(flaws)
    return scope


def validation(scope: Scope) -> Validation:
    """Return what can be told at once about a valid request."""
    size = Size(
        cities=len(scope.cities),
        stacks=len({stack for stack, _ in scope.deployments}),
        deployments=len(scope.deployments),
        periods=len(scope.request.grid),
        constraints=len(scope.constraints),
    )
    findings = said(impossible(scope), context_of(scope))
    return Validation(
        size=size, feasibility=Feasibility(verdict="infeasible" if findings else "unknown", findings=findings)
    )


def seen_at_once(scope: Scope, options: PlanOptions) -> Mapping[str, Any] | None:
    """Return why a request has no plan, where the dates of permits tell; None where that takes a search.

    Takes some hundredths of a second: of more deployments than :data:`MOST_SEEN`, and of what a rerun keeps, the search tells.
    """
    if options.keeps or options.tilted or len(scope.deployments) > MOST_SEEN:
        return None
    if not (found := impossible(scope)):
        return None
    clashes = [conflict.model_dump(mode="json") for conflict in said(found, context_of(scope))]
    return told({"clashes": clashes, "settled": False, "searched": False, "mending": True})


def _beyond_limits(options: SearchOptions, settings: Settings) -> list[Flaw]:
    if options.time_limit_s <= settings.max_time_limit_s:
        return []
    allowed = f"at most {settings.max_time_limit_s:g} s"
    return [
        Flaw(
            "is more than this service allows",
            pointer="/options/time_limit_s",
            value=options.time_limit_s,
            allowed=allowed,
            remedy="ask for less time",
        )
    ]


def _too_large(scope: Scope, settings: Settings) -> Sequence[Flaw]:
    size = len(scope.cities) * len(scope.request.grid)
    if size <= settings.max_city_periods:
        return []
    allowed = f"cities x periods at most {settings.max_city_periods}"
    remedy = "ask for fewer cities, fewer months, or fewer single months"
    return [
        Flaw("is too large for this service", pointer="/request/horizon", value=size, allowed=allowed, remedy=remedy)
    ]
