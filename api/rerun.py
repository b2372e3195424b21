"""The request that comes out of a rerun: a patch merged into a plan's request, judged like any other."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from api import problems as p
from api.bodies import SentRerun
from api.checks import BODY, judge
from api.deps import Service, answer_of
from api.store.contract import FINAL, PlanRow
from fleetplan.errors import RequestError
from fleetplan.months import month_number, month_text
from fleetplan.options import Weigh
from fleetplan.request import Horizon, PlanRequest
from fleetplan.reruns.patch import merge_patch
from fleetplan.reruns.weighed import watched_in
from fleetplan.scope import Scope


def changed_request(service: Service, parent: PlanRow, sent: SentRerun) -> PlanRequest:
    """Return the changed request as :func:`changed_scope` does."""
    return changed_scope(service, parent, sent).request


def changed_scope(service: Service, parent: PlanRow, sent: SentRerun) -> Scope:
    """Return what the changed request plans, or raise :class:`BadRequest`; pointers below /request go into what comes out."""
    if parent.state not in FINAL or parent.answer_sha256 or sent.options.needs_parent:
        answer_of(service, parent)  # what is to be kept must be there, and be read
    merged, faults = merge_patch(dict(parent.request), sent.patch)
    others = [*sent.flaws, *p.flaws_of_faults(faults, None, under=BODY), *_outside(sent.options.freeze_until, merged)]
    others += _unknown(sent.options.weigh, service)
    return judge(merged, sent.options, service.known, service.settings, others)


def _unknown(weigh: Weigh | None, service: Service) -> list[p.Flaw]:
    """Return what is wrong with whose launches are to be weighed."""
    if weigh is None:
        return []
    try:
        watched_in(weigh, service.known.catalogue)
    except RequestError as error:
        return p.flaws_of_faults(error.faults, {"options": {"weigh": weigh.model_dump()}}, under=("options", "weigh"))
    return []


def _outside(freeze: str | None, merged: dict[str, Any]) -> list[p.Flaw]:
    """Return what is wrong with the month until which decisions stay, where the horizon can be read."""
    try:
        horizon = Horizon.model_validate(merged.get("horizon", {}))
    except ValidationError:
        return []
    start = month_number(horizon.start)
    if freeze is None or start <= month_number(freeze) <= start + horizon.months:
        return []
    first, last = month_text(start), month_text(start + horizon.months)
    allowed, remedy = f"{first} to {last}", f"write a month from {first} to {last}"
    return [
        p.Flaw("is not in the horizon", pointer="/options/freeze_until", value=freeze, allowed=allowed, remedy=remedy)
    ]
