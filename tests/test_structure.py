"""The shape of the code base: which room may import which, what is documented, what must not stand in a file."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.every_file import label, of_every, text_of, tree_of

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, SERVICE = ROOT / "fleetplan", ROOT / "api"

BASE = {"errors", "facts", "months", "proven", "remedies", "side_by_side", "slugs", "whole_files"}
FACTS = BASE | {"catalogue"}
PLACES = FACTS | {"geography", "demand", "service"}
INPUTS = PLACES | {"permits", "economics", "request", "scope"}

# Room -> the rooms it may import besides itself. The data flows from top to bottom, imports point upwards.
# A dotted room is a part of a package with a rule of its own; the longest name that fits counts.
ALLOWED: dict[str, set[str]] = {
    "proven": set(),
    "facts": {"proven"},
    "remedies": {"facts"},
    "errors": {"facts", "remedies"},
    "months": set(),
    "slugs": set(),
    "whole_files": set(),
    "side_by_side": set(),
    "parquet": set(),
    "helpers": set(),
    "request": BASE,
    "catalogue": BASE | {"parquet"},
    "geography": FACTS,
    "trips.types": {"facts"},
    # Reads tables from elsewhere into a city's folder; demand reads what it wrote.
    "trips": PLACES | {"parquet", "trips.types"},
    "demand": FACTS | {"geography"},
    "service": FACTS | {"geography", "demand"},
    "options": BASE | {"request"},
    "run": FACTS | {"helpers"},
    "prepare": INPUTS | {"run", "optimize"},
    "scope": FACTS | {"request"},
    "permits": FACTS | {"request"},
    "economics": FACTS | {"request"},
    "optimize": INPUTS | {"helpers"},
    "plans.types": BASE | {"request"},
    # The checker shares no code with the rows it judges: request, catalogue and curves only.
    "plans.check": PLACES | {"request", "scope", "plans.types"},
    "plans": INPUTS | {"optimize", "plans.types", "plans.check"},
    "compare.types": BASE,
    "compare.table_types": BASE,
    "reruns.patch": BASE | {"request"},
    "evaluate.sheets": BASE,
    "evaluate.result": BASE,
    # What a plan made elsewhere decides; only what scores it stands above the planner.
    "evaluate.given": INPUTS | {"evaluate.sheets", "plans", "plans.types"},
    # What a plan expects to stand at a month, and its table.
    "rolling": BASE | {"request", "plans.types", "evaluate.sheets"},
    "doubt.types": FACTS,
    "replays.types": BASE | {"request"},
    "replays": BASE | {"request", "plans", "plans.types", "replays.types"},
    # Policies and areas as other tools write them.
    "mds": INPUTS | {"plans.types"},
    "recourse.types": BASE,
    "recourse.idle": BASE,
    "words": INPUTS
    | {
        "mds",
        "trips.types",
        "doubt.types",
        "threshold.types",
        "limits.types",
        "replays.types",
        "recourse.types",
        "alternatives.types",
        "compare.table_types",
        "frontier.types",
        "options",
        "compare.types",
        "plans",
        "plans.types",
        "plans.check",
        "reruns.patch",
    },
    # What is watched of a plan, and held of it as steps; a rerun weighs plans with it against all others.
    "threshold.types": BASE,
    "threshold.shape": BASE | {"plans.types", "threshold.types"},
    "threshold.held": INPUTS | {"optimize", "plans.types", "threshold.shape"},
    "reruns.weighed": INPUTS | {"options", "optimize", "plans.types", "prepare", "threshold.held", "threshold.shape"},
    "reruns": INPUTS
    | {"options", "prepare", "explain", "optimize", "plans", "plans.types", "recourse.idle", "reruns.patch", "words"},
    "repair": INPUTS | {"optimize", "plans", "plans.types", "plans.check", "prepare", "reruns.patch"},
    "no_plan": INPUTS | {"repair", "prepare", "run", "optimize", "reruns", "words"},
    "planner": INPUTS
    | {
        "no_plan",
        "repair",
        "options",
        "prepare",
        "run",
        "optimize",
        "plans",
        "plans.types",
        "plans.check",
        "reruns",
        "reruns.weighed",
        "words",
    },
    "recheck": INPUTS | {"options", "prepare", "run", "optimize", "planner", "plans", "plans.types"},
    "inquiry.question": INPUTS | {"plans.types"},
    "inquiry.answer": INPUTS | {"compare", "compare.types", "inquiry.question", "plans.types", "reruns.patch", "words"},
    "inquiry.why_not": INPUTS | {"inquiry.answer", "inquiry.question", "options", "run", "plans.types", "reruns.rerun"},
    "inquiry": set(),
    "reruns.rerun": INPUTS | {"options", "run", "planner", "plans.types", "reruns", "reruns.patch", "words"},
    "reruns.again": INPUTS
    | {"options", "run", "optimize", "planner", "prepare", "plans.types", "reruns.patch", "reruns.weighed"},
    "reruns.beside": BASE | {"run", "reruns.again"},
    # Revalues what is decided; only what plans again stands above the planner.
    "doubt": INPUTS | {"doubt.types", "plans", "plans.types", "plans.check"},
    # What to plan next and what is known; only what plans again stands above the planner.
    "threshold": INPUTS | {"doubt", "doubt.types", "plans.types", "reruns.patch", "threshold.shape", "threshold.types"},
    "threshold.find": INPUTS
    | {
        "options",
        "run",
        "plans.types",
        "reruns.again",
        "reruns.beside",
        "threshold",
        "threshold.held",
        "threshold.shape",
        "threshold.types",
    },
    "limits.types": BASE | {"threshold.types"},
    "limits": INPUTS | {"plans.types", "limits.types", "threshold", "threshold.shape", "threshold.types"},
    "limits.find": INPUTS
    | {"options", "run", "plans.types", "reruns.again", "reruns.beside", "limits", "limits.types"},
    "doubt.fanout": INPUTS | {"options", "run", "prepare", "plans", "plans.types", "reruns.again"},
    "doubt.resolve": INPUTS | {"doubt", "doubt.fanout", "doubt.types", "plans.types"},
    # What is decided for all, and what plans of single scenarios say together; only what plans again stands above the planner.
    "recourse": INPUTS | {"recourse.idle", "recourse.types", "options", "plans.types", "reruns.patch"},
    "recourse.cuts": INPUTS | {"recourse", "recourse.idle", "optimize", "plans.types"},
    "recourse.search": INPUTS
    | {"recourse", "recourse.cuts", "recourse.idle", "recourse.types", "options", "plans.types"},
    "recourse.making": INPUTS
    | {
        "options",
        "planner",
        "plans",
        "plans.types",
        "prepare",
        "recourse",
        "recourse.idle",
        "recourse.search",
        "recourse.types",
        "reruns",
        "reruns.patch",
        "run",
    },
    "recourse.solve": INPUTS
    | {"options", "planner", "plans.types", "recourse", "recourse.making", "recourse.search", "recourse.types", "run"},
    "alternatives.types": BASE | {"compare.types"},
    "alternatives": INPUTS | {"alternatives.types", "compare", "compare.types", "plans", "plans.types", "words"},
    "alternatives.search": INPUTS
    | {
        "alternatives",
        "alternatives.types",
        "optimize",
        "options",
        "planner",
        "plans.types",
        "prepare",
        "reruns.patch",
        "run",
        "words",
    },
    "frontier.types": BASE,
    "frontier": INPUTS | {"compare.types", "frontier.types", "plans", "plans.types", "words"},
    "frontier.search": INPUTS
    | {"frontier", "frontier.types", "options", "run", "plans.types", "reruns.rerun", "words"},
    "explain": INPUTS | {"optimize", "plans", "plans.types", "plans.check", "words"},
    "report": INPUTS
    | {
        "mds",
        "compare",
        "compare.types",
        "doubt",
        "doubt.types",
        "explain",
        "plans",
        "plans.types",
        "plans.check",
        "replays.types",
        "recourse",
        "recourse.types",
        "frontier.types",
        "words",
    },
    "compare": INPUTS
    | {
        "compare.types",
        "compare.table_types",
        "options",
        "run",
        "optimize",
        "plans",
        "plans.types",
        "planner",
        "reruns",
        "reruns.patch",
        "words",
    },
    # Simulates whatever it is given; only the replay of a plan reads plans.
    "simulate": PLACES | {"parquet", "request", "scope", "plans", "plans.types", "replays", "replays.types"},
    "examples": set(),
    "drafts": BASE | {"catalogue", "examples", "request", "words"},
    "terminal": INPUTS | {"examples", "optimize", "run", "plans", "plans.types", "replays", "report", "words"},
    "cli_calendar": INPUTS | {"plans.types", "report", "terminal"},
    "cli_cities": INPUTS | {"mds", "report", "terminal", "trips", "words"},
    "cli_doubt": INPUTS
    | {"doubt", "doubt.types", "doubt.fanout", "doubt.resolve", "plans.types", "report", "terminal", "words"},
    "cli_recourse": INPUTS
    | {
        "options",
        "plans",
        "plans.types",
        "recourse",
        "recourse.types",
        "recourse.making",
        "recourse.solve",
        "report",
        "terminal",
        "cli_files",
        "words",
    },
    "cli_files": INPUTS
    | {
        "options",
        "compare",
        "compare.types",
        "compare.table_types",
        "planner",
        "plans.types",
        "report",
        "reruns.patch",
        "reruns.rerun",
        "terminal",
        "words",
    },
    "evaluate": INPUTS
    | {
        "alternatives",
        "evaluate.given",
        "evaluate.result",
        "evaluate.sheets",
        "compare",
        "optimize",
        "options",
        "planner",
        "plans",
        "plans.types",
        "plans.check",
        "prepare",
        "run",
        "words",
    },
    "cli_rolling": BASE | {"rolling", "terminal"},
    "cli_evaluate": INPUTS | {"evaluate", "options", "terminal"},
    "cli_binds": INPUTS | {"plans.types", "reruns.again", "limits", "limits.find", "limits.types", "terminal", "words"},
    "cli_threshold": INPUTS
    | {
        "doubt.types",
        "plans.types",
        "report",
        "run",
        "reruns.again",
        "terminal",
        "threshold",
        "threshold.find",
        "threshold.shape",
        "threshold.types",
        "words",
    },
    "cli_replays": INPUTS | {"simulate", "replays", "replays.types", "terminal", "words"},
    "cli_simulate": INPUTS | {"cli_replays", "simulate", "terminal", "words"},
    "cli_options": INPUTS
    | {
        "alternatives",
        "alternatives.types",
        "alternatives.search",
        "frontier",
        "frontier.types",
        "frontier.search",
        "options",
        "plans",
        "plans.types",
        "report",
        "terminal",
        "words",
    },
    "cli": INPUTS
    | {
        "examples",
        "options",
        "run",
        "optimize",
        "plans",
        "plans.types",
        "plans.check",
        "report",
        "planner",
        "recheck",
        "words",
        "inquiry.answer",
        "inquiry.question",
        "inquiry.why_not",
        "terminal",
        "cli_calendar",
        "cli_cities",
        "cli_doubt",
        "cli_recourse",
        "cli_evaluate",
        "cli_rolling",
        "cli_simulate",
        "cli_threshold",
        "cli_binds",
        "cli_files",
        "cli_options",
    },
    "__main__": {"cli"},
    # The public face: names imported when first used.
    "__init__": INPUTS | {"options", "run", "optimize", "plans", "plans.types", "plans.check", "report", "planner"},
}
# What the service takes from the library beside its jobs: it plans nothing itself and knows no matrix and no command line.
LIBRARY = set(ALLOWED) - {
    "planner",
    "repair",
    "evaluate",
    "inquiry.why_not",
    "alternatives.search",
    "frontier.search",
    "reruns.rerun",
    "doubt.fanout",
    "doubt.resolve",
    "reruns.again",
    "reruns.beside",
    "threshold.find",
    "threshold.held",
    "limits.find",
    "recourse.making",
    "recourse.solve",
    "cli_recourse",
    "optimize",
    "geography",
    "demand",
    "economics",
    "simulate",
    "trips",
    "cli",
    "cli_evaluate",
    "cli_threshold",
    "cli_binds",
    "cli_replays",
    "cli_simulate",
    "cli_rolling",
    "__main__",
}
HTTP = {
    "api.pointers",
    "api.prefix",
    "api.problems",
    "api.media",
    "api.documents",
    "api.strict_json",
    "api.openapi",
    "api.security",
    "api.settings",
}
ASKED = HTTP | {
    "api.links",
    "api.store",
    "api.schemas",
    "api.option_schemas",
    "api.card_schemas",
    "api.known",
    "api.missing",
    "api.deps",
}
JUDGED = ASKED | {
    "api.bodies",
    "api.checks",
    "api.rerun",
    "api.causes",
    "api.asked_reruns",
    "api.doubts",
    "api.grids",
    "api.limits",
    "api.recourse",
    "api.thresholds",
    "api.schemas_again",
    "api.alternatives",
    "api.several",
    "api.why_not",
    "api.render",
    "api.submission",
    "api.search",
    "api.simulations",
    "api.evaluations",
    "api.city_schemas",
    "api.uploads",
    "api.new_city",
}

# The service stands on the library, so its rooms may name the library's; no room of the library names one of these.
ALLOWED |= {
    "api": set(),
    "api.store": {"options"},
    "api.infeasible": set(),
    "api.jobs": {
        "api.infeasible",
        "api.store",
        "catalogue",
        "errors",
        "evaluate",
        "helpers",
        "optimize",
        "options",
        "planner",
        "plans",
        "plans.types",
        "prepare",
        "replays",
        "replays.types",
        "request",
        "run",
        "scope",
        "simulate",
        "words",
    },
    "api.prefix": set(),
    "api.links": {"api.prefix", "api.store"},
    "api.settings": {"api.jobs", "api.prefix"},
    "api.logs": set(),
    "api.metrics": set(),
    "api.problems": {"api.pointers", "api.store", "errors"},
    "api.media": {"api.problems"},
    "api.documents": {"api.media"},
    "api.strict_json": {"api.problems", "request"},
    "api.openapi": {"api.problems", "api.media"},
    "api.security": {"api.problems", "api.settings", "api.store"},
    "api.schemas": {"api.links", "api.store"} | LIBRARY,
    "api.card_schemas": {"api.schemas", "api.store", "request"},
    "api.known": LIBRARY,
    "api.following": {"api.store"},
    "api.missing": {"api.problems", "api.store"},
    "api.deps": HTTP
    | {"api.missing", "api.following", "api.store", "api.known", "api.metrics", "plans", "plans.types"},
    "api.bodies": ASKED | LIBRARY,
    "api.checks": ASKED | {"api.infeasible"} | LIBRARY,
    "api.rerun": ASKED | {"api.bodies", "api.checks"} | LIBRARY,
    "api.found_reruns": {"api.prefix", "api.schemas", "api.store"} | LIBRARY,
    "api.causes": ASKED | {"api.bodies", "api.found_reruns", "api.rerun"} | LIBRARY,
    "api.schemas_again": {"api.schemas", "api.store"} | LIBRARY,
    "api.asked_reruns": ASKED | {"api.bodies", "api.found_reruns", "api.rerun"} | LIBRARY,
    "api.doubts": ASKED | {"api.asked_reruns", "api.schemas_again"} | LIBRARY,
    "api.grids": ASKED | {"api.asked_reruns", "api.bodies", "api.rerun", "api.store"} | LIBRARY,
    "api.limits": ASKED | {"api.asked_reruns", "api.schemas_again"} | LIBRARY,
    "api.recourse": ASKED
    | {"api.asked_reruns", "api.bodies", "api.found_reruns", "api.rerun", "api.schemas_again"}
    | LIBRARY,
    "api.thresholds": ASKED | {"api.asked_reruns", "api.schemas_again"} | LIBRARY,
    "api.option_schemas": {"api.schemas"} | LIBRARY,
    "api.alternatives": ASKED | {"api.asked_reruns"} | LIBRARY,
    "api.several": ASKED | LIBRARY,
    "api.why_not": ASKED | {"api.bodies", "api.found_reruns", "api.rerun"} | LIBRARY,
    "api.render": ASKED | LIBRARY,
    "api.submission": ASKED | {"replays.types"},
    "api.search": ASKED | LIBRARY,
    "api.simulations": ASKED | LIBRARY,
    "api.evaluations": ASKED | {"api.bodies"} | LIBRARY,
    "api.city_schemas": {"api.schemas"},
    "api.uploads": {"api.problems", "api.city_schemas"},
    "api.new_city": ASKED | {"api.city_schemas", "api.uploads"} | LIBRARY,
    "api.routes": JUDGED | LIBRARY,
    "api.pages": JUDGED | {"api.routes", "api.jobs"} | LIBRARY,
    "api.noting": {"api.deps"},
    "api.short_way": HTTP | {"api.deps", "api.noting"},
    "api.middleware": HTTP | {"api.deps", "api.noting", "api.pages"},
    "api.app": JUDGED | {"api.jobs", "api.logs", "api.routes", "api.pages", "api.middleware", "api.short_way"},
    "api.sockets": set(),
    "api.pointers": set(),
    "api.starting": {"api.settings", "api.store", "errors"},
    "api.serve": {
        "api.app",
        "api.jobs",
        "api.logs",
        "api.security",
        "api.settings",
        "api.short_way",
        "api.sockets",
        "api.store",
    },
    # The commands reach the service itself only when they are run.
    "api.told_lines": {"cli_files"},
    "api.commands": {
        "api.told_lines",
        "compare",
        "compare.types",
        "compare.table_types",
        "cli_files",
        "api.serve",
        "api.jobs",
        "api.starting",
        "errors",
        "request",
        "words",
    },
}
EDGES = {
    "report",
    "cli",
    "cli_calendar",
    "cli_cities",
    "cli_doubt",
    "cli_recourse",
    "cli_evaluate",
    "cli_rolling",
    "cli_files",
    "cli_replays",
    "cli_options",
    "cli_simulate",
    "cli_threshold",
    "cli_binds",
    "terminal",
    "__main__",
}
EDGE_LIBRARIES = {"fastapi", "starlette", "plotly", "matplotlib", "rich", "typer", "jinja2"}
HEAVY_LIBRARIES = {
    "duckdb",
    "geopandas",
    "numba",
    "pandas",
    "scipy",
    "shapely",
    "ortools",
    "highspy",
    "plotly",
    "matplotlib",
    "fastapi",
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 70
COORDINATES, PLANS_COMPARED = {"x", "y", "r"}, {"a", "b"}

# Spelled in pieces, so that this file may be searched too.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
    ]
]
REGISTRY_OPTIONS = ["--" + "index-url", "--" + "extra-index-url", "--" + "find-links"]
MACHINE_PATH = re.compile(r"(?<![\w.\-])/(?:work|farm|root|home|Users)/\w")
SERVICE_ADDRESS = re.compile(r"/(v1|plans|catalogue|pages)(/|\?|$)")
ADDRESS = re.compile(r"https?://\S+")
NOT_OURS = {".git", ".venv", ".hypothesis", "out", "dist", "build", "node_modules", "__pycache__"}

LIBRARY_SOURCES, SERVICE_SOURCES = sorted(PACKAGE.rglob("*.py")), sorted(SERVICE.rglob("*.py"))
SOURCES = [*LIBRARY_SOURCES, *SERVICE_SOURCES]


def _module(path: Path) -> str:
    """Return a file's module, below fleetplan without its name: ``__init__`` for that package itself."""
    parts = list(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def _room(module: str) -> str:
    """Return the longest room that holds a module, or the module itself when none does."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in ALLOWED:
            return name
    return module


def _inner(name: str, root: Path) -> str:
    """Return the longest part of a dotted name that is a module below a folder."""
    parts = name.split(".")
    while parts and not (root.joinpath(*parts).is_dir() or root.joinpath(*parts).with_suffix(".py").is_file()):
        parts.pop()
    return ".".join(parts)


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything that is imported, at any depth of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _own_imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports, named as :func:`_module` does."""
    for name in _imports(tree_of(path)):
        package, _, rest = name.partition(".")
        if package == "api":
            yield _inner(name, ROOT)
        elif package == "fleetplan" and rest != "__version__":
            yield _inner(rest, PACKAGE) or "__init__"


@of_every(SOURCES)
def test_imports_point_against_the_flow_of_data(path: Path):
    room = _room(_module(path))
    assert room in ALLOWED, f"{label(path)} is in no room: give {room!r} a place in ALLOWED"
    wrong = sorted({module for module in _own_imports(path) if _room(module) not in ALLOWED[room] | {room}})
    assert not wrong, f"{label(path)} ({room}) may not import {', '.join(wrong)}"


@of_every(SOURCES)
def test_imports_are_absolute(path: Path):
    relative = [name for name in _imports(tree_of(path)) if name.startswith(".")]
    assert not relative


@of_every(LIBRARY_SOURCES)
def test_the_core_draws_nothing_and_serves_nothing(path: Path):
    if _room(_module(path)) in EDGES:
        return
    libraries = {name.split(".")[0] for name in _imports(tree_of(path))}
    assert not libraries & EDGE_LIBRARIES


@of_every(LIBRARY_SOURCES)
def test_the_library_knows_no_address_of_the_service(path: Path):
    texts = [n.value for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant)]
    assert not [text for text in texts if isinstance(text, str) and SERVICE_ADDRESS.match(text)]


