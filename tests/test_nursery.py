"""Processes forked from one with everything imported: they answer, end when told to, and nothing outlives whoever started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fleetplan.optimize.pair import nursery as nurseries
from fleetplan.optimize.pair.nursery import Nursery, forked, nursery
from fleetplan.optimize.pair.processes import Process, started
from fleetplan.optimize.pair.unit_process import MODULE, receive, send
from fleetplan.optimize.pair.units import answer_from
from tests.worker_process import alive, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are nurseries on Linux only")
ROOT = Path(__file__).resolve().parent.parent
CHAIN = """
import time
import fleetplan.optimize.pair.nursery as n
from fleetplan.optimize.pair.processes import started
n.fork_nursery()
print(n.nursery().pid, started("fleetplan.optimize.pair.unit_child").pid, flush=True)
time.sleep(60)
"""


def answers(process: Process) -> bool:
    """Return whether a process answers what is no unit with why."""
    assert process.stdin is not None
    assert process.stdout is not None
    send(process.stdin, b"{}\n")
    answer = receive(process.stdout)
    assert answer is not None, "" if process.stderr is None else process.stderr.read().decode()
    assert answer_from(answer).failed.startswith("KeyError"), answer_from(answer).failed
    return True


def dismissed(process: Process) -> int:
    """Close the pipes of a process and return its exit status."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return process.wait()


@pytest.fixture
def ready() -> Nursery:
    """Return a nursery of this test's own: one that a thread of another test's service opened may be about to end."""
    nurseries._let_go()
    found = nursery()
    assert found is not None
    return found


def test_a_process_answers_and_ends_with_its_input_or_when_it_is_killed(ready: Nursery):
    first, second = ready.start(MODULE), ready.start(MODULE)
    assert answers(first)
    assert answers(second)
    assert first.poll() is None
    assert dismissed(first) == 0
    second.kill()
    until(lambda: second.poll() == -signal.SIGKILL, 5.0)
    assert not alive(second.pid)
    second.kill()  # it is gone, and its number may be another's by now
    assert dismissed(second) == -signal.SIGKILL


def test_what_was_forked_from_a_nursery_can_have_one_of_its_own(ready: Nursery):
    process = ready.start("tests.nested_nursery")
    assert process.stdout is not None
    assert process.stdout.read() == b"answered"
    assert dismissed(process) == 0


def test_a_process_has_the_environment_of_now_and_not_that_of_the_nurserys_first_day(
    ready: Nursery, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", "/another")
    monkeypatch.delenv("HOME")
    process = ready.start("tests.environment_child")
    assert process.stdout is not None
    assert json.loads(process.stdout.read()) == {"FLEETPLAN_CATALOGUE": "/another", "HOME": None}
    assert dismissed(process) == 0
    monkeypatch.undo()
    again = ready.start("tests.environment_child")
    assert again.stdout is not None
    assert json.loads(again.stdout.read())["HOME"] == os.environ["HOME"]
    assert dismissed(again) == 0


def test_what_cannot_be_run_says_why_and_what_its_owner_let_go_of_ends(ready: Nursery):
    ready.preload("fleetplan.no_such_module")
    process = ready.start("fleetplan.no_such_module")
    assert process.stderr is not None
    assert b"no_such_module" in process.stderr.read()
    assert dismissed(process) == 1
    loose = ready.start(MODULE)
    loose._life.close()
    until(lambda: loose.stdout is not None and loose.stdout.read(1) == b"", 5.0)
    for pipe in (loose.stdin, loose.stdout, loose.stderr):
        assert pipe is not None
        pipe.close()


def test_a_nursery_that_is_killed_takes_all_along_and_the_next_process_comes_from_another(ready: Nursery):
    process = started(MODULE)
    assert answers(process)
    os.kill(ready.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
    assert dismissed(process) == -signal.SIGKILL
    until(lambda: not ready.alive, 5.0)
    with pytest.raises(OSError, match=r"pipe|reset"):
        ready.start(MODULE)
    assert nursery() is not ready


def test_without_a_nursery_a_process_is_started_by_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nurseries, "_LINUX", False)
    process = started(MODULE)
    assert isinstance(process, subprocess.Popen)
    assert answers(process)
    assert dismissed(process) == 0


def test_what_a_program_forks_from_itself_dies_with_it():
    parent = subprocess.Popen([sys.executable, "-c", CHAIN], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert parent.stdout is not None
    below = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(below) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(alive(pid) for pid in below), 5.0)


def test_nothing_is_forked_where_other_threads_are_at_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("threading.active_count", lambda: 2)
    assert forked() is None
