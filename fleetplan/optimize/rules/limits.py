"""What a rule alone leaves within reach: limits that bound columns and size switches, for those rules that imply any.

``None`` stands for no limit. A limit cuts off no plan that keeps the rule it belongs to; :mod:`fleetplan.optimize.reach` folds
those of all rules, so that what a rule implies goes when the rule goes.
"""

from __future__ import annotations

from fleetplan.optimize.instance import Array, Flags, Instance


class Limits:
    """The limits of a rule; G levels, M modes, K classes of depot sites, T periods."""

    def mode_limit(self, i: Instance, q: int) -> Array | None:
        """Return the most vehicles of each mode, shape (M, T)."""
        del i, q
        return None

    def level_limit(self, i: Instance, q: int) -> Array | None:
        """Return the most vehicles that each level may have while it is in force, shape (G,)."""
        del i, q
        return None

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return the most vehicles in service of a deployment, shape (T,)."""
        del i, q
        return None

    def grown(self, i: Instance, q: int, most: Array) -> Array | None:
        """Return the most vehicles that a fleet can have grown to by each period within ``most``, shapes (T,)."""
        del i, q, most
        return None

    def least_fleet(self, i: Instance, q: int) -> Array | None:
        """Return the vehicles that each level needs at least while it is in force, shape (G,)."""
        del i, q
        return None

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return in which periods each level may be open, shape (G, T)."""
        del i, q
        return None

    def beginnings(self, i: Instance, q: int, possible: Flags) -> Flags | None:
        """Return in which periods a programme may have begun, shape (T,); ``possible``: when each level can be open, (G, T)."""
        del i, q, possible
        return None

    def demand_limit(self, i: Instance, q: int, possible: Flags) -> Array | None:
        """Return the most trips a day that can be offered with each level in force, shape (G, T); ``possible`` as above."""
        del i, q, possible
        return None

    def purchase_limit(self, i: Instance, stack: str) -> Array | None:
        """Return the most vehicles of a stack that may be bought in each period, shape (T,)."""
        del i, stack
        return None

    def order_limit(self, i: Instance, city: str) -> Array | None:
        """Return the most sites of each class that may be ordered, shape (K,)."""
        del i, city
        return None

    def stall_limit(self, i: Instance, city: str) -> Array | None:
        """Return the most stalls on the sites of each class, shape (K, T)."""
        del i, city
        return None

    def public_limit(self, i: Instance, city: str) -> float | None:
        """Return the most vehicles of a city that may charge at public stations."""
        del i, city
        return None