def test_the_rooms_hold_no_circle():
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        free = {room for room, below in ALLOWED.items() if room not in done and below <= done}
        assert free, f"a circle among {sorted(set(ALLOWED) - done)}"
        done |= free


@of_every(SOURCES)
def test_a_file_stays_short(path: Path):
    assert len(text_of(path).splitlines()) <= LONGEST_FILE


@of_every(SOURCES)
def test_a_function_stays_short(path: Path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(tree_of(path)) if isinstance(node, kinds)]
    lines = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in found}
    assert not {name: count for name, count in lines.items() if count > LONGEST_FUNCTION}


@of_every(SOURCES)
def test_no_attribute_hides_behind_one_letter(path: Path):
    tree = tree_of(path)
    stored = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    fields = [n.target for c in classes for n in c.body if isinstance(n, ast.AnnAssign)]
    named = [*stored, *(field.id for field in fields if isinstance(field, ast.Name))]
    assert not {name for name in named if len(name) == 1} - COORDINATES - PLANS_COMPARED


Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _public_without_docstring(node: Documented, name: str) -> Iterator[str]:
    if ast.get_docstring(node) is None:
        yield name
    if isinstance(node, ast.Module | ast.ClassDef):
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                overload = any("overload" in ast.unparse(decorator) for decorator in child.decorator_list)
                if not child.name.startswith("_") and not overload:
                    yield from _public_without_docstring(child, f"{name}.{child.name}")


