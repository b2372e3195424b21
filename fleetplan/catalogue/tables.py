"""Read typed values out of TOML tables and CSV rows, noting every fault instead of stopping at the first.

A reader that meets a fault notes it in the :class:`FaultLog` and hands back a stand-in (``nan``, ``0``, ``""``), so
that the rest of the file is still read. ``load_catalogue`` raises when the log holds anything: no stand-in leaves this
package.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping
from typing import Final, TypeVar

from fleetplan.catalogue.types import Confidence
from fleetplan.errors import Fault
from fleetplan.months import month_number

CONFIDENCES: Final[tuple[Confidence, ...]] = ("high", "medium", "low", "assumed")
_Choice = TypeVar("_Choice", bound=str)


class FaultLog:
    """Every fault met while reading, in order, each once."""

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def add(self, where: str, what: str, *, allowed: str = "", remedy: str = "") -> None:
        """Note one fault."""
        self._faults.setdefault(Fault(where, what, allowed, remedy))

    @property
    def found(self) -> tuple[Fault, ...]:
        """Every fault so far."""
        return tuple(self._faults)


class Table:
    """One TOML table. Every key must be asked for, or :meth:`close` reports it as unknown.

    Attributes
    ----------
    where
        The file, as a person would name it: ``cities/zurich/city.toml``.
    path
        The place in the file: ``market.trips_per_day``; empty at its root.
    """

    def __init__(self, data: Mapping[str, object], where: str, faults: FaultLog, path: str = "") -> None:
        self.where = where
        self.path = path
        self.faults = faults
        self._data = data
        self._asked: set[str] = set()
        self._parts: dict[str, list[Table]] = {}

    def place(self, key: str = "") -> str:
        """Return where a key stands, for a fault."""
        inner = ".".join(part for part in (self.path, key) if part)
        return f"{self.where}: {inner}" if inner else self.where

    def fault(self, key: str, what: str, allowed: str = "", remedy: str = "") -> None:
        """Note a fault at a key of this table."""
        self.faults.add(self.place(key), what, allowed=allowed, remedy=remedy)

    def has(self, key: str) -> bool:
        """Return whether a key is there and not blank."""
        return self._data.get(key) not in (None, "")

    def raw(self, key: str, allowed: str) -> object | None:
        """Return the value of a required key, or nothing after noting that it is missing."""
        self._asked.add(key)
        if key in self._data:
            return self._data[key]
        self.fault(key, "the key is missing", allowed, f"add {key}")
        return None

    def text(self, key: str, *, blank: bool = False) -> str:
        """Return a required text; ``blank`` says that an empty one will do."""
        allowed = "text, may be empty" if blank else "text"
        value = self.raw(key, allowed)
        if value is None:
            return ""
        if isinstance(value, str) and (blank or value.strip()):
            return value.strip()
        self.fault(key, f"{value!r} is not a text" if not isinstance(value, str) else "the text is blank", allowed)
        return ""

    def note(self, key: str = "note") -> str:
        """Return a text that may be left out."""
        self._asked.add(key)
        return self.text(key, blank=True) if key in self._data else ""

    def choice(self, key: str, allowed: Collection[_Choice]) -> _Choice:
        """Return one of the allowed words."""
        words = ", ".join(allowed)
        value = self.raw(key, words)
        for word in allowed:
            if value == word:
                return word
        if value is not None:
            self.fault(key, f"{value!r} is not one of the words allowed", words, "choose one of them")
        return next(iter(allowed))

    def flag(self, key: str) -> bool:
        """Return a required yes or no."""
        value = self.raw(key, "true or false")
        if value is not None and not isinstance(value, bool):
            self.fault(key, f"{value!r} is neither true nor false", "true or false")
        return value is True

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a required number within bounds."""
        allowed = bounds_text(low, high)
        value = self.raw(key, allowed)
        return math.nan if value is None else self.checked(key, value, low, high)

    def optional_number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """Return a number within bounds, or nothing where the key is left out or blank."""
        self._asked.add(key)
        return self.number(key, low, high) if self.has(key) else None

    def whole(self, key: str, low: int, high: int) -> int:
        """Return a required whole number within bounds."""
        value = self.number(key, low, high)
        if math.isnan(value):
            return 0
        if not value.is_integer():
            self.fault(key, f"{value!r} is not a whole number", f"a whole number {bounds_text(low, high)}")
        return int(value)

    def checked(self, key: str, value: object, low: float, high: float, allowed: str = "") -> float:
        """Return a raw value as a finite number within bounds, or ``nan`` after noting what is wrong."""
        number = self.as_number(value)
        allowed = allowed or bounds_text(low, high)
        if number is None:
            self.fault(key, f"{value!r} is not a number", allowed)
        elif not math.isfinite(number):
            self.fault(key, f"{value!r} is not a finite number", allowed, "give a finite number")
        elif not low <= number <= high:
            self.fault(key, f"{number:.15g} is out of range", allowed, "check the number and its unit")
        else:
            return number
        return math.nan

    def as_number(self, value: object) -> float | None:
        """Return a TOML value as a float, nothing when it is not a number."""
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def month(self, key: str, *, blank: bool = False) -> str:
        """Return a required month; ``blank`` says that an empty one will do."""
        value = self.text(key, blank=blank)
        try:
            if value:
                month_number(value)
        except ValueError:
            self.fault(key, f"{value!r} is not a month", "a month YYYY-MM", "write it like 2027-03")
            return ""
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a required list of texts."""
        value = self.raw(key, "a list of texts")
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            if len(set(value)) < len(value):
                self.fault(key, f"{value!r} names something twice", "each once", "remove the repetition")
            return tuple(value)
        if value is not None:
            self.fault(key, f"{value!r} is not a list of texts", "a list of texts")
        return ()

    def part(self, key: str) -> Table:
        """Return a table below this one; an empty one when it is not there."""
        self._asked.add(key)
        if key not in self._parts:
            value = self._data.get(key, {})
            if not isinstance(value, dict):
                self.fault(key, f"{value!r} is not a table", f"a table [{key}]")
                value = {}
            self._parts[key] = [Table(value, self.where, self.faults, f"{self.path}.{key}" if self.path else key)]
        return self._parts[key][0]

    def parts(self, key: str, label: str) -> list[Table]:
        """Return the tables of an optional list ``[[key]]``, each named in faults by its ``label``."""
        self._asked.add(key)
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(key, f"{value!r} is not a list of tables", f"tables [[{key}]]")
            value = []
        self._parts[key] = [
            Table(item, self.where, self.faults, f"{key}[{item.get(label, number)}]")
            for number, item in enumerate(value, start=1)
        ]
        return self._parts[key]

    def holds(self, key: str) -> bool:
        """Return whether a key is there, blank or not."""
        return key in self._data

    def table_keys(self) -> list[str]:
        """Return the keys that hold tables, in file order."""
        return [key for key, value in self._data.items() if isinstance(value, dict)]

    def close(self) -> None:
        """Report every key that nobody asked for, here and in the tables below."""
        for key in self._data:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.fault(key, "the key is unknown", known, "remove it, or mend its spelling")
        for part in self._parts.values():
            for table in part:
                table.close()


class Row(Table):
    """One CSV row. Missing and unknown columns are faults of the header, noted once by the file's reader."""

    def raw(self, key: str, allowed: str) -> object | None:
        """Return a cell; blank where the row is too short."""
        del allowed
        return self._data.get(key)

    def as_number(self, value: object) -> float | None:
        """Return a cell as a float, nothing when it is not a number."""
        try:
            return float(str(value).strip())
        except ValueError:
            return None

    def flag(self, key: str) -> bool:
        """Return a yes or a no."""
        return self.choice(key, ("no", "yes")) == "yes"

    def fields(self) -> dict[str, str]:
        """Return every cell as text, column by column."""
        return {key: str(value or "").strip() for key, value in self._data.items()}


@functools.cache
def bounds_text(low: float, high: float) -> str:
    """Return bounds in words.

    >>> bounds_text(0, 1)
    'a number from 0 to 1'
    """
    if math.isinf(low) and math.isinf(high):
        return "a finite number"
    if math.isinf(high):
        return f"a number from {low:g}"
    return f"a number from {low:g} to {high:g}"


def provenance(table: Table) -> tuple[str, Confidence]:
    """Return the source and the confidence that every number must carry."""
    return table.text("source"), table.choice("confidence", CONFIDENCES)
