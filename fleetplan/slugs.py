"""Names on their way to the names of files."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 60


def slug(name: str) -> str:
    """Return a name as a file or folder is called; empty where nothing of it can stand there.

    >>> slug("California late/known"), slug("Zürich 2027: half the supply"), slug("…")
    ('california-late-known', 'zurich-2027-half-the-supply', '')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")
