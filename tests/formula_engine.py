"""A small engine for the formulas of our workbooks: numbers, text, references, ranges, operators and a dozen functions.

It reads an XLSX as a spreadsheet program would and knows nothing of what made it. A cell without a number or a formula is empty
text. Both branches of an IF are worked out; what cannot be divided is infinite and stays in the branch that is not taken.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.formula import Tokenizer  # type: ignore[import-untyped]
from openpyxl.utils import range_boundaries  # type: ignore[import-untyped]

FUNCTIONS: dict[str, Callable[..., Any]] = {}
OPERATORS = {"^": "**", "=": "==", "<>": "!="}


def _flat(items: Iterable[Any]) -> list[Any]:
    return [x for item in items for x in (item if isinstance(item, list) else [item])]


def _function(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def put(call: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = call
        return call

    return put


_function("SUM")(lambda *items: np.float64(math.fsum(_flat(items))))
_function("SUMPRODUCT")(lambda one, two: np.float64(math.fsum(a * b for a, b in zip(one, two, strict=True))))
_function("MIN")(lambda *items: min(_flat(items)))
_function("MAX")(lambda *items: max(_flat(items)))
_function("ABS")(abs)
_function("AND")(lambda *items: all(items))
_function("IF")(lambda test, yes, no: yes if test else no)
_function("INDEX")(lambda row, _, column: row[round(column) - 1])
_function("ROUND")(
    lambda x, digits: np.float64(math.floor(abs(x) * 10**digits + 0.5) / 10**digits * (1 if x >= 0 else -1))
)


class Sheets:
    """A workbook that can be changed and worked out."""

    def __init__(self, content: bytes) -> None:
        book = load_workbook(io.BytesIO(content))
        held = [
            ((sheet.title, cell.coordinate), cell.value, cell.data_type == "f")
            for sheet in book.worksheets
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        ]
        self.cells = {place: value for place, value, _ in held}
        self._living = {place for place, _, is_formula in held if is_formula}
        self._compiled: dict[str, Any] = {}
        self._known: dict[tuple[str, str], Any] = {}

    @property
    def formulas(self) -> list[str]:
        """Every formula, without what it is called from."""
        return [str(self.cells[place]) for place in sorted(self._living)]

    def put(self, sheet: str, cell: str, value: str | float) -> None:
        """Change a cell; everything is worked out anew."""
        self.cells[sheet, cell] = value
        self._living.discard((sheet, cell))
        self._known = {}

    def value(self, sheet: str, cell: str) -> Any:
        """Return a cell's value."""
        key = (sheet, cell.replace("$", ""))
        if key not in self._known:
            held = self.cells.get(key, "")
            if key in self._living:
                held = self._worked_out(str(held), sheet)
            self._known[key] = (
                np.float64(held) if isinstance(held, int | float) and not isinstance(held, bool) else held
            )
        return self._known[key]

    def _worked_out(self, formula: str, sheet: str) -> Any:
        if formula not in self._compiled:
            self._compiled[formula] = compile(_python(formula), formula[:60], "eval")
        names = {
            **FUNCTIONS,
            "N": np.float64,
            "R": partial(self._reference, sheet),
        }
        return eval(self._compiled[formula], {"__builtins__": {}}, names)  # noqa: S307  # our own formulas, translated here

    def _reference(self, here: str, text: str) -> Any:
        found = re.fullmatch(r"(?:'([^']+)'|(\w+))!(.+)", text)
        sheet, area = ((found.group(1) or found.group(2)), found.group(3)) if found else (here, text)
        if ":" not in area:
            return self.value(sheet, area)
        left, top, right, bottom = range_boundaries(area.replace("$", ""))
        return [self.value(sheet, _name(r, c)) for r in range(top, bottom + 1) for c in range(left, right + 1)]


def _name(row: int, column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"


def _python(formula: str) -> str:
    parts = []
    for token in Tokenizer(formula).items:
        if token.type == "OPERAND":
            parts.append(
                {"RANGE": f"R({token.value!r})", "NUMBER": f"N({token.value})"}.get(token.subtype) or _literal(token)
            )
        elif token.type == "FUNC":
            parts.append(token.value if token.subtype == "OPEN" else ")")
        elif token.type.startswith("OPERATOR"):
            parts.append(OPERATORS.get(token.value, token.value))
        elif token.type == "SEP":
            parts.append(",")
        elif token.type == "PAREN":
            parts.append(token.value)
    return "".join(parts)


def _literal(token: Any) -> str:
    if token.subtype == "TEXT":
        return repr(token.value[1:-1].replace('""', '"'))
    return {"TRUE": "True", "FALSE": "False"}[token.value]
