"""What the independent checker says, written as everything else is: its months and amounts stand as they do in a file."""

from __future__ import annotations

import re

from fleetplan.words.currency import amount
from fleetplan.words.names import Names
from fleetplan.words.values import MODE_NAMES, month_name, usd

MONTH = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])\b(?!-)")
MONEY = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e\+\d+)? USD\b")
MODE = re.compile(rf"\b(?:{'|'.join(mode for mode in MODE_NAMES if '_' in mode)})\b")
WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def plainly(said: str, names: Names | None = None) -> str:
    """Return a sentence of the checker with months, money, modes and names as they are written everywhere.

    Figures that differ stay apart. Without a catalogue in ``names`` cities, partners and permits stay slugs.

    >>> plainly("35,000,000 USD of capital is spent by 2029-04; the budget is 25,000,000 USD")
    '$35.0 M of capital is spent by Apr 2029; the budget is $25.0 M'
    >>> plainly("25,000,120 USD of capital is spent; the budget is 25,000,000 USD")
    '$25,000,120 of capital is spent; the budget is $25,000,000'
    >>> plainly("12 vehicles run in paid_operator before its permit")
    '12 vehicles run in “paid, operator on board” before its permit'
    """
    found = {text: float(text.removesuffix(" USD").replace(",", "")) for text in MONEY.findall(said)}
    short = {text: usd(value) for text, value in found.items()}
    apart = len(set(short.values())) == len(set(found.values()))
    written = short if apart else {text: amount(value, _whole) for text, value in found.items()}
    said = MODE.sub(lambda mode: f"“{MODE_NAMES[mode[0]]}”", MONEY.sub(lambda text: written[text[0]], said))
    said = WORD.sub(lambda word: _named(word[0], names), said) if names else said
    return MONTH.sub(lambda month: month_name(month[0]), said)


def _named(word: str, names: Names) -> str:
    """Return what a city, a stack or a permit is called; every other word as it is."""
    known = names.catalogue
    if known is None:
        return word
    if word in known.cities:
        return names.city(word)
    return names.partner(word) if word in known.stacks else names.permit(word)


def _whole(value: float, sign: str) -> str:
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.0f}"
