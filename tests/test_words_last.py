"""Nobody reads a sentence to learn something: words are made last, and reworded sentences change nothing but words.

A sentence is known by where it is from: an attribute that holds prose, or what a function of the words' room returns, also by
way of a variable, a loop or an f-string. Outside that room it may be shown, cut short and joined, but not searched, compared with
other text, taken apart or matched.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.every_file import label, of_every, text_of

ROOT = Path(__file__).resolve().parent.parent
PROSE = {
    "because", "brief", "note", "said", "says", "sentence", "sentences", "summary", "told", "verdict", "way",
}  # fmt: skip
"""Attributes that hold prose, whoever wrote it."""

READING = {
    "count", "endswith", "find", "index", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition",
    "rsplit", "split", "splitlines", "startswith", "translate",
}  # fmt: skip
MATCHING = {"findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}
WORDS = "fleetplan.words"
NOT_SENTENCES = {"figure_rows", "owner_of", "parts_of", "words_of"}
"""Functions of the words' room that return no sentence: parts of an address, a slug, a table's row."""

USES_OF_RE = {
    "api/noting.py": "ids of requests",
    "api/prefix.py": "attributes of our templates that hold addresses, and the path that a setting names",
    "api/pages/money.py": "marks round amounts, and tags, of a page that is drawn",
    "api/pages/rerun.py": "JSON pointers into a request",
    "api/store/files.py": "hashes that are names of files",
    "api/submission.py": "the header Prefer",
    "fleetplan/alternatives/answer.py": "shares and amounts that people write",
    "fleetplan/catalogue/field_numbers.py": "numbers as people write them, in files from anybody",
    "fleetplan/catalogue/field_people.py": "H3 indexes, in files from anybody",
    "fleetplan/catalogue/field_polygons.py": "the format of a file from anybody",
    "fleetplan/catalogue/places.py": "degrees and minutes in the time zone database's table",
    "fleetplan/evaluate/given.py": "months as people and spreadsheets write them",
    "fleetplan/catalogue/newcity.py": "a city's name on its way to a slug, and places to fill in templates",
    "fleetplan/doubt/ranges.py": "the range that a figure's source states, in files from anybody",
    "fleetplan/months.py": "months",
    "fleetplan/request/guess.py": "numbers and months that people write",
    "fleetplan/request/strict_json.py": "bytes of JSON",
    "fleetplan/request/text.py": "numbers and keys of YAML",
    "fleetplan/simulate/fitting.py": "tables of a city's TOML file, which it writes anew",
    "fleetplan/trips/layouts.py": "names of columns, in files from anybody",
    "fleetplan/trips/write.py": "tables of a city's TOML file, which it writes anew",
    "fleetplan/reruns/levers.py": "a label on its way to a constraint's id",
    "fleetplan/report/map_svg.py": "numbers before the names of districts, as their sources write them",
    "fleetplan/slugs.py": "names on their way to files and folders",
}
"""Modules outside the words' room that match text, and what: never a sentence of ours."""

SOURCES = sorted(
    path
    for top in ("fleetplan", "api")
    for path in (ROOT / top).rglob("*.py")
    if path.relative_to(ROOT).parts[:2] != ("fleetplan", "words")
)


