"""In which currency amounts are shown: USD, in which everything is planned, or another at a rate of the catalogue.

Whoever shows a page chooses for as long as it is made (:func:`shown_in`); everybody else, and every file, gets USD. An amount in
another currency carries the USD with it, so that a page can show both (:func:`plain` drops them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from fleetplan.catalogue.types import Figure

SIGNS = {"EUR": "€", "GBP": "£", "HKD": "HK$"}
HOME = "USD"
OPENS, PARTS, ENDS = "\ue000", "\ue001", "\ue002"
"""Letters of nobody's: before an amount in USD, between it and the same in another currency, and behind that."""

AMOUNT = re.compile(f"{OPENS}([^{PARTS}{ENDS}]*){PARTS}([^{OPENS}{ENDS}]*){ENDS}")


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency at a rate of the catalogue: ``figure`` says since when, by whom and how surely."""

    code: str
    figure: Figure

    @property
    def sign(self) -> str:
        """What stands before an amount."""
        return SIGNS.get(self.code, f"{self.code}\u00a0")

    @property
    def usd_each(self) -> float:
        """US dollars for one of it."""
        return self.figure.value

    @property
    def rate(self) -> str:
        """The rate in words: ``1.17 USD for 1 EUR, 2026``."""
        since = f", {self.figure.year}" if self.figure.year else ""
        return f"{self.usd_each:.4g} {HOME} for 1 {self.code}{since}"


_shown: ContextVar[Currency | None] = ContextVar("fleetplan_currency", default=None)


def currencies(figures: Mapping[str, Figure]) -> dict[str, Currency]:
    """Return the currencies besides USD that figures hold a rate for, by their code."""
    rates = {key.removeprefix("fx."): figure for key, figure in figures.items() if key.startswith("fx.")}
    return {code: Currency(code, figure) for code, figure in sorted(rates.items()) if code != HOME and figure.value > 0}


def choose(currency: Currency | None) -> None:
    """Show amounts in a currency from here on, in this task and those that it begins; None for USD."""
    _shown.set(currency)


@contextmanager
def shown_in(currency: Currency | None) -> Iterator[None]:
    """Show amounts in a currency for a while."""
    before = _shown.set(currency)
    try:
        yield
    finally:
        _shown.reset(before)


def shown() -> Currency | None:
    """Return the currency that amounts are shown in; None for USD."""
    return _shown.get()


def amount(value: float, write: Callable[[float, str], str]) -> str:
    """Return an amount of USD as ``write`` writes it with a sign, in the currency that is shown."""
    other = _shown.get()
    if other is None:
        return write(value, "$")
    return f"{OPENS}{write(value, '$')}{PARTS}{write(value / other.usd_each, other.sign)}{ENDS}"


def plain(text: str) -> str:
    """Return a text with each amount in the currency that is shown alone."""
    return AMOUNT.sub(r"\2", text)
