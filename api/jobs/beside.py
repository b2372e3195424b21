"""A process that does one piece of work beside whatever is solved: started, told what to do, followed to its last word."""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_log = logging.getLogger(__name__)


def one_after_another(
    step: Callable[[], bool], stop: threading.Event, look_s: float, what: str, idle: Callable[[], None] = lambda: None
) -> None:
    """Do pieces of work until told to stop, whatever becomes of one; look anew after some seconds where there was none.

    Parameters
    ----------
    step
        Does a piece, if there is one, and returns whether there was.
    what
        What goes on, for the log.
    idle
        Called where there was none.
    """
    while not stop.is_set():
        try:
            made = step()
        except Exception:  # noqa: BLE001 - whatever the database says, the next one may come
            _log.exception("%s goes on", what)
            made = False
        if not made:
            idle()
            stop.wait(look_s)


def problem_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the problem that a process told as its last word, as it is stored."""
    return {key: said[key] for key in ("code", "detail", "faults") if key in said}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between looks at the process, between questions whether it is still wanted, and until it is ended."""

    look_s: float
    renew_s: float
    longest_s: float


def last_word(
    command: Sequence[str],
    told: Mapping[str, Any],
    wanted: Callable[[float], bool],
    stop: threading.Event,
    patience: Patience,
    *,
    died: str,
) -> Mapping[str, Any] | None:
    """Return the last line that a process writes, as it is told on standard input; None when it was ended for something else.

    Parameters
    ----------
    wanted
        Says whether the work is still wanted, given the share that is done.
    died
        Code of the problem that a process without a word has.
    """
    process = subprocess.Popen(  # noqa: S603 - our own command, nothing from a request in it
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    lines: queue.Queue[bytes | None] = queue.Queue()
    listening = threading.Thread(target=_listen, args=(process, lines), daemon=True)
    listening.start()
    try:
        _tell(process, told)
        return _follow(lines, wanted, stop, patience, died)
    finally:
        process.kill()
        process.wait()
        listening.join()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _follow(
    lines: queue.Queue[bytes | None],
    wanted: Callable[[float], bool],
    stop: threading.Event,
    patience: Patience,
    died: str,
) -> Mapping[str, Any] | None:
    progress, renew_at, end_at = 0.0, time.monotonic(), time.monotonic() + patience.longest_s
    while not stop.is_set():
        if time.monotonic() >= end_at:
            return {"kind": "problem", "code": "time-limit", "detail": f"it took more than {patience.longest_s:.0f} s"}
        if time.monotonic() >= renew_at:
            renew_at = time.monotonic() + patience.renew_s
            if not wanted(progress):
                return None
        try:
            line = lines.get(timeout=patience.look_s)
        except queue.Empty:
            continue
        if line is None:
            return {"kind": "problem", "code": died, "detail": "the process ended without a word"}
        said: Mapping[str, Any] = json.loads(line)
        if said["kind"] != "progress":
            return said
        progress = said["done"]
    return None


def _listen(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def _tell(process: subprocess.Popen[bytes], told: Mapping[str, Any]) -> None:
    assert process.stdin is not None  # noqa: S101  # it is a pipe
    try:
        process.stdin.write(json.dumps(told).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return  # it has ended; that it said nothing decides


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return  # a line to a dead process was still in the buffer
