"""What can be changed of a plan: levers on its own permits, laws and supplies, its constraints, its doubtful figures.

A lever makes one entry of a patch. ``path`` is where it stands, ``today`` the value it has, ``none`` the value that asks
nothing; an entry that the request has already (``exists``) is edited instead of adding another beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.types import Event, Figure
from fleetplan.explain.delays import touched
from fleetplan.facts import Conflict
from fleetplan.permits.paths import PUBLIC_MODES
from fleetplan.plans.reading import city_order, doubts, ordered_deployments
from fleetplan.plans.types import Plan, StackFleet
from fleetplan.request import PlanRequest
from fleetplan.reruns.lever_fields import Field, form_of
from fleetplan.scope import Scope
from fleetplan.words.changes import sentence
from fleetplan.words.constraints import constraint_words
from fleetplan.words.figures import words_of
from fleetplan.words.names import Names
from fleetplan.words.request import DEAL_NAMES
from fleetplan.words.values import month_name


@dataclass(frozen=True, slots=True)
class Lever:
    """One control; ``touches`` is what the script needs to say what it would move."""

    id: str
    label: str
    path: tuple[str, ...]
    entry: Mapping[str, Any]
    member: str
    today: float | str
    none: float | str
    exists: bool
    touches: Any
    note: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the page's script reads."""
        names = ("path", "entry", "member", "today", "none", "exists", "touches")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Pair:
    """A stack in a city that the law admits; ``admitted`` when the request admits it already."""

    stack: str
    city: str
    partner: str
    place: str
    admitted: bool
    note: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A constraint of the request that may be edited or dropped here."""

    id: str
    text: str
    fields: Sequence[tuple[Field, Any]]
    clashes: bool


@dataclass(frozen=True, slots=True)
class Levers:
    """Everything that the page offers."""

    slips: list[Lever]
    laws: list[Lever]
    events: list[Lever]
    supplies: list[Lever]
    unused: list[Lever]
    asked: list[Asked]
    pairs: list[Pair]
    barred: int
    figures: list[tuple[str, list[dict[str, Any]]]]
    overrides: list[dict[str, Any]]

    def specs(self) -> dict[str, dict[str, Any]]:
        """Return what the page's script reads, by lever."""
        groups = (self.slips, self.laws, self.events, self.supplies, self.unused)
        return {lever.id: lever.spec() for group in groups for lever in group}


def levers(scope: Scope, made: Plan | None, clashes: Sequence[Conflict] = (), also: Iterable[str] = ()) -> Levers:
    """Return what can be changed of a request and, where there is one, of its plan.

    Parameters
    ----------
    clashes
        Of an infeasible request: what clashes.
    also
        Keys of figures to offer besides those that the plan leans on.
    """
    names = Names(scope.catalogue)
    own = _Own(scope.request)
    slips = [_slip(own, scope, made, city) for city in _cities(scope, made)]
    laws = [lever for law in _laws(scope) if (lever := _law(own, scope, made, law)).touches or made is None]
    events = [_event(own, made, event) for event in _events(scope)]
    supplies = [_supply(own, scope, made, stack) for stack in _stacks(scope, made)]
    bound = {lever.path[-1] for lever in [*slips, *laws, *events, *supplies]}
    return Levers(
        slips=slips,
        laws=laws,
        events=events,
        supplies=[s for s in supplies if made is None or s.touches],
        unused=[s for s in supplies if made is not None and not s.touches],
        asked=_asked(scope, names, bound, clashes),
        pairs=_pairs(scope, made),
        barred=sum(f.permitted == "no" and f.city in scope.cities for f in scope.catalogue.deployments.values()),
        figures=_figures(made, also, scope.request, names),
        overrides=_overrides(scope.request, names),
    )


class _Own:
    """The constraints of a request, found by what they say."""

    def __init__(self, request: PlanRequest) -> None:
        self._entries = [c.model_dump(mode="json", exclude_none=True) for c in request.constraints]
        self._ids = {entry["id"] for entry in self._entries}

    def lever(  # a lever has as many sides, all by keyword
        self, lever: str, label: str, *, kind: str, member: str, none: float | str, touches: Any, **says: str
    ) -> Lever:
        """Return a lever on the only constraint that says this, or on a new one."""
        told = {"type": kind, **says}
        found = [
            e for e in self._entries if {k: v for k, v in e.items() if k not in {"id", "firmness", member}} == told
        ]
        one = found[0] if len(found) == 1 else None
        name = one["id"] if one else self._free(f"{label} {kind}")
        today = one[member] if one else none
        return Lever(lever, label, ("constraints", name), told, member, today, none, one is not None, touches)

    def _free(self, words: str) -> str:
        base = "-".join(re.findall(r"[a-z0-9]+", words.lower().replace("_", " ")))[:60] or "change"
        return next(n for n in (base, *(f"{base}-{k}" for k in range(2, 1000))) if n not in self._ids)


