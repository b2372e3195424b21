"""What the checker says: violations, the rules it went through, and how far apart figures may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MONEY_USD = 1.0
MONEY_SHARE = 1e-6
TRIPS_PER_DAY = 0.01
TRIPS_SHARE = 1e-4
WAIT_MIN = 0.01
RATIO = 1e-6
MOST_WRITTEN = 1e15


NamedKind = Literal["month", "mode", "city", "stack", "permit", "event"]


@dataclass(frozen=True, slots=True)
class Usd:
    """An amount in USD, with so many digits where a file tells it."""

    amount: float
    digits: int = 2

    def __str__(self) -> str:
        """Return the amount as a file tells it."""
        return f"{usd_text(self.amount, self.digits)} USD"


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has a key and a name: a month (``YYYY-MM``), a mode, a city, a stack, a permit, an event of law."""

    kind: NamedKind
    key: str | None

    def __str__(self) -> str:
        """Return the key."""
        return self.key or f"no {self.kind}"


@dataclass(frozen=True, slots=True)
class Saying:
    """What is wrong: a sentence with a place for each of its facts, which stay typed until somebody reads them."""

    template: str
    facts: tuple[object, ...] = ()

    def __str__(self) -> str:
        """Return the sentence as a file tells it: keys, months as ``YYYY-MM``, amounts in full."""
        return self.template.format(*self.facts)


def say(template: str, *facts: object) -> Saying:
    """Return what is wrong from a sentence and its facts.

    >>> str(say("{} of capital is spent by {}", Usd(35e6, 0), Named("month", "2029-04")))
    '35,000,000 USD of capital is spent by 2029-04'
    """
    return Saying(template, facts)


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes
    ----------
    rule
        Key of the rule as in ``docs/model.md``, or the type of the request's constraint.
    where
        City, stack and period as far as they apply: ``zurich/baidu-rt6/2027-03``.
    says
        What is wrong, with the figures.
    amount
        How far the rule is missed, in the unit of the sentence.
    """

    rule: str
    where: str
    says: Saying
    amount: float

    @property
    def sentence(self) -> str:
        """What is wrong as a file tells it."""
        return str(self.says)

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
