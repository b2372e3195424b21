"""The law that a new city can begin with: what holds in its whole country as it is, the rest copied from a sister city.

A law of the catalogue holds in the new city as well where every city of the country that the catalogue has is under it, or where
somebody names it, and where its permits wait for none of another city's. What else the sister city asks is copied into a file of
the new city's own, permit by permit under new ids, each with the template's mark in place of its source: another canton's or
state's offices decide there, and nobody has asked them. Without a sister there are four steps that every country knows in some
form. Airports, and areas that only the sister has, are left out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.errors import Fault, InputError, near_misses

TO_FILL: Final = "to be filled"
_STEPS: Final = (
    ("mapping", "Mapping with a driver", "mapping", (2, 3, 5), True),
    ("test-operator", "Test with an operator on board", "test_operator", (4, 8, 18), True),
    ("test-driver-out", "Test without anybody on board", "test_driver_out", (4, 9, 18), False),
    ("paid-driver-out", "Paid rides without a driver", "paid_driver_out", (3, 9, 24), False),
)
_REFERENCES: Final = ("all_of", "any_of", "until")


@dataclass(frozen=True, slots=True)
class Sister:
    """A city of the catalogue whose law is copied: its slug, name and laws, widest first."""

    slug: str
    name: str
    country: str
    laws: tuple[str, ...]
    lat: float
    lon: float
    begun: bool = False
    """Whether its own law is nothing but defaults: no law to copy."""


@dataclass(frozen=True, slots=True)
class NewLaw:
    """A new city's laws, widest first, the text of its own (empty where it needs none), and what should be known of them."""

    laws: tuple[str, ...]
    text: str
    notes: tuple[str, ...]


def law_from_template(catalogue: Path, slug: str, name: str, named: Collection[str] = ()) -> NewLaw:
    """Return a law of four steps, every figure of it a default, beside the laws named that wait for no other city's permits."""
    read = {law: _read(catalogue, law) for law in dict.fromkeys(named)}
    kept = _whole(read, list(read))
    permits, before = [], list[str]()
    for key, title, opens, months, manned in _STEPS:
        permit = _blank(f"{slug}-{key}", title, opens, months, manned=manned, after=before)
        permits.append(permit)
        before = [permit["id"]]
    note = f"the law of {name} is a template of four steps: {TO_FILL} with the offices and months that hold there"
    text = _text(slug, name, f"a template of four steps, {TO_FILL}", permits, [])
    out = [law for law in read if law not in kept]
    return NewLaw((*kept, slug), text, (*_left_out(slug, read, out, kept), note))


def unknown_laws(catalogue: Path, named: Collection[str]) -> list[Fault]:
    """Return a fault for each law that the catalogue does not have."""
    known = sorted(path.stem for path in (catalogue / "jurisdictions").glob("*.toml"))
    return [
        Fault("--law", f"no law is called {law!r}", ", ".join(known), near_misses(law, known) or "name one of them")
        for law in named
        if law not in known
    ]


def law_from_sister(
    catalogue: Path, slug: str, name: str, sister: Sister, others: Sequence[Sister], named: Collection[str] = ()
) -> NewLaw:
    """Return what holds in a sister's whole country, and a copy of the rest of her law.

    Parameters
    ----------
    others
        The catalogue's cities of the same country, the sister among them.
    named
        Laws that hold in the new city as they are.

    Raises
    ------
    InputError
        When a law cannot be read, or none is called so.
    """
    read = {law: _read(catalogue, law) for law in dict.fromkeys([*sister.laws, *named])}
    shared = _shared(read, sister, others, named)
    rest = [law for law in sister.laws if law not in shared]
    permits, events = _copied(slug, name, sister, {law: read[law] for law in rest})
    copied = [law for law in rest if law in named]
    notes = [f"{law} names permits of another city and is copied, not shared" for law in copied]
    out = [law for law in read if law not in sister.laws and law not in shared]
    notes += _left_out(slug, read, out, shared)
    if permits:
        what = f"{len(permits)} permits are copied from {sister.name} ({', '.join(rest)})"
        notes.append(f"{what}: whose offices decide in {name}, and how long they take, is {TO_FILL}")
    if shared:
        called = " and ".join(str(read[law].get("jurisdiction", {}).get("name", law)) for law in shared)
        whose = "its law holds" if len(shared) == 1 else "their laws hold"
        notes.append(f"{called} ({', '.join(shared)}): {whose} in {name} as in {sister.name}")
    text = _text(slug, name, f"copied from {sister.name}, {TO_FILL}", permits, events) if permits else ""
    return NewLaw((*shared, *([slug] if text else [])), text, tuple(notes))


# --- what is shared ---


def _read(catalogue: Path, law: str) -> dict[str, Any]:
    path = catalogue / "jurisdictions" / f"{law}.toml"
    if faults := unknown_laws(catalogue, [law]):
        raise InputError(faults)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError([Fault(str(path), f"the file cannot be read: {error}", "TOML", "mend it first")]) from error


def _shared(
    read: Mapping[str, Mapping[str, Any]], sister: Sister, others: Sequence[Sister], named: Collection[str]
) -> list[str]:
    """Return the laws that hold in the new city as they are, widest first."""
    everywhere = set(sister.laws).intersection(*(city.laws for city in others))
    wide = {law for law in everywhere if read[law].get("jurisdiction", {}).get("level") != "city"}
    order = [*(law for law in named if law not in sister.laws), *sister.laws]
    return _whole(read, [law for law in order if law in wide or law in named])