def _cities(scope: Scope, made: Plan | None) -> list[str]:
    """Return the cities in which somebody may open, in the order of first openings."""
    some = {city for _, city in scope.deployments}
    ordered = [c.city for c in city_order(made)] if made else list(scope.cities)
    return [city for city in ordered if city in some]


def _stacks(scope: Scope, made: Plan | None) -> list[str]:
    """Return the stacks that may be placed, the largest fleet first."""
    fleets = {s.stack: max(s.in_service, default=0) for s in made.stacks} if made else {}
    return sorted({stack for stack, _ in scope.deployments}, key=lambda s: (-fleets.get(s, 0), s))


# --- permits and laws ---


def _slip(own: _Own, scope: Scope, made: Plan | None, city: str) -> Lever:
    touches = touched(scope, made, {"city": city}) if made else []
    name = scope.catalogue.cities[city].name
    return own.lever(f"slip:{city}", name, kind="permit_delay", member="months", none=0, touches=touches, city=city)


def _laws(scope: Scope) -> list[str]:
    """Return the jurisdictions of more than one city whose own permits open service."""
    laws = scope.catalogue.jurisdictions
    below = [slug for city in scope.cities for slug in scope.catalogue.cities[city].jurisdictions]
    opens = [slug for slug in dict.fromkeys(below) if any(p.opens in PUBLIC_MODES for p in laws[slug].permits.values())]
    return [slug for slug in opens if below.count(slug) > 1]


def _law(own: _Own, scope: Scope, made: Plan | None, law: str) -> Lever:
    touches = touched(scope, made, {"jurisdiction": law}) if made else []
    name = scope.catalogue.jurisdictions[law].name
    kind = "permit_delay"
    return own.lever(f"law:{law}", name, kind=kind, member="months", none=0, touches=touches, jurisdiction=law)


def _events(scope: Scope) -> list[Event]:
    """Return the calendar events that a permit of a stack in one of the cities waits for, or that change its cap."""
    permits = {key: p for pair in scope.deployments for key, p in scope.catalogue.permits_of(*pair).items()}
    waited = {p.event for p in permits.values() if p.event}
    laws = scope.catalogue.jurisdictions.values()
    return [event for law in laws for event in law.events.values() if _counts(event, waited, permits)]


def _counts(event: Event, waited: Collection[str], permits: Collection[str]) -> bool:
    changes_caps = event.chance >= 1.0 and any(permit in permits for permit, _ in event.caps)
    return event.id in waited or changes_caps


def _event(own: _Own, made: Plan | None, event: Event) -> Lever:
    pairs = ordered_deployments(made) if made else []
    waits = [f"{c.name} with {d.partner}" for c, d in pairs if any(p.event == event.id for p in d.permits)]
    lever = own.lever(
        f"event:{event.id}",
        event.title,
        kind="event_date",
        member="month",
        none=event.likely,
        touches=waits,
        event=event.id,
    )
    span = f"The catalogue has {month_name(event.likely)}, at the earliest {month_name(event.earliest)}"
    return _with_note(lever, f"{span}, at the latest {month_name(event.latest)}.")


def _with_note(lever: Lever, note: str) -> Lever:
    return Lever(**{**lever.spec(), "id": lever.id, "label": lever.label, "note": note})


# --- supply ---


def _supply(own: _Own, scope: Scope, made: Plan | None, stack: str) -> Lever:
    fleet = next((s for s in made.stacks if s.stack == stack), None) if made else None
    partner = scope.catalogue.stacks[stack].partner
    lever = own.lever(
        f"supply:{stack}",
        partner,
        kind="supply_change",
        member="factor",
        none=1.0,
        touches=_supply_use(fleet),
        stack=stack,
    )
    return _with_note(lever, scope.catalogue.stacks[stack].platform)


def _supply_use(fleet: StackFleet | None) -> dict[str, list[int]] | None:
    """Return by period what a plan uses of a stack and what can be had today; nothing for a stack it does not use."""
    if fleet is None or not any(fleet.in_service):
        return None
    away = [a + b for a, b in zip(fleet.in_service, fleet.testing, strict=True)]
    used = [max(a, b) for a, b in zip(away, fleet.owned, strict=True)] if fleet.platform_owned else away
    return {"used": used, "ceiling": fleet.ceiling}


# --- what the request asks already, and who may be forced ---


