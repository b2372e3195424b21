"""What to decide before delays are known: the scenarios of a plan, what is common, what adapts, what not knowing costs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.deps import Answered, AnsweredDep, Service, ServiceDep, may_read
from api.pages.shell import page
from api.recourse import recourse_told
from api.schemas_again import RecourseTold
from api.security import Scope
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.types import Recourse
from fleetplan.report.recourse import policy_rows, regret_table, spread_view
from fleetplan.request import PlanRequest
from fleetplan.scope import resolve_scope
from fleetplan.words.names import Names
from fleetplan.words.recourse import adapting_sentences, differs_words
from fleetplan.words.values import month_name, usd

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}/recourse")  # noqa: FAST003  answered() takes the plan
async def recourse_page(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    scenario_set: Annotated[str | None, Query(alias="set", max_length=200)] = None,
) -> Response:
    """Return the page of a scenario set, as far as its plans are stored."""
    shown = await service.costly.run(request, _view, service, found, scenario_set)
    may_change = any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes)
    title = f"What if {found.row.name} is delayed?"
    return page(request, "recourse.html.j2", title=title, here="plans", may_change=may_change, **shown)


def _view(service: Service, found: Answered, name: str | None) -> dict[str, Any]:
    told = recourse_told(service, found, name)
    names = Names(service.known.catalogue, (found.plan,))
    return {
        "row": found.row,
        "plan": found.plan,
        "told": told,
        "drawn": _drawn(told.recourse, found.plan.request, names) if told.recourse else None,
        "to_make": _to_make(told),
        "lines": {} if told.recourse else _lines(service, found, told.set_id, names),
    }


def _lines(service: Service, found: Answered, name: str, names: Names) -> dict[str, str]:
    """Return by scenario what is otherwise in it for what this plan opens, in a line."""
    plan, catalogue = found.plan, service.known.catalogue
    opening = {c.city: {d.stack for d in c.deployments if d.launch} for c in plan.cities if c.launch}
    scenarios = scenarios_of(resolve_scope(plan.request, catalogue), set_of(plan.request, name), catalogue)
    return {one.id: differs_words(one, opening, plan.request, names) for one in scenarios}


def _drawn(known: Recourse, asked: PlanRequest, names: Names) -> dict[str, Any]:
    cities, rows = regret_table(known, names)
    return {
        "spread": spread_view(known, asked, names),
        "policies": policy_rows(known),
        "adapts": adapting_sentences(known, names),
        "until": month_name(known.known_from),
        "regret_cities": cities,
        "regret_rows": rows,
        "tail": known.tail,
        "bound": usd(known.bound_usd),
        "gap": max(0.0, known.gap),
        "by_prices": known.bound_by == "prices",
        "weighs": known.objective == "cvar",
        "weight": known.weight,
    }


def _to_make(told: RecourseTold) -> dict[str, Any]:
    """Return what the page's script needs to have missing plans made, and to follow them."""
    seconds = max((call.body.options.time_limit_s for call in told.reruns), default=0)
    return {"missing": len(told.reruns), "running": told.state == "running", "seconds": seconds, "step": told.step}
