"""What is judged before a plan is accepted: names, limits of the service, and what the dates of permits forbid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.known import Known
from api.problems import BadRequest, Flaw, flaws_of_faults
from api.schemas import Feasibility, Size, Validation
from api.settings import Settings
from fleetplan.errors import RequestError
from fleetplan.explain.dates import impossible
from fleetplan.options import SearchOptions
from fleetplan.request import PlanRequest
from fleetplan.scope import Scope, resolve_scope
from fleetplan.words.conflict import said
from fleetplan.words.context import context_of

BODY = ("request",)
TIME_LIMIT = "/options/time_limit_s"
MOST_NAMES = 500
"""Names are looked up with near misses, which takes a while for each."""


def judge(
    request: PlanRequest, options: SearchOptions, body: Mapping[str, Any], known: Known, settings: Settings
) -> Scope:
    """Return a request's scope.

    Raises
    ------
    BadRequest
        With every fault of names and limits.
    """
    flaws = [*_beyond_limits(options, settings), *_too_many(request)]
    scope = None
    try:
        if not flaws or flaws[-1].pointer == TIME_LIMIT:
            scope = resolve_scope(request, known.catalogue)
            flaws += _too_large(scope, settings)
    except RequestError as error:
        flaws += flaws_of_faults(error.faults, body, under=BODY)
    if flaws or scope is None:
        raise BadRequest(flaws=flaws)
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


def _beyond_limits(options: SearchOptions, settings: Settings) -> list[Flaw]:
    if options.time_limit_s <= settings.max_time_limit_s:
        return []
    allowed = f"at most {settings.max_time_limit_s:g} s"
    return [
        Flaw(
            "is more than this service allows",
            pointer=TIME_LIMIT,
            value=options.time_limit_s,
            allowed=allowed,
            remedy="ask for less time",
        )
    ]


def _too_many(request: PlanRequest) -> list[Flaw]:
    pairs = request.deployments
    lists: dict[str, Sequence[object] | None] = {
        "/request/cities": request.cities,
        "/request/exclude_cities": request.exclude_cities,
        "/request/stacks": request.stacks,
        "/request/exclude_stacks": request.exclude_stacks,
        "/request/deployments/add": pairs.add,
        "/request/deployments/remove": pairs.remove,
    }
    allowed = f"at most {MOST_NAMES}"
    return [
        Flaw("holds too many entries", pointer=pointer, value=len(entries), allowed=allowed)
        for pointer, entries in lists.items()
        if entries is not None and len(entries) > MOST_NAMES
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
