"""Everything the service refuses on purpose, in one tree that knows no HTTP, and the one table that maps it to answers.

    ServiceError
    ├── BodyError         MalformedJson · NotJson · BodyTooLarge · TooSlow
    ├── AccessError       KeyMissing · KeyUnknown · ScopeMissing · NotAllowed · CrossOrigin · HostUnknown
    ├── NotFound          RouteNotFound · PlanNotFound · CityNotFound · PartnerNotFound · ExampleNotFound · TableNotFound
    ├── StateError        NotReady · NoAnswer · NotFinal · AlreadyFinal
    ├── BadRequest · NotAcceptable · MethodNotAllowed · IdempotencyClash
    ├── QueueFull · NotAvailable · DamagedAnswer · DiskFull · StoreLimit
    └── Internal          a bug: the request id leads to the log

Every answer is ``application/problem+json`` (RFC 9457) with a stable ``code`` and, where input is wrong, every fault at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from api.pointers import shortened, value_at
from api.store.errors import (
    AnswerDamaged,
    CardChanged,
    KeyReused,
    PlanUnfinished,
    PlanUnknown,
    StoreError,
    StoreFull,
    StoreUnusable,
    TooManyComments,
    TooManyWait,
)
from fleetplan.errors import Fault

MEDIA_TYPE = "application/problem+json"
MOST_FLAWS = 200


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong in what was sent. ``pointer`` goes into the body, ``parameter`` names a query or header."""

    message: str
    pointer: str | None = None
    parameter: str | None = None
    value: Any = None
    allowed: str = ""
    remedy: str = ""


class ServiceError(Exception):
    """Base of everything refused on purpose; ``flaws`` says what was wrong where."""

    def __init__(self, detail: str = "", *, flaws: Iterable[Flaw] = (), retry_after_s: int | None = None) -> None:
        self.detail = detail
        self.flaws = tuple(flaws)
        self.retry_after_s = retry_after_s
        super().__init__(detail or type(self).__name__)


class MalformedJson(ServiceError):
    """The body is no JSON: broken, nested too deeply, or with NaN or Infinity in it."""


class NotJson(ServiceError):
    """The body is of another media type."""


class BodyTooLarge(ServiceError):
    """The body is larger than the service takes."""


class TooSlow(ServiceError):
    """The body did not come in time."""


class KeyMissing(ServiceError):
    """No API key was given."""


class KeyUnknown(ServiceError):
    """The API key is not known."""


class ScopeMissing(ServiceError):
    """The API key may not do this."""


class CrossOrigin(ServiceError):
    """A page of another origin tried to change something."""


class NotAllowed(ServiceError):
    """The service's settings do not allow it to anybody."""


class HostUnknown(ServiceError):
    """The Host header names another machine (DNS rebinding)."""


class NotFound(ServiceError):
    """There is nothing at this address."""


class PlanNotFound(NotFound):
    """There is no plan with this id."""


class CityNotFound(NotFound):
    """There is no such city."""


class PartnerNotFound(NotFound):
    """There is no such stack."""


class ExampleNotFound(NotFound):
    """There is no such example."""


class TableNotFound(NotFound):
    """There is no such table."""


class SimulationNotFound(NotFound):
    """There is no such replay of the plan."""


class EvaluationNotFound(NotFound):
    """There is no such evaluation with the plan."""


class CommentNotFound(NotFound):
    """There is no such comment, or it is somebody else's."""


class CardMoved(ServiceError):
    """The card has changed since it was read."""


class CommentsFull(ServiceError):
    """The plan has as many comments as it may."""


class MethodNotAllowed(ServiceError):
    """The address does not take this method."""


class NotAcceptable(ServiceError):
    """None of the media types asked for is offered."""


class NotReady(ServiceError):
    """The plan is still being made."""


class NoAnswer(ServiceError):
    """The plan ended without a plan: infeasible, failed, or cancelled before a first one."""


class OtherVersion(ServiceError):
    """The plan was written by a version whose plans hold something else."""


class NotFinal(ServiceError):
    """The plan is still being made and has to be cancelled first."""


class AlreadyFinal(ServiceError):
    """The plan had ended before."""


class IdempotencyClash(ServiceError):
    """The idempotency key was used with another body."""


class BadRequest(ServiceError):
    """A body, a query or a header holds faults."""


class QueueFull(ServiceError):
    """Too many plans wait."""


