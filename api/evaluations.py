"""Plans made elsewhere that are put to the test: what is sent, how far it is, what was found.

Nothing is scored here: workers do that once the best plan of the request has ended, and what they find is kept with that plan.
The faults of a file are found before it is kept, all at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body as FromBody
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from api import problems as p
from api.bodies import Sent, submission
from api.deps import Service
from api.prefix import at
from api.schemas import Answer, Body, Submission
from api.store.contract import EvaluationRow, NewPlan, PlanRow, SimulationState
from fleetplan.errors import InputError
from fleetplan.evaluate.given import read_given
from fleetplan.evaluate.result import Evaluation
from fleetplan.options import PlanOptions
from fleetplan.request import PlanRequest, faults_of
from fleetplan.scope import Scope, resolve_scope


class OwnPlan(Body):
    """A plan made elsewhere: a file with its name, in base64 or as text. One of `content` and `text` is given."""

    name: str = Field(default="plan.csv", min_length=1, max_length=200, description="what faults call it")
    content: str | None = Field(default=None, description="a CSV table, an XLSX workbook or a plan.json, in base64")
    text: str | None = Field(default=None, description="a CSV table or a plan.json as it is")

    @property
    def data(self) -> bytes:
        """The file.

        Raises
        ------
        ValueError
            Where what is given is not in base64.
        """
        if self.content is None:
            return (self.text or "").encode()
        return base64.b64decode(self.content, validate=True)


class EvaluationAsked(Body):
    """A plan made elsewhere, to be put to the test against the request of a plan."""

    own: OwnPlan


class EvaluationSubmission(Submission):
    """A request and a plan made elsewhere for it; the options are those of the search for the best plan beside it."""

    own: OwnPlan


class EvaluationSummary(Answer):
    """An evaluation in a list. ``plan`` is the best plan of the same request, by which it is kept."""

    id: str
    plan: str
    state: SimulationState = Field(description="queued until the plan that it is held against has ended")
    name: str
    sha256: str
    bytes: int
    problem: dict[str, Any] | None = Field(description="why it could not be scored")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    href: str


class EvaluationTold(EvaluationSummary):
    """An evaluation with what was found."""

    evaluation: Evaluation | None = Field(description="violations, money, gap and the nearest plan; null until known")


class EvaluationList(Answer):
    """What was put to the test against a plan's request."""

    plan: str
    evaluations: list[EvaluationSummary]


