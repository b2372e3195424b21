"""Numbers as people all over the world write them, read only where they can be meant in one way.

``397.000`` is 397 thousand in Madrid and 397 with three decimals in a database's export. A column settles it by its other
numbers; where none does, it is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

_PLAIN: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:([.,' \u2019])\d{3})(?:\1\d{3})*(?:([.,])\d+)?")
_DECIMAL: Final = re.compile(r"[+-]?\d+([.,])(\d+)")
_SPACES: Final = re.compile(r"[\u00a0\u202f\u2009]")

AMBIGUOUS = "may be thousands or decimals"
NO_NUMBER = "is no number"


def read_numbers(values: Sequence[Any]) -> tuple[list[float | None], dict[int, str]]:
    """Return a column's numbers, and by position what is wrong with those that are none (None stands there).

    Empty cells are no numbers. Decimal commas and signs of thousands are read where every text of the column agrees.

    >>> read_numbers(["1.250.000", "397.000"])
    ([1250000.0, 397000.0], {})
    >>> read_numbers(["397.000", "12.000"])[1]
    {0: 'may be thousands or decimals', 1: 'may be thousands or decimals'}
    >>> read_numbers(["397,5", "12,25", 3])
    ([397.5, 12.25, 3.0], {})
    """
    texts = {i: _SPACES.sub(" ", v).strip() for i, v in enumerate(values) if isinstance(v, str)}
    thousands, decimal = _signs(list(texts.values()))
    found: list[float | None] = []
    wrong: dict[int, str] = {}
    for i, value in enumerate(values):
        if i in texts:
            number, what = _number(texts[i], thousands, decimal)
        else:
            number, what = _plain(value)
        found.append(number)
        if what:
            wrong[i] = what
    return found, wrong


def _plain(value: Any) -> tuple[float | None, str]:
    if value is None or isinstance(value, bool):
        return None, "is empty" if value is None else NO_NUMBER
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None, NO_NUMBER
    return (None, "is empty") if math.isnan(number) else (number, "")


def _signs(texts: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return which signs the column uses for thousands and which for decimals, as far as single numbers tell for sure."""
    thousands, decimal = set[str](), set[str]()
    for text in texts:
        if (match := _GROUPED.fullmatch(text)) and (text.count(match[1]) > 1 or match[2] or match[1] in "' \u2019"):
            thousands.add(match[1])
            decimal |= {match[2]} if match[2] else set()
        elif (match := _DECIMAL.fullmatch(text)) and not _three_after_few(text, match):
            decimal.add(match[1])
    return thousands, decimal


def _three_after_few(text: str, match: re.Match[str]) -> bool:
    """Return whether a number with one sign may be thousands: three digits after the sign, one to three before, no zero first."""
    whole = text.lstrip("+-").split(match[1])[0]
    return len(match[2]) == 3 and len(whole) <= 3 and not whole.startswith("0")


def _number(text: str, thousands: set[str], decimal: set[str]) -> tuple[float | None, str]:
    if not text:
        return None, "is empty"
    single, grouped = _DECIMAL.fullmatch(text), _GROUPED.fullmatch(text)
    if thousands & decimal and (single or grouped):
        return None, AMBIGUOUS
    bare = text
    if grouped and (grouped[1] in thousands or grouped[1] in "' \u2019"):
        bare = text.replace(grouped[1], "")
    elif single and single[1] not in decimal and _three_after_few(text, single):
        other = {".": ",", ",": "."}[single[1]]
        if other not in decimal | thousands:
            return None, AMBIGUOUS
        bare = text.replace(single[1], "") if other in decimal else text
    bare = bare.replace(",", ".")
    return (float(bare), "") if _PLAIN.fullmatch(bare) else (None, NO_NUMBER)
