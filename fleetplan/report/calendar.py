"""The next steps of a plan as a calendar file (RFC 5545): what to begin, order, receive and open, city by city.

A plan knows months, not days: an entry stands on the first day of its month, takes nobody's time, and says that it means the
month. Entries keep their UID as long as they mean the same step of the same series of plans, so that a calendar that takes in a
rerun moves what is there in place of showing it twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from fleetplan import __version__
from fleetplan.explain.agenda import Step, agenda
from fleetplan.months import month_number
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.values import month_name

LONGEST_LINE = 75
"""Octets of a line, without its end; longer ones go on in the next, behind a blank (RFC 5545, section 3.1)."""

WORDS = {"Start": "Begin", "Order": "Order", "In hand": "In hand:", "Open": "Open:"}


def calendar(
    plan: Plan,
    made_at: datetime,
    *,
    series: str,
    city: str | None = None,
    addresses: Mapping[str, str] | None = None,
) -> str:
    """Return the calendar file, its lines ended by CR LF.

    Parameters
    ----------
    made_at
        When the plan was made; the newer of two entries with one UID counts.
    series
        What the plan and its reruns have in common; entries of one series take each other's place.
    city
        Slug of the only city whose steps are wanted; None for all of them.
    addresses
        By city, where its rollout is shown.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//fleetplan//fleetplan {__version__}//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(plan.name)}",
    ]
    for one in plan.cities:
        if city in {None, one.city}:
            for step in _steps(plan, one):
                lines += _entry(plan, one, step, made_at, series, (addresses or {}).get(one.city, ""))
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _steps(plan: Plan, city: CityRollout) -> Iterator[Step]:
    told = agenda(plan, city)
    for month in (*told.soon, *told.later):
        yield from month.steps


def _entry(plan: Plan, city: CityRollout, step: Step, made_at: datetime, series: str, address: str) -> list[str]:
    number = month_number(step.month)
    told = [step.detail, f"The plan knows the month, {month_name(step.month)}, not the day.", f"Plan: {plan.name}."]
    return [
        "BEGIN:VEVENT",
        f"UID:{uid(series, city.city, step)}",
        f"DTSTAMP:{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{date(number // 12, number % 12 + 1, 1):%Y%m%d}",
        f"SUMMARY:{escaped(f'{city.name}: {WORDS[step.kind]} {step.text}')}",
        f"DESCRIPTION:{escaped(chr(10).join(line for line in told if line))}",
        f"LOCATION:{escaped(city.name)}",
        f"CATEGORIES:{escaped(step.kind)}",
        *([f"URL:{address}"] if address else []),
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def uid(series: str, city: str, step: Step) -> str:
    """Return the UID of a step: the same in every plan of a series, whenever it is due and however it is worded.

    >>> one = Step("2027-04", "Order", "depot a", "live", "depot:a")
    >>> uid("p", "zurich", one) == uid("p", "zurich", Step("2028-01", "Order", "another word", "", "depot:a"))
    True
    """
    return f"{hashlib.sha256(chr(0).join((series, city, step.kind, step.key)).encode()).hexdigest()[:32]}@fleetplan"


def escaped(text: str) -> str:
    r"""Return a text as it stands in a value (RFC 5545, section 3.3.11); control characters are left out.

    >>> print(escaped("a, b; c\\d" + chr(10) + "e" + chr(13)))
    a\, b\; c\\d\ne
    """
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(sign, written)
    return "".join(letter for letter in text if letter == "\t" or letter.isprintable())


def folded(line: str) -> str:
    r"""Return a line in pieces of 75 octets at most, never cut within a letter.

    >>> [len(piece.encode()) for piece in folded("é" * 80).split("\r\n")]
    [74, 75, 13]
    """
    pieces, piece, most = [], "", LONGEST_LINE
    for letter in line:
        if len((piece + letter).encode()) > most:
            pieces.append(piece)
            piece, most = "", LONGEST_LINE - 1  # the blank before it counts
        piece += letter
    return "\r\n ".join([*pieces, piece])
