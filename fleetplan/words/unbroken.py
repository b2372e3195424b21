"""Amounts that stay on one line wherever a page breaks its lines."""

from __future__ import annotations

import re

NO_BREAK = "\u00a0"
JOINER = "\u2060"
"""Holds two signs together and takes no room: browsers would end a line between a minus and the sign of a currency."""
_AFTER_SIGN = re.compile(r"(?<=[−+])(?=[$€£¥])")
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:M|bn|k|%|km²|km|min|USD)(?!\w))")
_KEPT = re.compile(r"(<(script|style|title|textarea|option|svg|pre|code)\b.*?</\2>|<[^>]*>)", re.DOTALL)
"""Tags, and elements whose text is read by programs, sent back or drawn on one line as it is."""


def unbroken(text: str) -> str:
    r"""Return a text in which no line may end between a number and its unit, or its sign.

    >>> unbroken("$29.4 M of $1 bn, 23 % in 4 years") == "$29.4\u00a0M of $1\u00a0bn, 23\u00a0% in 4 years"
    True
    >>> unbroken("worth −$14.4 M") == "worth −\u2060$14.4\u00a0M"
    True
    """
    return _AFTER_SIGN.sub(JOINER, _BEFORE_UNIT.sub(NO_BREAK, text))


def unbroken_page(page: str) -> str:
    r"""Return a page of HTML with every text that is shown unbroken; tags, and what programs read, stay as they are.

    >>> unbroken_page('<b title="−$2 M">−$2 M</b><code>2 M</code>') == '<b title="−$2 M">−\u2060$2\u00a0M</b><code>2 M</code>'
    True
    """
    shown = _KEPT.split(page)  # what is shown, what is kept, the kept element's name, and again
    shown[::3] = [unbroken(text) for text in shown[::3]]
    return "".join(text for k, text in enumerate(shown) if k % 3 < 2)
