"""The request that comes out of a rerun: a patch merged into a plan's request, judged like any other."""

from __future__ import annotations

from api import problems as p
from api.checks import judge
from api.deps import Service, answer_of
from api.schemas import Rerun
from api.store.contract import FINAL, PlanRow
from fleetplan.errors import RequestError
from fleetplan.months import month_number, month_text
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.patch import apply_patch


def changed_request(service: Service, parent: PlanRow, body: Rerun) -> PlanRequest:
    """Return the changed request, or raise :class:`BadRequest`; pointers below /request go into what comes out."""
    if parent.state not in FINAL or parent.answer_sha256 or body.options.keeps:
        answer_of(service, parent)  # what is to be kept must be there, and be read
    try:
        merged = apply_patch(dict(parent.request), body.patch)
        asked = parse_request(merged)
        judge(asked, body.options, {"request": merged}, service.known, service.settings)
    except RequestError as error:
        flaws = p.flaws_of_faults(error.faults, None, under=["request"])
        msg = "the request that comes out holds faults; pointers below /request go into it"
        raise p.BadRequest(msg, flaws=flaws) from error
    freeze = body.options.freeze_until
    first, last = month_text(asked.grid.start), month_text(asked.grid.end)
    if freeze is not None and not asked.grid.start <= month_number(freeze) <= asked.grid.end:
        flaw = p.Flaw(
            "is not in the horizon", pointer="/options/freeze_until", value=freeze, allowed=f"{first} to {last}"
        )
        raise p.BadRequest(flaws=[flaw])
    return asked