def _whole(read: Mapping[str, Mapping[str, Any]], laws: Sequence[str]) -> list[str]:
    """Return the laws whose permits wait for none that the others of them do not have."""
    kept = list(laws)
    while torn := [law for law in kept if _waits_for(read[law], _ids(read[k] for k in kept))]:
        kept = [law for law in kept if law not in torn]
    return kept


def _left_out(slug: str, read: Mapping[str, Mapping[str, Any]], out: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Return what is said of laws that were named and cannot hold as they are, beside those that do."""
    waits = {law: sorted(_waits_for(read[law], _ids(read[one] for one in (*kept, law)))) for law in out}
    return [
        f"{law} waits for permits of other cities or countries ({', '.join(ids)}) and is left out: write what it asks into "
        f"jurisdictions/{slug}.toml"
        for law, ids in waits.items()
    ]


def _ids(laws: Iterator[Mapping[str, Any]]) -> set[str]:
    return {str(permit.get("id")) for law in laws for permit in law.get("permit", [])}


def _waits_for(law: Mapping[str, Any], there: Collection[str]) -> set[str]:
    """Return the permits that a law waits for and that are not there; of several that would do, one there is enough."""
    found = set[str]()
    for permit in law.get("permit", []):
        links = [str(link.get("permit")) for link in permit.get("after_start", [])]
        found |= {*permit.get("all_of", []), *permit.get("until", []), *links} - set(there)
        if not {*permit.get("any_of", [])} & set(there):
            found |= {*permit.get("any_of", [])}
    return found


# --- what is copied ---


def _copied(
    slug: str, name: str, sister: Sister, laws: Mapping[str, Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the permits and events of some laws under new ids."""
    permits = [p for law in laws.values() for p in law.get("permit", [])]
    left_out = {str(p["id"]) for p in permits if p.get("opens") == "airport"}
    events = [e for law in laws.values() for e in law.get("event", [])]
    new = {str(p["id"]): _new_id(slug, sister.slug, str(p["id"])) for p in [*permits, *events]}
    kept = [_permit(p, name, sister, new, left_out) for p in permits if p["id"] not in left_out]
    return kept, [_event(e, sister, new, left_out) for e in events]


def _new_id(slug: str, sister: str, old: str) -> str:
    return f"{slug}-{old.removeprefix(f'{sister}-')}"


def _permit(
    old: Mapping[str, Any], name: str, sister: Sister, new: Mapping[str, str], left_out: Collection[str]
) -> dict[str, Any]:
    permit = {**old, "id": new[old["id"]]}
    for key in _REFERENCES:
        if key in old:
            permit[key] = [new.get(one, one) for one in old[key] if one not in left_out]
    links = [link for link in old.get("after_start", []) if link["permit"] not in left_out]
    permit["after_start"] = [{**link, "permit": new.get(link["permit"], link["permit"])} for link in links]
    permit["event"] = new.get(old.get("event", ""), old.get("event", ""))
    if old.get("covers"):
        permit["covers"] = [name]
    for key in ("authority", "area"):
        permit[key] = f"{TO_FILL}; in {sister.name}: {old.get(key, '')}"
    said = f"Copied from {sister.name} ({old['id']}); what it says of places is said of {sister.name}."
    permit["notes"] = f"{said} {old.get('notes', '')}".strip()
    return {**permit, "source": DEFAULT_SOURCE, "confidence": "assumed"}


def _event(old: Mapping[str, Any], sister: Sister, new: Mapping[str, str], left_out: Collection[str]) -> dict[str, Any]:
    caps = [cap for cap in old.get("caps", []) if cap["permit"] not in left_out]
    event = {**old, "id": new[old["id"]], "caps": [{**c, "permit": new.get(c["permit"], c["permit"])} for c in caps]}
    note = f"Copied from {sister.name} ({old['id']}). {old.get('note', '')}".strip()
    return {**event, "note": note, "source": DEFAULT_SOURCE, "confidence": "assumed"}


def _blank(
    permit: str, title: str, opens: str, months: tuple[int, int, int], *, manned: bool, after: Sequence[str]
) -> dict[str, Any]:
    least, likely, most = months
    return {
        "id": permit,
        "title": title,
        "permit": TO_FILL,
        "authority": TO_FILL,
        "scope": "city",
        "holder": "stack",
        "all_of": list(after),
        "any_of": [],
        "after_start": [],
        "event": "",
        "months_min": least,
        "months_likely": likely,
        "months_max": most,
        "months_are": "judged",
        "opens": opens,
        "fare_factor": 1.0 if opens.startswith("paid_") else 0.0,
        "operator_on_board": manned,
        "vehicles_per_remote_operator": 0,
        "fleet_cap": 0,
        "fleet_cap_kind": "concurrent",
        "area": TO_FILL,
        "hours": TO_FILL,
        "area_levels": 0,
        "airport": "",
        "optional": False,
        "fee": "",
        "notes": "Months are our judgement of a newcomer, between the shortest and the longest of the catalogue's cities.",
        "source": DEFAULT_SOURCE,
        "confidence": "assumed",
    }


# --- written ---


def _text(
    slug: str, name: str, about: str, permits: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> str:
    head = {"slug": slug, "name": name, "level": "city"}
    parts = [f"# {name}: {about}. Begun by `fleetplan cities new`; replace each source that says it is a default.\n"]
    parts += [_table("[jurisdiction]", head), *(_table("[[event]]", event) for event in events)]
    return "\n".join([*parts, *(_table("[[permit]]", permit) for permit in permits)])


def _table(head: str, entries: Mapping[str, Any]) -> str:
    return "\n".join([head, *(f"{key} = {_toml(value)}" for key, value in entries.items())]) + "\n"


def _toml(value: Any) -> str:
    """Return a value of a law's file as TOML: text, numbers, truth, and lists of these or of small tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
