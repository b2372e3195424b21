"""Processes that share work out: a piece whose process is killed is done all the same, and kinds stay where they were."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from fleetplan.side_by_side import SideBySide

HERE: dict[str, Path] = {}


def begin(folder: Path) -> None:
    HERE["folder"] = folder


def work(name: str) -> tuple[str, int]:
    """Return the name and who did it; kill whoever is told one with a time to live, that many times."""
    before = len(list(HERE["folder"].glob(f"{name}.*")))
    if before < int(name.rpartition("-")[2]):
        (HERE["folder"] / f"{name}.{before}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return name, os.getpid()


def test_nothing_is_lost_when_a_process_is_killed_and_kinds_stay_with_who_had_them(tmp_path: Path):
    with SideBySide(2, begin, tmp_path) as processes:
        names = ["a-0", "b-2", "c-0", "d-0"]
        done = dict(processes.done(work, [(name, name) for name in names]))
        assert {number: name for number, (name, _) in done.items()} == dict(enumerate(names))
        assert len(list(tmp_path.glob("b-2.*"))) == 2
        for _ in range(2):
            two = dict(processes.done(work, [(name, name) for name in ("d-0", "a-0")]))
            again = dict(processes.done(work, [(name, name) for name in ("a-0", "d-0")]))
            assert [two[k][1] for k in (0, 1)] == [again[k][1] for k in (1, 0)]
        assert len({pid for _, pid in dict(processes.done(work, [("a-0", "a-0")] * 4)).values()}) == 2, "nobody is idle"
        with pytest.raises(BrokenProcessPool):
            list(processes.done(work, [("", "e-9")]))
    assert multiprocessing.active_children() == [], "who shares work out waits for those who did it"
