"""At which values of a figure another plan is best, in sentences: what was tried, between which values, what is proven of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleetplan.threshold.types import Change, Dial, Side, Threshold
from fleetplan.words.doubt import figure_name, short_number
from fleetplan.words.names import Names
from fleetplan.words.values import decimal, listed, month_name, several, usd

MOST_CHANGES, LONGEST_UNIT = 3, 20
NOTHING_USD = 1.0
WATCHED = {
    "launches": "no city or partner enters, leaves or opens in another month",
    "entry": "no city or partner enters or leaves",
    "areas": "no city or partner enters, leaves, opens in another month or reaches another area",
}
DIALS = {
    "supply": "What can be had of {partner}",
    "capital": "The capital of every quarter",
}


def dial_name(dial: Dial, names: Names) -> str:
    """Return what is turned, as a label: ``Madrid, mean fare``, ``Months of permits in Munich``."""
    if dial.kind == "permit_months" and not dial.key:
        return f"Months of the permit for paid service in {names.city(dial.city)}"
    if dial.kind == "supply":
        return DIALS["supply"].format(partner=names.place(dial.stack, None))
    if dial.kind == "capital":
        return DIALS["capital"]
    name = figure_name(dial.key, names)
    return f"{name[:1].upper()}{name[1:]}"


def value_words(dial: Dial, value: float) -> str:
    """Return a value of a dial with its unit.

    >>> value_words(Dial(kind="capital", unit="times", likely=1, low=0.5, high=2, steps_down=10, steps_up=20), 0.85)
    '0.85 times'
    """
    if dial.kind == "permit_months" and not dial.key:
        if not value:
            return "no months later"
        return f"{several(abs(round(value)), 'month')} {'later' if value > 0 else 'sooner'}"
    unit = _unit(dial)
    if len(unit) > LONGEST_UNIT:
        return short_number(value)
    one = unit.removesuffix("s") if value == 1 and unit in {"years", "months"} else unit
    return f"{short_number(value)}{f' {one}' if one else ''}"


def _unit(dial: Dial) -> str:
    return dial.unit.replace("/", " a ")


def threshold_sentences(found: Threshold, names: Names) -> list[str]:
    """Return what turning one thing does: where it stands, and each side of it."""
    return [_head(found, names), *_sides(found, names)]


def _head(found: Threshold, names: Names) -> str:
    return f"{dial_name(found.dial, names)}: {stands_words(found, names)}."


def stands_words(found: Threshold, names: Names) -> str:
    """Return where a dial stands, and between what it is turned: ``17.4 USD a trip in this plan, turned from ... to ...``."""
    dial = found.dial
    about = f", asked of {names.place(found.stack or None, found.city or None)}" if found.city or found.stack else ""
    about = f" ({_unit(dial)}){about}" if len(_unit(dial)) > LONGEST_UNIT else about
    if dial.low == dial.high:
        return f"{value_words(dial, dial.likely)}, which has no range to be turned in{about}"
    ends = f"{value_words(dial, dial.low)} to {value_words(dial, dial.high)}"
    return f"{value_words(dial, dial.likely)} in this plan, turned from {ends}{about}"


def _sides(found: Threshold, names: Names) -> Iterator[str]:
    for side, way in ((found.lower, "down"), (found.higher, "up")):
        if side is not None and side.points:
            yield _side(found, side, way, names)


def _side(found: Threshold, side: Side, way: str, names: Names) -> str:
    dial = found.dial
    if side.changes is None:
        end = side.points[-1]
        before = "" if len(side.points) > 1 else "; values before that end were not tried"
        return f"Turned {way} to {value_words(dial, end.value)}, {WATCHED[found.watch]}{_left(side)}{before}."
    inner, outer = side.stays, side.changes
    best = "the best" if _surely_stays(side) else "the best found"
    stays = f"at {value_words(dial, inner.value)} the launches of this plan are still {best}{_left(side)}"
    moved = changes_words(outer.changes, names)
    head = f"Turned {way}, it changes between {value_words(dial, inner.value)} and {value_words(dial, outer.value)}"
    if outer.npv_usd is None:
        return f"{head}: {stays}; at {value_words(dial, outer.value)} no plan keeps every rule."
    return f"{head}: {stays}; at {value_words(dial, outer.value)} {moved}, worth {usd(outer.npv_usd)}{_proof(side)}."


def _surely_stays(side: Side) -> bool:
    """Return whether the bound leaves no other plan anything where nothing changes yet."""
    return side.open_usd is not None and side.open_usd < NOTHING_USD


def _left(side: Side) -> str:
    """Return what the bound leaves any other plan where nothing changes yet."""
    left = side.open_usd
    if left is None:
        return ""
    if _surely_stays(side):
        return ", as is proven"
    return f" (another could be worth at most {usd(left)} more, by the bound)"


def _proof(side: Side) -> str:
    """Return what is proven of the plan's own launches where something changes."""
    outer, bound = side.changes, side.kept_bound_usd
    assert outer is not None  # noqa: S101  # said only where something changes
    assert outer.npv_usd is not None  # noqa: S101
    if side.kept_proof == "none":
        return "; no plan with the launches of this one keeps every rule there, as is proven"
    if side.kept_proof == "open" or bound is None:
        return "; found by a search, not proven against plans with the launches of this one"
    if side.proven_change:
        return f"; no plan with the launches of this one is worth more than {usd(bound)} there, as is proven"
    return (
        f"; a plan with the launches of this one could be worth up to {usd(bound)} there by the bound, so that the change is "
        f"found and not proven"
    )


def changes_words(changes: Sequence[Change], names: Names) -> str:
    """Return what another plan does otherwise, within a sentence."""
    told = [_change(change, names) for change in changes[:MOST_CHANGES]]
    more = len(changes) - MOST_CHANGES
    rest = [several(more, "more such change")] if more > 0 else []
    return listed([*told, *rest]) or "nothing that is watched changes"


def _change(change: Change, names: Names) -> str:
    place = names.place(change.stack, change.city)
    if change.move == "enters":
        return f"{place} enters, in {month_name(change.after)}"
    if change.move == "leaves":
        return f"{place} leaves (it opens in {month_name(change.before)} in this plan)"
    if change.move in {"earlier", "later"}:
        return f"{place} opens {change.move}, in {month_name(change.after)} instead of {month_name(change.before)}"
    return f"{place} reaches area {change.after} instead of {change.before}"


def threshold_rows(found: Threshold, names: Names) -> list[dict[str, str]]:
    """Return every value tried with what was found there, as cells of a table, from the low end to the high one."""
    sides = [*(reversed(found.lower.points) if found.lower else ()), *(found.higher.points if found.higher else ())]
    return [
        {
            "value": value_words(found.dial, point.value),
            "NPV": usd(point.npv_usd) if point.npv_usd is not None else "no plan",
            "bound": usd(point.bound_usd) if point.bound_usd is not None else "",
            "this plan there": "" if point.kept_usd is None else usd(point.kept_usd),
            "what changes": changes_words(point.changes, names) if point.changes else "nothing that is watched",
        }
        for point in sides
    ]


def share_of_range(dial: Dial, value: float) -> str:
    """Return how far a value lies from where a dial stands, as a change in per cent; empty where that says nothing."""
    if dial.kind == "permit_months" or not dial.likely:
        return ""
    change = 100.0 * (value / dial.likely - 1.0)
    return f"{'+' if change > 0 else ''}{decimal(change, 1)} %"
