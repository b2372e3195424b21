"""A starting state as a table, CSV or XLSX: a row for each thing that stands, with the month since when.

Columns: ``what`` stands, ``city`` and ``stack`` (slugs or names), ``name`` (of a mode, a permit, a depot site), ``month``,
``number`` (vehicles, stalls, km², USD). Rows are edited, added and taken out at will; their order says nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError

from fleetplan.errors import Fault, InputError, RequestError
from fleetplan.evaluate.sheets import rows_of
from fleetplan.request import faults_of
from fleetplan.request.started import (
    BegunProgramme,
    FleetSince,
    OpenArea,
    OrderedDepot,
    PermitInHand,
    StallsSince,
    StartingState,
    VehiclesBought,
)

COLUMNS = ("what", "city", "stack", "name", "month", "number")
SHEET = "state"
MONTH, SPENT, CASH, SINGLY = "first month planned", "capital spent", "cash so far", "months planned singly"
PLATFORM_STALLS, PARTNER_STALLS = "stalls", "stalls of the partner"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of row: the list of the state it belongs to, and which member each column is."""

    list: str
    model: type[BaseModel]
    members: Mapping[str, str]


KINDS: Mapping[str, _Kind] = {
    "programme": _Kind("programmes", BegunProgramme, {}),
    "area": _Kind("areas", OpenArea, {"number": "km2"}),
    "vehicles": _Kind("fleets", FleetSince, {"name": "mode", "number": "vehicles"}),
    "bought": _Kind("bought", VehiclesBought, {"number": "vehicles"}),
    "permit": _Kind("permits", PermitInHand, {"name": "permit"}),
    "depot": _Kind("depots", OrderedDepot, {"name": "site"}),
    PLATFORM_STALLS: _Kind("stalls", StallsSince, {"name": "site", "number": "stalls"}),
    PARTNER_STALLS: _Kind("stalls", StallsSince, {"name": "site", "number": "stalls"}),
}
SINGLE: Mapping[str, tuple[str, str]] = {
    MONTH: ("month", "month"),
    SPENT: ("number", "capital_spent_usd"),
    CASH: ("number", "cash_usd"),
    SINGLY: ("number", "single_months"),
}
"""Rows of which there is one: the column that holds it, the member that it is."""


@dataclass(frozen=True, eq=False)
class StateTable:
    """A state read from a table; ``rows`` says in which row each entry of its lists stands."""

    state: StartingState
    where: str
    rows: Mapping[tuple[str, int], int]

    def in_rows(self, error: RequestError) -> RequestError:
        """Return faults of a request that goes on from the state, with those of its entries told by their rows."""
        return RequestError([self._fault(fault) for fault in error.faults])

    def _fault(self, fault: Fault) -> Fault:
        parts = fault.where.split("/")
        at = parts[1:4] if parts[1:2] == ["starting_state"] else []
        row = self.rows.get((at[1], int(at[2]))) if len(at) > 2 and at[2].isdecimal() else None
        if not at:
            return fault
        where = self.where if row is None else f"{self.where}: row {row}"
        return Fault(where, fault.what, fault.allowed, fault.remedy)


def table_of(state: StartingState) -> list[list[str | float]]:
    """Return a state as rows, the names of the columns first."""
    rows: list[dict[str, Any]] = [
        {"what": what, column: getattr(state, member)}
        for what, (column, member) in SINGLE.items()
        if getattr(state, member) is not None
    ]
    for what, kind in KINDS.items():
        for entry in getattr(state, kind.list):
            if what in {PLATFORM_STALLS, PARTNER_STALLS} and (entry.payer == "partner") != (what == PARTNER_STALLS):
                continue
            told = {name: value for name, value in entry.model_dump().items() if value is not None}
            columns = {member: column for column, member in kind.members.items()}
            rows.append({"what": what, **{columns.get(name, name): value for name, value in told.items()}})
    return [list(COLUMNS), *([row.get(column, "") for column in COLUMNS] for row in rows)]


