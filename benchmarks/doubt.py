"""How long a plan's doubt takes: ``python benchmarks/doubt.py PLAN [--resolve]`` on a plan.json, cities from the cache.

Prints seconds of the wall and of the processor, with those of processes that it starts, for opening the books, the
tornado with its rules, 5,000 draws, a grid of two figures and the workbook; with ``--resolve`` for planning again at
both ends of the ten figures that matter most. The hours of the cities' areas are made first and timed apart: that
happens once.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fleetplan.doubt.books import Books
from fleetplan.doubt.changes import changes_decisions, to_resolve
from fleetplan.doubt.grid import grid
from fleetplan.doubt.laws import law_shifts
from fleetplan.doubt.resolve import resolve, tasks
from fleetplan.doubt.spread import spread
from fleetplan.doubt.tornado import figures_of, tornado
from fleetplan.report.live_plan import live_workbook
from fleetplan.terminal import context, read_plan

Made = TypeVar("Made")
MOST_S = {"tornado and rules": 10.0, "5,000 draws": 10.0, "grid": 5.0, "ten planned again at both ends": 60.0}


def timed(what: str, call: Callable[[], Made]) -> Made:
    """Return what a call makes, and say how long it took and whether that is promised."""
    wall, own = time.perf_counter(), _processor_s()
    made = call()
    took, used = time.perf_counter() - wall, _processor_s() - own
    promised = f"   promised {MOST_S[what]:.0f} s" if what in MOST_S else ""
    print(f"{what:38} {took:7.2f} s   processor {used:7.2f} s{promised}")
    return made


def _processor_s() -> float:
    """Return processor seconds of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    """Measure."""
    plan = read_plan(Path(sys.argv[1]))
    catalogue, services = context(plan)
    books = timed("books", lambda: Books.of(plan, catalogue, services))
    timed("hours and laws, the first time", lambda: law_shifts(books.fixed, remake=False))
    shifts = timed("laws", lambda: law_shifts(books.fixed, remake=False))
    books = Books(books.fixed, shifts)
    found = timed("tornado and rules", lambda: tornado(books))
    draws = timed("5,000 draws", lambda: spread(books))
    first, second = (bar.key for bar in found.bars[:2])
    timed("grid", lambda: grid(books, first, second))
    timed("workbook", lambda: live_workbook(books))
    print(f"{len(found.bars)} bars, {draws.figures} figures drawn, value {found.npv_usd / 1e6:.1f} M USD")
    print(
        f"in eight of ten draws {draws.npv.p10 / 1e6:.1f} to {draws.npv.p90 / 1e6:.1f} M USD, loss in {draws.npv.below_zero:.1%}"
    )
    if "--resolve" in sys.argv:
        todo = tasks(to_resolve(found), figures_of(books).ranged)
        again = timed("ten planned again at both ends", lambda: list(resolve(plan, todo)))
        other = sum(changes_decisions(one) for one in again)
        print(f"{len(again)} plans, in {other} of them other launches, partners or cities")


if __name__ == "__main__":
    main()
