"""What it costs to keep a published plan, in a sentence."""

from __future__ import annotations

from typing import Protocol

from fleetplan.words.values import several, usd


class Price(Protocol):
    """The price of keeping, in NPV, and what moves with and without it."""

    @property
    def price_usd(self) -> float:
        """NPV given up for keeping."""

    @property
    def least_usd(self) -> float:
        """NPV given up at least."""

    @property
    def most_usd(self) -> float:
        """NPV given up at most."""

    @property
    def markets_given_up(self) -> int:
        """Markets that the plan has more when nothing is kept."""

    @property
    def known(self) -> bool:
        """Whether the amounts are proven."""

    @property
    def launches_moved_free(self) -> int:
        """Launches that move when nothing is kept."""

    @property
    def launches_moved_kept(self) -> int:
        """Launches that move all the same."""

    @property
    def vehicles_shifted_free(self) -> int:
        """Vehicles that shift when nothing is kept."""

    @property
    def vehicles_shifted_kept(self) -> int:
        """Vehicles that shift all the same."""


def stability_sentence(price: Price) -> str:
    """Return what keeping costs, and what moves instead."""
    launches = several(price.launches_moved_kept, "launch moves", "launches move")
    vehicles = several(price.vehicles_shifted_kept, "vehicle shifts", "vehicles shift")
    given_up = f"{several(price.markets_given_up, 'market')} and " if price.markets_given_up else ""
    proven = f"between {usd(price.least_usd)} and {usd(price.most_usd)}"
    if not price.known:
        proven = "not proven: neither is how many markets there can be"
    costs = f"Keeping costs {given_up}{usd(price.price_usd)} of net present value ({proven})"
    return (
        f"{costs}; {launches} instead of {price.launches_moved_free}, and {vehicles} instead of "
        f"{price.vehicles_shifted_free}."
    )
