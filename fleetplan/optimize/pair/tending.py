"""A nursery (:mod:`~fleetplan.optimize.pair.nursery`) from inside: ``python -m ...tending FD PARENT MODULE...``.

One loop in one thread, so that a fork leaves nothing half done behind.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from fleetplan.optimize.pair.wire import die_with_parent, named

STATUS, PID = struct.Struct("<i"), struct.Struct("<q")
"""What a life line tells: the exit status, and the number of a process."""

MOST = 1 << 16  # bytes of a request
STREAMS = 3


def ended(work: Callable[[], None]) -> NoReturn:
    """Do something and end this process, whatever comes of it; nothing that the process it was forked from keeps is touched."""
    status = 1
    try:
        work()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001  # as the interpreter does
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        os._exit(status)


def begin(line: int, owner: int, modules: Sequence[str]) -> None:
    """Become a nursery: keep nothing of the owner's but the line, import, and tend until the owner is gone."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)  # the owner is who decides
    kept = os.dup2(line, STREAMS, inheritable=False)
    os.closerange(STREAMS + 1, os.sysconf("SC_OPEN_MAX"))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in range(STREAMS - 1):
        os.dup2(nowhere, fd)
    os.close(nowhere)
    named("nursery")
    tending = Tending(socket.socket(fileno=kept), owner)
    tending.load(modules)
    gc.collect()
    gc.freeze()
    tending.run()


class Tending:
    """The nursery's loop: forks what is asked for, kills what is to be killed, reaps what has ended."""

    def __init__(self, line: socket.socket, owner: int) -> None:
        self._line, self._lives = line, dict[int, socket.socket]()
        self._ready = selectors.DefaultSelector()
        self._ready.register(line, selectors.EVENT_READ)
        self._wake, self._woken = os.pipe()
        for fd in (self._wake, self._woken):
            os.set_blocking(fd, False)
        self._ready.register(self._wake, selectors.EVENT_READ)
        self._owner = self._watched(owner)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def _watched(self, owner: int) -> int | None:
        """Return what tells of the owner's end, whoever else holds the line; None where nothing does but the line."""
        try:
            fd = os.pidfd_open(owner)
        except OSError:
            if os.getppid() != owner:
                os._exit(0)
            return None
        self._ready.register(fd, selectors.EVENT_READ)
        return fd

    def load(self, modules: Sequence[str]) -> None:
        """Import modules; one that cannot be is told where it is run."""
        for module in modules:
            try:
                importlib.import_module(module)
            except ImportError:
                traceback.print_exc()

    def run(self) -> None:
        """Tend until the owner is gone; then end all that is left."""
        while self._heard():
            pass
        for pid in self._lives:
            os.kill(pid, signal.SIGKILL)

    def _heard(self) -> bool:
        """Do what there is to do; return False once the owner is gone."""
        for key, _ in self._ready.select():
            if key.fileobj is self._line:
                if not self._asked():
                    return False
            elif key.fd == self._wake:
                os.read(self._wake, MOST)
                self._reap()
            elif key.fd == self._owner:
                return False
            else:
                self._told(key.data)
        return True

    def _asked(self) -> bool:
        """Do what the owner asks; return False once it is gone."""
        try:
            said, fds, _, _ = socket.recv_fds(self._line, MOST, STREAMS + 1)
        except ConnectionError:
            return False
        if not said:
            return False
        what = json.loads(said)
        if "import" in what:
            self.load(what["import"])
        else:
            self._fork(what["run"], what["environment"], fds)
        return True

    def _fork(self, module: str, changes: Mapping[str, str | None], fds: Sequence[int]) -> None:
        parent, pid = os.getpid(), os.fork()
        if not pid:
            ended(lambda: _run(module, changes, fds, parent))
        for fd in fds[:STREAMS]:
            os.close(fd)
        life = self._lives[pid] = socket.socket(fileno=fds[STREAMS])
        self._ready.register(life, selectors.EVENT_READ, pid)
        self._say(life, PID.pack(pid))

    def _say(self, life: socket.socket, what: bytes) -> None:
        try:
            life.send(what, socket.MSG_NOSIGNAL)
        except OSError:
            return  # nobody wants to know

    def _told(self, pid: int) -> None:
        """Kill a process: its owner says so, or has let go of it."""
        if (life := self._lives.get(pid)) is None:
            return  # reaped a moment ago
        os.kill(pid, signal.SIGKILL)
        if not life.recv(MOST):
            self._ready.unregister(life)

    def _reap(self) -> None:
        while self._lives:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            life = self._lives.pop(pid)
            if life in self._ready.get_map():
                self._ready.unregister(life)
            self._say(life, STATUS.pack(os.waitstatus_to_exitcode(status)))
            life.close()


def _run(module: str, changes: Mapping[str, str | None], fds: Sequence[int], parent: int) -> None:
    """Be the process that was asked for: its environment, its streams, its signals, its name; then its ``main``."""
    die_with_parent()
    if os.getppid() != parent:
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for k, fd in enumerate(fds[:STREAMS]):
        os.dup2(fd, k)
    os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))
    # None closes its stream when it goes: that of a process forked from this one stands under the same number.
    sys.stdin, sys.stdout, sys.stderr = (open(fd, mode, closefd=False) for fd, mode in enumerate("rww"))  # noqa: SIM115
    sys.argv = [module, str(parent)]
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    named(module.rpartition(".")[2])
    importlib.import_module(module).main()


if __name__ == "__main__":
    begin(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
