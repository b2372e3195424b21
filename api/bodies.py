"""Bodies that hold a request, taken as they are and judged whole, so that every fault comes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body as FromBody
from pydantic import BaseModel, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from api.problems import Flaw, flaws_of_faults
from api.schemas import Body, Rerun, Submission
from fleetplan.options import PlanOptions, SearchOptions
from fleetplan.request import faults_of, valid_fields


def _as_it_is(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
    return value


# The document shows the model; what comes is whatever was sent.
SubmissionBody = Annotated[Submission, WrapValidator(_as_it_is), FromBody()]
RerunBody = Annotated[Rerun, WrapValidator(_as_it_is), FromBody()]


class _Sent(Body):
    """A submission whose request is yet to be judged."""

    request: Any = None
    options: SearchOptions = SearchOptions()


@dataclass(frozen=True)
class Sent:
    """A submission as it was sent: what stands there as a request, the options as far as they can be read, what is wrong."""

    request: Any
    options: SearchOptions
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True)
class SentRerun:
    """A rerun as it was sent: the patch, the options as far as they can be read, and what is wrong."""

    patch: Mapping[str, Any]
    options: PlanOptions
    flaws: tuple[Flaw, ...] = ()


def submission(body: Any) -> Sent:
    """Return a body of POST /v1/plans, its request not judged yet."""
    flaws = _flaws(_Sent, body)
    given = body if isinstance(body, dict) else {}
    return Sent(given.get("request"), _options(SearchOptions, given), flaws)


def rerun(body: Any) -> SentRerun:
    """Return a body of POST /v1/plans/{plan}/reruns, its patch not applied yet."""
    flaws = _flaws(Rerun, body)
    given = body if isinstance(body, dict) else {}
    patch = given.get("patch", {})
    return SentRerun(patch if isinstance(patch, dict) else {}, _options(PlanOptions, given), flaws)


def _flaws(model: type[BaseModel], body: Any) -> tuple[Flaw, ...]:
    try:
        model.model_validate(body)
    except ValidationError as error:
        return tuple(flaws_of_faults(faults_of(model, error), body))
    return ()


def _options(model: Any, given: dict[str, Any]) -> Any:
    return valid_fields(model, given.get("options"))
