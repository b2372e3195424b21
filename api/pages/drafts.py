"""A request that is being written: one object, seen as a form and as a text, judged as it would be when it is sent.

A draft comes as text, or as an object with the text that it was before; both answer with the object, the text in both
formats, every fault with its place in the text, the request read back in words, its size and how long a plan may take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from api.checks import judge, validation
from api.known import Known
from api.pages.estimates import estimate
from api.pages.request_text import Format, Reading, changed_text, read_text, whole, write_text
from api.problems import BadRequest, Flaw, flaws_of_faults, pointer_of
from api.schemas import Body
from api.settings import Settings
from api.store.contract import PlanRow
from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import InputError, RequestError
from fleetplan.explain.dates import earliest_paid
from fleetplan.months import month_text
from fleetplan.options import SearchOptions
from fleetplan.request import Capital, Deployments, Horizon, PlanRequest, parse_request
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
_GIVEN = re.compile(r" \(given: (?P<given>.*)\)$", re.DOTALL)
_TYPE = re.compile(
    r"^Input tag '(?P<given>.*)' found using 'type' does not match any of the expected tags: (?P<known>.*)$"
)
_SAID: tuple[tuple[str, str], ...] = (
    (r"^Value error, ", ""),
    (r"^Field required$", "is needed"),
    (r"^Extra inputs are not permitted$", "is no field of a request"),
    (r"^Input should be greater than or equal to ", "has to be at least "),
    (r"^Input should be less than or equal to ", "has to be at most "),
    (r"^Input should be greater than ", "has to be more than "),
    (r"^Input should be less than ", "has to be less than "),
    (r"^Input should be a valid dictionary.*", "has to hold fields with values"),
    (r"^Input should be ", "has to be "),
    (r"^(String|List|Value) should ", "should "),
    (r", unable to parse string as an? (number|integer)$", ""),
    (r"^Unable to extract tag using discriminator 'type'$", "needs a type, for example launch_by"),
    (
        r"^Input tag (.+) found using 'type' does not match any of the expected tags: (.+)$",
        r"has no type \1; one of \2",
    ),
)


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
    options, flaws = _options(draft.options)
    if reading.faults or not isinstance(reading.data, dict):
        flaws += _unreadable(reading)
        return {**_texts(text, draft.format, None), "request": None, "flaws": _placed(flaws, reading)} | _nothing()
    scope, more = _judged(reading.data, options, known, settings)
    catalogue = known.catalogue
    form = form_of(reading.data, catalogue)
    return {
        **_texts(text, draft.format, reading.data),
        "request": whole(reading.data),
        "flaws": _placed([*flaws, *more], reading),
        "form": form,
        "also": also_asked(reading.data, set(form["constraints"].values()), catalogue),
        **(_nothing_asked() if scope is None else _asked(scope, options, catalogue, past())),
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


def _options(given: Mapping[str, Any]) -> tuple[SearchOptions, list[Flaw]]:
    """Return how to solve; where that holds faults, the usual way together with the faults."""
    try:
        return SearchOptions.model_validate(given), []
    except ValidationError as error:
        flaws = [
            Flaw(item["msg"], pointer=pointer_of(("options", *item["loc"]), {"options": given}), value=item["input"])
            for item in error.errors(include_url=False)
        ]
        return SearchOptions(), flaws


def _judged(
    data: dict[str, Any], options: SearchOptions, known: Known, settings: Settings
) -> tuple[Scope | None, list[Flaw]]:
    body = {"request": data}
    try:
        return judge(parse_request(data), options, body, known, settings), []
    except RequestError as error:
        flaws = flaws_of_faults(error.faults, body, under=("request",))
        return None, [*flaws, *_others(data, [f.where for f in error.faults], options, known, settings)]
    except BadRequest as error:
        return None, list(error.flaws)


def _others(
    data: dict[str, Any], faulty: Sequence[str], options: SearchOptions, known: Known, settings: Settings
) -> list[Flaw]:
    """Return what else is wrong: names and limits, judged without the parts that have no right shape."""
    rest, places = _without(data, faulty)
    try:
        judge(parse_request(rest), options, {"request": rest}, known, settings)
    except BadRequest as error:
        return [replace(flaw, pointer=_back(flaw.pointer or "", places)) for flaw in error.flaws]
    except RequestError:  # what is left has no right shape either
        pass
    return []


def _without(data: dict[str, Any], faulty: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Return a request without its faulty parts, and for lists where the entries that are left had stood."""
    rest = {key: value for key, value in data.items() if key in ORDER}
    dropped: dict[str, set[int]] = {}
    for pointer in faulty:
        name, *more = pointer.split("/")[1:]
        if isinstance(rest.get(name), list) and more and more[0].isdecimal():
            dropped.setdefault(name, set()).add(int(more[0]))
        elif isinstance(rest.get(name), dict) and more:
            rest[name] = {key: value for key, value in rest[name].items() if key != more[0]}
        else:
            rest.pop(name, None)
    places = {
        name: [i for i in range(len(rest[name])) if i not in gone] for name, gone in dropped.items() if name in rest
    }
    rest |= {name: [rest[name][i] for i in kept] for name, kept in places.items()}
    rest["capital"] = {"per_quarter_usd": 0, **rest.get("capital", {})}
    return rest, places