@of_every(SOURCES)
def test_every_public_name_is_documented(path: Path):
    missing = list(_public_without_docstring(tree_of(path), _module(path)))
    assert not missing


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("module", ["fleetplan", "fleetplan.cli"])
def test_import_is_light(module: str):
    code = f"import sys, {module}; print(*sorted({HEAVY_LIBRARIES!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == []


def _our_files() -> Iterator[Path]:
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(n for n in names if n not in NOT_OURS and not n.endswith(("_cache", ".egg-info")))
        yield from (Path(folder) / file for file in sorted(files) if file != ".git")  # a file in linked checkouts


def _faults(text: str) -> Iterator[str]:
    lowered = text.lower()
    yield from (host for host in REGISTRY_HOSTS if host in lowered)
    yield from (option for option in REGISTRY_OPTIONS if option in lowered)
    yield from MACHINE_PATH.findall(ADDRESS.sub("", text))


def test_no_file_names_a_registry_host_or_a_path_of_one_machine():
    found = {}
    for path in _our_files():
        data = path.read_bytes()
        if b"\x00" not in data and (faults := list(_faults(data.decode("utf-8", errors="replace")))):
            found[label(path)] = faults
    assert not found


def test_the_search_for_hosts_and_paths_finds_them():
    path = f"/{'home'}/someone/file"
    assert list(_faults(f"see {path}"))
    assert list(_faults(f"pip install {REGISTRY_OPTIONS[0]} x"))
    assert list(_faults(f"https://{REGISTRY_HOSTS[0]}/simple"))
    assert not list(_faults(f"https://example.test{path}"))


def test_pins_carry_no_addresses_and_match_the_solver_that_or_tools_bundles():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin) for pin in pins)
    assert {"highspy==1.12.0", "ortools==9.15.6755"} <= set(pins)
    assert not any(pin.startswith("fleetplan==") for pin in pins)
