"""A plan's units of work, offered to other workers through the store: what its solver process knows of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetplan.helpers import Helpers

if TYPE_CHECKING:
    from api.store.sqlstore import SqlStore

QUICKLY = 1  # of zlib: a problem shrinks to a fifth in some hundredths of a second


def squeezed(content: bytes) -> bytes:
    """Return bytes as they are stored."""
    return zlib.compress(content, QUICKLY)


def expanded(stored: bytes) -> bytes:
    """Return what was stored."""
    return zlib.decompress(stored)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Where a plan's units are offered, and for whom; goes to the solver process with its job.

    Attributes
    ----------
    silence_s
        Seconds after which a worker that was not heard of is dead.
    """

    database_url: str | None
    data_dir: str
    plan: str
    worker: str
    silence_s: float

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Offers:
    """Offers the units of one plan to workers that have nothing to solve (:class:`fleetplan.helpers.Helpers`)."""

    def __init__(self, store: SqlStore, sharing: Sharing) -> None:
        self.store, self.sharing = store, sharing

    def ready(self) -> int:
        """Return how many workers are free."""
        return self.store.free_workers(self.sharing.worker, self.sharing.silence_s)

    def offer(self, number: int, urgency: int, unit: bytes) -> None:
        """Offer a unit."""
        self.store.offer_unit(self.sharing.plan, number, urgency, squeezed(unit))

    def claim(self, number: int) -> bool:
        """Take a unit back if nobody works on it."""
        return self.store.claim_unit(self.sharing.plan, number)

    def withdraw(self, number: int) -> None:
        """Take a unit back whoever works on it."""
        self.store.withdraw_unit(self.sharing.plan, number)

    def answers(self) -> Sequence[tuple[int, bytes]]:
        """Return the answers that came since the last call."""
        return [(number, expanded(answer)) for number, answer in self.store.take_answers(self.sharing.plan)]

    def close(self) -> None:
        """Take everything back."""
        self.store.clear_units(self.sharing.plan)
        self.store.close()


def recruit(told: Mapping[str, Any]) -> Callable[[], Helpers]:
    """Return what brings the helpers of a job; the database is opened by the search that has work for them."""
    sharing = Sharing(**told)

    def bring() -> Helpers:
        from api.store.sqlstore import SqlStore  # noqa: PLC0415 - most searches need no database

        return Offers(SqlStore(sharing.database_url, Path(sharing.data_dir)), sharing)

    return bring