def _back(pointer: str, places: Mapping[str, list[int]]) -> str:
    """Return where something stands that was found in a request with entries left out."""
    parts = pointer.split("/")
    if len(parts) > 3 and parts[2] in places and parts[3].isdecimal():
        parts[3] = str(places[parts[2]][int(parts[3])])
    return "/".join(parts)


def _placed(flaws: Sequence[Flaw], reading: Reading) -> list[dict[str, Any]]:
    """Return flaws as the page shows them, in the order of the text; those of options have no line."""
    found = [
        {
            "pointer": f"/request{f.pointer}",
            "line": f.line,
            "column": f.column,
            "message": f.message,
            "allowed": "",
            "remedy": "",
        }
        for f in reading.faults
    ]
    for flaw in flaws:
        pointer = flaw.pointer or "/request"
        in_text = pointer.startswith("/request")
        line, column = reading.place(pointer.removeprefix("/request")) if in_text else (None, None)
        found.append({"pointer": pointer, "line": line, "column": column, **_told(flaw, pointer)})
    return sorted(found, key=lambda f: (f["line"] is None, f["line"] or 0, f["column"] or 0))


def _told(flaw: Flaw, pointer: str) -> dict[str, str]:
    """Return a flaw in words for people who have seen no schema."""
    if (tag := _TYPE.match(flaw.message)) is not None:
        known = tag["known"].replace("'", "").split(", ")
        near = get_close_matches(tag["given"], known, n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]}?" if near else ""
        return {"message": f"there is no type {tag['given']!r}", "allowed": ", ".join(known), "remedy": remedy}
    given = _GIVEN.search(flaw.message)
    message = flaw.message[: given.start()] if given else flaw.message
    for pattern, instead in _SAID:
        message = re.sub(pattern, instead, message)
    unknown = flaw.message.startswith("Extra inputs")
    if given and not unknown and given["given"] not in message:
        message += f"; it is {given['given'][:80]}"
    remedy = _near_field(pointer) if unknown else "" if "fleetplan schema" in flaw.remedy else flaw.remedy
    return {"message": message, "allowed": flaw.allowed, "remedy": remedy}


def _near_field(pointer: str) -> str:
    parts = pointer.split("/")[2:]
    models: dict[str, type[BaseModel]] = {"horizon": Horizon, "capital": Capital, "deployments": Deployments}
    fields = models.get(parts[0], PlanRequest) if len(parts) > 1 else PlanRequest
    near = get_close_matches(parts[-1], fields.model_fields, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else "take it out"


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