def _asked(scope: Scope, names: Names, bound: set[str], clashes: Sequence[Conflict]) -> list[Asked]:
    clashing = {party.constraint for clash in clashes for party in clash.parties}
    return [
        Asked(c["id"], sentence(constraint_words(c, names)), form_of(c), c["id"] in clashing)
        for c in (x.model_dump(mode="json", exclude_none=True) for x in scope.request.constraints)
        if c["id"] not in bound
    ]


def _pairs(scope: Scope, made: Plan | None) -> list[Pair]:
    """Return the stacks that the law admits in the cities: those open in the plan first, then by deal."""
    opened = {(d.stack, d.city): d.launch for _, d in ordered_deployments(made)} if made else {}
    catalogue, names, found = scope.catalogue, Names(scope.catalogue), []
    for (stack, city), fact in catalogue.deployments.items():
        of = catalogue.stacks[stack]
        if city not in scope.cities or fact.permitted == "no" or of.rival:
            continue
        admitted = (stack, city) in scope.deployments
        launch = opened.get((stack, city))
        note = f"opens {month_name(launch)}" if launch else DEAL_NAMES.get(fact.deal, fact.deal)
        found.append(Pair(stack, city, names.stack(stack), catalogue.cities[city].name, admitted, note))
    return sorted(found, key=lambda p: (p.place, not p.admitted, (p.stack, p.city) not in opened, p.partner))


# --- figures ---


def _figures(
    made: Plan | None, also: Iterable[str], request: PlanRequest, names: Names
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the doubtful figures that a plan leans on and some rule reads, by whose they are."""
    known, taken = names.figures, {o.figure for o in request.overrides}
    weak = {f.key for f in doubts(made) if _matters(f.key)} if made else set()
    keys = [key for key in weak | set(also) if key in known and key not in taken]
    groups: dict[str, list[str]] = {}
    for key in sorted(keys, key=lambda key: (words_of(key).title, key)):
        groups.setdefault(names.figure_owner(key), []).append(key)
    named = [(names.figure_owner(group[0]), [_figure(known[key]) for key in group]) for group in groups.values()]
    return sorted(named, key=lambda one: one[0])


def _matters(key: str) -> bool:
    """Return whether another value can move a plan: some rule reads it, and it is no pattern that is brought to a sum of 1."""
    words = words_of(key)
    return bool(words.use) and words.topic != "pattern"


def _figure(figure: Figure) -> dict[str, Any]:
    names = ("key", "value", "unit", "low", "high", "confidence", "source", "note")
    plain = {name: getattr(figure, name) for name in names}
    words = words_of(figure.key)
    return {**plain, "name": words.title, "use": words.use, "several": len(figure.values)}


def _overrides(request: PlanRequest, names: Names) -> list[dict[str, Any]]:
    known = names.figures
    return [
        {
            "key": o.figure,
            "owner": names.figure_owner(o.figure),
            "name": words_of(o.figure).title,
            "member": "factor" if o.factor is not None else "value" if o.value is not None else "",
            "today": o.factor if o.factor is not None else o.value,
            "unit": known[o.figure].unit if o.figure in known else "",
        }
        for o in request.overrides
    ]


def presets(found: Levers, request: PlanRequest) -> list[dict[str, Any]]:
    """Return what people ask first of such a plan: each a name and the levers that it sets.

    Where constraints clash, the first question is what happens without each of them.
    """
    if clashing := [c for c in found.asked if c.clashes]:
        return [{"name": f"Without “{c.text.rstrip('.')}”", "sets": {f"drop:{c.id}": True}} for c in clashing]
    return [*_slip_presets(found.slips), *_supply_presets(found.supplies), *_other_presets(request)]


def _slip_presets(slips: Iterable[Lever]) -> list[dict[str, Any]]:
    first = next((lever for lever in slips if lever.touches), None)
    if first is None:
        return []
    sets = {first.id: float(first.today) + 6}
    return [{"name": f"{first.label} slips six months", "sets": sets}]


def _supply_presets(supplies: Sequence[Lever]) -> list[dict[str, Any]]:
    return [
        {"name": f"Half the {lever.label} supply", "sets": {lever.id: float(lever.today) * 50}}
        for lever in supplies[:2]
        if lever.touches
    ]


def _other_presets(request: PlanRequest) -> list[dict[str, Any]]:
    out = [
        {"name": "20 % less capital", "sets": {"capital": 80}},
        {"name": "20 % more capital", "sets": {"capital": 120}},
    ]
    for durations, name in (
        ("careful", "Promises come as late as nine in ten do"),
        ("max", "Every permit takes its longest"),
    ):
        if request.permit_durations != durations:
            out.append({"name": name, "sets": {"durations": durations}})
    return out
