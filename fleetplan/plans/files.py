"""Plans written down: always the same text; read again if this version wrote them, refused with a remedy if another one did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from fleetplan.errors import Fault, InputError
from fleetplan.plans.types import SCHEMA_VERSION, Plan
from fleetplan.request import faults_of
from fleetplan.request.faults import shown
from fleetplan.request.strict_json import BrokenJson, parse_strict

TEXT_END = "\n"
MOST_DEPTH = 16
MOST_BYTES = 64 * 1024 * 1024
MOST_ENTRIES = 20_000  # of one list or object: more than a portfolio of hundreds of cities has limits that bind
MOST_WHOLE = 2**53  # beyond, whole numbers and doubles part
WHOLE = "a plan.json as it was written: one object in JSON"
AGAIN = "make the plan again from its request, with this version"


def plan_text(plan: Plan) -> str:
    """Return a plan as plan.json holds it: the same plan, the same text."""
    return plan.model_dump_json(indent=1) + TEXT_END


def plan_sha256(plan: Plan) -> str:
    """Return the SHA-256 of a plan's plan.json."""
    return hashlib.sha256(plan_text(plan).encode()).hexdigest()


def canonical_sha256(data: Any) -> str:
    """Return the SHA-256 of plain data as canonical JSON: sorted keys, no blanks."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sealed(plan: Plan) -> Plan:
    """Return a plan with its seal: the SHA-256 of its canonical JSON without one."""
    open_plan = plan.model_copy(update={"certificate": plan.certificate.model_copy(update={"seal": ""})})
    seal = canonical_sha256(open_plan.model_dump(mode="json"))
    return plan.model_copy(update={"certificate": plan.certificate.model_copy(update={"seal": seal})})


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
        what = f"is {shown(found)}: the plan is of another version of fleetplan" if found else "is missing"
        raise OtherVersion([Fault(f"{where}: /schema_version", what, repr(SCHEMA_VERSION), AGAIN)])
    if faults := list(_out_of_proportion(data, where)):
        raise InputError(faults)
    try:
        return Plan.model_validate(data)
    except ValidationError as error:
        told = faults_of(Plan, error)
        raise InputError([replace(f, where=f"{where}: {f.where}") for f in told]) from error


def _out_of_proportion(data: Any, where: str) -> Iterator[Fault]:
    """Yield lists and objects longer than any plan's, and whole numbers larger than any that it counts."""
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        place, held = waiting.pop()
        if isinstance(held, dict | list):
            if len(held) > MOST_ENTRIES:
                yield Fault(f"{where}: {place}", f"has {len(held):,} entries", f"at most {MOST_ENTRIES:,}", AGAIN)
                continue
            parts = held.items() if isinstance(held, dict) else enumerate(held)
            waiting += [(f"{place}/{key}", part) for key, part in parts if isinstance(part, dict | list | int)]
        elif abs(held) > MOST_WHOLE:
            yield Fault(f"{where}: {place}", f"is {shown(held)}", f"whole numbers up to {MOST_WHOLE:,}", AGAIN)


def read_plan(text: bytes | str, where: str = "plan.json") -> Plan:
    """Return the plan that stands in a plan.json; see :func:`plan_from`."""
    if not text.strip():
        raise InputError([Fault(where, "is empty", WHOLE, AGAIN)])
    if len(text) > MOST_BYTES:
        raise InputError([Fault(where, f"is {len(text):,} bytes long", f"at most {MOST_BYTES:,} bytes", AGAIN)])
    try:
        data = parse_strict(text.encode() if isinstance(text, str) else text, max_depth=MOST_DEPTH)
    except BrokenJson as error:
        line, column = error.place
        place = f"{where}, line {line}, column {column}" if error.placed else where
        raise InputError([Fault(place, error.message, error.allowed or WHOLE, error.remedy or AGAIN)]) from error
    if not isinstance(data, dict):
        raise InputError([Fault(where, f"is {shown(data)}", WHOLE, AGAIN)])
    if not data:
        raise InputError([Fault(where, "is an object without a field", WHOLE, AGAIN)])
    return plan_from(data, where)