def as_csv(state: StartingState) -> str:
    """Return a state as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table_of(state))
    return text.getvalue()


def as_xlsx(state: StartingState) -> bytes:
    """Return a state as a workbook with one sheet; text is written as text, never as a formula."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(SHEET)
        head = book.add_format({"bold": True})
        for r, row in enumerate(table_of(state)):
            for c, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(r, c, value, head if r == 0 else None)
                else:
                    sheet.write_number(r, c, value)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, 0, len(COLUMNS) - 1)
        sheet.set_column(0, len(COLUMNS) - 1, 22)
    return data.getvalue()


def read_state(data: bytes, where: str, month: str | None = None) -> StateTable:
    """Return the state that a table tells.

    Parameters
    ----------
    where
        What faults call it: the name of a file.
    month
        The first month planned, in place of the one in the table.

    Raises
    ------
    InputError
        With every fault of the table.
    """
    rows = rows_of(data, where, SHEET)
    lacking = [name for name in ("what", "month") if name not in rows[0]]
    if lacking:
        allowed = ", ".join(COLUMNS)
        raise InputError(
            [Fault(where, f"lacks the column {', '.join(lacking)}", allowed, "name them in the first row")]
        )
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    placed: dict[tuple[str, int], int] = {}
    for number, row in enumerate(rows, start=2):
        at, what = f"{where}: row {number}", row["what"].strip().lower()
        if what in SINGLE:
            column, member = SINGLE[what]
            if value := row.get(column, "").strip():
                found[member] = _number(value)
        elif what in KINDS:
            entries = found.setdefault(KINDS[what].list, [])
            entry = _entry(row, what)
            placed[KINDS[what].list, len(entries)] = number
            entries.append(entry)
            faults += _faults(KINDS[what].model, entry, at)
        else:
            allowed = ", ".join([*SINGLE, *KINDS])
            faults.append(
                Fault(at, f"{row['what']!r} is nothing that can stand", allowed, "write one of these into what")
            )
    if month is not None:
        found["month"] = month
    if "month" not in found:
        faults.append(
            Fault(where, "does not say from which month on is planned", f"a row {MONTH!r}", "or give --start")
        )
    if faults:
        raise InputError(faults)
    try:
        return StateTable(StartingState.model_validate(found), where, placed)
    except ValidationError as error:
        told = faults_of(StartingState, error)
        raise InputError([Fault(where, f"{_title(f.where)}{f.what}", f.allowed, f.remedy) for f in told]) from error


def _title(pointer: str) -> str:
    """Return what a table calls a member that stands in it once; nothing of any other."""
    return next((f"{what}: " for what, (_, member) in SINGLE.items() if pointer.strip("/") == member), "")


def _entry(row: Mapping[str, str], what: str) -> dict[str, Any]:
    """Return the members of a row; what is empty is left out."""
    members = KINDS[what].members
    named = {column: members.get(column, column) for column in COLUMNS[1:]}
    told: dict[str, Any] = {member: row.get(column, "").strip() for column, member in named.items()}
    if number := members.get("number"):
        told[number] = _number(told[number])
    told["month"] = told["month"][: len("2027-01")]
    payer = {"payer": "partner"} if what == PARTNER_STALLS else {}
    return {name: value for name, value in told.items() if value != ""} | payer


def _number(text: str) -> float | str:
    """Return a number as a table writes it; what may mean another number stays as it is, and is told.

    >>> _number("119.198"), _number("-3"), _number("1,200"), _number("2029-04")
    (119.198, -3.0, '1,200', '2029-04')
    """
    digits = text.removeprefix("-").replace(".", "", 1)
    return float(text) if digits.isdecimal() else text


def _faults(model: type[BaseModel], entry: Mapping[str, Any], at: str) -> Iterable[Fault]:
    try:
        model.model_validate(entry)
    except ValidationError as error:
        return [Fault(at, f"{f.where.strip('/')}: {f.what}", f.allowed, f.remedy) for f in faults_of(model, error)]
    return []
