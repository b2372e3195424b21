"""A process with everything imported, from which others are forked in milliseconds.

Importing solvers takes half a processor second in every process. A *nursery* has done so, runs nothing but one loop in one
thread, and forks whenever it is asked to. It is asked over a socket: with every request come the streams of the new process
and its *life line*, a socket over which it is killed and over which its exit status comes back. A process is killed by who
reaps it, so no number is ever taken for another's.

Whoever dies takes what is below along: the nursery ends with its owner (whose end the kernel tells it), what it forked ends
with the nursery (by Linux' death signal) and with its life line. Only Linux has all that; elsewhere there is no nursery and
processes are started one by one (:mod:`~fleetplan.optimize.pair.processes`).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from fleetplan.optimize.pair.tending import PID, STATUS, STREAMS, begin, ended

SOLVERS = (
    "fleetplan.optimize.pair.plans",
    "fleetplan.optimize.pair.bounds",
    "fleetplan.optimize.pair.prover",
    "fleetplan.optimize.pair.unit_child",
)
"""What solver processes run."""

TENDING = "fleetplan.optimize.pair.tending"

_KILL = b"k"


# --- the owner's side -----------------------------------------------------------------------------------------------


class Nursling:
    """A process forked by a nursery, with what :class:`subprocess.Popen` has of it; its methods may be called by any thread."""

    def __init__(self, life: socket.socket, pipes: Sequence[int], *, own_errors: bool) -> None:
        self.stdin: IO[bytes] | None = os.fdopen(pipes[0], "wb")
        self.stdout: IO[bytes] | None = os.fdopen(pipes[1], "rb")
        self.stderr: IO[bytes] | None = os.fdopen(pipes[2], "rb") if own_errors else None
        self._life, self._heard = life, threading.Lock()
        self._pid: int | None = None
        self.returncode: int | None = None

    @property
    def pid(self) -> int:
        """Its number, once it is there; 0 where it never came to be."""
        if self._pid is None:
            with self._heard:
                self._listen(for_pid=True)
        return self._pid or 0

    def kill(self) -> None:
        """End it at once."""
        try:
            self._life.send(_KILL, socket.MSG_NOSIGNAL)
        except OSError:
            return  # it is gone

    def poll(self) -> int | None:
        """Return its exit status as :class:`subprocess.Popen` has it, None while it lives."""
        if self.returncode is None and self._heard.acquire(blocking=False):  # who waits will know it too
            try:
                self._listen(flags=socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
            finally:
                self._heard.release()
        return self.returncode

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        with self._heard:
            self._listen()
        assert self.returncode is not None  # noqa: S101  # just heard
        return self.returncode

    def _listen(self, *, for_pid: bool = False, flags: int = 0) -> None:
        """Hear of its number and of its end; a line that breaks off is a nursery that was killed, and all with it."""
        while self.returncode is None and not (for_pid and self._pid is not None):
            try:
                said = self._life.recv(PID.size, flags)
            except ConnectionError:
                said = b""
            if len(said) == PID.size:
                self._pid = PID.unpack(said)[0]
                continue
            self.returncode = STATUS.unpack(said)[0] if said else -signal.SIGKILL
            self._life.close()


class Nursery:
    """A nursery seen by its owner."""

    def __init__(self, line: socket.socket, pid: int, known: Mapping[str, str]) -> None:
        self._line, self.pid, self._known, self._asking = line, pid, dict(known), threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether it still listens."""
        try:
            return self._line.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""  # it never says anything
        except BlockingIOError:
            return True
        except OSError:
            return False

    def preload(self, *modules: str) -> None:
        """Have modules imported, for whatever is started later."""
        self._ask({"import": modules}, ())

    def start(self, module: str, *, own_errors: bool = True) -> Nursling:
        """Start a process that runs ``module.main()``.

        Its standard input and output are pipes, its errors too where they are its own, else they go where ours go. Its
        environment is ours as it is now, whatever it was when the nursery was opened.

        Raises
        ------
        OSError
            If the nursery is gone.
        """
        ours, theirs = _pipes(own_errors=own_errors)
        life, their_life = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._ask({"run": module, "environment": self._changes()}, (*theirs, their_life.fileno()))
        except OSError:
            for fd in ours:
                os.close(fd)
            life.close()
            raise
        finally:
            for fd in theirs[: STREAMS if own_errors else STREAMS - 1]:
                os.close(fd)
            their_life.close()
        return Nursling(life, ours, own_errors=own_errors)

    def _changes(self) -> dict[str, str | None]:
        """Return what of the environment is no longer as the nursery knows it; None for what is gone."""
        now = environment()
        gone: dict[str, str | None] = dict.fromkeys(self._known.keys() - now.keys())
        return gone | {name: value for name, value in now.items() if self._known.get(name) != value}

    def _ask(self, what: dict[str, Any], fds: Sequence[int]) -> None:
        with self._asking:
            socket.send_fds(self._line, [json.dumps(what).encode()], list(fds), socket.MSG_NOSIGNAL)

    def close(self) -> None:
        """Let it end, and all that it started, and wait until it is gone."""
        self._line.close()
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            return  # ended before


def _pipes(*, own_errors: bool) -> tuple[list[int], list[int]]:
    """Return our ends and theirs of standard input, output and errors."""
    (their_in, our_in), (our_out, their_out) = os.pipe(), os.pipe()
    if not own_errors:
        return [our_in, our_out], [their_in, their_out, 2]
    our_err, their_err = os.pipe()
    return [our_in, our_out, our_err], [their_in, their_out, their_err]


def _line() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def opened(*modules: str) -> Nursery:
    """Start a nursery in a fresh interpreter, which imports modules besides the solvers."""
    ours, theirs = _line()
    command = [sys.executable, "-m", TENDING, str(theirs.fileno()), str(os.getpid()), *SOLVERS, *modules]
    known = environment()
    with theirs:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=known, pass_fds=[theirs.fileno()]
        )
    process.returncode = 0  # not waited for there: it ends with its line
    return Nursery(ours, process.pid, known)


def forked() -> Nursery | None:
    """Fork a nursery from this process as it is, with all that it has imported; None where other threads are at work."""
    if threading.active_count() > 1:
        return None
    ours, theirs = _line()
    owner, known = os.getpid(), dict(os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    if not (pid := os.fork()):
        _one.clear()  # the owner's, which a nursery has none of
        ended(lambda: begin(theirs.detach(), owner, SOLVERS))
    theirs.close()
    return Nursery(ours, pid, known)


def environment() -> dict[str, str]:
    """Return the environment of a process with the same package as ours."""
    home = str(Path(__file__).resolve().parents[3])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{known}" if known else home, "OMP_NUM_THREADS": "1"}


# --- one for this process -------------------------------------------------------------------------------------------

_LINUX = sys.platform == "linux"
_one: list[Nursery] = []
_opening = threading.Lock()


def nursery() -> Nursery | None:
    """Return this process's own nursery, started where there is none yet; None where this system has none."""
    if not _LINUX:
        return None
    with _opening:
        if not (_one and _one[0].alive):
            _let_go()
            _one[:] = [opened()]
        return _one[0]


def fork_nursery() -> None:
    """Fork this process's own nursery from itself where that is safe: for programs that plan, once all is imported.

    Else :func:`nursery` starts a fresh one once it is needed.
    """
    if _LINUX and not _one and (made := forked()) is not None:
        _one[:] = [made]


def _let_go() -> None:
    """End this process's nursery with it, so that nothing of it is left."""
    for one in _one:
        one.close()


atexit.register(_let_go)
