"""Why a plan does not do something, read from stored plans.

The question makes a request, and the plan of that request is a rerun like any other. Nothing is solved here: while no such plan
is stored, the rerun to post is told, so that a client that posts it and asks again learns the answer.
"""

from __future__ import annotations

from dataclasses import replace

from api import problems as p
from api.bodies import SentRerun
from api.deps import Answered, Service, answer_of
from api.found_reruns import MOST_RERUNS, UNMADE, asked_of, finding, rerun_call, worth
from api.rerun import changed_request
from api.schemas import Rerun, RerunCall, WhyNotTold
from api.store.contract import PlanRow
from fleetplan.errors import RequestError
from fleetplan.inquiry.answer import WhyNotAnswer, answer_data, opened, told
from fleetplan.inquiry.question import WhyNot
from fleetplan.words.changes import why_not_name
from fleetplan.words.names import Names
from fleetplan.words.why_not import asked_text


def why_not_told(service: Service, found: Answered, asked: WhyNot) -> WhyNotTold:
    """Return the answer as far as the store knows it.

    Raises
    ------
    BadRequest
        With every fault of the question.
    """
    catalogue = service.known.catalogue
    try:
        answer = opened(found.plan, asked, catalogue)
    except RequestError as error:
        raise p.refused([_flaw(f.where, f.what, f.allowed, f.remedy) for f in error.faults]) from error
    if answer.kind != "open":
        return _told(found, answer, told(answer, catalogue), "known", None, None)
    body = _body(service, found, answer)
    row = _stored(service, found, body)
    state, clashes, fault = finding(row)
    if state != "known":
        call = rerun_call("why-not", found.row.id, body, row) if state in UNMADE else None
        return _told(found, answer, [], state, row, call)
    if fault:
        raise p.refused([p.Flaw(fault)])
    if row is not None and row.answer_sha256 is not None:
        answer = replace(answer, kind="possible", forced=answer_of(service, row).plan)
    else:
        answer = replace(answer, kind="impossible", conflicts=clashes)
    return _told(found, answer, told(answer, catalogue), "known", row, None)


def _flaw(where: str, what: str, allowed: str, remedy: str) -> p.Flaw:
    return p.Flaw(what, parameter=where.strip("/"), allowed=allowed, remedy=remedy)


def _body(service: Service, found: Answered, answer: WhyNotAnswer) -> Rerun:
    names = Names(service.known.catalogue, (found.plan,))
    name = why_not_name(found.row.name, asked_text(answer.asked, names))
    return Rerun(patch={**answer.patch, "name": name}, options=found.row.options.free)


def _stored(service: Service, found: Answered, body: Rerun) -> PlanRow | None:
    sent = SentRerun(body.patch, body.options)
    wanted = asked_of(changed_request(service, found.row, sent).model_dump(mode="json"))
    rows = service.store.page(limit=MOST_RERUNS, after=None, parent=found.row.id)
    return min((row for row in rows if asked_of(row.request) == wanted), key=worth, default=None)


def _told(
    found: Answered, answer: WhyNotAnswer, sentences: list[str], state: str, row: PlanRow | None, call: RerunCall | None
) -> WhyNotTold:
    data = answer_data(answer, sentences)
    return WhyNotTold.model_validate(
        {**data, "plan": found.row.id, "state": state, "answered_by": row.id if row else None, "rerun": call}
    )
