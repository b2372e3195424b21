"""Changes of a request as people say them: what a rerun changes, and what two plans were asked otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fleetplan.catalogue.types import Catalogue, Figure
from fleetplan.errors import RequestError
from fleetplan.request import parse_request
from fleetplan.reruns.patch import InputChange, input_changes
from fleetplan.words.constraints import change_words
from fleetplan.words.figures import words_of
from fleetplan.words.request import DURATION_NAMES, city_name, constraint_sentence, stack_name
from fleetplan.words.values import prose, several, usd

Kind = Literal["new", "gone", "changed"]
EVERYWHERE = "Everywhere"
LONGEST_NAME, LONGEST_PARENT = 80, 34


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words. ``brief`` stands within a sentence or a name, ``text`` alone; ``before`` is what it was."""

    pointer: str
    kind: Kind
    text: str
    brief: str
    before: str = ""


def parts_of(pointer: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer.

    >>> parts_of("/overrides/zurich~1city.toml#market.fare_tax")
    ('overrides', 'zurich/city.toml#market.fare_tax')
    """
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def told(change: InputChange, catalogue: Catalogue) -> Told:
    """Return a change in words, with cities, partners, figures and months as people call them."""
    parts = parts_of(change.pointer)
    kind: Kind = "new" if change.before is None else "gone" if change.after is None else "changed"
    if parts[0] == "constraints":
        return _constraint(change, kind, catalogue)
    if parts[0] == "overrides":
        return _override(change, kind, parts[1], catalogue)
    text = prose(_plain(parts, change, catalogue))
    return Told(change.pointer, "changed", text, _brief(parts, change, text), "")


def changes_told(before: Mapping[str, Any], after: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    """Return in words what differs between two stored requests; nothing where one is of a version that is not read here."""
    try:
        found = input_changes(parse_request(dict(before)), parse_request(dict(after)))
    except RequestError:
        return []
    return [_whole(told(change, catalogue)) for change in found if change.matters] or ["The same request again."]


def patch_told(patch: Mapping[str, Any]) -> list[str]:
    """Return what a patch names, where nothing more is known."""
    return [f"Changed: {', '.join(name.replace('_', ' ') for name in patch)}."] if patch else []


def _whole(words: Told) -> str:
    return f"{words.text} Before: {words.before}" if words.kind == "changed" and words.before else words.text


def _constraint(change: InputChange, kind: Kind, catalogue: Catalogue) -> Told:
    before, after = (None if c is None else constraint_words(c, catalogue) for c in (change.before, change.after))
    if after is None:
        assert before is not None  # noqa: S101  # a change has two sides
        return Told(change.pointer, kind, sentence(f"no longer asked: {before}"), f"without “{before}”")
    brief = _brief_delay(change.after, catalogue) or after
    return Told(change.pointer, kind, sentence(after), brief, sentence(before) if before else "")


def _brief_delay(constraint: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Return a delay of all that opens a place in few words."""
    place = constraint.get("city") or constraint.get("jurisdiction")
    if constraint["type"] != "permit_delay" or not place or constraint.get("permit") or constraint.get("stack"):
        return ""
    law = catalogue.jurisdictions.get(place)
    name = city_name(catalogue, place) if constraint.get("city") else law.name if law else place
    months = constraint["months"]
    return f"{name} {several(abs(months), 'month')} {'later' if months >= 0 else 'earlier'}"


def constraint_words(constraint: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Return what a constraint asks; a change of supply as the share that is left."""
    if constraint.get("type") != "supply_change":
        return constraint_sentence(constraint, catalogue)
    words = constraint_sentence({**constraint, "factor": 1.0}, catalogue)  # "supply of X times 1 from ..."
    of, _, window = words.partition(" times 1")
    return f"{share_words(constraint['factor'])} the {of}{window}"


def share_words(factor: float) -> str:
    """Return a share as people say it.

    >>> share_words(0.5), share_words(0.85), share_words(2.0)
    ('half', '85 % of', 'twice')
    """
    return {0.5: "half", 2.0: "twice", 0.0: "none of"}.get(factor, f"{100 * factor:g} % of")


def _override(change: InputChange, kind: Kind, key: str, catalogue: Catalogue) -> Told:
    figure = figures(catalogue).get(key)
    title = figure_title(key, catalogue)
    if kind == "gone":
        return Told(change.pointer, kind, f"{title}: the catalogue's value again.", f"{title} as in the catalogue")
    value = _override_value(change.after, figure)
    before = _override_value(change.before, figure) if change.before is not None else _known_value(figure)
    return Told(change.pointer, kind, f"{title}: {value}.", f"{title} {value}", f"{before}." if before else "")


def _override_value(override: Mapping[str, Any], figure: Figure | None) -> str:
    unit = f" {figure.unit}" if figure else ""
    if override.get("factor") is not None:
        return f"times {override['factor']:g}"
    if override.get("value") is not None:
        return f"{override['value']:,g}{unit}"
    return f"{', '.join(f'{v:g}' for v in override.get('values') or [])}{unit}"


def _known_value(figure: Figure | None) -> str:
    return f"{figure.value:,g} {figure.unit} in the catalogue" if figure and not figure.values else ""


def _plain(parts: Sequence[str], change: InputChange, catalogue: Catalogue) -> str:
    before, after = change.before, change.after
    if parts[0] == "permit_durations":
        return f"Permits take {DURATION_NAMES[after]}, not {DURATION_NAMES[before]}."
    if parts[-1] == "per_quarter_usd" and not isinstance(before, list) and not isinstance(after, list):
        return f"Capital of {usd(after)} a quarter instead of {usd(before)}{_percent_more(before, after)}."
    if parts[-1] == "cash_floor_usd":
        ends = [f"at {usd(-x)}" if x is not None else "nowhere" for x in (after, before)]
        return f"Net cash since the start stops {ends[0]} instead of {ends[1]}."
    name = stack_name if "stacks" in parts[0] else city_name
    if parts[0] in {"cities", "exclude_cities", "stacks", "exclude_stacks"}:
        before, after = ([name(catalogue, x) for x in v] if v is not None else None for v in (before, after))
    if parts[0] == "deployments" and len(parts) == 3:
        before, after = (_named_pair(v, catalogue) for v in (before, after))
    return change_words(tuple(parts), before, after)


def _named_pair(pair: Mapping[str, Any] | None, catalogue: Catalogue) -> dict[str, str] | None:
    return (
        None
        if pair is None
        else {"stack": stack_name(catalogue, pair["stack"]), "city": city_name(catalogue, pair["city"])}
    )


def _percent_more(before: float, after: float) -> str:
    return f" ({100 * (after / before - 1):+.0f} %)".replace("-", "−") if before else ""


def _brief(parts: Sequence[str], change: InputChange, text: str) -> str:
    if parts[-1] == "per_quarter_usd" and not isinstance(change.after, list):
        return f"capital of {usd(change.after)} a quarter"
    if parts[0] == "permit_durations":
        return f"permits {DURATION_NAMES[change.after]}"
    if parts[-1] == "cash_floor_usd":
        return "no cash floor" if change.after is None else f"a cash floor of {usd(-change.after)}"
    bare = text.rstrip(".").partition(" instead of ")[0]
    return bare[:1].lower() + bare[1:] if bare.startswith(("The ", "Capital ")) else bare


def sentence(text: str) -> str:
    """Return words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def changed_name(whose: str, changes: Sequence[Told]) -> str:
    """Return a name for a rerun: whose it is, and what is changed; at most 80 characters."""
    if not changes:
        return whose
    base = whose if len(whose) <= LONGEST_PARENT else whose[: LONGEST_PARENT - 1].rstrip() + "…"
    text = f"{base} · {', '.join(change.brief for change in changes)}"
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip(" ,") + "…"


def figures(catalogue: Catalogue) -> dict[str, Figure]:
    """Return every figure that a request may override, by key."""
    groups = [catalogue.economics, catalogue.assumptions]
    groups += [city.figures for city in catalogue.cities.values()]
    groups += [stack.figures for stack in catalogue.stacks.values()]
    return {figure.key: figure for group in groups for figure in group.values()}


def figure_owner(key: str, catalogue: Catalogue) -> str:
    """Return whose figure a key names: a city, a partner, or everywhere."""
    file = key.partition("#")[0]
    head, _, tail = file.partition("/")
    if head in catalogue.cities:
        return catalogue.cities[head].name
    slug = tail.removesuffix(".toml")
    return catalogue.stacks[slug].partner if head == "partners" and slug in catalogue.stacks else EVERYWHERE


def figure_title(key: str, catalogue: Catalogue) -> str:
    """Return a figure's name with whose it is."""
    title = words_of(key).title
    owner = figure_owner(key, catalogue)
    return title if owner == EVERYWHERE else f"{owner}, {title[:1].lower()}{title[1:]}"
