"""Many follow, one looks: whether plans have moved is asked of the store once a moment, for all who follow any plan together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from anyio import to_thread

from api.store.contract import EventRow, Head, Store


async def _nothing() -> None:
    """Return that nothing else is to be noticed."""


@dataclass(eq=False)
class _Followed:
    """A plan that somebody follows, and what was last seen of it; ``moved`` is set, and another begun, whenever it moves."""

    followers: int = 0
    looked: bool = False
    head: Head | None = None
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Wake all who wait."""
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()


class Following:
    """Everybody who follows a plan in one event loop: a service has one.

    Parameters
    ----------
    pause_s
        Seconds between two looks into the store.
    around
        Returns what else everybody has to notice, such as a key that was revoked or a service that ends. It is asked once a look;
        when it has changed, all are woken, so that nobody of hundreds looks around alone.
    """

    def __init__(self, store: Store, pause_s: float, around: Callable[[], Awaitable[object]] = _nothing) -> None:
        self._store = store
        self._pause_s = pause_s
        self._around, self._seen_around = around, object()
        self._followed: dict[str, _Followed] = {}
        self._task: asyncio.Task[None] | None = None
        self._reading: dict[tuple[str, int], asyncio.Future[Sequence[EventRow]]] = {}

    @asynccontextmanager
    async def follow(self, plan: str) -> AsyncIterator[Follower]:
        """Follow a plan as long as the context is open."""
        followed = self._followed.setdefault(plan, _Followed())
        followed.followers += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look_on())
        try:
            if not followed.looked:  # the first need not wait for the next round
                self._note(followed, (await to_thread.run_sync(self._store.heads, (plan,))).get(plan))
            yield Follower(self, plan, followed)
        finally:
            followed.followers -= 1
            if not followed.followers and self._followed.get(plan) is followed:
                del self._followed[plan]

    async def _look_on(self) -> None:
        while self._followed:
            with suppress(Exception):  # the database is away for a moment: look again
                heads = await to_thread.run_sync(self._store.heads, tuple(self._followed))
                for plan, followed in self._followed.items():
                    self._note(followed, heads.get(plan))
            with suppress(Exception):  # as above
                seen = await self._around()
                if seen != self._seen_around:
                    self._seen_around = seen
                    for followed in self._followed.values():
                        followed.wake()
            await asyncio.sleep(self._pause_s)

    def _note(self, followed: _Followed, head: Head | None) -> None:
        if followed.looked and followed.head == head:
            return
        followed.looked, followed.head = True, head
        followed.wake()

    async def events(self, plan: str, after: int) -> Sequence[EventRow]:
        """Return events after a number; those who ask for the same at the same moment are answered by one reading."""
        key = (plan, after)
        if (reading := self._reading.get(key)) is None:
            reading = asyncio.ensure_future(to_thread.run_sync(lambda: self._store.events(plan, after=after)))
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(reading)


class Follower:
    """One who follows a plan."""

    def __init__(self, following: Following, plan: str, followed: _Followed) -> None:
        self._following, self._plan, self._followed = following, plan, followed
        self._next = followed.moved

    @property
    def ended(self) -> bool:
        """Whether the plan is final, or gone."""
        return self._followed.head is None or self._followed.head.final

    @property
    def last(self) -> int:
        """The number of the plan's last event when the store was last asked; 0 of a plan that is gone."""
        return 0 if self._followed.head is None else self._followed.head.last_seq

    async def events(self, after: int) -> Sequence[EventRow]:
        """Return the plan's events after a number."""
        return await self._following.events(self._plan, after)

    async def moved(self, most_s: float) -> None:
        """Wait until the plan has moved since this was last called, or something around it has, so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, most_s)):
                await self._next.wait()
        self._next = self._followed.moved
