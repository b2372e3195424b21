"""Workers elsewhere that help with one search: what a search needs of them, whoever brings them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Helpers(Protocol):
    """Units of one search, offered to whoever is free; called from one thread at a time.

    A unit is known by its ``number``. Whatever becomes of a helper, a unit that was offered can be claimed back or taken up
    by another, and its answer is the same bytes.
    """

    def ready(self) -> int:
        """Return how many helpers are free."""

    def offer(self, number: int, urgency: int, unit: bytes) -> None:
        """Offer a unit; those of less urgency are taken first."""

    def claim(self, number: int) -> bool:
        """Take a unit back; return whether nobody works on it."""

    def withdraw(self, number: int) -> None:
        """Take a unit back whoever works on it."""

    def answers(self) -> Sequence[tuple[int, bytes]]:
        """Return the answers that came since the last call, with the numbers of their units."""

    def close(self) -> None:
        """Take everything back."""


Recruit = Callable[[], Helpers]
"""Brings helpers to a search; called by one that has work for them."""
