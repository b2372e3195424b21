"""One plan: while it is solved, when it has ended without a plan, and its review."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.deps import Service, ServiceDep, StoredDep, answer_of, may_read
from api.pages import charts
from api.pages.shell import page
from api.store.contract import FINAL, PlanRow
from fleetplan.report import context, finance, gantt, words
from fleetplan.report.charts import palette as palette_of
from fleetplan.report.html import attributions

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}")  # noqa: FAST003  stored() takes it
async def plan(request: Request, service: ServiceDep, row: StoredDep) -> Response:
    """Return the page that fits the plan's state."""
    if row.state not in FINAL:
        return page(request, "solving.html.j2", title=row.name, here="plans", row=row)
    if row.answer_sha256 is None:
        return page(request, "ended.html.j2", title=row.name, here="plans", row=row)
    return await run_in_threadpool(_review, request, service, row)


def _review(request: Request, service: Service, row: PlanRow) -> Response:
    made = answer_of(service, row).plan
    palette = palette_of(made)
    return page(
        request,
        "review.html.j2",
        title=made.name,
        here="plans",
        row=row,
        plan=made,
        verdict=words.verdict(made),
        status=words.STATUS_NAMES[made.status],
        end_month=context.end_month(made),
        years=gantt.Scale.of(made).years(),
        rows=context.timeline_rows(made),
        charts=[charts.fleets(made, palette), charts.trips(made), charts.capital(made), charts.cash(made)],
        year_numbers=finance.years(made),
        doubts=context.doubts(made),
        attributions=attributions(service.known.catalogue, {c.city: c for c in made.cities}),
    )