class DamagedAnswer(ServiceError):
    """The stored plan is gone, or is not what was stored."""


class DiskFull(ServiceError):
    """There is no room left for a plan."""


class StoreLimit(ServiceError):
    """As much is stored as may be."""


class NotAvailable(ServiceError):
    """The service cannot work now."""


class Internal(ServiceError):
    """A bug."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How an exception is told over HTTP."""

    code: str
    status: int
    title: str
    remedy: str
    headers: Mapping[str, str] = field(default_factory=dict)


KINDS: dict[type[ServiceError], Kind] = {
    MalformedJson: Kind(
        "malformed-json", 400, "The body is not valid JSON", "Send one JSON object, UTF-8, without NaN."
    ),
    KeyMissing: Kind(
        "key-missing",
        401,
        "An API key is needed",
        "Send Authorization: Bearer KEY; `fleetplan keys add` makes one.",
        {"WWW-Authenticate": 'Bearer realm="fleetplan"'},
    ),
    KeyUnknown: Kind(
        "key-unknown",
        401,
        "The API key is not known",
        "Use a key made by `fleetplan keys add`.",
        {"WWW-Authenticate": 'Bearer realm="fleetplan", error="invalid_token"'},
    ),
    ScopeMissing: Kind("scope-missing", 403, "The API key may not do this", "Use a key with the scope that is named."),
    NotAllowed: Kind("not-allowed", 403, "This service does not do that", "Ask whoever runs it for other settings."),
    CrossOrigin: Kind("cross-origin", 403, "A page of another origin may not do this", "Call the service directly."),
    NotFound: Kind("not-found", 404, "Nothing is here", "See /openapi.json for every address."),
    PlanNotFound: Kind("plan-not-found", 404, "There is no such plan", "See GET /v1/plans."),
    CityNotFound: Kind("city-not-found", 404, "There is no such city here", "See GET /v1/cities."),
    PartnerNotFound: Kind("partner-not-found", 404, "There is no such stack", "See GET /v1/partners."),
    ExampleNotFound: Kind("example-not-found", 404, "There is no such example", "Use one of those allowed."),
    TableNotFound: Kind("table-not-found", 404, "There is no such table", "Use one of those allowed."),
    SimulationNotFound: Kind("simulation-not-found", 404, "The plan has no such replay", "See its simulations."),
    EvaluationNotFound: Kind("evaluation-not-found", 404, "There is no such evaluation", "See the plan's list."),
    CommentNotFound: Kind("comment-not-found", 404, "There is no such comment of yours", "See the plan's comments."),
    CardMoved: Kind(
        "card-changed", 412, "The card has changed meanwhile", "Read it again, and change what it says now."
    ),
    CommentsFull: Kind("comments-full", 409, "The plan has as many comments as it may", "Take some back first."),
    MethodNotAllowed: Kind(
        "method-not-allowed", 405, "This address does not take that method", "See the Allow header."
    ),
    NotAcceptable: Kind("not-acceptable", 406, "No media type asked for is offered", "Accept one of those allowed."),
    NotReady: Kind(
        "plan-not-ready", 409, "The plan is still being made", "Ask again after Retry-After, or follow events."
    ),
    NoAnswer: Kind("plan-without-answer", 409, "The plan ended without a plan", "See its explanation."),
    OtherVersion: Kind("plan-of-other-version", 409, "The plan is of another version", "Ask the same request again."),
    NotFinal: Kind("plan-not-final", 409, "The plan is still being made", "Cancel it first."),
    AlreadyFinal: Kind("plan-final", 409, "The plan had ended before", "Nothing is left to cancel."),
    TooSlow: Kind("too-slow", 408, "The body did not come in time", "Send it in one go.", {"Connection": "close"}),
    BodyTooLarge: Kind("body-too-large", 413, "The body is too large", "Send less."),
    NotJson: Kind("not-json", 415, "The body is not JSON", "Send Content-Type: application/json."),
    HostUnknown: Kind("host-unknown", 421, "The Host header names another machine", "Use the address that is served."),
    BadRequest: Kind("bad-request", 422, "What was sent holds faults", "Mend every fault listed."),
    IdempotencyClash: Kind(
        "idempotency-clash", 422, "The idempotency key was used with another body", "Use a new key for a new request."
    ),
    QueueFull: Kind("queue-full", 429, "Too many plans wait", "Try again after Retry-After.", {"Retry-After": "10"}),
    Internal: Kind("internal", 500, "The service failed", "Report the request id; nothing was lost."),
    DamagedAnswer: Kind(
        "answer-damaged",
        500,
        "The stored plan is damaged",
        "Ask the same request again, or bring the file back from a copy of the data folder.",
    ),
    DiskFull: Kind(
        "disk-full", 507, "There is no room left for a plan", "Make room in the data folder, or delete plans."
    ),
    StoreLimit: Kind(
        "store-limit", 507, "As much is stored as may be", "Delete plans, or raise FLEETPLAN_MAX_STORE_BYTES."
    ),
    NotAvailable: Kind("not-available", 503, "The service cannot work now", "Try again.", {"Retry-After": "5"}),
}


