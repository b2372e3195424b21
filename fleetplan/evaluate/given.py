"""What a plan made elsewhere decides: by deployment the vehicles and the area of every period, and when programmes begin.

A table has a row for each change: what it says holds until the deployment's next row. Columns: ``city``, ``stack`` (slugs or the
names people use), ``period`` (a month; ``launch`` will do), ``vehicles``, and where known ``level`` or ``area_km2`` and
``programme_start``. The table ``fleets`` that plans are exported as is such a table. Months are read as people and spreadsheets
write them: ``2028-03``, ``2028-03-01``, ``Mar 2028``, ``Mar-28``, and the day number that a workbook makes of a date.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.errors import Fault, InputError, RequestError
from fleetplan.evaluate.sheets import Rows, rows_of
from fleetplan.months import Grid, month_number
from fleetplan.plans.files import AGAIN, read_plan
from fleetplan.plans.types import Plan
from fleetplan.scope import Scope

NEEDED = ("city", "stack", "vehicles")
PERIOD = ("period", "month", "launch")
MOST_FAULTS = 50
MOST_VEHICLES, LONGEST_SHOWN = 1_000_000, 40
BY_HAND = f"{AGAIN}; write what is planned by hand as a table: city, stack, period, vehicles, as CSV or XLSX"
WRITTEN = re.compile(r"(\d{4}-\d{2})(?:-\d{2}(?:[T ].*)?)?")
NAMED = re.compile(r"([A-Za-z]{3})[a-z]*[ -](\d{4}|\d{2})")
NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY = re.compile(r"([3-9]\d{4})(?:\.0+)?")
DAY_ZERO = date(1899, 12, 30)
"""What workbooks count days from."""


@dataclass(frozen=True, slots=True)
class GivenDeployment:
    """A stack in a city as somebody else plans it: lists over periods.

    ``level`` is the area open, counted from 1 (0: closed; None: not said). ``programme_start`` is the period in which its
    programme begins; None: as late as its opening allows.
    """

    stack: str
    city: str
    vehicles: list[int]
    level: list[int | None]
    programme_start: int | None = None

    @property
    def key(self) -> str:
        """``stack@city``."""
        return f"{self.stack}@{self.city}"


@dataclass(frozen=True, slots=True)
class GivenPlan:
    """A plan made elsewhere. ``whole`` is it where it came as a plan.json, with everything that a plan of ours holds."""

    deployments: tuple[GivenDeployment, ...]
    whole: Plan | None = None


def shown(text: str) -> str:
    """Return what stands in a cell as a fault names it, shortened.

    >>> shown("=HYPERLINK(1)"), shown("x" * 99)
    ("'=HYPERLINK(1)'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'")
    """
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…")


def month_written(text: str) -> str:
    """Return a month as ``YYYY-MM``, however a person or a spreadsheet wrote it; what is none comes back as it is.

    >>> [month_written(text) for text in ("2028-03-15", "Mar 2028", "mar-28", "46813", "soon")]
    ['2028-03', '2028-03', '2028-03', '2028-03', 'soon']
    """
    bare = text.strip()
    if found := WRITTEN.fullmatch(bare):
        return found[1]
    if (found := NAMED.fullmatch(bare)) and found[1].lower() in NAMES:
        return f"{found[2] if len(found[2]) > 2 else f'20{found[2]}'}-{NAMES.index(found[1].lower()) + 1:02d}"
    if found := DAY.fullmatch(bare):
        return (DAY_ZERO + timedelta(days=int(found[1]))).strftime("%Y-%m")
    return bare


@dataclass(slots=True)
class _Reading:
    """Rows on their way to deployments, with every fault."""

    scope: Scope
    where: str
    areas: Mapping[str, list[float]]
    faults: list[Fault] = field(default_factory=list)

    def month(self, text: str, at: str) -> int | None:
        """Return the period that holds a month."""
        grid: Grid = self.scope.request.grid
        labels = grid.labels()
        try:
            found = grid.period_of(month_number(month_written(text)))
        except ValueError:
            found = -1
        if 0 <= found < len(labels):
            return found
        self.faults.append(
            Fault(
                at, f"{shown(text)} is no month of the horizon", f"{labels[0]} to {labels[-1]}", "write it like 2028-03"
            )
        )
        return None

    def count(self, text: str, at: str, what: str = "vehicles") -> int | None:
        """Return a whole number from 0."""
        try:
            value = float(text.replace(",", "").strip() or "0")
        except ValueError:
            value = -1.0
        if 0 <= value <= MOST_VEHICLES and value == int(value):
            return int(value)
        allowed = f"a whole number from 0 to {MOST_VEHICLES:,}"
        self.faults.append(Fault(at, f"{shown(text)} is no number of {what}", allowed))
        return None

    def slug(self, row: Mapping[str, str], at: str) -> tuple[str, str] | None:
        """Return stack and city."""
        catalogue = self.scope.catalogue
        try:
            city = resolve_city(catalogue, row["city"].strip())
            stack = resolve_stack(catalogue, row["stack"].strip(), city)
        except RequestError as error:
            self.faults += [Fault(at, f.what, f.allowed, f.remedy) for f in error.faults]
            return None
        if city not in self.scope.cities:
            self.faults.append(Fault(at, f"{city!r} is no city of the request", ", ".join(self.scope.cities)))
            return None
        return stack, city

    def level(self, row: Mapping[str, str], city: str, at: str) -> int | None:
        """Return the level of a row: as it says, or the smallest area that is no smaller than what it says."""
        if text := row.get("level", "").strip():
            value = self.count(text, at, "a level")
            most = len(self.areas[city])
            if value is not None and value > most:
                self.faults.append(Fault(at, f"{city} has no level {value}", f"0 to {most}"))
            return value
        if not (text := row.get("area_km2", "").strip()):
            return None
        try:
            area = float(text)
        except ValueError:
            area = math.nan
        if not math.isfinite(area):
            self.faults.append(Fault(at, f"{shown(text)} is no area", "km², from 0"))
            return None
        known = self.areas[city]
        return 0 if area <= 0 else next((g for g, km2 in enumerate(known, start=1) if km2 >= area - 0.5), len(known))


def read_given(data: bytes, where: str, scope: Scope, areas: Mapping[str, list[float]]) -> GivenPlan:
    """Return what a plan.json or a table decides; see :func:`given_plan`.

    Of a plan.json of another request the decisions alone count.

    Raises
    ------
    InputError
        With every fault.
    """
    if data.lstrip()[:1] != b"{" and not where.lower().endswith(".json"):
        return given_plan(data, where, scope, areas)
    try:
        plan = read_plan(data, where)
    except InputError as error:
        told = [replace(f, remedy=BY_HAND if f.remedy == AGAIN else f.remedy) for f in error.faults]
        raise type(error)(told[:MOST_FAULTS]) from error
    if plan.request.grid != scope.request.grid:
        what = "is made for other periods than the request's"
        raise InputError([Fault(where, what, f"{scope.request.horizon}", "evaluate it with its own request")])
    given = from_plan(plan)
    return given if plan.request == scope.request else replace(given, whole=None)


def given_plan(data: bytes, where: str, scope: Scope, areas: Mapping[str, list[float]]) -> GivenPlan:
    """Return what a table decides.

    Parameters
    ----------
    areas
        Areas of the levels of each city, in km².

    Raises
    ------
    InputError
        With every fault of the table.
    """
    return from_rows(rows_of(data, where), where, scope, areas)


def from_rows(rows: Rows, where: str, scope: Scope, areas: Mapping[str, list[float]]) -> GivenPlan:
    """Return what rows of a table decide; see :func:`given_plan`."""
    names = {name for row in rows[:1] for name in row}
    lacking = [name for name in NEEDED if name not in names]
    if not names & set(PERIOD):
        lacking.append("period")
    if lacking:
        what = f"lacks the column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}"
        raise InputError(
            [Fault(where, what, "city, stack, period, vehicles, and level or area_km2", "name them in the first row")]
        )
    reading = _Reading(scope, where, areas)
    found: dict[tuple[str, str], dict[int, tuple[int, int | None]]] = {}
    starts: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=2):
        at = f"{where}: row {number}"
        pair = reading.slug(row, at)
        period = reading.month(next((row[n] for n in PERIOD if row.get(n)), ""), at)
        vehicles = reading.count(row["vehicles"], at)
        if pair is None or period is None or vehicles is None:
            continue
        found.setdefault(pair, {})[period] = (vehicles, reading.level(row, pair[1], at))
        if (begun := row.get("programme_start", "").strip()) and (start := reading.month(begun, at)) is not None:
            starts[pair] = start
    if reading.faults:
        raise InputError(reading.faults[:MOST_FAULTS])
    return GivenPlan(tuple(_filled(pair, changes, starts.get(pair), scope) for pair, changes in sorted(found.items())))


def _filled(
    pair: tuple[str, str], changes: Mapping[int, tuple[int, int | None]], start: int | None, scope: Scope
) -> GivenDeployment:
    vehicles, levels = [], []
    now: tuple[int, int | None] = (0, 0)
    for t in range(len(scope.request.grid)):
        now = changes.get(t, now)
        vehicles.append(now[0])
        levels.append(now[1] if now[0] or now[1] else 0)
    return GivenDeployment(pair[0], pair[1], vehicles, levels, start)


def from_plan(plan: Plan) -> GivenPlan:
    """Return what a plan of ours decides."""
    starts = {label: t for t, label in enumerate(plan.periods)}
    return GivenPlan(tuple(_deployments(plan, starts)), plan)


def _deployments(plan: Plan, starts: Mapping[str, int]) -> Iterable[GivenDeployment]:
    for city in plan.cities:
        for d in city.deployments:
            yield GivenDeployment(d.stack, d.city, list(d.vehicles), list(d.level), starts.get(d.programme_start))
