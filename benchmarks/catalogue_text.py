"""Plain data as the text of the catalogue's files: TOML and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Toml = dict[str, Any]


def toml_text(tables: Toml) -> str:
    """Return plain data as TOML, keys in their order; lists of tables at the top become tables of an array."""
    return "\n".join(_tables(tables, ()))


def _tables(table: Toml, above: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not _is_table(value, above)}
    if plain or not table:
        head = f"[{'.'.join(above)}]\n" if above else ""
        yield head + "".join(f"{key} = {_inline(value)}\n" for key, value in plain.items())
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _tables(value, (*above, key))
        elif _is_table(value, above):
            yield from (f"[[{key}]]\n" + "".join(f"{k} = {_inline(v)}\n" for k, v in item.items()) for item in value)


def _is_table(value: Any, above: tuple[str, ...]) -> bool:
    return isinstance(value, dict) or (
        not above and isinstance(value, list) and all(isinstance(v, dict) for v in value)
    )


def _inline(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_inline(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_inline(item)}' for key, item in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of one shape as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
