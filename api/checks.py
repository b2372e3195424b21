"""What is judged before a plan is accepted: names, limits of the service, and what the dates of permits forbid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.known import Known
from api.problems import BadRequest, Flaw, flaws_of_faults
from api.schemas import Feasibility, Options, Size, Validation
from api.settings import Settings
from fleetplan.errors import RequestError
from fleetplan.months import month_number, month_text
from fleetplan.optimize.gather import paths_of
from fleetplan.permits.paths import CITY, PermitPath
from fleetplan.request import ForceDeployment, LaunchBy, LaunchFixed, MarketsLive, PlanRequest
from fleetplan.scope import Scope, resolve_scope

BODY = ("request",)
TIME_LIMIT = "/options/time_limit_s"
MOST_NAMES = 500
"""Names are looked up with near misses, which takes a while for each."""


def judge(request: PlanRequest, options: Options, body: Mapping[str, Any], known: Known, settings: Settings) -> Scope:
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
    findings = impossible(scope)
    return Validation(
        size=size, feasibility=Feasibility(verdict="infeasible" if findings else "unknown", findings=findings)
    )


def impossible(scope: Scope) -> list[str]:
    """Return, in words, which constraints the dates of permits alone rule out."""
    earliest = earliest_paid(scope)
    findings: list[str] = []
    for item in scope.constraints:
        if isinstance(item, LaunchBy | LaunchFixed | ForceDeployment):
            months = [m for (stack, city), m in earliest.items() if city == item.city and item.stack in {None, stack}]
            latest = scope.request.grid.end - 1 if isinstance(item, ForceDeployment) else month_number(item.month)
            if not months or min(months) > latest:
                fact = (
                    f"permits allow paid service from {month_text(min(months))}" if months else "no stack is admitted"
                )
                findings.append(f"constraint {item.id!r}: {item.city} cannot be open by {month_text(latest)}; {fact}")
        elif isinstance(item, MarketsLive) and item.counts == "paid":
            by = month_number(item.by)
            open_by = {city for (_, city), month in earliest.items() if month <= by}
            existing = sum(m.counts for m in scope.catalogue.live_markets) if item.include_existing else 0
            if len(open_by) + existing < item.count:
                fact = f"permits allow {len(open_by)} of the request's cities by then"
                also = f", {existing} markets are live elsewhere" if item.include_existing else ""
                findings.append(
                    f"constraint {item.id!r}: {item.count} markets cannot be live by {item.by}; {fact}{also}"
                )
    return findings


def earliest_paid(scope: Scope) -> dict[tuple[str, str], int]:
    """Return the first month of paid service of each deployment, were every programme begun at once."""
    found = {pair: _first_paid(path) for pair, path in paths_of(scope).items()}
    return {pair: month for pair, month in found.items() if month is not None}


def _first_paid(path: PermitPath) -> int | None:
    paid = [p for p in path.permits.values() if p.opens.startswith("paid") and p.fare_factor > 0]
    if not paid:
        return None
    timings = path.timings(dict.fromkeys([CITY, *path.wide], path.horizon_start))
    return min(timings[p.id].finish for p in paid)


def _beyond_limits(options: Options, settings: Settings) -> list[Flaw]:
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
