"""Amounts on a page that shows another currency: each says what it is in USD, and at which rate of which year."""

from __future__ import annotations

import re
from html import escape

from fleetplan.words.currency import AMOUNT, Currency, plain

_TAGS = re.compile(r"(<[^>]*>)")
_BARE = ("script", "style", "title", "textarea", "option", "svg")
"""Elements in which no other may stand, or not one of HTML: amounts there are bare, as in attributes."""


def with_rates(page: str, currency: Currency) -> str:
    """Return a page whose amounts in another currency carry the USD and the rate under the pointer."""
    parts, inside = [], ""
    for part in _TAGS.split(page):
        if part.startswith("<"):
            parts.append(plain(part))
            name = part[1:].partition(" ")[0].strip(">/").lower()
            if inside and part.startswith(f"</{inside}"):
                inside = ""
            elif not inside and name in _BARE and not part.startswith("</"):
                inside = name
        else:
            parts.append(plain(part) if inside else AMOUNT.sub(lambda found: _told(found, currency), part))
    return "".join(parts)


def _told(found: re.Match[str], currency: Currency) -> str:
    return f'<span class="fx" title="{found[1]} at {escape(currency.rate)}">{found[2]}</span>'
