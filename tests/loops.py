"""An event loop of its own for a test, whatever else runs in its thread: Playwright leaves a loop running there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Made = TypeVar("Made")


def run_alone(work: Coroutine[Any, Any, Made]) -> Made:
    """Return what a coroutine makes in a loop of its own, in a thread of its own."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()
