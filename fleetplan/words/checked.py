"""What the independent checker says, written as everything else is: its months and amounts stand as they do in a file."""

from __future__ import annotations

import re

from fleetplan.words.currency import amount
from fleetplan.words.values import month_name, usd

MONTH = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])\b(?!-)")
MONEY = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e\+\d+)? USD\b")


def plainly(said: str) -> str:
    """Return a sentence of the checker with months and money as they are written everywhere; figures that differ stay apart.

    >>> plainly("35,000,000 USD of capital is spent by 2029-04; the budget is 25,000,000 USD")
    '$35.0 M of capital is spent by Apr 2029; the budget is $25.0 M'
    >>> plainly("25,000,120 USD of capital is spent; the budget is 25,000,000 USD")
    '$25,000,120 of capital is spent; the budget is $25,000,000'
    """
    found = {text: float(text.removesuffix(" USD").replace(",", "")) for text in MONEY.findall(said)}
    short = {text: usd(value) for text, value in found.items()}
    apart = len(set(short.values())) == len(set(found.values()))
    written = short if apart else {text: amount(value, _whole) for text, value in found.items()}
    return MONTH.sub(lambda month: month_name(month[0]), MONEY.sub(lambda text: written[text[0]], said))


def _whole(value: float, sign: str) -> str:
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.0f}"
