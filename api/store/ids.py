"""Sortable ids: time first, so that newest first is id descending (a UUIDv7 as hex, RFC 9562)."""

from __future__ import annotations

import secrets
import threading
import time

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """Return ``prefix_`` and 32 hex digits that sort by time of making, strictly within one process.

    The 12 bits after the milliseconds hold the fraction of the millisecond and count on when two ids would meet.

    >>> first, second = new_id("plan"), new_id("plan")
    >>> first < second, len(first)
    (True, 37)
    """
    global _last  # noqa: PLW0603 - one clock for the process, under the lock
    now = time.time_ns()
    ticks = (now // 1_000_000) << 12 | (now % 1_000_000) * 4096 // 1_000_000
    with _lock:
        ticks = max(ticks, _last + 1)
        _last = ticks
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"{prefix}_{value:032x}"
