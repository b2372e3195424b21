"""A request that is being written: one object, seen as a form and as a text, judged as it would be when it is sent.

A draft comes as text, or as an object with the text that it was before; both answer with the object, the text in both
formats, every fault with its place in the text, the request read back in words, its size and how long a plan may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from api.bodies import Sent, submission
from api.checks import judge, validation
from api.known import Known
from api.pages.estimates import estimate
from api.problems import BadRequest, Flaw
from api.schemas import Body
from api.settings import Settings
from api.store.contract import PlanRow
from fleetplan.catalogue.types import Catalogue
from fleetplan.drafts.form import form_of
from fleetplan.drafts.mending import changed_text
from fleetplan.drafts.writing import whole, write_text
from fleetplan.explain.dates import earliest_words
from fleetplan.options import SearchOptions
from fleetplan.request.text import Format, Reading, read_text
from fleetplan.scope import Scope
from fleetplan.words.also_asked import also_asked
from fleetplan.words.names import Names
from fleetplan.words.request import (
    budget_usd,
    capital_words,
    count_words,
    question,
    span_words,
)
from fleetplan.words.values import usd

MOST_TEXT = 100_000


class Draft(Body):
    """What the page sends: a text, or a request with the text that showed it before; ``yaml`` is the last YAML, with comments."""

    text: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    format: Format = "yaml"
    yaml: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    request: dict[str, Any] | None = None
    options: Annotated[dict[str, Any], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _something(self) -> Draft:
        if self.text is None and self.request is None:
            msg = "give a text or a request"
            raise ValueError(msg)
        return self


def answer(draft: Draft, known: Known, settings: Settings, past: Callable[[], Iterable[PlanRow]]) -> dict[str, Any]:
    """Return everything that the page shows about a draft; ``past`` gives the plans that were solved before."""
    text = _text(draft)
    reading = read_text(text, draft.format)
    sent = submission({"request": reading.data, "options": draft.options})
    if reading.faults or not isinstance(reading.data, dict):
        flaws = [*sent.flaws, *_unreadable(reading)]
        return {**_texts(text, draft, None), "request": None, "flaws": _placed(flaws, reading)} | _nothing()
    scope, flaws = _judged(sent, known, settings)
    catalogue = known.catalogue
    form = form_of(reading.data, catalogue)
    return {
        **_texts(text, draft, reading.data),
        "request": whole(reading.data),
        "flaws": _placed(flaws, reading),
        "form": form,
        "also": also_asked(reading.data, set(form["constraints"].values()), Names(catalogue)),
        **(_nothing_asked() if scope is None else _asked(scope, sent.options, catalogue, past())),
    }


# --- reading and judging ----------------------------------------------------------------------------------------------------


def _text(draft: Draft) -> str:
    if draft.request is None:
        return draft.text or ""
    if draft.format == "yaml" and draft.text is not None:
        return changed_text(draft.text, draft.request)
    return write_text(draft.request, draft.format)


def _texts(text: str, draft: Draft, data: Any) -> dict[str, str | None]:
    """Return the text in both formats; a YAML that stood before keeps the comments that JSON cannot hold."""
    if draft.format == "yaml":
        return {"yaml": text, "json": None if data is None else write_text(data, "json")}
    return {"json": text, "yaml": None if data is None else changed_text(draft.yaml, data)}


def _unreadable(reading: Reading) -> list[Flaw]:
    if reading.faults:
        return []  # they carry their own places
    allowed = "fields with values, for example name: first"
    return [Flaw("holds no request", pointer="/request", allowed=allowed, remedy="start from an example")]


def _judged(sent: Sent, known: Known, settings: Settings) -> tuple[Scope | None, list[Flaw]]:
    try:
        return judge(sent.request, sent.options, known, settings, sent.flaws), []
    except BadRequest as error:
        return None, list(error.flaws)


def _placed(flaws: Sequence[Flaw], reading: Reading) -> list[dict[str, Any]]:
    """Return flaws as the page shows them, in the order of the text; those of options have no line."""
    found = [
        {
            "pointer": f"/request{f.pointer}",
            "line": f.line,
            "column": f.column,
            "message": f.message,
            "allowed": "",
            "remedy": f.remedy,
        }
        for f in reading.faults
    ]
    for flaw in flaws:
        pointer = flaw.pointer or "/request"
        in_text = pointer.startswith("/request")
        line, column = reading.place(pointer.removeprefix("/request")) if in_text else (None, None)
        told = {"message": flaw.message, "allowed": flaw.allowed, "remedy": flaw.remedy}
        found.append({"pointer": pointer, "line": line, "column": column, **told})
    return sorted(found, key=lambda f: (f["line"] is None, f["line"] or 0, f["column"] or 0))


# --- what the page shows --------------------------------------------------------------------------------------------------


def _nothing_asked() -> dict[str, Any]:
    return {
        "words": [],
        "size": None,
        "size_words": "",
        "earliest": "",
        "feasibility": None,
        "estimate": None,
        "figures": None,
    }


def _nothing() -> dict[str, Any]:
    return {"form": None, "also": [], **_nothing_asked()}


def _asked(scope: Scope, options: SearchOptions, catalogue: Catalogue, past: Iterable[PlanRow]) -> dict[str, Any]:
    told = validation(scope).model_dump(mode="json")
    size = told["size"]
    request = scope.request
    return {
        "words": question(scope),
        "size": size,
        "size_words": count_words(size),
        "earliest": earliest_words(scope),
        "feasibility": told["feasibility"],
        "estimate": estimate(size["cities"], size["periods"], options.time_limit_s, len(catalogue.cities), past),
        "figures": {
            "span": span_words(request),
            "capital": f"{capital_words(request)}, {usd(budget_usd(request))} over the horizon",
        },
    }
