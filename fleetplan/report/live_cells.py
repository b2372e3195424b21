"""Cells of a workbook that recalculates: inputs that a switch chooses, rows over periods, references between them.

Formulas are made of numbers, operators and addresses alone. Text, whoever wrote it, is only ever written as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell  # type: ignore[import-untyped]

from fleetplan.catalogue.types import Figure
from fleetplan.doubt.ranges import ranged

Formula = str | float | int
SWITCH = ("low", "likely", "high")
SWITCH_CELL = "Inputs!$B$3"
FIRST_INPUT = 5
COLUMNS = ("figure", "number", "unit", "low", "likely", "high", "switch", "in use", "confidence", "source")
A4, PAGES_WIDE = 9, 2
UNKNOWN = ""
"""Kept as a formula's value: whoever opens the file works it out, and shows no 0 in its place."""
LABEL, UNIT, FIRST = 0, 1, 2
"""Columns of a sheet over periods: what a row is, its unit, its first period."""


def number(value: float) -> str:
    """Return a number within a formula, negative ones in brackets.

    >>> number(0.1), number(-2.0)
    ('0.1', '(-2)')
    """
    text = repr(float(value)).removesuffix(".0")
    return f"({text})" if value < 0 else text


def printed_small(sheet: Any, *, first_row: int, columns: int, pages: int = 1) -> None:
    """Have a sheet printed across, so many pages wide, its head and its first columns on every page."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(pages, 0)
    sheet.repeat_rows(0, first_row)
    sheet.repeat_columns(0, columns - 1)
    sheet.set_footer("&L&A&R&P / &N")


def weighted(parts: Sequence[tuple[float, str]]) -> str:
    """Return a sum of references with weights, ``0`` for none.

    >>> weighted([(1.0, "A1"), (0.5, "A2")])
    '(A1+0.5*A2)'
    """
    told = [ref if weight == 1 else f"{number(weight)}*{ref}" for weight, ref in parts if weight]
    return f"({'+'.join(told)})" if told else "0"


@dataclass(frozen=True, slots=True)
class Input:
    """A number that formulas read: a figure, or one of the numbers of its list."""

    figure: Figure
    label: str
    row: int
    low: float
    likely: float
    high: float


@dataclass
class Live:
    """A workbook in the making. ``inputs`` grows with every number that a formula asks for."""

    book: Any
    inputs: dict[tuple[str, int], Input] = field(default_factory=dict)
    formats: Mapping[str, Any] = field(default_factory=dict)

    def ref(self, figure: Figure, index: int = 0) -> str:
        """Return the address of a figure's number in use."""
        key = (figure.key, index)
        if key not in self.inputs:
            likely = figure.values or (figure.value,)
            known = ranged(figure)
            low, high = (known.low, known.high) if known else (likely, likely)
            label = str(figure.years[index]) if figure.years else str(index + 1) if figure.values else ""
            self.inputs[key] = Input(
                figure, label, FIRST_INPUT + len(self.inputs), low[index], likely[index], high[index]
            )
        return f"Inputs!$H${self.inputs[key].row + 1}"

    def write_inputs(self, sheet: Any) -> None:
        """Write every number that formulas read, with the switch that chooses among low, likely and high."""
        bold, entry = self.formats["bold"], self.formats["entry"]
        sheet.write_string(0, 0, "Inputs", self.formats["title"])
        sheet.write_string(1, 0, "The switch below holds for every row whose own switch is empty.")
        sheet.write_string(2, 0, "switch for all")
        sheet.write_string(2, 1, "likely", entry)
        choice = {"validate": "list", "source": list(SWITCH)}
        sheet.data_validation(2, 1, 2, 1, choice)
        sheet.write_row(FIRST_INPUT - 1, 0, COLUMNS, bold)
        for one in self.inputs.values():
            row = one.row
            sheet.write_string(row, 0, one.figure.key)
            sheet.write_string(row, 1, one.label)
            sheet.write_string(row, 2, one.figure.unit)
            for column, value in ((3, one.low), (4, one.likely), (5, one.high)):
                sheet.write_number(row, column, value)
            sheet.write_blank(row, 6, None, entry)
            own, line = f"G{row + 1}", row + 1
            chosen = f'IF({own}="",$B$3,{own})'
            formula = f'=IF({chosen}="low",D{line},IF({chosen}="high",F{line},E{line}))'
            sheet.write_formula(row, 7, formula, self.formats["used"], one.likely)
            sheet.write_string(row, 8, one.figure.confidence)
            sheet.write_string(row, 9, one.figure.source)
        last = FIRST_INPUT + max(0, len(self.inputs) - 1)
        sheet.data_validation(FIRST_INPUT, 6, last, 6, choice)
        sheet.autofilter(FIRST_INPUT - 1, 0, last, len(COLUMNS) - 1)
        sheet.freeze_panes(FIRST_INPUT, 1)
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, 8, 12)
        sheet.set_column(9, 9, 60)


