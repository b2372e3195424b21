"""A plan in words: months, money and modes as people say them, and the verdict in a paragraph."""

from __future__ import annotations

import math

from fleetplan.words.currency import amount

NO_PLAN = "no plan keeps every rule"
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MODE_NAMES = {
    "": "not open",
    "mapping": "mapping",
    "test_operator": "test with operator",
    "test_driver_out": "driver-out test",
    "unpaid_operator": "unpaid, operator on board",
    "unpaid_driver_out": "unpaid, driver out",
    "paid_operator": "paid, operator on board",
    "paid_driver_out": "paid, driver out",
    "approval": "vehicle approval",
    "area": "wider area",
    "airport": "airport",
    "platform": "platform licence",
}
STATUS_NAMES = {
    "optimal": "proven best",
    "within_gap": "within the gap asked for",
    "time_limit": "the limit of the search was reached before the gap asked for was proven",
    "stopped": "stopped by hand; the best plan so far",
    "exhausted": "nothing more to try before the gap asked for was proven",
}
PHASE_NAMES = {
    "queued": "waiting for its turn",
    "starting": "starting",
    "catalogue": "reading the catalogue",
    "cities": "reading the cities",
    "formulating": "writing down the rules",
    "provisional": "starting from the earlier plan",
    "counting markets": "finding how many markets there can be",
    "searching": "looking for a first plan",
    "settling depots": "settling depots",
    "improving": "looking for better plans",
    "proving": "proving how good the plan is",
    "whole vehicles": "rounding to whole vehicles",
    "prices": "pricing what holds the plan back",
    "conflicts": "finding which rules clash",
    "checking": "checking every rule",
    "done": "writing the plan down",
    "mending": "looking for what would make a plan possible",
}
DASH = "–"


def month_name(month: str | None) -> str:
    """Return ``Apr 2027`` for ``2027-04``; a dash for none.

    >>> month_name("2027-04")
    'Apr 2027'
    """
    if not month:
        return DASH
    year, number = month.split("-")
    return f"{MONTH_NAMES[int(number) - 1]} {year}"


def count(value: float | None) -> str:
    """Return a whole number with thousands marked.

    >>> count(12345.6)
    '12,346'
    """
    return DASH if value is None else f"{value:,.0f}".replace("-", "−")


def decimal(value: float | None, digits: int = 1) -> str:
    """Return a number with so many digits after the point."""
    return DASH if value is None else f"{value:,.{digits}f}".replace("-", "−")


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as per cent.

    >>> percent(0.0079, 2)
    '0.79 %'
    """
    if share is None or not math.isfinite(share):
        return DASH
    return f"{100 * share:.{digits}f} %".replace("-", "−")


ABSURD = 1e15
"""Amounts that nobody counts in billions; only a file that somebody altered holds them."""


def usd(value: float | None) -> str:
    """Return an amount of USD in the largest fitting unit, three digits.

    >>> usd(331_840_000), usd(-1_250_000_000), usd(41_000), usd(12.5), usd(0), usd(-1e200)
    ('$332 M', '−$1.25 bn', '$41.0 k', '$12.5', '$0', '−$1e+200')
    """
    return DASH if value is None or not math.isfinite(value) else amount(value, _written)


def _written(value: float, sign: str) -> str:
    if abs(value) >= ABSURD:
        return f"{'−' if value < 0 else ''}{sign}{abs(value):.3g}"
    size, unit = next(
        ((s, u) for s, u in ((1e9, " bn"), (1e6, " M"), (1e3, " k")) if abs(value) >= 0.9995 * s), (1.0, "")
    )
    scaled = abs(value) / size
    digits = 0 if scaled >= 99.95 or not scaled else 1 if scaled >= 9.995 else 2
    text = f"{scaled:.{digits}f}" if unit or scaled >= 99.95 else f"{scaled:.{digits}f}".rstrip("0").rstrip(".") or "0"
    return f"{'−' if value < 0 else ''}{sign}{text}{unit}"


LEAST_FINE_USD = 50_000.0


def usd_fine(value: float) -> str:
    """Return an amount of USD in millions with one digit, for figures that stand close together; less than that in its unit.

    >>> usd_fine(2_784_321_000), usd_fine(0.0), usd_fine(12_000.0)
    ('$2,784.3 M', '$0', '$12.0 k')
    """
    if abs(value) < LEAST_FINE_USD:
        return usd(value)
    return amount(value, lambda v, sign: f"{'−' if v < 0 else ''}{sign}{abs(v) / 1e6:,.1f} M")


def between_words(least: float, most: float, bounds: str) -> str:
    """Return between what an amount lies, by bounds; where its digits are the same at both ends, that it is proven.

    >>> between_words(1.0e6, 2.0e6, "both bounds"), between_words(30.60e6, 30.61e6, "both bounds")
    ('between $1.00 M and $2.00 M by both bounds', 'proven to these digits by both bounds')
    """
    if usd(least) == usd(most):
        return f"proven to these digits by {bounds}"
    return f"between {usd(least)} and {usd(most)} by {bounds}"


def several(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 city`` or ``3 cities``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """Return ``A``, ``A and B`` or ``A, B and C``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def words_of_time(seconds: float | None) -> str:
    """Return a duration in words.

    >>> words_of_time(0.4), words_of_time(95), words_of_time(7300), words_of_time(None)
    ('under 1 s', '1 min 35 s', '2 h 1 min', '–')
    """
    if seconds is None:
        return DASH
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def span_of_time(least_s: float, most_s: float) -> str:
    """Return a range of times, once where both ends are said alike.

    >>> span_of_time(95, 130), span_of_time(95, 95.2)
    ('1 min 35 s to 2 min 10 s', '1 min 35 s')
    """
    least, most = words_of_time(least_s), words_of_time(most_s)
    return least if least == most else f"{least} to {most}"


def months_of_period(first: str, last: str) -> str:
    """Return the months of a period by its first and last one.

    >>> months_of_period("2027-04", "2027-04"), months_of_period("2027-04", "2027-06"), months_of_period("2027-11", "2028-01")
    ('Apr 2027', 'Apr to Jun 2027', 'Nov 2027 to Jan 2028')
    """
    if first == last:
        return month_name(first)
    start = MONTH_NAMES[int(first[5:]) - 1] if first[:4] == last[:4] else month_name(first)
    return f"{start} to {month_name(last)}"
