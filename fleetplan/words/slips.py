"""How sure a month is, in words: what is promised, by when half of such promises are kept, by when nine in ten."""

from __future__ import annotations

from typing import Final

from fleetplan.plans.types import OpeningMonths
from fleetplan.words.values import month_name, percent

SLIP_NAMES: Final = {
    "here": "carries paying riders without a driver under this law already",
    "elsewhere": "runs without a driver elsewhere, new here",
    "nowhere": "does not run without a driver anywhere yet",
    "law": "a regulator's own date",
    "pilot": "first service with an operator on board",
}
"""The classes of promises by who keeps whom waiting."""


def spread(found: OpeningMonths) -> str:
    """Return the three months of an opening in few words.

    >>> spread(OpeningMonths(promised="2027-03", median="2027-09", careful="2029-03", slip="elsewhere", kept=0.2, never=0.1))
    'promised Mar 2027, half by Sep 2027, nine in ten by Mar 2029'
    """
    if found.promised == found.careful:
        return f"{month_name(found.promised)} for all promises of this kind"
    return (
        f"promised {month_name(found.promised)}, half by {month_name(found.median)}, "
        f"nine in ten by {month_name(found.careful)}"
    )


def how_sure(found: OpeningMonths) -> str:
    """Return of what kind a promise is, and how many of the kind are kept.

    >>> how_sure(OpeningMonths(promised="2027-03", median="2027-09", careful="2029-03", slip="elsewhere", kept=0.2, never=0.1))
    'runs without a driver elsewhere, new here: 20.0 % of such promises are kept, 10.0 % not within five years'
    """
    return (
        f"{SLIP_NAMES.get(found.slip, found.slip)}: {percent(found.kept)} of such promises are kept, "
        f"{percent(found.never)} not within five years"
    )