@dataclass
class Rows:
    """A sheet with a row for each item and a column for each period, or month; rows are referred to by name."""

    live: Live
    sheet: Any
    name: str
    columns: int
    at: dict[str, int] = field(default_factory=dict)
    row: int = 2

    def head(self, labels: Sequence[str], title: str) -> None:
        """Write the title and the head of the table."""
        self.sheet.write_string(0, 0, title, self.live.formats["title"])
        self.sheet.write_string(1, LABEL, "item", self.live.formats["bold"])
        self.sheet.write_string(1, UNIT, "unit", self.live.formats["bold"])
        for k, label in enumerate(labels):
            self.sheet.write_string(1, FIRST + k, label, self.live.formats["bold"])
        self.sheet.freeze_panes(2, FIRST)
        printed_small(self.sheet, first_row=1, columns=FIRST, pages=PAGES_WIDE)
        self.sheet.set_column(LABEL, LABEL, 34)
        self.sheet.set_column(UNIT, UNIT, 12)
        self.sheet.set_column(FIRST, FIRST + self.columns, 13)

    def add(self, item: str, unit: str, cell: Callable[[int], Formula], style: str = "amount") -> str:
        """Write a row, each cell a number or a formula; return its name."""
        self.at[item] = self.row
        self.sheet.write_string(self.row, LABEL, item)
        self.sheet.write_string(self.row, UNIT, unit)
        for t in range(self.columns):
            self._put(self.row, FIRST + t, cell(t), style)
        self.row += 1
        return item

    def _put(self, row: int, column: int, value: Formula, style: str) -> None:
        if isinstance(value, str):
            self.sheet.write_formula(row, column, f"={value}", self.live.formats[style], UNKNOWN)
        else:
            self.sheet.write_number(row, column, float(value), self.live.formats[style])

    def single(self, item: str, unit: str, value: Formula, style: str = "amount") -> str:
        """Write one value in the first column of a row of its own; return its address for other sheets."""
        self.at[item] = self.row
        self.sheet.write_string(self.row, LABEL, item)
        self.sheet.write_string(self.row, UNIT, unit)
        self._put(self.row, FIRST, value, style)
        self.row += 1
        return self.one(item)

    def cell(self, item: str, t: int) -> str:
        """Return the address of a row's cell within this sheet."""
        return str(xl_rowcol_to_cell(self.at[item], FIRST + t))

    def out(self, item: str, t: int) -> str:
        """Return the address of a row's cell for other sheets."""
        return f"'{self.name}'!{xl_rowcol_to_cell(self.at[item], FIRST + t, row_abs=True, col_abs=True)}"

    def one(self, item: str) -> str:
        """Return the address of a single value for other sheets."""
        return self.out(item, 0)

    def span(self, item: str) -> str:
        """Return the range of a row for other sheets."""
        first, last = xl_col_to_name(FIRST, True), xl_col_to_name(FIRST + self.columns - 1, True)  # noqa: FBT003
        line = self.at[item] + 1
        return f"'{self.name}'!{first}${line}:{last}${line}"


def opened(out: Any) -> Live:
    """Return a workbook that writes to a buffer; no text in it ever becomes a formula or a link."""
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    formats = {
        "bold": book.add_format({"bold": True, "bottom": 1}),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "entry": book.add_format({"bg_color": "#FFF6D6", "border": 1, "border_color": "#C9B56B"}),
        "used": book.add_format({"bold": True}),
        "amount": book.add_format({"num_format": "#,##0;[Red]-#,##0"}),
        "plain": book.add_format({"num_format": "0.0000"}),
        "whole": book.add_format({"num_format": "#,##0"}),
        "share": book.add_format({"num_format": "0.00%"}),
        "money": book.add_format({"num_format": '#,##0" USD";[Red]-#,##0" USD"', "bold": True}),
    }
    return Live(book, formats=formats)
