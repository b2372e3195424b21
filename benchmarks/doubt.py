"""How long a plan's doubt takes, on a plan.json with its cities cached.

    python benchmarks/doubt.py PLAN                          # books, tornado, 5,000 draws, grid at fixed launches, workbook
    python benchmarks/doubt.py PLAN --resolve --cells        # besides, planned again: ten figures at both ends, 25 cells
    python benchmarks/doubt.py PLAN --cells --workers 1,2,4  # the same by so many processes
    python benchmarks/doubt.py PLAN --cells --jobs --workers 1,2,4 --database postgresql    # by so many workers of the service
    python benchmarks/doubt.py PLAN --recourse               # the twenty drawn scenarios of the plan's request alone

Prints seconds of the wall and of the processor, with those of processes that it starts. The hours of the cities' areas are made
first and timed apart: that happens once. The promises are for a plan of the reference request and two quiet cores; how much
others used of the machine is told, so that a busy one is seen.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from doubt_jobs import by_workers  # noqa: E402 - the path comes first

from benchmarks.process_tree import busy_seconds  # noqa: E402
from fleetplan.doubt.books import Books  # noqa: E402
from fleetplan.doubt.changes import changes_decisions, to_resolve  # noqa: E402
from fleetplan.doubt.fanout import Effort, World  # noqa: E402
from fleetplan.doubt.grid import grid  # noqa: E402
from fleetplan.doubt.laws import law_shifts  # noqa: E402
from fleetplan.doubt.resolve import Task, cell_patches, resolve, resolve_cells, tasks  # noqa: E402
from fleetplan.doubt.spread import spread  # noqa: E402
from fleetplan.doubt.tornado import figures_of, tornado  # noqa: E402
from fleetplan.doubt.types import Resolved, Tornado  # noqa: E402
from fleetplan.plans.types import Plan  # noqa: E402
from fleetplan.recourse.making import Effort as Pains  # noqa: E402
from fleetplan.recourse.solve import solve  # noqa: E402
from fleetplan.report.live_plan import live_workbook  # noqa: E402
from fleetplan.terminal import context, read_plan  # noqa: E402

Made = TypeVar("Made")
RESOLVE = "ten planned again at both ends"
CELLS = "five by five cells planned again"
RECOURSE = "twenty scenarios, to 2 %"
MOST_S = {
    "tornado and rules": 10.0,
    "5,000 draws": 10.0,
    "grid": 5.0,
    RESOLVE: 60.0,
    CELLS: 60.0,
    RECOURSE: 180.0,
}
PROMISED_GAP = 0.02


def timed(what: str, call: Callable[[], Made], by: str = "") -> Made:
    """Return what a call makes, and say how long it took and whether that is promised."""
    wall, own = time.perf_counter(), _processor_s()
    made = call()
    took, used = time.perf_counter() - wall, _processor_s() - own
    promised = f"   promised {MOST_S[what]:.0f} s" if what in MOST_S else ""
    print(f"{what + by:52} {took:7.2f} s   processor {used:7.2f} s{promised}")
    return made


def _processor_s() -> float:
    """Return processor seconds of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def _recourse(plan: Plan) -> None:
    """Work out the first scenario set of a plan's request, or the drawn one where it has none."""
    known = timed(RECOURSE, lambda: solve(plan.request, effort=Pains(enough=PROMISED_GAP), plan=plan)).recourse
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


def _again(plan: Plan, books: Books, found: Tornado, given: argparse.Namespace) -> None:
    """Plan again: the ends of the ten figures that matter most, the cells of the widest two, by so many processes each."""
    world = World(books.fixed.catalogue, context(plan)[1])
    todo = tasks(to_resolve(found), figures_of(books).ranged)
    first, second = widest(found)
    cells = grid(books, first, second)
    for workers in counts(given.workers):
        effort = Effort(workers=workers)
        by = f", {workers} {'process' if workers == 1 else 'processes'}"
        if given.resolve:
            ends = timed(RESOLVE, partial(_ends, plan, todo, world, effort), by)
            print(
                f"  {len(ends)} plans, in {sum(map(changes_decisions, ends))} of them other launches, partners or cities"
            )
        if given.cells:
            made = timed(CELLS, partial(resolve_cells, plan, cells, world, effort), by)
            widest_gap = max(one.gap for one in made)
            print(
                f"  {len(made)} plans, {len({one.who for one in made})} kinds of who enters, widest gap {widest_gap:.2%}"
            )


def _ends(plan: Plan, todo: Sequence[Task], world: World, effort: Effort) -> list[Resolved]:
    return list(resolve(plan, todo, world, effort))


def widest(found: Tornado) -> tuple[str, str]:
    """Return the two figures that move the plan most, permits' months apart."""
    first, second = [bar.key for bar in found.bars if not bar.key.startswith("jurisdictions/")][:2]
    return first, second


def counts(text: str) -> list[int]:
    """Return how many workers, from numbers with commas between."""
    return [int(part) for part in text.split(",")]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path, help="a plan.json")
    parser.add_argument("--resolve", action="store_true", help="plan again at both ends of ten figures")
    parser.add_argument("--cells", action="store_true", help="plan again in every cell of a grid of five by five")
    parser.add_argument("--recourse", action="store_true", help="twenty drawn scenarios, and nothing else")
    parser.add_argument("--workers", default="2", help="how many plan side by side, with commas between")
    parser.add_argument("--jobs", action="store_true", help="plan again by workers of the service")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="of the service")
    return parser.parse_args()


def main() -> None:
    """Measure."""
    given = arguments()
    plan = read_plan(given.plan)
    busy, began, own = busy_seconds(), time.monotonic(), _processor_s()
    if given.recourse:
        _recourse(plan)
    else:
        _doubt(plan, given)
    others = max(0.0, busy_seconds() - busy - (_processor_s() - own)) / (time.monotonic() - began)
    print(f"others used {others:.1f} cores on average")


def _doubt(plan: Plan, given: argparse.Namespace) -> None:
    catalogue, services = context(plan)
    books = timed("books", lambda: Books.of(plan, catalogue, services))
    timed("hours and laws, the first time", lambda: law_shifts(books.fixed, remake=False))
    shifts = timed("laws", lambda: law_shifts(books.fixed, remake=False))
    books = Books(books.fixed, shifts)
    found = timed("tornado and rules", lambda: tornado(books))
    draws = timed("5,000 draws", lambda: spread(books))
    timed("grid", lambda: grid(books, *widest(found)))
    timed("workbook", lambda: live_workbook(books))
    print(f"{len(found.bars)} bars, {draws.figures} figures drawn, value {found.npv_usd / 1e6:.1f} M USD")
    print(
        f"in eight of ten draws {draws.npv.p10 / 1e6:.1f} to {draws.npv.p90 / 1e6:.1f} M USD, loss in {draws.npv.below_zero:.1%}"
    )
    if not given.jobs:
        _again(plan, books, found, given)
        return
    todo = [task.patch for task in tasks(to_resolve(found), figures_of(books).ranged)] if given.resolve else []
    world = World(catalogue, services)
    todo += cell_patches(grid(books, *widest(found)), world) if given.cells else []
    for workers in counts(given.workers):
        by_workers(plan, todo, workers, given.database)


if __name__ == "__main__":
    main()
