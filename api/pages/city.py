"""One city's rollout: map by month, permits, fleets, money, what binds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import Answered, AnsweredDep, Service, ServiceDep, may_read
from api.documents import Document
from api.pages.replay_view import city_replays
from api.pages.shell import page
from api.problems import NotFound
from api.routes.parameters import SLUG, Slug
from api.routes.results import city_of
from api.security import Scope
from fleetplan.catalogue.types import Catalogue, City
from fleetplan.explain import options
from fleetplan.explain.agenda import agenda
from fleetplan.explain.binding import bound
from fleetplan.explain.doubts import weak_figure
from fleetplan.explain.unit_costs import money_by_year, unit_costs
from fleetplan.months import month_number, month_text
from fleetplan.plans import finance
from fleetplan.plans.reading import by_opening, doubt_key, end_month
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report import charts, context, gantt
from fleetplan.report import city as view
from fleetplan.report.city import permit_notes
from fleetplan.report.city_brief import brief
from fleetplan.report.ground import breaks, ground
from fleetplan.report.page_chart import page_chart
from fleetplan.report.partner_account import account_table
from fleetplan.request import Month
from fleetplan.service.types import CityService
from fleetplan.words.catalogue import pieces

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}/cities/{city}/ground.json")  # noqa: FAST003  answered() takes the plan
async def ground_data(request: Request, service: ServiceDep, found: AnsweredDep, city: Slug) -> Response:
    """Return what the map of a city's rollout draws."""
    rollout = city_of(found, city)
    key = f"{found.sha256}/ground/{city}"
    if (kept := service.rendered.get(key)) is None:
        body = await run_in_threadpool(_ground_bytes, service, found, rollout)
        kept = service.rendered.put(key, Document(body))
    return kept.respond(request)


def _ground_bytes(service: Service, found: Answered, rollout: CityRollout) -> bytes:
    fact, streets = _fact_of(service, rollout), streets_of(service, found, rollout)
    if fact is None or streets is None:
        msg = f"the catalogue no longer holds {rollout.name}, so that there is no map of it"
        raise NotFound(msg)
    told = ground(found.plan, rollout, fact, streets, service.known.catalogue)
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _fact_of(service: Service, rollout: CityRollout) -> City | None:
    return service.known.catalogue.cities.get(rollout.city)


def streets_of(service: Service, found: Answered, rollout: CityRollout) -> CityService | None:
    """Return the zones and ladder of one city as the plan's request changes them."""
    return service.known.services(found.plan.model_copy(update={"cities": [rollout]})).get(rollout.city)


@router.get("/plans/{plan}/cities/{city}")  # noqa: FAST003  answered() takes the plan
async def city_page(
    request: Request,
    service: ServiceDep,
    found: AnsweredDep,
    city: Slug,
    month: Annotated[Month | None, Query(description="month to show; the last one when left out")] = None,
    simulation: Annotated[str | None, Query(pattern=SLUG, description="replay to show; the last one known")] = None,
) -> Response:
    """Return the page of a city's rollout."""
    return await run_in_threadpool(_page, request, service, found, city_of(found, city), (month, simulation))


def _page(
    request: Request, service: Service, found: Answered, rollout: CityRollout, shown: tuple[str | None, str | None]
) -> Response:
    plan, streets = found.plan, streets_of(service, found, rollout)
    live = _live(plan, rollout, service.known.catalogue, shown[0]) if rollout.deployments else {}
    if rollout.deployments:
        live |= city_replays(service, found, rollout, _fact_of(service, rollout), shown[1])
    before, after = view.neighbours(plan, rollout)
    return page(
        request,
        "city.html.j2",
        title=f"{rollout.name}, {plan.name}",
        here="plans",
        may_change=any(scope.holds(Scope.plan) for scope in request.scope["caller"].scopes),
        rerun_before=bool(service.store.page(limit=1, after=None, parent=found.row.id)),
        row=found.row,
        plan=plan,
        c=rollout,
        before=before,
        after=after,
        end_month=end_month(plan),
        years=gantt.Scale.of(plan).years(),
        year_numbers=finance.years(plan),
        **_known(service, found, rollout, streets),
        **live,
    )


def _known(service: Service, found: Answered, rollout: CityRollout, streets: CityService | None) -> dict[str, Any]:
    """Return what the page shows of any city, opened or not."""
    plan, catalogue, fact = found.plan, service.known.catalogue, _fact_of(service, rollout)
    palette = charts.palette(plan)
    drawable = streets if streets is not None and streets.levels else None
    return {
        "palette": palette,
        "city": context.city_context(plan, rollout, drawable, catalogue, palette),
        "attribution": fact.land_attribution if fact else "",
        "shades": view.shades(breaks(streets)) if streets else [],
        "areas": options.areas(plan, rollout, streets, catalogue),
        "links": options.closed_links(fact, rollout, catalogue) if fact else [],
        "airports": options.airports(fact, rollout, streets, catalogue) if fact else [],
        "options": options.options(plan, rollout, catalogue),
        "doubts": [weak_figure(f) for f in sorted(rollout.doubtful_figures, key=doubt_key)],
    }


def _live(plan: Plan, rollout: CityRollout, catalogue: Catalogue, month: str | None) -> dict[str, Any]:
    """Return what the page shows of a city that opens."""
    moments, steps = view.moments(plan, rollout), agenda(plan, rollout)
    money = money_by_year(plan, rollout)
    return {
        "verdict": view.verdict(plan, rollout),
        "tiles": view.tiles(plan, rollout),
        "shown": view.period_at(plan, month),
        "moments": moments,
        "moment_data": [asdict(m) for m in moments],
        "ticks": view.ticks(plan),
        "openings": view.openings(plan, rollout),
        "agenda": steps,
        "last_soon": month_text(month_number(steps.until) - 1),
        "deployments": [
            {"d": d, "permits": permit_notes(plan, rollout, d, catalogue), "account": account_table(plan, d)}
            for d in sorted(rollout.deployments, key=by_opening)
        ],
        "charts": [page_chart(chart) for chart in charts.city(plan, rollout, charts.palette(plan))],
        **_unit(plan, rollout),
        "money": money,
        "binds": [bound(b) for b in rollout.binds],
        "pieces": pieces,
        "brief": brief(plan, rollout, steps, money),
    }


def _unit(plan: Plan, rollout: CityRollout) -> dict[str, Any]:
    """Return the account of one trip with its chart; neither for a city without trips."""
    unit = unit_costs(plan, rollout)
    return {"unit": unit, "unit_chart": page_chart(view.unit_cost_chart(plan, unit)) if unit else None}
