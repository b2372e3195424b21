"""Two solver processes side by side: they agree with the oracle, stop at once, and die with whoever started them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.pair import race
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.pair.crew import Crew, Heard
from fleetplan.optimize.pair.windows import near, windows
from fleetplan.optimize.pair.wire import Found, Over, Proven, Task, read, write
from fleetplan.optimize.search import search
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import strict_model
from fleetplan.optimize.tidy import tidied, whole_columns
from fleetplan.scope import resolve_scope
from tests.rule_builder import finer_services
from tests.test_optimize import EXACT, WORLD, random_request, request, written
from tests.test_tree import outlined

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 20.0


def heard(crew: Crew, who: str, kind: type, seconds: float = SECONDS) -> Any:
    """Return the first message of a kind from one process."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        one = crew.inbox.get(timeout=left)
        if one.who == who and isinstance(one.message, kind):
            return one.message
    pytest.fail(f"nothing of {kind.__name__} from {who}")


@pytest.mark.parametrize("seed", range(2))
def test_both_processes_agree_with_one_alone(seed: int) -> None:
    f = written(random_request(seed))
    alone = search(f, time_limit_s=60, gap=1e-3, seed=0, report=lambda *_: None)
    with Crew() as crew:
        both = search(f, time_limit_s=60, gap=1e-3, seed=0, report=lambda *_: None, crew=crew)
    assert alone is not None
    assert both is not None
    assert both.bound >= alone.value - 1.0
    assert alone.bound >= both.value - 1.0
    assert both.bound - both.value <= 1e-3 * abs(both.value) + 1.0
    assert f.model.worst_violation(both.x) < 1e-3


def test_every_plan_that_is_told_is_whole_and_the_bound_never_lies_below_it() -> None:
    f, outline = outlined(request())
    with Crew() as crew:
        crew.begin({who: Task(outline, 0) for who in ("plans", "bounds")})
        plan: Found = heard(crew, "plans", Found)
        bound: Proven = heard(crew, "bounds", Proven)
    x = tidied(f, plan.x, outline.whole)
    assert (x[outline.whole] == np.round(x[outline.whole])).all()
    assert f.model.worst_violation(x) < 1e-3
    assert bound.bound_usd >= plan.value_usd - 1.0


def test_a_problem_without_a_plan_is_known_as_such() -> None:
    f = written(request(constraints=[{"id": "much", "type": "fleet_floor", "vehicles": 5000, "start": "2028-01"}]))
    with Crew() as crew:
        assert search(f, time_limit_s=60, gap=0.01, seed=0, report=lambda *_: None, crew=crew) is None


@pytest.mark.parametrize(("waits", "taken"), [(True, False), (False, True)])
def test_what_is_proven_of_stricter_rows_bounds_nothing(*, waits: bool, taken: bool) -> None:
    """Under a limit on waits the plan process has stricter rows, and plans that keep the limit may be worth more."""
    limit = {"id": "wait", "type": "service_level", "max_wait_min": 9.5}
    asked = request(constraints=[limit] if waits else [])
    f = formulate(gather(resolve_scope(asked, WORLD), finer_services()))
    board = Board(f, strict_model(f), whole_columns(f), np.inf, lambda *_: None)
    for who, counts in (("plans", taken), ("bounds", True)):
        board.bound = np.inf
        race._hear(Crew.__new__(Crew), board, Heard(who, Proven(1e6, "linear relaxation")), 0, by_block=False)
        assert (board.bound == 1e6) == counts
        assert race._proves(board, Heard(who, Over(infeasible=True))) == counts


def test_a_stop_ends_the_search_within_a_second_and_keeps_the_plan_that_was_told() -> None:
    f = written(request(horizon={"start": "2027-01", "months": 48, "single_months": 48}))
    stop, told = threading.Event(), []

    def listen(_: str, best: float | None, bound: float | None) -> None:
        if best is not None and bound is not None:
            told.append((best, time.monotonic()))
            stop.set()

    with Crew() as crew:
        result = search(f, time_limit_s=120, gap=0.0, seed=0, report=listen, stop=stop, crew=crew)
        ended = time.monotonic()
    gone = time.monotonic()
    assert result is not None
    assert result.value >= told[-1][0] - 1.0
    assert ended - told[0][1] < 1.0
    assert gone - ended < 1.0


def test_processes_die_with_whoever_started_them() -> None:
    script = (
        "import time\nfrom fleetplan.optimize.pair.crew import Crew\n"
        "with Crew() as crew:\n    print(*(p.pid for p in crew._processes.values()), flush=True)\n    time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    ends = time.monotonic() + 5.0
    while any(_alive(pid) for pid in children) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in children)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_that_dies_is_told_with_its_last_words() -> None:
    with Crew() as crew:
        crew._processes["bounds"].kill()
        over: Over = heard(crew, "bounds", Over)
    assert "the process ended" in over.message


def test_a_plan_that_breaks_a_row_is_not_taken() -> None:
    f = written(request())
    found = search(f, time_limit_s=60, gap=0.01, seed=0, report=lambda *_: None)
    assert found is not None
    board = Board(f, f.model, whole_columns(f), np.inf, lambda *_: None)
    broken = found.x.copy()
    broken[f.columns.deployments[0].vehicles] += 1000
    assert not board.take_plan(broken)
    assert not board.plans
    assert board.take_plan(found.x)


def test_windows_of_a_whole_plan_and_bounds_near_it_hold_that_plan() -> None:
    f, outline = outlined(request())
    found = solve(f.model, gap=0.01)
    assert found.x is not None
    x = np.where(f.model.whole, np.round(found.x), found.x)
    for lower, upper in (windows(outline, x, early=0, late=1, entry=0.5), near(outline, x, 0), near(outline, x, 2)):
        steps = f.model.whole
        assert (lower[steps] <= x[steps]).all()
        assert (x[steps] <= upper[steps]).all()
        assert (upper[steps] - lower[steps]).sum() < (f.model.upper[steps] - f.model.lower[steps]).sum()


def test_the_gap_that_the_relaxation_leaves_is_closed_in_whole_numbers() -> None:
    f = written(request())
    result = search(f, time_limit_s=60, gap=EXACT, seed=0, report=lambda *_: None)
    assert result is not None
    assert result.bound - result.value <= EXACT * result.value + 1.0


def test_a_message_that_its_writer_never_ended_is_the_end_of_the_stream() -> None:
    stream = io.BytesIO()
    write(stream, Over(message="all of it"))
    whole = stream.getvalue()
    assert read(io.BytesIO(whole)) == Over(message="all of it")
    assert [read(io.BytesIO(whole[:size])) for size in range(len(whole))] == [None] * len(whole)
