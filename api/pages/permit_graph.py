"""A jurisdiction's permits as a graph: layered from left to right, each after everything it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fleetplan.catalogue.types import Jurisdiction, Permit
from fleetplan.report.words import MODE_NAMES

WIDTH, HEIGHT, GAP_X, GAP_Y = 232, 92, 56, 22
LETTERS = 27


@dataclass(frozen=True, slots=True)
class Node:
    """A permit (or a calendar event) at a place; ``lines`` is its title broken to fit."""

    id: str
    css: str
    x: int
    y: int
    lines: list[str]
    months: str
    opens: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A wait: ``all`` of these, ``any`` of these, ``start`` (counted from the other's start) or ``event``."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges with the size of the drawing."""

    width: int
    height: int
    nodes: list[Node]
    edges: list[Edge]


def permit_graph(permits: Iterable[Permit], laws: Iterable[Jurisdiction]) -> Graph:
    """Return the graph of permits; prerequisites outside the set are left out, events stand in front of their permits."""
    chosen = {permit.id: permit for permit in permits}
    events = {e.id: e for law in laws for e in law.events.values()}
    column: dict[str, int] = {}
    for permit in chosen.values():
        _layer(permit.id, chosen, column)
    used = {p.event for p in chosen.values() if p.event in events}
    places: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = {}
    for key in sorted(used, key=lambda e: (events[e].likely, e)):
        _place(key, 0, places, rows)
    for permit in sorted(chosen.values(), key=lambda p: (column[p.id], p.optional)):
        _place(permit.id, column[permit.id] + bool(used), places, rows)
    nodes = [_event_node(events[key].id, events[key].title, events[key].likely, *places[key]) for key in sorted(used)]
    nodes += [_permit_node(permit, *places[permit.id]) for permit in chosen.values()]
    edges = [edge for permit in chosen.values() for edge in _edges(permit, places)]
    width = max((x for x, _ in places.values()), default=0) + WIDTH + 4
    height = max((y for _, y in places.values()), default=0) + HEIGHT + 4
    return Graph(width, height, nodes, edges)


def waits_for(permit: Permit) -> list[tuple[str, str]]:
    """Return what a permit waits for, as ``(kind, id)``."""
    after = [("start", name) for name, _ in permit.after_start]
    return [*(("all", n) for n in permit.all_of), *(("any", n) for n in permit.any_of), *after]


def _layer(key: str, chosen: dict[str, Permit], column: dict[str, int]) -> int:
    if key not in column:
        before = [name for _, name in waits_for(chosen[key]) if name in chosen]
        column[key] = 1 + max((_layer(name, chosen, column) for name in before), default=-1)
    return column[key]


def _place(key: str, column: int, places: dict[str, tuple[int, int]], rows: dict[int, int]) -> None:
    row = rows.get(column, 0)
    rows[column] = row + 1
    places[key] = (2 + column * (WIDTH + GAP_X), 2 + row * (HEIGHT + GAP_Y))


def _permit_node(permit: Permit, x: int, y: int) -> Node:
    months = f"{permit.months_min:g} – {permit.months_likely:g} – {permit.months_max:g} months"
    css = f"{permit.scope}{' optional' if permit.optional else ''}{' opens' if permit.opens.startswith('paid') else ''}"
    opens = MODE_NAMES.get(permit.opens, permit.opens) if permit.opens else ""
    return Node(permit.id, css, x, y, broken(permit.title), months, opens, permit.confidence)


def _event_node(key: str, title: str, likely: str, x: int, y: int) -> Node:
    return Node(key, "event", x, y, broken(title), f"likely {likely}", "", "")


def _edges(permit: Permit, places: dict[str, tuple[int, int]]) -> list[Edge]:
    waits = [*waits_for(permit), *([("event", permit.event)] if permit.event in places else [])]
    x, y = places[permit.id]
    found = []
    for kind, name in waits:
        if name in places:
            from_x, from_y = places[name]
            a, b = (from_x + WIDTH, from_y + HEIGHT // 2), (x, y + HEIGHT // 2)
            bend = (a[0] + b[0]) // 2
            found.append(Edge(kind, f"M{a[0]} {a[1]}C{bend} {a[1]} {bend} {b[1]} {b[0]} {b[1]}"))
    return found


def broken(text: str, letters: int = LETTERS, most: int = 2) -> list[str]:
    """Return a text broken into a few lines, the last one cut.

    >>> broken("Approval of the operating area by the state authority", 20)
    ['Approval of the', 'operating area by t…']
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > letters and len(lines) < most - 1:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    return [part if len(part) <= letters else f"{part[: letters - 1]}…" for part in lines]
