"""How long a plan's doubt takes: ``python benchmarks/doubt.py PLAN [--resolve|--recourse]`` on a plan.json, cities cached.

Prints seconds of the wall and of the processor, with those of processes that it starts, for opening the books, the
tornado with its rules, 5,000 draws, a grid of two figures and the workbook; with ``--resolve`` for planning again at
both ends of the ten figures that matter most. The hours of the cities' areas are made first and timed apart: that
happens once. ``--recourse`` measures the twenty drawn scenarios of the plan's request alone (the promise is of a plan of the
reference request): each by itself, within what may be decided for all, and the bound.
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
from fleetplan.plans.types import Plan
from fleetplan.recourse.making import Effort
from fleetplan.recourse.solve import solve
from fleetplan.report.live_plan import live_workbook
from fleetplan.terminal import context, read_plan

Made = TypeVar("Made")
RECOURSE = "twenty scenarios, to 2 %"
MOST_S = {
    "tornado and rules": 10.0,
    "5,000 draws": 10.0,
    "grid": 5.0,
    "ten planned again at both ends": 60.0,
    RECOURSE: 180.0,
}
PROMISED_GAP = 0.02


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


def _recourse(plan: Plan) -> None:
    """Work out the first scenario set of a plan's request, or the drawn one where it has none."""
    known = timed(RECOURSE, lambda: solve(plan.request, effort=Effort(enough=PROMISED_GAP), plan=plan)).recourse
    print(
        f"{len(known.scenarios)} scenarios, policy {known.best}: {known.chosen.expected_usd / 1e6:.1f} M USD on average"
    )
    print(
        f"bound {known.bound_usd / 1e6:.1f} M USD by {known.bound_by}, gap {known.gap:.2%}, promised {PROMISED_GAP:.0%}"
    )
    for policy in known.policies:
        print(
            f"  {policy.name:8} {policy.expected_usd / 1e6:8.2f} M USD, the worst {known.tail:.0%} {policy.tail_usd / 1e6:.2f}"
        )


def main() -> None:
    """Measure."""
    plan = read_plan(Path(sys.argv[1]))
    if "--recourse" in sys.argv:
        _recourse(plan)
        return
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
