"""A request that is being written: one object, seen as a form and as a text, judged as it would be when it is sent.

A draft comes as text, or as an object with the text that it was before; both answer with the object, the text in both
formats, every fault with its place in the text, the request read back in words, its size and how long a plan may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from api.bodies import Sent, submission
from api.checks import judge, validation
from api.known import Known
from api.pages.estimates import estimate
from api.pages.request_text import changed_text, whole, write_text
from api.problems import BadRequest, Flaw
from api.schemas import Body
from api.settings import Settings
from api.store.contract import PlanRow
from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InputError
from fleetplan.explain.dates import earliest_paid
from fleetplan.months import month_text
from fleetplan.options import SearchOptions
from fleetplan.request import Capital, PlanRequest
from fleetplan.request.text import Format, Reading, read_text
from fleetplan.scope import Scope
from fleetplan.words.also_asked import also_asked
from fleetplan.words.request import (
    budget_usd,
    capital_words,
    count_words,
    question,
    span_words,
)
from fleetplan.words.values import listed, month_name, usd

MOST_TEXT = 100_000
ORDER = tuple(PlanRequest.model_fields)
FORM_CONSTRAINTS = ("markets_live", "launches_per_quarter", "stacks_per_city")


class Draft(Body):
    """What the page sends: a text, or a request with the text that showed it before."""

    text: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    format: Format = "yaml"
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
        return {**_texts(text, draft.format, None), "request": None, "flaws": _placed(flaws, reading)} | _nothing()
    scope, flaws = _judged(sent, known, settings)
    catalogue = known.catalogue
    form = form_of(reading.data, catalogue)
    return {
        **_texts(text, draft.format, reading.data),
        "request": whole(reading.data),
        "flaws": _placed(flaws, reading),
        "form": form,
        "also": also_asked(reading.data, set(form["constraints"].values()), catalogue),
        **(_nothing_asked() if scope is None else _asked(scope, sent.options, catalogue, past())),
    }


# --- reading and judging ----------------------------------------------------------------------------------------------------


def _text(draft: Draft) -> str:
    if draft.request is None:
        return draft.text or ""
    if draft.format == "yaml" and draft.text is not None:
        return changed_text(draft.text, draft.request, ORDER)
    return write_text(draft.request, draft.format)


def _texts(text: str, form: Format, data: Any) -> dict[str, str | None]:
    other: Format = "json" if form == "yaml" else "yaml"
    return {form: text, other: None if data is None else write_text(data, other)}


def _unreadable(reading: Reading) -> list[Flaw]:
    if reading.faults:
        return []  # they carry their own places
    what = "holds no request" if reading.data is None else "is no request"
    allowed = "fields with values, for example name: first"
    return [Flaw(what, pointer="/request", allowed=allowed, remedy="start from an example")]


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
        "earliest": _earliest(scope, catalogue),
        "feasibility": told["feasibility"],
        "estimate": estimate(size["cities"], size["periods"], options.time_limit_s, len(catalogue.cities), past),
        "figures": {
            "span": span_words(request),
            "capital": f"{capital_words(request)}, {usd(budget_usd(request))} over the horizon",
        },
    }


def _earliest(scope: Scope, catalogue: Catalogue) -> str:
    """Return in words from when permits allow paid service in each city, were everything begun at once."""
    months: dict[str, int] = {}
    for (_, city), month in earliest_paid(scope).items():
        if month < scope.request.grid.end:
            months[city] = min(month, months.get(city, month))
    named = {city: catalogue.cities[city].name for city in scope.cities}
    told = [
        f"{named[city]} {month_name(month_text(months[city]))}" for city in sorted(months, key=lambda c: (months[c], c))
    ]
    never = listed([name for city, name in named.items() if city not in months])
    sentences = [f"{', '.join(told)}." if told else "", f"Not within the horizon: {never}." if never else ""]
    return " ".join(sentences).strip()


def form_of(request: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return what the form needs besides the request: which cities and stacks are chosen, which constraints are its own.

    Names that nobody knows are left out: they are among the flaws.
    """
    cities = _resolved(request.get("cities"), list(catalogue.cities), lambda n: resolve_city(catalogue, n))
    no_cities = _resolved(request.get("exclude_cities"), [], lambda n: resolve_city(catalogue, n))
    usual = [slug for slug, stack in catalogue.stacks.items() if not stack.rival]
    stacks = _resolved(request.get("stacks"), usual, lambda n: resolve_stack(catalogue, n))
    no_stacks = _resolved(request.get("exclude_stacks"), [], lambda n: resolve_stack(catalogue, n))
    return {
        "cities": [slug for slug in cities if slug not in no_cities],
        "stacks": [slug for slug in stacks if slug not in no_stacks],
        "constraints": own_constraints(request),
    }


def own_constraints(request: Mapping[str, Any]) -> dict[str, int]:
    """Return where the constraints stand that the form shows: the first of each kind that holds everywhere.

    >>> own_constraints({"constraints": [{"type": "launch_by"}, {"type": "launches_per_quarter", "max": 2}]})
    {'launches_per_quarter': 1}
    """
    found: dict[str, int] = {}
    entries = request.get("constraints")
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind in FORM_CONSTRAINTS and entry.get("city") is None:
            found.setdefault(kind, i)
    return found


def _resolved(given: Any, usual: list[str], resolve: Callable[[str], str]) -> list[str]:
    if not isinstance(given, list):
        return usual
    found = []
    for name in given[:500]:
        try:
            found.append(resolve(str(name)))
        except InputError:
            continue
    return found


def tidy(request: PlanRequest) -> dict[str, Any]:
    """Return a request without what goes without saying, so that its text stays short.

    >>> from fleetplan.request import parse_request
    >>> tidy(parse_request({"name": "a", "capital": {"per_quarter_usd": 5e6}, "cities": ["zurich"]}))
    {'name': 'a', 'capital': {'per_quarter_usd': 5000000.0}, 'cities': ['zurich']}
    """
    full = request.model_dump(mode="json")
    usual = PlanRequest(name=request.name, capital=Capital(per_quarter_usd=0)).model_dump(mode="json")
    out: dict[str, Any] = {}
    for key, value in full.items():
        if key == "name":
            out[key] = value
        elif isinstance(value, dict):
            members = {k: v for k, v in value.items() if v != usual[key][k] or k == "per_quarter_usd"}
            out |= {key: members} if members else {}
        elif value != usual[key]:
            out[key] = [_without_none(entry) for entry in value] if isinstance(value, list) else value
    return out


def _without_none(entry: Any) -> Any:
    return {k: v for k, v in entry.items() if v is not None} if isinstance(entry, dict) else entry
