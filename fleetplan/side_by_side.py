"""Processes that share work out among themselves, one piece each at a time, and end with the one that shares it.

A piece whose process dies (killed, or ended for its memory) is done by another one that takes its place. Pieces of one kind go to
the process that had such a piece before, which still knows what the first one took to prepare; one that would be idle takes the
pieces of others.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, Self

MOST_LOST = 2
"""So often is a piece begun again whose process died; after that it is the piece that kills them."""

Piece = tuple[Hashable, Any]
"""Its kind, and what is told to who does it."""

More = Callable[[int, Any], Sequence[Piece]]
"""Which pieces follow from what was made of one, told with its number."""


class SideBySide:
    """So many processes, each of which calls ``begin(*given)`` before anything else."""

    def __init__(self, workers: int, begin: Callable[..., None], *given: Any) -> None:
        self._begin = (begin, given)
        self._lanes = [self._lane() for _ in range(workers)]
        self._homes: dict[Hashable, int] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the processes, after the pieces that they are at."""
        for lane in self._lanes:
            lane.shutdown(cancel_futures=True)

    def done(
        self, call: Callable[[Any], Any], pieces: Sequence[Piece], more: More | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Yield what ``call`` makes of each piece, with its number, in the order in which they are done.

        ``more`` says which pieces follow from an answer; they are numbered on.

        Raises
        ------
        BrokenProcessPool
            If a piece's process died again and again.
        """
        pieces = list(pieces)
        left, lost = list(range(len(pieces))), Counter[int]()
        free, at_work, answers = (
            list(range(len(self._lanes))),
            dict[Future[Any], tuple[int, int]](),
            list[tuple[int, Any]](),
        )
        while left or at_work:
            while free and left:
                lane = free.pop(0)
                number = self._next(lane, left, pieces)
                at_work[self._told(lane, call, pieces[number][1])] = lane, number
            yield from answers  # now that everybody is at work again
            ended, _ = wait(at_work, return_when=FIRST_COMPLETED)
            answers = []
            for future in ended:
                lane, number = at_work.pop(future)
                free.append(lane)
                try:
                    answers.append((number, future.result()))
                    following = more(*answers[-1]) if more is not None else ()
                    left += range(len(pieces), len(pieces) + len(following))
                    pieces += following
                except BrokenProcessPool:
                    self._replace(lane)
                    lost[number] += 1
                    if lost[number] > MOST_LOST:
                        raise
                    left.insert(0, number)
        yield from answers

    def _next(self, lane: int, left: list[int], pieces: Sequence[Piece]) -> int:
        """Take the next piece for a process: of a kind that it had before, of one that nobody had, or the last of another's."""
        of = {number: self._homes.get(pieces[number][0]) for number in left}
        own = next((number for number in left if of[number] == lane), None)
        new = next((number for number in left if of[number] is None), None)
        number = own if own is not None else new if new is not None else left[-1]
        left.remove(number)
        self._homes[pieces[number][0]] = lane
        return number

    def _replace(self, lane: int) -> None:
        self._lanes[lane].shutdown()
        self._lanes[lane] = self._lane()

    def _lane(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_begun, initargs=self._begin)

    def _told(self, lane: int, call: Callable[[Any], Any], told: Any) -> Future[Any]:
        """Tell a process what to do; another one where it has died since."""
        try:
            return self._lanes[lane].submit(call, told)
        except BrokenProcessPool:
            self._replace(lane)
            return self._lanes[lane].submit(call, told)


def _begun(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*given)


def _end_with_parent() -> None:
    """End this process when the one that shares the work out is gone: nobody would hear its answers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