def _as_it_is(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
    return value


# The document shows the model; what comes is whatever was sent, so that every fault comes at once.
AskedBody = Annotated[EvaluationAsked, WrapValidator(_as_it_is), FromBody()]
SubmittedBody = Annotated[EvaluationSubmission, WrapValidator(_as_it_is), FromBody()]


def own_plan(body: Any) -> tuple[OwnPlan | None, tuple[p.Flaw, ...]]:
    """Return the plan made elsewhere in a body, and what is wrong with how it is sent."""
    given = body.get("own") if isinstance(body, Mapping) else None
    if not isinstance(given, Mapping):
        return None, (p.Flaw("is missing", pointer="/own", allowed="a name, and content in base64 or text"),)
    try:
        own = OwnPlan.model_validate(given)
    except ValidationError as error:
        return None, tuple(p.flaws_of_faults(faults_of(OwnPlan, error), body, under=("own",)))
    if (own.content is None) == (own.text is None):
        told = p.Flaw("holds no file, or two", pointer="/own", allowed="content in base64, or text")
        return None, (told,)
    try:
        own.data  # noqa: B018  # reading it finds the fault
    except (binascii.Error, ValueError):
        return None, (p.Flaw("is not in base64", pointer="/own/content", remedy="send it as text, or encode it"),)
    return own, ()


def submitted(body: Any) -> tuple[Sent, OwnPlan | None]:
    """Return a body of POST /v1/evaluations, its request not judged yet."""
    own, flaws = own_plan(body)
    given = {key: value for key, value in body.items() if key != "own"} if isinstance(body, dict) else body
    sent = submission(given)
    return Sent(sent.request, sent.options, (*sent.flaws, *flaws)), own


def asked(body: Any) -> OwnPlan:
    """Return a body of POST /v1/plans/{plan}/evaluations.

    Raises
    ------
    BadRequest
        With every fault of how it is sent.
    """
    more = set(body) - {"own"} if isinstance(body, Mapping) else set()
    unknown = [p.Flaw("is not known here", pointer=f"/{key}", remedy="remove it") for key in sorted(more)]
    own, flaws = own_plan(body)
    if own is None or unknown:
        raise p.refused([*flaws, *unknown])
    return own


def check_own(service: Service, scope: Scope, own: OwnPlan) -> None:
    """Read a plan made elsewhere against a request.

    Raises
    ------
    BadRequest
        With every fault of the file.
    """
    services = {city: service.known.service(scope.catalogue, city) for city in scope.cities}
    areas = {city: [level.area_km2 for level in found.levels] for city, found in services.items()}
    try:
        read_given(own.data, own.name, scope, areas)
    except InputError as error:
        place = "/own/text" if own.content is None else "/own/content"
        flaws = [
            p.Flaw(f"{f.where}: {f.what}", pointer=place, allowed=f.allowed, remedy=f.remedy) for f in error.faults
        ]
        raise p.refused(flaws) from error


def scope_of(service: Service, row: PlanRow) -> Scope:
    """Return what the request of a stored plan plans.

    Raises
    ------
    BadRequest
        Where the catalogue does not hold any more what it speaks of.
    """
    try:
        return resolve_scope(PlanRequest.model_validate(dict(row.request)), service.known.catalogue)
    except InputError as error:
        raise p.refused(p.flaws_of_faults(error.faults, {})) from error


def ask(service: Service, plan: str, own: OwnPlan) -> EvaluationRow:
    """Have a plan made elsewhere scored; the same file for the same plan is one evaluation."""
    row, _ = service.store.ask_evaluation(plan, own.name, own.data)
    return row


def best_of(request: Mapping[str, Any], options: PlanOptions, caller: str) -> NewPlan:
    """Return the best plan of a request, as it is asked for: once for all that one caller puts to the test within a day."""
    asked_for = json.dumps([dict(request), options.model_dump(mode="json")], sort_keys=True)
    sha256 = hashlib.sha256(asked_for.encode()).hexdigest()
    return NewPlan(request, options, idempotency_key=f"{caller}/evaluated-{sha256}", body_sha256=sha256)


def row_of(service: Service, plan: str, evaluation: str) -> EvaluationRow:
    """Return an evaluation that is kept with a plan, or raise :class:`EvaluationNotFound`."""
    row = service.store.evaluation(plan, evaluation)
    if row is None:
        msg = f"plan {plan} has no evaluation that is called {evaluation!r}"
        raise p.EvaluationNotFound(msg)
    return row


def told(service: Service, row: EvaluationRow) -> EvaluationTold:
    """Return an evaluation with what was found, as far as it is known; what an earlier version found otherwise is left out."""
    answer = service.store.evaluation_answer(row.id) if row.state == "succeeded" else None
    try:
        found = None if answer is None else Evaluation.model_validate_json(answer)
    except ValidationError:
        found = None
    return EvaluationTold(**_plain(row), evaluation=found)


def listed(service: Service, plan: str) -> EvaluationList:
    """Return everything that was put to the test against a plan's request, oldest first."""
    rows = service.store.evaluations(plan)
    return EvaluationList(plan=plan, evaluations=[EvaluationSummary(**_plain(row)) for row in rows])


def _plain(row: EvaluationRow) -> dict[str, Any]:
    names = ("id", "plan", "state", "name", "sha256", "bytes", "created_at", "started_at", "finished_at")
    return {
        **{name: getattr(row, name) for name in names},
        "problem": None if row.problem is None else dict(row.problem),
        "href": at(f"/v1/plans/{row.plan}/evaluations/{row.id}"),
    }
