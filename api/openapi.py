"""The OpenAPI document: what every operation answers, with examples, and every problem it may answer instead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api import problems as p
from api.media import JSON, SSE

EXAMPLES = Path(__file__).resolve().parent / "examples.json"
ALWAYS: tuple[type[p.ServiceError], ...] = (
    p.KeyMissing,
    p.KeyUnknown,
    p.ScopeMissing,
    p.HostUnknown,
    p.MethodNotAllowed,
    p.Internal,
    p.NotAvailable,
)
WITH_BODY: tuple[type[p.ServiceError], ...] = (
    p.MalformedJson,
    p.NotJson,
    p.TooSlow,
    p.BodyTooLarge,
    p.BadRequest,
    p.CrossOrigin,
)
NAMED = "example named"
EVENT = {
    "title": "Event",
    "description": "One server-sent event; data is JSON with plan, at and what the event tells.",
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "number within the plan; send it back as Last-Event-ID"},
        "event": {"enum": ["state", "phase", "incumbent", "bound", "log", "verdict"]},
        "data": {"type": "string", "contentMediaType": JSON},
    },
    "required": ["id", "event", "data"],
}
ETAGGED = {"ETag": {"description": "version of the answer", "schema": {"type": "string"}}}
RETRY = {"Retry-After": {"description": "seconds after which to ask again", "schema": {"type": "integer"}}}


@cache
def examples() -> Mapping[str, Any]:
    """Return example answers and bodies by name; `tests/test_api_openapi.py` keeps them true."""
    found: Mapping[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8")) if EXAMPLES.is_file() else {}
    return found


def answer(
    description: str,
    model: type[BaseModel] | None = None,
    *,
    example: str = "",
    media: Iterable[str] = (JSON,),
    headers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the description of one answer; media types other than JSON are told as bytes."""
    content: dict[str, Any] = {}
    for media_type in media:
        is_json = media_type == JSON or media_type.endswith("+json")
        schema: dict[str, Any] = {"type": "string"} if media_type.startswith("text/") else {}
        if media_type == SSE:
            # Each event, as OpenAPI 3.2 says it; readers of 3.1 pass over it and give out the stream as it comes.
            content[media_type] = {"schema": {}, "itemSchema": EVENT}
            continue
        if is_json and model is not None:
            schema = {"$ref": f"#/components/schemas/{model.__name__}"}
        content[media_type] = {"schema": schema}
        if is_json and example and example in examples():
            content[media_type]["example"] = {NAMED: example}
    told: dict[str, Any] = {"description": description}
    if content:
        told["content"] = content
    if headers:
        told["headers"] = dict(headers)
    return told


def of_an_answered_plan(
    description: str,
    model: type[BaseModel] | None = None,
    *,
    example: str = "",
    media: Iterable[str] = (JSON,),
    also: Iterable[type[p.ServiceError]] = (),
) -> dict[int | str, dict[str, Any]]:
    """Return what is answered of a plan that has its answer: with its ETag, nothing new, or why not (``also``: besides)."""
    return {
        200: answer(description, model, example=example, media=media, headers=ETAGGED),
        304: unchanged(),
        **refusals(*p.UNANSWERED, *also),
    }


def unchanged() -> dict[str, Any]:
    """Return the description of 304."""
    return {"description": "You have this version already.", "headers": ETAGGED}


def refusals(*errors: type[p.ServiceError]) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of problems, by status."""
    by_status: dict[int, list[p.Kind]] = {}
    for error in dict.fromkeys((*ALWAYS, *errors)):
        kind = p.kind_of(error)
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _refusal(kinds) for status, kinds in sorted(by_status.items())}


def _refusal(kinds: list[p.Kind]) -> dict[str, Any]:
    told = {
        kind.code: {
            "value": {
                "type": f"urn:fleetplan:{kind.code}",
                "title": kind.title,
                "status": kind.status,
                "code": kind.code,
                "remedy": kind.remedy,
            }
        }
        for kind in kinds
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    names = {name for kind in kinds for name in kind.headers}
    headers = {name: {"schema": {"type": "string"}} for name in sorted(names)}
    text = "; ".join(f"`{kind.code}`: {kind.title}" for kind in kinds) + "."
    described: dict[str, Any] = {"description": text, "content": {p.MEDIA_TYPE: {"schema": schema, "examples": told}}}
    if headers:
        described["headers"] = headers
    return described


def body_example(name: str) -> dict[str, Any]:
    """Return what adds an example to an operation's body."""
    if name not in examples():
        return {}
    return {"requestBody": {"content": {JSON: {"example": {NAMED: name}}}}}


def document(app: FastAPI, models: Iterable[type[BaseModel]], prefix: str = "") -> dict[str, Any]:
    """Return the whole document; ``prefix`` is the path under which a proxy shows the service."""
    told = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = told.setdefault("components", {}).setdefault("schemas", {})
    pairs: list[tuple[type[BaseModel], Any]] = [(model, "serialization") for model in models]
    _, own = models_json_schema(pairs, ref_template="#/components/schemas/{model}")
    for name, schema in own["$defs"].items():
        schemas.setdefault(name, schema)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _insert_examples(told["paths"])
    told["components"]["schemas"] = dict(sorted(schemas.items()))
    told["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key made by `fleetplan keys add`."}
    }
    told["security"] = [{"key": []}, {}]
    if prefix:
        told["servers"] = [{"url": prefix}]
    return told


def _insert_examples(told: Any) -> None:
    """Put examples in place of their names: FastAPI would drop every null in them."""
    for value in told.values() if isinstance(told, dict) else told:
        if isinstance(value, dict) and NAMED in value.get("example", {}):
            value["example"] = examples()[value["example"][NAMED]]
        elif isinstance(value, dict | list):
            _insert_examples(value)
