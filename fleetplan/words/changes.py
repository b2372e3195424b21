"""Changes of a request as people say them: what a rerun changes, and what two plans were asked otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fleetplan.catalogue.types import Figure
from fleetplan.errors import RequestError
from fleetplan.request import parse_request
from fleetplan.reruns.patch import InputChange, apply_patch, input_changes
from fleetplan.words.asked import month_words
from fleetplan.words.catalogue import DEAL_NAMES
from fleetplan.words.constraints import constraint_words
from fleetplan.words.markets import OBJECTIVES_BRIEFLY
from fleetplan.words.names import Names
from fleetplan.words.slips import SLIP_NAMES
from fleetplan.words.starting import starting_briefly
from fleetplan.words.values import percent, several, usd

Kind = Literal["new", "gone", "changed"]
LONGEST_NAME, LONGEST_PARENT = 80, 34
DURATION_NAMES = {
    "min": "as short as they can be",
    "promised": "as long as is promised",
    "median": "as long as half of such promises take at most",
    "careful": "as long as nine in ten of such promises take at most",
    "max": "as long as they may be",
}
TITLES = {
    "name": "The name",
    "note": "The note",
    "horizon/start": "The first month planned",
    "horizon/months": "The horizon in months",
    "horizon/single_months": "The number of months planned one by one",
    "horizon/cuts": "The months in which quarters are cut",
    "discount_rate": "The discount rate a year",
    "capital/per_quarter_usd": "The capital per quarter",
    "capital/cash_floor_usd": "The cash floor",
    "cities": "The list of cities considered",
    "exclude_cities": "The list of cities left out",
    "stacks": "The list of stacks considered",
    "exclude_stacks": "The list of stacks left out",
    "deployments/deals": "Which deals may count",
    "permit_durations": "The permit durations assumed",
    "capital/firmness": "The firmness of capital",
    "law": "The firmness of the law",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words. ``brief`` stands within a sentence or a name, ``text`` alone; ``before`` is what it was."""

    pointer: str
    kind: Kind
    text: str
    brief: str
    before: str = ""

    @property
    def sentence(self) -> str:
        """The change with what it was before, where that is not said yet."""
        return f"{self.text} Before: {self.before}" if self.kind == "changed" and self.before else self.text


