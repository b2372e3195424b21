"""Watch a process with all its children from outside: peak memory, processor seconds of each, when each was last there.

Linux only: everything is read from ``/proc``. Memory is resident memory, so pages that processes share count in each of them;
what a process uses in the last tenth of a second before it is killed is not seen.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MODULE = "-m"
NURSERY = "nursery"
OURS = {NURSERY, "plans", "bounds", "unit_child"}  # forked: their command is that of whoever they come from


@dataclass(slots=True)
class Seen:
    """What was last seen of a process; ``at`` in monotonic seconds."""

    name: str
    cpu_s: float
    at: float


class TreeWatch:
    """Looks at a process and its children again and again; a context that ends with the last look."""

    def __init__(self, pid: int, pause_s: float = 0.1) -> None:
        self.pid, self.pause_s = pid, pause_s
        self.peak_bytes = 0
        self.seen: dict[int, Seen] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def cpu_s(self) -> dict[str, float]:
        """Processor seconds by name of process."""
        found: dict[str, float] = defaultdict(float)
        for seen in self.seen.values():
            found[seen.name] += seen.cpu_s
        return {name: round(seconds, 2) for name, seconds in found.items()}

    def children_gone(self) -> float | None:
        """Return the monotonic second at which a solver was last seen; None where there never was one.

        A nursery is none: it solves nothing, waits for what is to be forked next, and ends with its owner.
        """
        solvers = (seen for pid, seen in self.seen.items() if pid != self.pid and seen.name != NURSERY)
        return max((seen.at for seen in solvers), default=None)

    def _look_on(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(self.pause_s)

    def look(self) -> None:
        """Look once."""
        total = 0
        for pid in (self.pid, *descendants(self.pid)):
            try:
                total += resident_bytes(pid)
                cpu_s = cpu_seconds(pid)
                name = "caller" if pid == self.pid else name_of(pid)  # read anew: a child's is its parent's at first
            except OSError:
                continue
            if name:  # one that is ending has none any more
                self.seen[pid] = Seen(name, cpu_s, time.monotonic())
        self.peak_bytes = max(self.peak_bytes, total)


def descendants(pid: int) -> Iterator[int]:
    """Yield the children of a process, theirs after each; none of a process that is gone."""
    try:
        lists = [path.read_text() for path in PROC.glob(f"{pid}/task/*/children")]
    except OSError:
        return
    for child in (int(word) for text in lists for word in text.split()):
        yield child
        yield from descendants(child)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; OSError when it is gone."""
    return int((PROC / f"{pid}/statm").read_text().split()[1]) * PAGE


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds that a process has used; OSError when it is gone or only its exit code is left."""
    state, *fields = (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    if state in "ZX":
        msg = f"process {pid} has ended"
        raise ProcessLookupError(msg)
    return (int(fields[10]) + int(fields[11])) / TICKS


def name_of(pid: int) -> str:
    """Return the name a process has given itself, the last part of the module that it runs, else the name of its command."""
    given = (PROC / f"{pid}/comm").read_text().strip()
    if given in OURS:
        return given
    words = (PROC / f"{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    if MODULE in words:
        return words[words.index(MODULE) + 1].rpartition(".")[2]
    return Path(words[0]).name


def busy_seconds() -> float:
    """Return the processor seconds that all of the machine's work has used since it started."""
    user, nice, system, _, _, *more = (PROC / "stat").read_text().splitlines()[0].split()[1:]
    return sum(int(ticks) for ticks in (user, nice, system, *more[:3])) / TICKS


def machine() -> dict[str, object]:
    """Return what a figure depends on besides the code: cores, their make, memory."""
    makes = [line.partition(":")[2].strip() for line in _lines("cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("meminfo") if line.startswith("MemTotal")), "0")
    return {"cores": len(os.sched_getaffinity(0)), "make": makes[0] if makes else "", "memory_gb": int(memory) / 2**20}


def _lines(name: str) -> list[str]:
    try:
        return (PROC / name).read_text().splitlines()
    except OSError:
        return []
