"""The caller's side: two solver processes, started ahead, told what is known, heard, and killed when enough is known."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fleetplan.helpers import Recruit
from fleetplan.optimize.pair.dispatch import Dispatcher, Tally
from fleetplan.optimize.pair.processes import Process, closed, cores, started
from fleetplan.optimize.pair.wire import Answered, Ask, Message, Over, Stop, Task, read, write

GRACE_S = 0.5
WORKERS = {"plans": "fleetplan.optimize.pair.plans", "bounds": "fleetplan.optimize.pair.bounds"}


@dataclass(frozen=True, eq=False)
class Heard:
    """A message and who sent it."""

    who: str
    message: Message


class Crew:
    """The plan process and the bound process.

    Used as a context: on leaving it both are gone. They import their solvers while the caller still prepares the problem.
    Where they work by block, they have units of work solved by a dispatcher, which ``recruit`` may bring helpers.
    """

    def __init__(self, recruit: Recruit | None = None) -> None:
        self.inbox: queue.Queue[Heard] = queue.Queue()
        self.recruit = recruit
        self._processes: dict[str, Process] = {}
        self._telling = {who: threading.Lock() for who in WORKERS}
        self._dispatcher: Dispatcher | None = None

    def __enter__(self) -> Self:
        for who, module in WORKERS.items():
            process = started(module)
            self._processes[who] = process
            threading.Thread(target=self._listen, args=(who, process), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._dispatcher is not None:
            self._dispatcher.close()
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                closed(pipe)

    def begin(self, tasks: Mapping[str, Task]) -> None:
        """Give each process its task, by ``plans`` and ``bounds``."""
        if self._dispatcher is None and any(task.outline.blocks is not None for task in tasks.values()):
            self._dispatcher = Dispatcher(cores(), self.recruit)
            self._dispatcher.start()
        for who, task in tasks.items():
            self.tell(who, task)

    def tell(self, who: str, message: Message) -> None:
        """Send a message to one process; one that has ended hears nothing."""
        stream = self._processes[who].stdin
        if stream is not None:
            try:
                with self._telling[who]:
                    write(stream, message)
            except (BrokenPipeError, ValueError, OSError):
                return

    @property
    def tally(self) -> Tally | None:
        """How many units of work were solved by whom; None where there are none."""
        return None if self._dispatcher is None else self._dispatcher.tally

    def _dispatch(self, who: str, asked: Ask) -> None:
        assert self._dispatcher is not None  # noqa: S101  # only who works by block asks
        self._dispatcher.put(asked.urgency, asked.unit, lambda answer: self.tell(who, Answered(asked.number, answer)))

    def stop(self) -> None:
        """Ask both to end; those that do not within a moment are killed when the context is left."""
        for who in self._processes:
            self.tell(who, Stop())

    def _listen(self, who: str, process: Process) -> None:
        stream = process.stdout
        over = False
        try:
            while stream is not None and (message := read(stream)) is not None:
                if isinstance(message, Ask):
                    self._dispatch(who, message)
                    continue
                over = over or isinstance(message, Over)
                self.inbox.put(Heard(who, message))
        except (ValueError, OSError, EOFError):
            pass
        if not over:
            self.inbox.put(Heard(who, Over(message=f"the process ended: {_last_words(process)}")))


def _last_words(process: Process) -> str:
    """Return the end of what a process wrote before it died."""
    if process.stderr is None:
        return ""
    try:
        text = process.stderr.read().decode(errors="replace")
    except (ValueError, OSError):
        return ""
    return text.strip().rpartition("\n")[2]
