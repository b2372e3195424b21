"""The decisions that differ between two plans, as a reader goes through them: by kind and place, with what moved each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleetplan.compare.types import CausedMove, Causes, Comparison, DecisionMove
from fleetplan.words.changes import Told

KIND_NAMES = {
    "launch": "Launches",
    "driver_out": "Driver out",
    "ended": "Ends",
    "level": "Areas",
    "fleet": "Fleets",
    "depot": "Depots",
    "bought": "Purchases",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that differs, with what moved it."""

    anchor: str
    kind: str
    kind_name: str
    city: str
    place: str
    sentence: str
    because: str
    tie: bool = False


def decisions(comparison: Comparison, known: Causes | None, changes: Sequence[Told]) -> list[Decision]:
    """Return every decision that differs, with what moved it as far as causes are known."""
    brief = {change.pointer: change.brief for change in changes}
    caused = {move.id: move for move in known.moves} if known else {}
    names = {city.city: city.name for city in comparison.map}
    return [_decision(move, names, _because(caused.get(move.id), brief)) for move in comparison.decisions]


def _decision(move: DecisionMove, names: Mapping[str, str], because: str) -> Decision:
    anchor = "".join(c if c.isalnum() else "-" for c in move.id.lower())
    place = names.get(move.city, "All cities")
    return Decision(
        anchor, move.kind, KIND_NAMES[move.kind], move.city, place, move.sentence, because, tie=bool(move.tie)
    )


def _because(move: CausedMove | None, brief: Mapping[str, str]) -> str:
    if move is None:
        return ""
    if move.causes:
        return "; ".join(brief.get(pointer, pointer) for pointer in move.causes)
    return "only the changes together" if move.joint else "" if move.open else move.because


def kinds(found: Sequence[Decision]) -> list[tuple[str, str, int]]:
    """Return the kinds of decisions that differ, by name, with how many of each."""
    count = Counter(decision.kind for decision in found)
    return [(kind, name, count[kind]) for kind, name in KIND_NAMES.items() if count[kind]]
