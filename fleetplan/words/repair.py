"""What would make a plan possible, in words: what is asked otherwise, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fleetplan.remedies import Loosening, Repair
from fleetplan.words.asked import number_words
from fleetplan.words.changes import with_words
from fleetplan.words.constraints import constraint_words
from fleetplan.words.context import Context
from fleetplan.words.values import count, listed, month_name, percent, several, usd

FIRMLY = ("firmness",)
CAPITAL_MEMBERS = {"per_quarter_usd": "capital of {0} a quarter", "cash_floor_usd": "net cash may fall to {0}"}


def repairs_said(repairs: Iterable[Repair], context: Context) -> list[Repair]:
    """Return repairs with their sentences."""
    return [r.model_copy(update={"sentence": repair_sentence(r, context)}) for r in repairs]


def repair_sentence(repair: Repair, context: Context) -> str:
    """Return what is asked otherwise, that it has a plan, and what the plan found is worth."""
    changes = "; and ".join(_changed(repair, context))
    return f"{changes[:1].upper()}{changes[1:]}: feasible, {worth_words(repair, context)}."


def _changed(repair: Repair, context: Context) -> list[str]:
    """Return what is asked otherwise, party by party: less and later of one wish are one."""
    parties = dict.fromkeys(change.party for change in repair.changes)
    return [_together([c for c in repair.changes if c.party == party], context) for party in parties]


def _together(changes: Sequence[Loosening], context: Context) -> str:
    """Return what is asked otherwise of one party, within a sentence."""
    if len(changes) == 1:
        return change_words(changes[0], context)
    entry = {k: v for k, v in context.constraints[changes[0].party].items() if k not in FIRMLY}
    now = constraint_words({**entry, **{change.member: change.after for change in changes}}, context.names)
    return f"{now}, instead of {listed([_value(change.before, change.unit) for change in changes])}"


def worth_words(repair: Repair, context: Context) -> str:
    """Return what a repair's plan is worth, within a sentence."""
    fleet = several(repair.vehicles, "vehicle")
    places = listed([context.names.city(slug) for slug in repair.cities])
    where = f"{fleet} at the end, in {places}" if repair.cities else "a plan that opens nowhere"
    most = "" if repair.bound_usd <= repair.npv_usd else f", and at most {usd(repair.bound_usd)} can be had"
    return f"NPV {usd(repair.npv_usd)} found{most} ({where})"


def change_words(change: Loosening, context: Context) -> str:
    """Return one thing that is asked otherwise, within a sentence."""
    if change.kind == "unfreeze":
        return _unfrozen(change, context)
    if change.party not in context.constraints:
        return _money(change, context)
    entry = {k: v for k, v in context.constraints[change.party].items() if k not in FIRMLY}
    asked = constraint_words(entry, context.names)
    if change.kind == "drop":
        return f"without “{asked}”"
    if change.kind == "anyone":
        return f"“{asked}” with any partner"
    if change.kind == "permits":
        return f"permits {several(abs(int(_one(change.after))), 'month')} sooner, for “{asked}”"
    now = constraint_words({**entry, change.member: change.after}, context.names)
    return f"{now}, instead of {_value(change.before, change.unit)}"


def _unfrozen(change: Loosening, context: Context) -> str:
    """Return what of an earlier plan need not stay."""
    when = _value(change.before, "")
    if change.party == "kept":
        if change.member == "openings":
            return f"of what the earlier plan decides before {when} only openings have to stay"
        return f"nothing that the earlier plan decides before {when} has to stay"
    place = context.names.place(*change.party.split("@"))
    return f"{place} may open in any month" if change.member == "month" else f"{place} need not open in {when}"


def _money(change: Loosening, context: Context) -> str:
    if change.party not in {"capital", "cash_floor"}:
        return f"without {context.asks(change.party)}"
    if change.kind == "drop":
        return "without a floor on net cash"
    words = CAPITAL_MEMBERS[change.member]
    if isinstance(change.after, list) and isinstance(change.before, list):
        more = max(a - b for a, b in zip(change.after, change.before, strict=True))
        return f"{usd(more)} more capital in each quarter"
    after, before = _one(change.after), _one(change.before)
    if change.member == "cash_floor_usd":
        return f"{words.format(usd(-after))}, instead of {usd(-before)}"
    return f"{words.format(usd(after))}, instead of {usd(before)}"


def _one(value: object) -> float:
    assert isinstance(value, int | float)  # noqa: S101  # an amount
    return float(value)


def _value(value: float | str | list[float] | None, unit: str) -> str:
    """Return what was asked before, in few words."""
    if isinstance(value, str):
        return month_name(value)
    if value is None or isinstance(value, list):
        return "what is asked"
    if unit == "USD":
        return usd(value)
    if unit.startswith("share"):
        return percent(value, 0)
    if unit in {"vehicle", "market", "launch", "stack"}:
        return number_words(round(value), unit, "launches" if unit == "launch" else f"{unit}s")
    return f"{count(value)} {unit}" if unit != "min" else f"{value:g} minutes"


def unfinished(*, settled: bool, searched: bool, found: int) -> list[str]:
    """Return what was not settled in the time given, and what it means that nothing was found."""
    out = []
    if not settled:
        out.append("Whether something else stands in the way besides was not settled in the time given.")
    if not searched or not (found or settled):
        ways = "further ways" if found else "ways"
        out.append(f"There may be {ways} to make a plan possible: the time ran out before all were tried.")
    elif not found:
        out.append("No change of what may be loosened makes a plan possible: what stands in the way is firm.")
    return out


def unfinished_of(problem: Mapping[str, Any], found: int) -> list[str]:
    """Return the same of a stored finding; nothing of one that an earlier version stored, which looked for no repairs."""
    if "searched" not in problem:
        return []
    if problem.get("mending"):
        return ["What else may stand in the way, and what would make a plan possible, is being looked for."]
    return unfinished(settled=bool(problem.get("settled")), searched=bool(problem["searched"]), found=found)


def repaired_name(whose: str, repair: Repair, context: Context) -> str:
    """Return a name for a plan that is asked for with a repair; at most 80 characters."""
    return with_words(whose, "; ".join(_changed(repair, context)))
