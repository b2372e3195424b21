"""What somebody meant who wrote a number or a month as no file takes it."""

from __future__ import annotations

import re
import unicodedata

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "bn": 1e9, "b": 1e9, "billion": 1e9, "%": 0.01}
_LARGEST = 1e300
_LONGEST = 60
_AMOUNT = re.compile(r"^[^\d+.-]{0,4}([+-]?\d[\d.,' _]*\d|[+-]?\d)\s*(%|[a-z]*\b)(?:[ /].{0,20})?$", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"^(\d{4})\D?(\d{1,2})(?:\D\d{1,2})?$")
_YEAR_LAST = re.compile(r"^(?:\d{1,2}[./ ])?(\d{1,2})[./ -](\d{4}|\d{2})$")
POINT_OF_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
"""A number that people in half of the world write for thousands, and programs for decimals."""

_NAMED = re.compile(r"^([a-z]{3})[a-z]*\W*(\d{4}|\d{2})$|^(\d{4})\W*([a-z]{3})[a-z]*$", re.IGNORECASE)


def number_guess(given: object) -> float | None:
    """Return the number that a text stands for; nothing where no single number can be meant.

    >>> [number_guess(text) for text in ("25M", "25,000,000", "$25000000", "25 000 000", "30%", "0,08", "100 cars")]
    [25000000.0, 25000000.0, 25000000.0, 25000000.0, 0.3, 0.08, 100.0]
    >>> [number_guess(text) for text in ("25.000.000", "0x10", "0100", "soon", None, 1.5)]
    [25000000.0, 16.0, 100.0, None, None, 1.5]
    """
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given) if abs(given) < _LARGEST else None
    text = unicodedata.normalize("NFKC", given).strip() if isinstance(given, str) and len(given) <= _LONGEST else ""
    if re.fullmatch(r"0[xob][0-9a-f]+", text, re.IGNORECASE):
        return float(int(text, 0))
    match = _AMOUNT.match(text)
    digits = _plain_digits(match[1]) if match else ""
    if match is None or not digits:
        return None
    return round(float(digits) * _UNITS.get(match[2].casefold(), 1.0), 12)


def two_readings(text: str) -> str:
    """Return what to write in place of a number whose point may stand for thousands.

    >>> two_readings("397.000"), two_readings("12.500")
    ('write 397000, or 397', 'write 12500, or 12.5')
    """
    return f"write {text.strip().replace('.', '')}, or {float(text):.15g}"


def _plain_digits(text: str) -> str:
    """Return digits with a point for the decimals and no sign of thousands; empty where it cannot be told."""
    bare = re.sub(r"[ _']", "", text)
    if re.fullmatch(r"[+-]?\d{1,3}([.,])\d{3}(?:\1\d{3})*", bare) and not re.fullmatch(r"[+-]?0[.,]\d+", bare):
        return re.sub(r"[.,]", "", bare) if bare.count(".") != 1 else bare
    decimal = bare.replace(",", ".")
    return decimal if re.fullmatch(r"[+-]?\d+(\.\d+)?", decimal) else ""


def month_guess(given: object) -> str:
    """Return the month that somebody meant, as ``YYYY-MM``; empty where none can be told.

    >>> [month_guess(m) for m in ("2027-3", "2027-03-01", 202703, "Mar-27", "March 2027", "03/2027", "2027/3")]
    ['2027-03', '2027-03', '2027-03', '2027-03', '2027-03', '2027-03', '2027-03']
    >>> [month_guess(m) for m in ("2027", 2027, "2027-13", "soon", True)]
    ['', '', '', '', '']
    """
    text = str(given)[:_LONGEST].strip() if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if (found := _YEAR_FIRST.match(text)) is not None:
        return _month(found[1], int(found[2]))
    if (found := _YEAR_LAST.match(text)) is not None:
        return _month(found[2], int(found[1]))
    if (found := _NAMED.match(text)) is not None:
        name = (found[1] or found[4]).casefold()
        return _month(found[2] or found[3], _MONTHS.index(name) + 1) if name in _MONTHS else ""
    return ""


def month_remedy(given: object) -> str:
    """Return what to write in place of something that is no month.

    >>> month_remedy("2027-3"), month_remedy("2027-13"), month_remedy("2027")
    ('write 2027-03', 'write 2027-12: months go from 01 to 12', 'write a month of that year, like 2027-01')
    """
    if near := month_guess(given):
        return f"write {near}"
    text = str(given).strip()
    if re.fullmatch(r"\d{4}-\d{1,2}", text):
        return f"write {text[:4]}-12: months go from 01 to 12"
    if re.fullmatch(r"\d{4}", text):
        return f"write a month of that year, like {text}-01"
    return "write it like 2027-03, year and month"


def _month(year: str, month: int) -> str:
    whole = year if len(year) > 2 else f"20{year}"
    return f"{whole}-{month:02d}" if 1 <= month <= 12 else ""
