"""What the service answers about two plans, as lines of a terminal."""

from __future__ import annotations

from typing import Any


def comparison_lines(told: dict[str, Any]) -> list[str]:
    """Return a comparison as lines: what was asked, what came of it, what moves, the money, and what is as good either way."""
    from fleetplan.cli_files import shown  # noqa: PLC0415  heavy imports wait for the command that needs them

    asked = [one["sentence"] for one in told["inputs"]]
    moves = [one["sentence"] for one in told["decisions"] if not one["tie"]]
    return shown(asked, told["summary"], moves, told["money_by_city"], [one["sentence"] for one in told["ties"]])


def cause_lines(causes: dict[str, Any]) -> list[str]:
    """Return in words what is known of causes, and how to know more."""
    if causes["state"] == "too_many":
        return ["causes: more than six inputs differ; compare by way of a plan in between"]
    known = causes["known"]
    lines = [f"causes: {causes['state']}", *(f"  {sentence}" for sentence in (known["sentences"] if known else ()))]
    lines += [f"  {move['sentence']}  {move['because']}" for move in (known["moves"] if known else ())]
    open_changes = [c for c in causes["changes"] if c["state"] != "known"]
    lines += [f"  {c['state']}: {c['sentence']}" for c in open_changes]
    return lines + (["  --causes makes the plans that are missing, and waits"] if open_changes else [])
