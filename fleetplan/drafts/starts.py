"""What a new request can start from: nothing, an example, or the request of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from fleetplan.examples import example_files
from fleetplan.request import Capital, PlanRequest, read_request

FIRST_EXAMPLES = ("uber-2027", "tight-budget", "ten-markets")
"""Examples in the order in which a newcomer learns most; others follow by name."""

BLANK = """\
# A request. The form and this text are the same thing: what you change in one, the other shows.

name: New plan

capital:
  per_quarter_usd: 50_000_000   # USD; what a quarter leaves over may be spent later
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A request to start from."""

    key: str
    title: str
    note: str
    text: str


@cache
def examples() -> tuple[Example, ...]:
    """Return the examples, the most telling first."""
    found = []
    for name, file in example_files().items():
        request = read_request(file)
        found.append(Example(name, request.name, request.note.strip(), file.read_text(encoding="utf-8")))
    rank = {key: i for i, key in enumerate(FIRST_EXAMPLES)}
    return tuple(sorted(found, key=lambda e: (rank.get(e.key, len(rank)), e.key)))


def copy_name(name: str) -> str:
    """Return the name of a copy, no longer than names may be.

    >>> copy_name("Uber 2027")
    'Uber 2027 (copy)'
    """
    return name if name.endswith("(copy)") else f"{name[:73]} (copy)"


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
            known = usual.get(key) or {}  # parts and members that nobody says are left out
            members = {k: v for k, v in value.items() if k not in known or v != known[k] or k == "per_quarter_usd"}
            out |= {key: members} if members else {}
        elif key not in usual or value != usual[key]:
            out[key] = [_without_none(entry) for entry in value] if isinstance(value, list) else value
    return out


def _without_none(entry: Any) -> Any:
    return {k: v for k, v in entry.items() if v is not None} if isinstance(entry, dict) else entry
