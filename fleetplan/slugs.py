"""Names on their way to the names of files."""

from __future__ import annotations

import re

LONGEST = 60


def slug(name: str) -> str:
    """Return a name as a file or folder is called; empty where nothing of it can stand there.

    >>> slug("California late/known"), slug("Uber 2027: half the supply"), slug("…")
    ('california-late-known', 'uber-2027-half-the-supply', '')
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST]
