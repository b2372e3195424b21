"""Processes that share work out among themselves and end with the one that shares it, whatever ends that."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def shared_out(workers: int, begin: Callable[..., None], *given: Any) -> ProcessPoolExecutor:
    """Return so many processes, each of which calls ``begin(*given)`` before anything else."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begun, initargs=(begin, given))


def _begun(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    """End this process when the one that shares the work out is gone: nobody would hear its answers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
