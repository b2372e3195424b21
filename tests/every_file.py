"""One test of a rule over many files: it fails with every file that breaks the rule, each with what is wrong there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cache, wraps
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Check = Callable[[Path], None]


def label(path: Path) -> str:
    """Return a file's place in the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    """Return a file's text, read once."""
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a Python file's syntax tree, made once; nobody changes it."""
    return ast.parse(text_of(path))


def of_every(paths: Sequence[Path]) -> Callable[[Check], Callable[[], None]]:
    """Make one test of a check of one file."""
    assert paths

    def made(check: Check) -> Callable[[], None]:
        def whole() -> None:
            broken = {label(path): why for path in paths if (why := _broken(check, path)) is not None}
            assert not broken, "\n".join(f"{place}: {why}" for place, why in broken.items())

        named = wraps(check)(whole)
        del named.__wrapped__  # or pytest asks for a fixture ``path``
        return named

    return made


def _broken(check: Check, path: Path) -> str | None:
    try:
        check(path)
    except AssertionError as error:
        return str(error) or "breaks the rule"
    return None