OF_STORE: dict[type[StoreError], type[ServiceError]] = {
    KeyReused: IdempotencyClash,
    TooManyWait: QueueFull,
    PlanUnknown: PlanNotFound,
    PlanUnfinished: NotFinal,
    AnswerDamaged: DamagedAnswer,
    CardChanged: CardMoved,
    TooManyComments: CommentsFull,
    StoreFull: DiskFull,
    StoreUnusable: NotAvailable,
}


class ProblemFault(BaseModel):
    """One thing that is wrong in what was sent."""

    message: str = Field(description="one sentence")
    pointer: str | None = Field(default=None, description="JSON pointer into the body")
    parameter: str | None = Field(default=None, description="query parameter or header")
    value: Any = Field(default=None, description="what was given, shortened")
    allowed: str = ""
    remedy: str = ""


class Problem(BaseModel):
    """A problem (RFC 9457)."""

    type: str = Field(
        description="names the kind of problem; docs/api.md explains each", examples=["urn:fleetplan:bad-request"]
    )
    title: str
    status: int
    detail: str = ""
    instance: str = Field(default="", description="the address that was asked")
    code: str = Field(description="stable, for programs")
    remedy: str = ""
    request_id: str = ""
    errors: list[ProblemFault] = []


def of_store(error: StoreError) -> ServiceError:
    """Return what the service says of a refusal by its store."""
    return OF_STORE[type(error)](str(error))


def kind_of(error: type[ServiceError]) -> Kind:
    """Return how an exception, or its nearest listed parent, is told."""
    return next(KINDS[cls] for cls in error.__mro__ if cls in KINDS)


def problem(error: ServiceError, *, instance: str = "", request_id: str = "") -> Problem:
    """Return what is told about an exception.

    >>> problem(PlanNotFound("no plan is called 'x'")).code
    'plan-not-found'
    """
    kind = kind_of(type(error))
    return Problem(
        type=f"urn:fleetplan:{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=error.detail,
        instance=instance,
        code=kind.code,
        remedy=kind.remedy,
        request_id=request_id,
        errors=[
            ProblemFault(
                message=f.message,
                pointer=f.pointer,
                parameter=f.parameter,
                value=shortened(f.value),
                allowed=f.allowed,
                remedy=f.remedy,
            )
            for f in error.flaws
        ],
    )


def headers_of(error: ServiceError) -> dict[str, str]:
    """Return the headers that go with an exception."""
    headers = dict(kind_of(type(error)).headers)
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return headers


def refused(flaws: Sequence[Flaw], detail: str = "") -> BadRequest:
    """Return a refusal with every flaw, or with the first of them where there are too many to read."""
    count = len(flaws)
    shown = f"; the first {MOST_FLAWS} are listed" if count > MOST_FLAWS else ""
    told = detail or f"{count} fault{'' if count == 1 else 's'}"
    return BadRequest(f"{told}{shown}", flaws=flaws[:MOST_FLAWS])


def flaws_of_faults(faults: Iterable[Fault], body: Any, *, under: Sequence[str] = ()) -> list[Flaw]:
    """Return the library's faults as flaws of a body in which the request stands ``under`` a path."""
    prefix = "".join(f"/{part}" for part in under)
    flaws = []
    for fault in faults:
        pointer = prefix + fault.where if fault.where.startswith("/") and fault.where != "/" else prefix
        flaws.append(
            Flaw(fault.what, pointer=pointer, value=value_at(body, pointer), allowed=fault.allowed, remedy=fault.remedy)
        )
    return flaws


UNANSWERED = (PlanNotFound, NotReady, NoAnswer, DamagedAnswer, OtherVersion, BadRequest)
"""What may be told in place of anything that is read off a stored plan."""
