"""How fast fleets grow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Growth:
    """How fast a fleet grows: so many vehicles a month, and a share of what runs."""

    vehicles_per_month: float
    share_per_month: float

    def over(self, months: int) -> tuple[float, float]:
        """Return what vehicles in service become in so many months: (times what ran, and so many more).

        >>> Growth(10.0, 0.1).over(2)
        (1.2100000000000002, 21.0)
        """
        more = sum((1.0 + self.share_per_month) ** k for k in range(months))
        return (1.0 + self.share_per_month) ** months, self.vehicles_per_month * more
