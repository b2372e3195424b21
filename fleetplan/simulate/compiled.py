"""Compiled functions: Numba, kept on disk beside the response curves so that only a first run waits for the compiler.

Numba recompiles a function when its own file changes, not when a function that it calls does. So the folder is named after the
text of every file that holds compiled functions, of the records they read, and after Numba's version: nothing old is read.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from fleetplan.service.cache import default_cache_dir

Function = TypeVar("Function", bound=Callable[..., Any])
RECORDS = ("compiled", "layout", "views")


@cache
def _source_digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_bytes()
        if b"@compiled" in text or path.stem in RECORDS:
            digest.update(text)
    return digest.hexdigest()[:16]


def kept_folder() -> Path:
    """Return the folder of what is compiled; it is not there before the first run."""
    return default_cache_dir() / f"simulate-{_source_digest()}"


@contextlib.contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def compiled(function: Function) -> Function:
    """Return a function compiled on its first call; where nothing can be kept on disk it is compiled in every process.

    Such functions allocate nothing: arrays are made beforehand and their references are not counted (``_nrt``).
    """
    options = {"error_model": "numpy", "nogil": True, "_nrt": False}
    try:
        with _kept_in(kept_folder()):
            return cast("Function", numba.njit(cache=True, **options)(function))
    except (OSError, RuntimeError):  # the folder cannot be written to
        return cast("Function", numba.njit(**options)(function))
