"""Workers as processes of their own, for tests and benchmarks that kill them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from api.jobs.config import JobConfig

ROOT = Path(__file__).resolve().parent.parent
FAKE = (sys.executable, str(ROOT / "tests" / "fake_solver.py"))
_CODE = """
import json, pathlib, sys
from api.jobs.config import JobConfig
from api.jobs.worker import run_worker
told = json.loads(sys.argv[1])
told["data_dir"], told["solver"] = pathlib.Path(told["data_dir"]), tuple(told["solver"])
run_worker(JobConfig(**told), ready=lambda name: print("ready", name, flush=True))
"""


class WorkerProcess:
    """A ``fleetplan worker`` in a process."""

    def __init__(self, config: JobConfig) -> None:
        told = {**asdict(config), "data_dir": str(config.data_dir)}
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", _CODE, json.dumps(told)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True, cwd=ROOT)
        self.name = ""

    def ready(self) -> Self:
        """Wait until it takes plans."""
        assert self.process.stdout is not None
        self.name = self.process.stdout.readline().removeprefix("ready ").strip()
        if not self.name:
            self.kill()
            msg = "the worker did not start"
            raise RuntimeError(msg)
        return self

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        """Stop it in mid-work; wait until every thread stands: one still in the kernel may take a lock on its way out."""
        self.signal(signal.SIGSTOP)
        until(lambda: all(_state(task) == "T" for task in Path(f"/proc/{self.process.pid}/task").glob("*")))

    def kill(self) -> None:
        """Kill it as -9 does."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """End it as a user does, if it lives, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self.ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()  # quicker, and no test may mind


def until(true: Callable[[], object], seconds: float = 60.0, every: float = 0.02) -> float:
    """Wait until something holds; return how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(every)
    return time.monotonic() - began


def _state(process: Path) -> str:
    """Return the letter by which Linux tells how a process or a thread stands (``T``: stopped; also where it is gone)."""
    try:
        return (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "T"


def alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
