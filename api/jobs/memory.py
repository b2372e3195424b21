"""How much memory a solve may take, how much it takes, and what would fit: so that a plan too large is told as such.

A solver that grows beyond its share is ended by its worker, before the system ends something else. Linux tells what a process
takes (``/proc``); elsewhere nothing is limited.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROC, GROUP = Path("/proc"), Path("/sys/fs/cgroup")
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
SHARE = 0.75
"""Of the machine's memory, what all solves together may take."""

STANDING_BYTES = 300e6
"""What a solver takes before it writes a rule down: code, catalogue, the cities' curves (benchmarks/memory.py)."""

SPARE = 0.8
"""How far below a size that grew too large a plan is told to stay: memory grows faster than the size where a search is long."""


def machine_bytes() -> int | None:
    """Return the memory of this machine, or of the group of processes that we may not outgrow; None where nothing says it."""
    found = []
    with suppress(OSError, ValueError):
        found.append(int((GROUP / "memory.max").read_text(encoding="ascii")))  # "max" where there is no limit
    with suppress(OSError, ValueError, IndexError):
        found.append(1024 * int((PROC / "meminfo").read_text(encoding="ascii").partition("MemTotal:")[2].split()[0]))
    return min(found, default=None)


def most_bytes(given: int | None, concurrency: int) -> int | None:
    """Return what one solve may take: what is set, else its part of three quarters of the machine; None for any amount."""
    if given is not None:
        return given or None
    machine = machine_bytes()
    return None if machine is None else int(SHARE * machine / max(1, concurrency))


def tree_bytes(process: int) -> int:
    """Return the resident memory of a process and all below it; pages that they share count in each. 0 where nothing says it."""
    total = 0
    for pid in _tree(process):
        with suppress(OSError, ValueError, IndexError):
            total += PAGE * int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    return total


def _tree(process: int) -> Iterator[int]:
    yield process
    for children in (PROC / str(process) / "task").glob("*/children"):
        with suppress(OSError, ValueError):
            for child in children.read_text(encoding="ascii").split():
                yield from _tree(int(child))


def ended_for_memory() -> int:
    """Return how often the system ended a process of our group for want of memory."""
    with suppress(OSError, ValueError, IndexError):
        told = (GROUP / "memory.events").read_text(encoding="ascii")
        return int(told.partition("oom_kill ")[2].split()[0])
    return 0


def size_of(request: Mapping[str, Any]) -> int | None:
    """Return how large a request is, in cities times periods; None for one that cannot be read any more."""
    from fleetplan.catalogue import load_catalogue  # noqa: PLC0415  read where a plan has failed, by nobody else here
    from fleetplan.errors import FleetplanError  # noqa: PLC0415  as above
    from fleetplan.scope import judge_request  # noqa: PLC0415  as above

    try:
        scope = judge_request(dict(request), load_catalogue())
    except FleetplanError:
        return None
    return len(scope.cities) * len(scope.request.grid)


@dataclass(frozen=True, slots=True)
class Outgrown:
    """A solve that needs more memory than there is. ``fits`` is the size, in cities times periods, that would do with it."""

    limit_bytes: int
    size: int | None
    fits: int | None

    @classmethod
    def of(cls, request: Mapping[str, Any], took_bytes: int, limit_bytes: int) -> Outgrown:
        """Return what is told of a solve that was ended when it had taken so much.

        What the rules and the search take grows with cities times periods; what stands before them does not.
        """
        size = size_of(request)
        room = max(0.0, limit_bytes - STANDING_BYTES) / max(1.0, max(took_bytes, limit_bytes) - STANDING_BYTES)
        return cls(limit_bytes, size, None if size is None else int(SPARE * min(1.0, room) * size))

    @property
    def sentence(self) -> str:
        """What happened, and which size would fit.

        >>> Outgrown(3_000_000_000, 400, 233).sentence
        'it took more than the 3.0 GB that a plan may take; of 400 cities x periods about 233 would fit'
        """
        took = f"it took more than the {self.limit_bytes / 1e9:.1f} GB that a plan may take"
        return f"{took}; of {self.size} cities x periods about {self.fits} would fit" if self.fits else took

    def told(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)
