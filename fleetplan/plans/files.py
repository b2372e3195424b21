"""Plans written down: always the same text; read again if this version wrote them, refused with a remedy if another one did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fleetplan.errors import Fault, InputError
from fleetplan.plans.types import SCHEMA_VERSION, Plan
from fleetplan.request import faults_of

TEXT_END = "\n"
AGAIN = "make the plan again from its request, with this version"


def plan_text(plan: Plan) -> str:
    """Return a plan as plan.json holds it: the same plan, the same text."""
    return plan.model_dump_json(indent=1) + TEXT_END


def plan_sha256(plan: Plan) -> str:
    """Return the SHA-256 of a plan's plan.json."""
    return hashlib.sha256(plan_text(plan).encode()).hexdigest()


class OtherVersion(InputError):
    """The plan was written by a version whose plans hold something else."""

    code = "plan-of-other-version"


def plan_from(data: Mapping[str, Any], where: str = "plan.json") -> Plan:
    """Return the plan that plain data stands for.

    Raises
    ------
    OtherVersion
        If its ``schema_version`` is not the one that this version writes.
    InputError
        With every fault.
    """
    found = data.get("schema_version")
    if found != SCHEMA_VERSION:
        what = f"is {found!r}: the plan is of another version of fleetplan" if found else "is missing"
        raise OtherVersion([Fault(f"{where}: /schema_version", what, repr(SCHEMA_VERSION), AGAIN)])
    try:
        return Plan.model_validate(data)
    except ValidationError as error:
        raise InputError(faults_of(Plan, error)) from error


def read_plan(text: bytes | str, where: str = "plan.json") -> Plan:
    """Return the plan that stands in a plan.json; see :func:`plan_from`."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError([Fault(where, f"is no JSON: {error}", "a plan.json")]) from error
    if not isinstance(data, dict):
        raise InputError([Fault(where, f"is {type(data).__name__}", "a plan.json, an object")])
    return plan_from(data, where)
