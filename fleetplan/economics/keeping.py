"""What it costs to keep a thing in use after the horizon, and what is left of it when the counted years are over.

A thing is bought once, renewed whenever its life ends while it is still wanted, and sold when nothing is counted any more.
What an old one is worth is its share of the price, the lower of what was paid and of what a new one then costs:
``keep + (1 - keep) * (1 - age / life)``, ``keep`` from the end of its life on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleetplan.economics.finance import annuity, discount, outstanding

PriceOf = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan on a share of the price: level monthly payments in money of the day, so ever lighter in constant prices."""

    share: float
    interest: float
    months: int
    inflation: float

    def due(self, price: float, age: int) -> float:
        """Return what is paid in month ``age`` after purchase, USD in prices of the purchase."""
        if not self.share or not 0 <= age < self.months:
            return 0.0
        return price * self.share * annuity(self.interest, self.months) * discount(self.inflation, age + 0.5)

    def owed(self, price: float, age: int) -> float:
        """Return what is still owed ``age`` months after purchase, USD in prices of the purchase."""
        left = outstanding(self.interest, self.months, age) if self.share else 0.0
        return price * self.share * left * discount(self.inflation, age)


NO_LOAN = Loan(0.0, 0.0, 1, 0.0)


@dataclass(frozen=True, slots=True)
class Life:
    """How long a thing lasts, what is left of it then, and what a new one costs in an absolute month."""

    months: int
    keep: float
    price_usd: PriceOf
    loan: Loan = NO_LOAN

    def worth(self, paid: float, age: int, month: int) -> float:
        """Return what a thing of ``age`` months fetches in a month, before what is owed on it."""
        fresh = max(0.0, 1.0 - age / self.months)
        return min(paid, self.price_usd(month)) * (self.keep + (1.0 - self.keep) * fresh)


@dataclass(frozen=True, slots=True)
class Kept:
    """Worth today of keeping a thing after the horizon.

    Attributes
    ----------
    running_usd
        Renewals, less what the old ones fetch, and loans going on (0 or negative).
    left_usd
        What is left when the counted years are over, less what is owed on it then.
    """

    running_usd: float
    left_usd: float


def kept(life: Life, bought: int, start: int, end: int, months: int, rate: float) -> Kept:
    """Return the worth today of keeping what was bought in month ``bought`` for ``months`` after the horizon's ``end``.

    All months are absolute; ``start`` is the horizon's first, to which everything is discounted at yearly ``rate``. A life
    that has ended by ``end`` is renewed at once; with no month counted after the horizon nothing is renewed.
    """
    running, left = flows_after(life, bought, start, end, months)
    return Kept(sum(usd * discount(rate, at) for at, usd in running), left * discount(rate, end + months - start))


def flows_after(life: Life, bought: int, start: int, end: int, months: int) -> tuple[list[tuple[float, float]], float]:
    """Return what keeping a thing costs and brings, as (months after ``start``, USD), and what is left of it in the end, USD."""
    running: list[tuple[float, float]] = []
    paid, born = life.price_usd(bought), bought
    for month in range(end, end + months):
        if month - born >= life.months:
            price = life.price_usd(month)
            renewed = life.worth(paid, month - born, month) - price * (1.0 - life.loan.share)
            running.append((month - start, renewed))
            paid, born = price, month
        due = life.loan.due(paid, month - born)
        if due:
            running.append((month - start + 0.5, -due))
    last = end + months
    return running, life.worth(paid, last - born, last) - life.loan.owed(paid, last - born)
