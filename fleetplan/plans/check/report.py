"""What the checker says: violations, the rules it went through, and how far apart figures may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MONEY_USD = 1.0
MONEY_SHARE = 1e-6
TRIPS_PER_DAY = 0.01
TRIPS_SHARE = 1e-4
WAIT_MIN = 0.01
RATIO = 1e-6
MOST_WRITTEN = 1e15


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes
    ----------
    rule
        Key of the rule as in ``docs/model.md``, or the type of the request's constraint.
    where
        City, stack and period as far as they apply: ``zurich/baidu-rt6/2027-03``.
    sentence
        What is wrong, with the figures.
    amount
        How far the rule is missed, in the unit of the sentence.
    """

    rule: str
    where: str
    sentence: str
    amount: float

    def __str__(self) -> str:
        """Return the violation as one readable line."""
        return f"{self.rule} [{self.where}]: {self.sentence}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The checker's verdict on a plan; ``recomputed`` holds the headline figures as the checker finds them."""

    violations: tuple[Violation, ...]
    rules_checked: tuple[str, ...]
    recomputed: Mapping[str, float]

    @property
    def valid(self) -> bool:
        """Whether every rule is kept."""
        return not self.violations


def usd_text(usd: float, digits: int = 2) -> str:
    """Return an amount for a sentence; one that no plan can have is cut to a few digits.

    >>> usd_text(1234.5), usd_text(1e300)
    ('1,234.50', '1e+300')
    """
    return f"{usd:,.{digits}f}" if abs(usd) < MOST_WRITTEN else f"{usd:.6g}"


def share_text(share: float) -> str:
    """Return a share for a sentence.

    >>> share_text(0.01), share_text(1e300)
    ('0.010000', '1e+300')
    """
    return f"{share:.6f}" if abs(share) < MOST_WRITTEN else f"{share:.6g}"


def money_apart(given: float, expected: float) -> bool:
    """Return whether two amounts differ by more than 1 USD and one millionth.

    >>> money_apart(100.0, 100.5), money_apart(100.0, 102.0), money_apart(1e9, 1e9 + 500)
    (False, True, False)
    """
    return not abs(given - expected) <= MONEY_USD + MONEY_SHARE * max(abs(given), abs(expected))


def trips_over(value: float, most: float) -> bool:
    """Return whether a number of trips a day exceeds its ceiling by more than the tolerance."""
    return not value <= most + TRIPS_PER_DAY + TRIPS_SHARE * abs(most)


def trips_apart(given: float, expected: float) -> bool:
    """Return whether two daily figures (trips, km, kWh) differ by more than the tolerance."""
    return trips_over(given, expected) or trips_over(expected, given)