class Reader(ast.NodeVisitor):
    """Finds the places of one file where a sentence is read."""

    def __init__(self, tree: ast.Module) -> None:
        self.makers = set(_imported_from_words(tree))
        self.known: set[str] = set()
        self.found: list[tuple[int, str]] = []
        self.visit(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self.known = self.known, set(self.known)
        for _ in range(2):  # a name may be used above the place where it is bound, in a loop
            for target, value in _bindings(node):
                if self.is_prose(value):
                    self.known |= {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
        self.generic_visit(node)
        self.known = outer

    def is_prose(self, node: ast.expr) -> bool:
        """Return whether an expression is a sentence, or holds some of one."""
        if isinstance(node, ast.Attribute):
            return node.attr in PROSE
        if isinstance(node, ast.Name):
            return node.id in self.known
        if isinstance(node, ast.Call):
            return self._is_said(node)
        return any(self.is_prose(part) for part in _pieces(node))

    def _is_said(self, call: ast.Call) -> bool:
        """Return whether a call makes a sentence, or only puts one together or into another case."""
        if isinstance(call.func, ast.Name):
            return call.func.id in self.makers
        if not isinstance(call.func, ast.Attribute):
            return False
        whose = call.func.value
        if isinstance(whose, ast.Name) and whose.id in self.makers:
            return True
        return self.is_prose(whose) or (call.func.attr == "join" and any(self.is_prose(a) for a in call.args))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in READING and self.is_prose(node.func.value):
                self.found.append((node.lineno, f".{node.func.attr}()"))
            if node.func.attr in MATCHING and any(self.is_prose(a) for a in node.args):
                self.found.append((node.lineno, f".{node.func.attr}(sentence)"))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for (left, right), op in zip(itertools.pairwise(sides), node.ops, strict=True):
            if self.is_prose(left) or self.is_prose(right):
                empty = any(isinstance(s, ast.Constant) and s.value in {"", None} for s in (left, right))
                if isinstance(op, ast.In | ast.NotIn) or (isinstance(op, ast.Eq | ast.NotEq) and not empty):
                    self.found.append((node.lineno, type(op).__name__))
        self.generic_visit(node)


def _bindings(function: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what is bound in a function with what it is bound to; of a loop, what it goes over."""
    for part in ast.walk(function):
        if isinstance(part, ast.Assign):
            yield from ((target, part.value) for target in part.targets)
        elif isinstance(part, ast.AnnAssign | ast.NamedExpr) and part.value is not None:
            yield part.target, part.value
        elif isinstance(part, ast.For | ast.comprehension):
            yield _values(part.target, part.iter), part.iter


def _values(target: ast.expr, over: ast.expr) -> ast.expr:
    """Return what a loop binds to prose: of a mapping's items the values, not the keys."""
    items = isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr == "items"
    return target.elts[1] if items and isinstance(target, ast.Tuple) else target


PIECES: dict[type[ast.expr], tuple[str, ...]] = {
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.FormattedValue: ("value",),
    ast.GeneratorExp: ("elt",),
    ast.IfExp: ("body", "orelse"),
    ast.JoinedStr: ("values",),
    ast.List: ("elts",),
    ast.ListComp: ("elt",),
    ast.Starred: ("value",),
    ast.Subscript: ("value",),
    ast.Tuple: ("elts",),
}
"""Of what parts an expression's text is made."""


def _pieces(node: ast.expr) -> Iterator[ast.expr]:
    for field in PIECES.get(type(node), ()):
        value = getattr(node, field)
        yield from value if isinstance(value, list) else [value]


def _imported_from_words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(WORDS):
            for alias in node.names:
                if alias.name not in NOT_SENTENCES and not alias.name.isupper() and not alias.name[0].isupper():
                    yield alias.asname or alias.name
        if isinstance(node, ast.ImportFrom) and node.module == "fleetplan":
            yield from (alias.asname or alias.name for alias in node.names if alias.name == "words")


def readings(source: str) -> list[tuple[int, str]]:
    return Reader(ast.parse(source)).found


@of_every(SOURCES)
def test_no_code_reads_a_sentence(path: Path):
    found = readings(text_of(path))
    assert not found, f"{label(path)} reads sentences: give the fact a field, and decide by it"


PLANTED = {
    "an attribute searched": "if 'kept' in plan.certificate.method.sentence: pass",
    "an attribute's beginning": "b.sentence.startswith(partner)",
    "an attribute taken apart": "head, _, tail = told.text and move.because.partition('; ')",
    "a pattern": "found = PATTERN.search(clash.sentence)",
    "re itself": "import re\nre.sub('x', 'y', effect.note)",
    "a list of sentences": "def f(x):\n    for s in x.sentences:\n        if s == 'Not known yet.':\n            return 1",
    "a sentence among others": "move.because in {'Not known yet.', 'Only together.'}",
    "a function of the words' room": (
        "from fleetplan.words.constraints import constraint_words\n"
        "def f(c, n):\n    text = constraint_words(c, n)\n    return text.partition(' times ')"
    ),
    "its module": "from fleetplan.words import values as words\nwords.usd(3.0).endswith('M')",
    "by way of an f-string": "def f(b):\n    text = f'{b.sentence} more'\n    return text.replace('slug', 'name')",
    "put into lower case first": "def f(b):\n    return b.sentence.lower().find('permit')",
}
HARMLESS = {
    "shown": "def f(b):\n    return f'{b.sentence} {b.note}'",
    "empty or not": "if not effect.note and move.because != '': pass",
    "a capital letter": "def f(b):\n    return b.sentence[:1].upper() + b.sentence[1:]",
    "a list of them": "def f(c):\n    return [*c.sentences, c.summary[0]]",
    "an id": "if b.constraint == c.id and b.rule in rules: pass",
    "another text": "line.partition(':')",
}


@pytest.mark.parametrize("source", PLANTED.values(), ids=PLANTED)
def test_a_sentence_that_is_read_is_found(source: str):
    assert readings(source)


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
def test_a_sentence_may_be_shown(source: str):
    assert not readings(source)


def test_who_matches_text_says_which():
    users = {label(path) for path in SOURCES if re.search(r"^\s*(import re$|from re )", text_of(path), re.MULTILINE)}
    assert users == set(USES_OF_RE)


_SAID = r"\.(sentence|because|note|said)\b\)?"
IN_SCRIPTS = re.compile(_SAID + r"\.(includes|match|startsWith|endsWith|indexOf|split|search|replace)\(")
IN_TEMPLATES = re.compile(_SAID + r"\s*(\||\.)\s*(replace|split|startswith|endswith|partition|find)\b")


def test_neither_scripts_nor_templates_read_a_sentence():
    scripts = [*(ROOT / "api").rglob("*.js"), *(ROOT / "fleetplan").rglob("*.js")]
    templates = [*(ROOT / "api").rglob("*.j2"), *(ROOT / "fleetplan").rglob("*.j2")]
    assert len(scripts) > 10
    assert len(templates) > 20
    found = [label(p) for p in scripts if IN_SCRIPTS.search(p.read_text("utf-8"))]
    found += [label(p) for p in templates if IN_TEMPLATES.search(p.read_text("utf-8"))]
    assert not found
    assert IN_SCRIPTS.search("if (found.sentence.includes('kept'))")
    assert IN_TEMPLATES.search("{{ move.because | replace('x', 'y') }}")
