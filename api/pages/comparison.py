"""Two plans side by side: what changed and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import problems as p
from api.deps import Service, ServiceDep, StoredDep, answer_of, may_read
from api.documents import Document
from api.missing import not_there
from api.option_schemas import LeftOut
from api.pages.city import streets_of
from api.pages.comparison_choice import choice
from api.pages.comparison_view import view
from api.pages.shell import may_delete, page
from api.routes.parameters import SLUG
from api.several import left_out
from api.store.contract import FINAL, PlanRow
from fleetplan.compare.figures import areas, farthest
from fleetplan.report.difference_svg import difference_svg

router = APIRouter(include_in_schema=False, dependencies=[may_read], default_response_class=Response)


@router.get("/plans/{plan}/comparison")  # noqa: FAST003  stored() takes it
async def comparison(
    request: Request,
    service: ServiceDep,
    row: StoredDep,
    other: Annotated[str | None, Query(alias="with", pattern=SLUG)] = None,
) -> Response:
    """Compare a plan with another, or, where none is named, its parent with it."""
    template, context = await run_in_threadpool(_compared, service, row, other)
    code = 404 if context.get("left_out") else 200
    return page(request, template, code=code, here="plans", may_restore=may_delete(request.scope), **context)


@router.get("/plans/{plan}/comparison/{city}.svg")  # noqa: FAST003  stored() takes the plan
async def difference_map(
    request: Request,
    service: ServiceDep,
    row: StoredDep,
    city: Annotated[str, Path(pattern=SLUG)],
    other: Annotated[str, Query(alias="with", pattern=SLUG)],
) -> Response:
    """Return where the areas of two plans are farthest apart in a city, as a picture for paper."""
    pair = _pair(service, row, other)
    if pair is None or any(r.answer_sha256 is None for r in pair):
        msg = "one of these plans has no answer, so that there is nothing to compare"
        raise p.NotFound(msg)
    key = f"{pair[0].answer_sha256}/{pair[1].answer_sha256}/difference/{city}"
    if (kept := service.rendered.get(key)) is None:
        body = await run_in_threadpool(_drawn, service, pair, city)
        kept = service.rendered.put(key, Document(body, "image/svg+xml"))
    return kept.respond(request)


def _drawn(service: Service, pair: tuple[PlanRow, PlanRow], city: str) -> bytes:
    a, b = (answer_of(service, row) for row in pair)
    found = next((one for one in areas(a.plan, b.plan) if one["city"] == city), None)
    side = b if found is not None and found["whose"] == "b" else a
    rollout = next((c for c in side.plan.cities if c.city == city), None)
    fact = service.known.catalogue.cities.get(city)
    streets = streets_of(service, side, rollout) if rollout is not None else None
    if found is None or rollout is None or fact is None or streets is None:
        msg = f"neither plan has an area in {city}, or the catalogue no longer holds it"
        raise p.NotFound(msg)
    t = farthest(found)
    return difference_svg(rollout, fact, streets, found["a"][t], found["b"][t]).encode()


def _compared(service: Service, row: PlanRow, other: str | None) -> tuple[str, dict[str, Any]]:
    try:
        pair = _pair(service, row, other)
    except p.PlanNotFound as gone:
        return _chooser(service, row, gone=[left_out(service, other or row.parent or "", gone)])
    if pair is None or pair[0].id == pair[1].id:
        return _chooser(service, row, same=pair is not None)
    a, b = pair
    without = [r for r in pair if r.state not in FINAL or r.answer_sha256 is None]
    if without:
        context = {"row_a": a, "row_b": b, "without": without, "final": FINAL}
        return "comparison_missing.html.j2", {"title": f"{b.name} against {a.name}", **context}
    context = view(service, answer_of(service, a), answer_of(service, b))
    others = choice(service.store, a)
    return "comparison.html.j2", {"title": f"{b.name} against {a.name}", "choice": others, **context}


def _pair(service: Service, row: PlanRow, other: str | None) -> tuple[PlanRow, PlanRow] | None:
    """Return the earlier and the later plan; None where a plan is named alone and was made from no other."""
    named = other or row.parent
    if named is None:
        return None
    found = service.store.get(named)
    if found is None:
        raise not_there(service.store, service.settings.undo_days, named, parameter="with")
    return (found, row) if other is None else (row, found)


def _chooser(
    service: Service, row: PlanRow, *, same: bool = False, gone: Sequence[LeftOut] = ()
) -> tuple[str, dict[str, Any]]:
    context = {"title": f"Compare {row.name}", "row": row, "same": same, "choice": choice(service.store, row)}
    return "comparison_choice.html.j2", {**context, "left_out": gone}
