"""Permits as a graph: left to right, each after everything it waits for, calendar events as gates in front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fleetplan.catalogue.types import Catalogue, Event, Jurisdiction, Permit
from fleetplan.report.permit_layout import NODE, Placed, place
from fleetplan.words.catalogue import MODE_MEANS, MODE_SIGNS, SCOPE_NAMES
from fleetplan.words.values import month_name

WIDTH: Final = 186
BETWEEN: Final = 44
EDGE: Final = 3
ARROW: Final = 7
Kind = Literal["all", "any", "start", "event"]


@dataclass(frozen=True, slots=True)
class Wait:
    """What a permit waits for."""

    kind: Kind
    id: str
    months: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A permit or an event at its place; ``waits`` says in words what comes before, for those who do not see lines."""

    id: str
    kind: Literal["permit", "event"]
    x: int
    y: int
    title: str
    law: str
    time: str
    range: str
    opens: str
    sign: str
    mode: str
    confidence: str
    optional: bool
    platform: bool
    waits: str


@dataclass(frozen=True, slots=True)
class Line:
    """A wait as a path with its arrow, and a few words upon it."""

    kind: Kind
    path: str
    arrow: str
    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in reading order and the lines between them."""

    width: int
    height: int
    node_width: int
    node_height: int
    nodes: list[Node]
    lines: list[Line]


def waits_for(permit: Permit) -> list[Wait]:
    """Return everything that a permit waits for, its calendar event apart."""
    return [
        *(Wait("all", name) for name in permit.all_of),
        *(Wait("any", name) for name in permit.any_of),
        *(Wait("start", name, months) for name, months in permit.after_start),
    ]


def permit_graph(permits: Iterable[Permit], laws: Iterable[Jurisdiction]) -> Graph:
    """Return the graph of permits of some bodies of law; what stands outside is left out."""
    chosen = {permit.id: permit for permit in permits}
    bodies = {law.slug: law for law in laws}
    events = {key: event for law in bodies.values() for key, event in law.events.items()}
    used = {p.event: events[p.event] for p in chosen.values() if p.event in events}
    waits = {key: _drawn(permit, chosen, used) for key, permit in chosen.items()}
    placed = place([*used, *chosen], [(wait.id, key) for key, found in waits.items() for wait in found])
    titles = {key: permit.title for key, permit in chosen.items()} | {key: e.title for key, e in events.items()}
    nodes = [_event_node(event, bodies, placed) for event in used.values()]
    nodes += [_permit_node(permit, bodies, placed, _words(waits[key], titles)) for key, permit in chosen.items()]
    lines = [line for key, found in waits.items() for line in _lines(key, found, placed)]
    width = (max(placed.column.values(), default=0) + 1) * (WIDTH + BETWEEN) - BETWEEN + 2 * EDGE
    ordered = sorted(nodes, key=lambda n: (n.x, n.y))
    return Graph(width, round(placed.height) + 2 * EDGE, WIDTH, round(NODE), ordered, lines)


def idle_events(laws: Iterable[Jurisdiction]) -> list[Event]:
    """Return the calendar events that no permit of the bodies of law waits for."""
    bodies = list(laws)
    used = {permit.event for law in bodies for permit in law.permits.values()}
    return [event for law in bodies for event in law.events.values() if event.id not in used]


def law_groups(catalogue: Catalogue) -> list[list[Jurisdiction]]:
    """Return the bodies of law that share cities, each group with its widest first."""
    groups: list[list[str]] = []
    for city in catalogue.cities.values():
        joined = [group for group in groups if set(group) & set(city.jurisdictions)]
        merged = list(dict.fromkeys([slug for group in joined for slug in group] + list(city.jurisdictions)))
        groups = [group for group in groups if group not in joined] + [merged]
    rank = {"union": 0, "state": 1, "city": 2}
    laws = catalogue.jurisdictions
    found = [sorted((laws[slug] for slug in group), key=lambda law: rank[law.level]) for group in groups]
    return sorted(found, key=lambda group: group[0].name)


def _drawn(permit: Permit, chosen: Mapping[str, Permit], events: Mapping[str, Event]) -> list[Wait]:
    """Return the waits worth a line: those that another one holds already are left out."""
    known = [wait for wait in waits_for(permit) if wait.id in chosen]
    needed = [wait.id for wait in known if wait.kind == "all"]
    implied = {other for name in needed for other in _all_before(name, chosen)}
    choices = {frozenset(chosen[name].any_of) for name in {*needed, *implied}}
    found = [
        wait
        for wait in known
        if not (wait.kind == "all" and wait.id in implied)
        and not (wait.kind == "any" and frozenset(permit.any_of) in choices)
    ]
    return found + ([Wait("event", permit.event)] if permit.event in events else [])


def _all_before(name: str, chosen: Mapping[str, Permit]) -> set[str]:
    before = [other for other in chosen[name].all_of if other in chosen]
    return {*before, *(far for other in before for far in _all_before(other, chosen))}


def _words(waits: Sequence[Wait], titles: Mapping[str, str]) -> str:
    needed = [titles[wait.id] for wait in waits if wait.kind == "all"]
    either = [titles[wait.id] for wait in waits if wait.kind == "any"]
    parts = [f"after {' and '.join(needed)}"] if needed else []
    parts += [f"after {' or '.join(either)}"] if either else []
    parts += [f"{wait.months} months after the start of {titles[wait.id]}" for wait in waits if wait.kind == "start"]
    parts += [f"not before {titles[wait.id]}" for wait in waits if wait.kind == "event"]
    return "; ".join(parts) or "can begin at once"


def _corner(key: str, placed: Placed) -> tuple[int, int]:
    return EDGE + placed.column[key] * (WIDTH + BETWEEN), round(EDGE + placed.middle[key] - NODE / 2)


def _permit_node(permit: Permit, laws: Mapping[str, Jurisdiction], placed: Placed, waits: str) -> Node:
    x, y = _corner(permit.id, placed)
    law = laws[permit.jurisdiction].name
    return Node(
        id=permit.id,
        kind="permit",
        x=x,
        y=y,
        title=permit.title,
        law=law if permit.scope == "city" else f"{law}, {SCOPE_NAMES[permit.scope]}",
        time=several_months(permit.months_likely),
        range=f"{permit.months_min:g} to {permit.months_max:g}" if permit.months_max else "",
        opens=MODE_MEANS[permit.opens],
        sign=MODE_SIGNS[permit.opens],
        mode=permit.opens,
        confidence=permit.confidence,
        optional=permit.optional,
        platform=permit.holder == "platform",
        waits=waits,
    )


def several_months(months: float) -> str:
    """Return a duration in words.

    >>> several_months(12.0), several_months(1.0), several_months(0.0)
    ('12 months', '1 month', 'at once')
    """
    return f"{months:g} {'month' if months == 1 else 'months'}" if months else "at once"


def _event_node(event: Event, laws: Mapping[str, Jurisdiction], placed: Placed) -> Node:
    x, y = _corner(event.id, placed)
    return Node(
        id=event.id,
        kind="event",
        x=x,
        y=y,
        title=event.title,
        law=laws[event.jurisdiction].name,
        time=month_name(event.likely),
        range=f"{month_name(event.earliest)} to {month_name(event.latest)}",
        opens="",
        sign="",
        mode="",
        confidence=event.confidence,
        optional=False,
        platform=False,
        waits="a change of law: a date, not a duration",
    )


def _lines(key: str, waits: Sequence[Wait], placed: Placed) -> list[Line]:
    kinds = list(dict.fromkeys(wait.kind for wait in waits))
    right_x, _ = _corner(key, placed)
    found = []
    for wait in waits:
        share = (kinds.index(wait.kind) + 1) / (len(kinds) + 1)
        end = (right_x - 1.0, EDGE + placed.middle[key] + NODE * (share - 0.5))
        left_x, _ = _corner(wait.id, placed)
        start = (left_x + float(WIDTH), EDGE + placed.middle[wait.id])
        through = [
            (EDGE + (placed.column[wait.id] + 1 + i) * (WIDTH + BETWEEN), EDGE + placed.middle[lane])
            for i, lane in enumerate(placed.lanes[wait.id, key])
        ]
        found.append(_line(wait, start, through, end))
    return found


def _line(wait: Wait, start: tuple[float, float], through: list[tuple[int, float]], end: tuple[float, float]) -> Line:
    path, at = f"M{start[0]:.0f},{start[1]:.0f}", start
    for x, y in through:
        path += _bend(at, (x, y)) + f"H{x + WIDTH}"
        at = (float(x + WIDTH), y)
    path += _bend(at, (end[0] - ARROW, end[1]))
    tip = f"M{end[0]:.0f},{end[1]:.1f}l-{ARROW + 1},-4.5v9Z"
    text = {"any": "or", "start": f"+{wait.months} mo", "all": "", "event": ""}[wait.kind]
    return Line(wait.kind, path, tip, round(end[0] - ARROW - 4), round(end[1]), text)


def _bend(a: tuple[float, float], b: tuple[float, float]) -> str:
    middle = (a[0] + b[0]) / 2
    return f"C{middle:.0f},{a[1]:.1f} {middle:.0f},{b[1]:.1f} {b[0]:.0f},{b[1]:.1f}"