def parts_of(pointer: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer.

    >>> parts_of("/overrides/zurich~1city.toml#market.fare_tax")
    ('overrides', 'zurich/city.toml#market.fare_tax')
    """
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def told(change: InputChange, names: Names) -> Told:
    """Return a change in words, with cities, partners, figures and months as people call them."""
    parts = parts_of(change.pointer)
    kind: Kind = "new" if change.before is None else "gone" if change.after is None else "changed"
    if parts[0] == "constraints":
        return _constraint(change, kind, names)
    if parts[0] == "overrides":
        return _override(change, kind, parts[1], names)
    if parts[0] == "scenario_sets":
        now = {"new": "new", "gone": "no longer there", "changed": "another one"}[kind]
        text = f"The scenario set {parts[1]} is {now}"
        return Told(change.pointer, kind, f"{text}.", text)
    if parts[0] == "starting_state":
        return _starting(change)
    text, brief = _pair(parts, change, names) if len(parts) == 3 else _plain("/".join(parts), change, names)
    return Told(change.pointer, "changed", text, brief)


def changes_told(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> list[str]:
    """Return in words what differs between two stored requests; nothing where one is of a version that is not read here."""
    try:
        found = input_changes(parse_request(dict(before)), parse_request(dict(after)))
    except RequestError:
        return []
    return [change_sentence(change, names) for change in found if change.matters] or ["The same request again."]


def patch_told(patch: Mapping[str, Any]) -> list[str]:
    """Return what a patch names, where nothing more is known."""
    return [f"Changed: {', '.join(name.replace('_', ' ') for name in patch)}."] if patch else []


def change_sentence(change: InputChange, names: Names) -> str:
    """Return one change of a request as a sentence, or two where it says what was before.

    >>> change_sentence(InputChange("/discount_rate", 0.1, 0.08, {}), Names())
    'The discount rate a year is 8.0 % instead of 10.0 %.'
    """
    return told(change, names).sentence


def describe_patch(request: Mapping[str, Any], patch: Mapping[str, Any], names: Names | None = None) -> list[str]:
    """Return in plain words what a patch changes, one sentence each; ``names`` calls things as people do.

    >>> describe_patch({"capital": {"per_quarter_usd": 5e7}}, {"capital": {"per_quarter_usd": 4e7}})
    ['Capital of $40.0 M a quarter instead of $50.0 M (−20 %).']
    """
    after = parse_request(apply_patch(request, patch))
    called = names if names is not None else Names()
    return [change_sentence(change, called) for change in input_changes(parse_request(request), after)]


def _constraint(change: InputChange, kind: Kind, names: Names) -> Told:
    before, after = (None if c is None else constraint_words(c, names) for c in (change.before, change.after))
    if after is None:
        assert before is not None  # noqa: S101  # a change has two sides
        return Told(change.pointer, kind, sentence(f"no longer asked: {before}"), f"without “{before}”")
    brief = _brief_delay(change.after, names) or after
    return Told(change.pointer, kind, sentence(after), brief, sentence(before) if before else "")


def _starting(change: InputChange) -> Told:
    """Return what a request goes on from, where that is another thing than before; what all stands is told with the plan."""
    before, after = starting_briefly(change.before), starting_briefly(change.after)
    same = before == after
    text = f"Planned {after}{', some of it other than before' if same else ''}."
    return Told(change.pointer, "changed", text, f"planned {after}", "" if same else f"planned {before}.")


def _brief_delay(constraint: Mapping[str, Any], names: Names) -> str:
    """Return a delay of all that opens a place in few words."""
    city, law = constraint.get("city"), constraint.get("jurisdiction")
    if constraint["type"] != "permit_delay" or constraint.get("permit") or constraint.get("stack"):
        return ""
    months = constraint["months"]
    name = names.city(city) if city else names.law(str(law))
    return f"{name} {several(abs(months), 'month')} {'later' if months >= 0 else 'earlier'}"


def _override(change: InputChange, kind: Kind, key: str, names: Names) -> Told:
    figure = names.figures.get(key)
    title = names.figure_title(key)
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


def _pair(parts: Sequence[str], change: InputChange, names: Names) -> tuple[str, str]:
    pair = change.before or change.after
    if parts[1] == "classes":
        text = f"{names.place(pair['stack'], pair['city'])} {class_words(change.after)}"
        return f"{text}.", text
    verb = "admitted besides" if parts[1] == "add" else "taken out"
    still = "is" if change.before is None else "is no longer"
    text = f"{names.place(pair['stack'], pair['city'])} {still} {verb}"
    return f"{text}.", text


def class_words(asked: Mapping[str, Any] | None) -> str:
    """Return what a stack in a city counts as; as catalogued where nothing is asked."""
    if asked is None:
        return "counts as in the catalogue again"
    slips, deal = asked.get("slips"), asked.get("deal")
    said = [f"is late as one that {SLIP_NAMES[slips]}"] if slips else []
    months = asked.get("slip_months")
    late = [f"is {several(months, 'month')} later than promised"] if months is not None else []
    return " and ".join([*said, *late, *([f"counts as {DEAL_NAMES[deal]}"] if deal else [])])


def _plain(where: str, change: InputChange, names: Names) -> tuple[str, str]:
    """Return a change of a plain value as a sentence, and in few words."""
    before, after = change.before, change.after
    if where == "objective":
        new, old = OBJECTIVES_BRIEFLY[after], OBJECTIVES_BRIEFLY[before]
        return f"Wanted is {new} instead of {old}.", new
    if where == "permit_durations":
        new, old = DURATION_NAMES[after], DURATION_NAMES[before]
        return f"Permits take {new}, not {old}.", f"permits {new}"
    if where == "capital/per_quarter_usd" and not isinstance(before, list) and not isinstance(after, list):
        more = _percent_more(before, after)
        return (
            f"Capital of {usd(after)} a quarter instead of {usd(before)}{more}.",
            f"capital of {usd(after)} a quarter",
        )
    if where == "capital/cash_floor_usd":
        ends = [f"at {usd(-x)}" if x is not None else "nowhere" for x in (after, before)]
        brief = "no cash floor" if after is None else f"a cash floor of {usd(-after)}"
        return f"Net cash since the start stops {ends[0]} instead of {ends[1]}.", brief
    if where == "note":
        return "The note is another one.", "another note"
    new, old = _value(where, after, names), _value(where, before, names)
    title = TITLES.get(where, where)
    short = f"{title[:1].lower()}{title[1:]} is {new}"
    return f"{title} is {new} instead of {old}.", short


def _value(where: str, value: Any, names: Names) -> str:
    if value is None:
        return {"cities": "all", "stacks": "all", "horizon/cuts": "left to the planner"}.get(where, "not given")
    if isinstance(value, list):
        return ", ".join(_value(where, v, names) for v in value) or "empty"
    written: dict[str, Callable[[Any], str]] = {
        "cities": names.city,
        "exclude_cities": names.city,
        "stacks": names.partner,
        "exclude_stacks": names.partner,
        "horizon/start": month_words,
        "horizon/cuts": month_words,
        "capital/per_quarter_usd": usd,
        "discount_rate": percent,
    }
    return written.get(where, str)(value)


def _percent_more(before: float, after: float) -> str:
    return f" ({100 * (after / before - 1):+.0f} %)".replace("-", "−") if before else ""


def sentence(text: str) -> str:
    """Return words as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def changed_name(whose: str, changes: Sequence[Told]) -> str:
    """Return a name for a rerun: whose it is, and what is changed; at most 80 characters."""
    if not changes:
        return whose
    return _short(f"{_short(whose, LONGEST_PARENT)} · {', '.join(change.brief for change in changes)}", LONGEST_NAME)


def only_name(whose: str, change: Told) -> str:
    """Return a name for a plan that is made to see what one change does alone; at most 80 characters."""
    return _short(f"{_short(whose, LONGEST_PARENT)} · only: {change.brief}", LONGEST_NAME)


def why_not_name(whose: str, asked: str) -> str:
    """Return a name for a plan that is made to see what something else would cost; at most 80 characters."""
    return _short(f"{_short(whose, LONGEST_PARENT)} · why not: {asked}", LONGEST_NAME)


def alternative_name(whose: str, number: int) -> str:
    """Return a name for a plan of another structure; at most 80 characters.

    >>> alternative_name("Uber 2027", 2)
    'Uber 2027 · alternative 2'
    """
    return _short(f"{_short(whose, LONGEST_PARENT)} · alternative {number}", LONGEST_NAME)


def frontier_name(whose: str, axis: str, limit: float) -> str:
    """Return a name for a plan within a limit; at most 80 characters.

    >>> frontier_name("Uber 2027", "capital", 25e6), frontier_name("Uber 2027", "markets", 3)
    ('Uber 2027 · at most $25.0 M of capital', 'Uber 2027 · at least 3 markets')
    """
    limits = f"at most {usd(limit)} of capital" if axis == "capital" else f"at least {several(round(limit), 'market')}"
    return _short(f"{_short(whose, LONGEST_PARENT)} · {limits}", LONGEST_NAME)


def with_words(whose: str, words: str) -> str:
    """Return a name for a plan: whose it is, and what it asks; at most 80 characters."""
    return _short(f"{_short(whose, LONGEST_PARENT)} · {words}", LONGEST_NAME)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(" ,") + "…"
