"""Which change of the inputs moved what, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetplan.compare.types import AloneEffect, CausedMove, Causes, DecisionMove
from fleetplan.words.markets import other_markets
from fleetplan.words.values import several, usd


def in_words(causes: Causes, changes: Mapping[str, str], moves: Iterable[DecisionMove]) -> Causes:
    """Return causes with their sentences; ``changes`` holds each change by its pointer, ``moves`` are said already."""
    sentences = {m.id: m.sentence for m in moves}
    alone = [_effect(effect, changes.get(effect.pointer, effect.pointer)) for effect in causes.alone]
    moved = [
        m.model_copy(update={"sentence": sentences.get(m.id, ""), "because": because(m, changes)}) for m in causes.moves
    ]
    told = [*(_alone(effect) for effect in alone), *_together(causes)]
    return causes.model_copy(update={"alone": alone, "moves": moved, "sentences": told})


def because(move: CausedMove, changes: Mapping[str, str]) -> str:
    """Return what moved a decision, as sentences."""
    if move.causes:
        return " ".join(changes.get(pointer, pointer) for pointer in move.causes)
    if move.open:
        return "Not known yet."
    if move.joint:
        return "Only the changes together move it."
    return "No input differs: plans of nearly the same worth, or made in another way."


def _effect(effect: AloneEffect, change: str) -> AloneEffect:
    return effect.model_copy(update={"sentence": change, "note": _note(effect)})


def _note(effect: AloneEffect) -> str:
    if effect.outcome == "no_plan":
        return " ".join(["No plan keeps every rule with this change alone.", *(c.sentence for c in effect.clashes)])
    return f"This change alone makes no valid request: {effect.fault}." if effect.outcome == "no_request" else ""


def _alone(effect: AloneEffect) -> str:
    if effect.npv_difference_usd is None:
        return f"{effect.sentence} {effect.note}"
    worth = f"{_signed(effect.npv_difference_usd)} of net present value{other_markets(effect)}"
    return f"{effect.sentence} Alone: {worth}, {several(effect.moves, 'decision')} moved."


def _together(causes: Causes) -> list[str]:
    told = []
    if causes.interaction_usd is not None and len(causes.alone) > 1:
        told.append(f"Together beyond their sum: {_signed(causes.interaction_usd)} of net present value.")
    if causes.left:
        told.append(f"{several(causes.left, 'change is', 'changes are')} not known yet.")
    return told


def _signed(value: float) -> str:
    return f"+{usd(value)}" if value > 0 else usd(value)
