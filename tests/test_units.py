"""Units of work: the same bytes whoever solves them, and nothing in them that could run."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleetplan.optimize.pair import plans, units
from fleetplan.optimize.pair.packing import packed, unpacked
from fleetplan.optimize.pair.unit_child import answered
from fleetplan.optimize.pair.unit_process import UnitProcess
from fleetplan.optimize.pair.units import Answer, Kind, answer_bytes, answer_from, solved, unit_bytes, unit_from
from tests.units_support import small, unit_of
from tests.worker_process import alive, until

ROOT = Path(__file__).resolve().parent.parent
KINDS: tuple[Kind, ...] = ("first", "better", "bound")


def test_figures_and_arrays_come_back_as_they_were() -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False]), "none": np.zeros((0, 4), np.int64)}
    figures, found = unpacked(packed({"n": 3, "word": "x"}, arrays))
    assert figures == {"n": 3, "word": "x"}
    assert list(found) == list(arrays)
    assert all((found[name] == array).all() and found[name].shape == array.shape for name, array in arrays.items())


def test_what_is_no_array_of_figures_is_refused_and_so_is_what_was_cut_off() -> None:
    data = packed({}, {"a": np.arange(3.0)})
    with pytest.raises(ValueError, match="buffer"):
        unpacked(data[:-8])
    with pytest.raises(ValueError, match="kind"):
        unpacked(packed({}, {"a": np.array(["text"])}))
    with pytest.raises(ValueError, match="32 bytes"):
        unpacked(data + b"12345678")


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_is_the_same_after_its_journey_and_has_the_same_answer_in_another_process(kind: Kind) -> None:
    unit = unit_of(kind)
    data = unit_bytes(unit)
    assert unit_bytes(unit_from(data)) == data
    here = answer_bytes(solved(unit))
    child = UnitProcess()
    try:
        child.ask(data)
        assert child.answer(60.0) == here
        child.ask(data)
        assert child.answer(60.0) == here, "the second answer of a process depends on the first"
    finally:
        child.close()
    assert answer_from(here).failed == ""


def test_a_first_plan_of_a_block_is_whole_and_keeps_its_rows() -> None:
    for k in (0, 1):
        unit = unit_of("first", k)
        answer = solved(unit)
        assert answer.x is not None
        o = unit.outline
        assert o.model.worst_violation(answer.x) < 1e-4
        own = o.whole[: -unit.shared]
        assert np.allclose(answer.x[: -unit.shared][own], np.round(answer.x[: -unit.shared][own]))


def test_a_better_plan_is_better_and_there_is_none_from_the_best() -> None:
    unit = unit_of("better")
    answer = solved(unit)
    assert answer.x is not None
    model = unit.outline.model
    assert model.value(answer.x) > model.value(unit.x)
    assert solved(replace(unit, x=answer.x)).x is None


def test_a_bound_lies_between_what_a_block_can_earn_and_its_relaxation() -> None:
    _, _, relaxed = small()
    answer = solved(unit_of("bound"))
    assert answer.x is not None
    assert unit_of("bound").outline.model.value(answer.x) <= answer.bound_usd + 1.0
    assert answer.bound_usd <= relaxed.values[0] + 1.0


def test_with_next_to_no_work_allowed_a_block_has_a_first_plan_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    none, sure = (0.0, 0.0), (units.SURE_S, units.SURE_S)
    monkeypatch.setattr(units, "LIMITS_S", (none, none, sure, none))
    monkeypatch.setattr(plans, "SOON_LOOKS", 1)
    assert all(solved(unit_of("first", k, seed)).x is not None for seed in range(3) for k in (0, 1))


def test_what_is_no_unit_is_answered_with_why() -> None:
    assert answer_from(answered(b"{}\n")).failed.startswith("KeyError")
    assert answer_from(answer_bytes(Answer(failed="why"))).failed == "why"


def test_a_process_that_is_killed_at_work_says_so_and_others_die_with_their_parent() -> None:
    child = UnitProcess()
    child.ask(unit_bytes(unit_of("bound")))
    child.kill()
    with pytest.raises(EOFError):
        child.answer(10.0)
    with pytest.raises(EOFError):
        child.answer(10.0)
    child.close()
    script = (
        "import time\nfrom fleetplan.optimize.pair.unit_process import UnitProcess\n"
        "print(UnitProcess()._process.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(pid), 5.0)


def test_a_process_is_gone_at_once_when_it_is_closed() -> None:
    child = UnitProcess()
    child.ask(unit_bytes(unit_of("bound")))
    began = time.monotonic()
    child.close()
    assert time.monotonic() - began < 10.0  # a second on a machine of its own
